/* SPDX-License-Identifier: MIT */
/*
 * The two versions of PagerDuty's Events API: path, validation (enqueue.h), names of the fields,
 * responses.
 */
#ifndef T_TOOLS_EVENTS_API_H
#define T_TOOLS_EVENTS_API_H

#include "common/reason.h"

#include <jansson.h>

struct events_api {
	int version;
	const char *path;
	int good; /* the status for an accepted event */
	const char *secret, *action, *key;
	bool (*check)(json_t *event, struct reason *why);
};

/* The version at this path; NULL: none. */
const struct events_api *events_api_at(const char *path);

/* Parses and checks a body; NULL: error, see `why`. Free with json_decref(). */
json_t *events_api_read(
	const struct events_api *api, const char *body, size_t length, struct reason *why);

/* "" if there is none. */
const char *events_api_action(const struct events_api *api, const json_t *event);
const char *events_api_key(const struct events_api *api, const json_t *event);

/* The text shown to people, or NULL. */
const json_t *events_api_summary(const struct events_api *api, const json_t *event);

/* The payload (version 2) or the details (version 1), or NULL. */
const json_t *events_api_payload(const struct events_api *api, const json_t *event);

/* The body of a success response. */
json_t *events_api_success(const struct events_api *api, const json_t *event);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The two versions of PagerDuty's Events API, side by side: where each is, what it takes (checked
 * by enqueue.h), how its fields are named and how it answers.
 */
#ifndef T_TOOLS_EVENTS_API_H
#define T_TOOLS_EVENTS_API_H

#include "common/reason.h"

#include <jansson.h>

struct events_api {
	int version;
	const char *path;
	int good; /* the status for what is taken */
	const char *secret, *action, *key;
	bool (*check)(json_t *event, struct reason *why);
};

/* NULL: neither is there. */
const struct events_api *events_api_at(const char *path);

/* What is in a body, checked; NULL: `why` says what is wrong. Free with json_decref(). */
json_t *events_api_read(
	const struct events_api *api, const char *body, size_t length, struct reason *why);

/* "" where there is none. */
const char *events_api_action(const struct events_api *api, const json_t *event);
const char *events_api_key(const struct events_api *api, const json_t *event);

/* The words that people are shown, or NULL. */
const json_t *events_api_summary(const struct events_api *api, const json_t *event);

/* All that goes with it: the payload, or the details; or NULL. */
const json_t *events_api_payload(const struct events_api *api, const json_t *event);

/* The body of the good answer. */
json_t *events_api_success(const struct events_api *api, const json_t *event);

#endif

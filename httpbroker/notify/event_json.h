/* SPDX-License-Identifier: MIT */
/*
 * Reads an event in Flapjack's form: one JSON object, as httpbroker and Flapjack's feeders put it
 * into the queue. The bytes come from others and may be anything. Other keys are ignored.
 */
#ifndef HTTPBROKER_NOTIFY_EVENT_JSON_H
#define HTTPBROKER_NOTIFY_EVENT_JSON_H

#include "common/reason.h"
#include "httpbroker/checks/event.h"

/*
 * Its document, which the texts of *out live in, to be freed with json_decref(); NULL: see the
 * reason. The event is valid then (event_check). `json` is changed where JSON parsers refuse an
 * escape (common/utf8.h). Without `entity` it is what stands before the first colon of `check`.
 */
json_t *event_json_read(
	char *json, size_t length, nsec wall, struct event *out, struct reason *why);

#endif

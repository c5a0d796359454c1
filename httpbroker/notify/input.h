/* SPDX-License-Identifier: MIT */
/*
 * Events in Flapjack's form, one JSON object each, as httpbroker and Flapjack's feeders put them
 * into the queue; and from standard input, a line each. The bytes come from others and may be
 * anything. Other keys are ignored.
 */
#ifndef HTTPBROKER_NOTIFY_INPUT_H
#define HTTPBROKER_NOTIFY_INPUT_H

#include "common/clocks.h"
#include "common/lines.h"
#include "common/reason.h"
#include "httpbroker/checks/event.h"

#include <stdbool.h>

struct notify;

/*
 * Its document, which the texts of *out live in, to be freed with json_decref(); NULL: see the
 * reason. The event is valid then (event_check). `json` ends in a NUL, and is changed where JSON
 * parsers refuse an escape (common/utf8.h). Without `entity` it is what stands before the first
 * colon of `check`.
 */
json_t *event_json_read(
	char *json, size_t length, nsec wall, struct event *out, struct reason *why);

/*
 * Judges an event. One that cannot be read is logged, with its place, and counted; nothing else is
 * lost by it. `json` may be changed.
 */
void event_take(struct notify *notify, char *json, size_t length, const char *place,
	uint64_t number, struct moment now);

/* Standard input. */
struct input {
	struct lines lines;
	bool ended;
	bool failed; /* it cannot be read, which was logged */
};

/* `reads`: else it has ended. `lines` are to be freed. */
void input_init(struct input *input, bool reads);

/* Reads what there is, at most 64 KiB, and judges it. */
void input_work(struct input *input, struct notify *notify, struct moment now);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Formats: from a JSON document, as some program posts it, to events. A format is one file and
 * one line in the table of formats.c. It knows nothing of HTTP, Redis or what is remembered.
 */
#ifndef HTTPBROKER_FORMATS_FORMAT_H
#define HTTPBROKER_FORMATS_FORMAT_H

#include "httpbroker/checks/event.h"

struct format_context {
	int flapjack; /* the version that the events are for: 1 or 2 */
	int64_t now;  /* seconds since the epoch */
	bool stored; /* it comes from Redis, with names as an earlier version may have taken them */
	int32_t ttl; /* of events that say none, in seconds; 0: what the format says */
	int16_t millis; /* of the second that is `now` */
};

/* Why something that was understood makes no event. */
enum passed {
	PASSED_TEST,  /* a service tries its channel */
	PASSED_WORSE, /* something worse of the same check is in the same document */
};

/* Takes in what a document holds, a piece at a time, in order. */
struct event_sink {
	/* A valid event. It and its texts are the caller's, and gone afterwards. */
	void (*event)(struct event_sink *sink, const struct event *event);

	/* What was to be an event and cannot be one. */
	void (*refuse)(struct event_sink *sink, const struct reason *why);

	void (*pass)(struct event_sink *sink, enum passed why);
};

struct format {
	const char *name; /* in messages and metrics */
	bool many;        /* a document holds any number of events, not just one */

	/* Whether the document has this format's shape; not yet whether it is sound. */
	bool (*matches)(const json_t *document);

	/* Hands everything in the document to the intake, by way of event_sink_event(). */
	void (*translate)(
		json_t *document, const struct format_context *context, struct event_sink *out);
};

extern const struct format format_alertmanager, format_cloudwatch, format_flapjack, format_newrelic,
	format_newrelic_workflow, format_sensu, format_sns;

/* The table of formats, in the order in which they are tried. */
unsigned formats_count(void);
const struct format *format_at(unsigned number);

/*
 * Recognises the document's format and hands what it holds to the intake: at least one piece.
 * Returns the format; NULL, after a refusal, if it has none that is known.
 */
const struct format *format_translate(
	json_t *document, const struct format_context *context, struct event_sink *out);

/* For the formats: hands the event in if it is valid (event_check), else why it is not. */
void event_sink_event(
	struct event_sink *out, struct event *event, const struct format_context *context);

#endif

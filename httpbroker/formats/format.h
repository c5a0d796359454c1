/* SPDX-License-Identifier: MIT */
/*
 * Splits a request's body into JSON documents: one object, an array, or newline-delimited JSON; and
 * finds the format of each, which makes events of it.
 */
#ifndef HTTPBROKER_FORMATS_FORMAT_H
#define HTTPBROKER_FORMATS_FORMAT_H

#include "common/reason.h"
#include "httpbroker/checks/event.h"

#include <jansson.h>
#include <stdint.h>

/* Of a document in its body. */
struct position {
	uint32_t index; /* from 0 */
	uint32_t line;  /* from 1; 0: not known */
};

enum body_fault {
	BODY_NO_JSON,
	BODY_LARGE, /* the document needs too much memory */
	BODY_FULL,  /* there is no memory now */
};

/* Receives the documents, in order. Both return whether to go on. */
struct body_visitor {
	/* A document of any type; it is gone when this returns. */
	bool (*document)(struct body_visitor *visitor, json_t *document, struct position position);

	/* A line cannot be read; the next ones may. */
	bool (*broken)(struct body_visitor *visitor, enum body_fault fault,
		const struct reason *why, struct position position);

	void *owner;           /* for both */
	enum body_fault fault; /* of BODY_BROKEN */
};

enum body_kind {
	BODY_BROKEN, /* nothing was visited; see visitor->fault and *why */
	BODY_ONE,
	BODY_MANY, /* an array, or lines: any number of documents, even none */
};

/*
 * `lines`: the client declares newline-delimited JSON. A body is also read as such if its first
 * line is a document and another line that is not blank follows.
 */
enum body_kind body_read(const char *bytes, size_t length, bool lines, struct body_visitor *visitor,
	struct reason *why);

/* json_loadb(), but with escapes of NUL and of unpaired surrogates (utf8_mend_escapes). */
json_t *body_document(const char *bytes, size_t length, size_t flags, json_error_t *error);

/*
 * Formats: a JSON document of some service becomes events. A format is one file and one line in the
 * table below. It uses neither HTTP nor Redis.
 */

struct format_context {
	int flapjack;   /* the version that the events are for: 1 or 2 */
	int64_t now;    /* seconds since the epoch */
	bool stored;    /* the document comes from Redis: its names may have quotes */
	int32_t ttl;    /* seconds, of events without one; 0: the format's */
	int16_t millis; /* of the second `now` */

	/* Names of alerts that fire all the time, up to NULL; NULL: none. */
	const char *const *heartbeats;
};

/* Why a part of a document that is valid is not an event. */
enum skipped {
	SKIPPED_TEST,     /* a test message of the service */
	SKIPPED_MERGED,   /* another event of the document, of the same check, is worse */
	SKIPPED_RETURNED, /* httpbroker-notify has made it of a check of ours */
};

/* Receives each part of a document, in order. */
struct event_sink {
	/* A valid event; it is gone when this returns. */
	void (*event)(struct event_sink *sink, const struct event *event);
	void (*refuse)(struct event_sink *sink, const struct reason *why);
	void (*skip)(struct event_sink *sink, enum skipped why);
};

struct format {
	const char *name; /* in messages and metrics */
	bool many;        /* a document holds any number of events, not one */
	int32_t ttl;      /* seconds, of events without one */

	/* Whether the document has the format's keys; it may still be invalid. */
	bool (*matches)(const json_t *document);

	/* Whether it is a test message of the service; NULL: the service has none. */
	bool (*is_test)(const json_t *document);

	/* Sets the event's members, which may point into the document; false and a reason. */
	bool (*read)(json_t *document, struct event *event, struct reason *why);

	/* Instead of read(), if `many`: calls event_sink_event() for each event. */
	void (*translate)(
		json_t *document, const struct format_context *context, struct event_sink *out);
};

/* The table of formats, in the order in which they are tried. */
#define FORMATS(row)                                                                             \
	row(flapjack) row(sensu) row(alertmanager) row(newrelic_workflow) row(newrelic) row(sns) \
		row(cloudwatch)

#define FORMAT_DECLARE(name) extern const struct format format_##name;
FORMATS(FORMAT_DECLARE)

unsigned formats_count(void);
const struct format *format_at(unsigned number);

/*
 * Finds the document's format and translates it: one call of the sink at least. NULL, after a
 * refusal: no format matches.
 */
const struct format *format_translate(
	json_t *document, const struct format_context *context, struct event_sink *out);

/* The same for a format that is known. */
void format_apply(const struct format *format, json_t *document,
	const struct format_context *context, struct event_sink *out);

/* Empty but for the defaults of the format. */
void format_event_init(
	const struct format *format, const struct format_context *context, struct event *event);

/* Passes the event on if it is valid (event_check), else refuses it. */
void event_sink_event(
	struct event_sink *out, struct event *event, const struct format_context *context);

#endif

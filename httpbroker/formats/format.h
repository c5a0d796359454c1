/* SPDX-License-Identifier: MIT */
/*
 * Makes a service's names valid, since a service cannot act on a refusal. Control characters are
 * dropped or replaced (common/utf8.h, one line), double quotes become single ones (Flapjack 1 puts
 * the check's name between double quotes), and a long name is cut and ends in a hash of the whole.
 */
#ifndef HTTPBROKER_FORMATS_FORMAT_H
#define HTTPBROKER_FORMATS_FORMAT_H

#include "httpbroker/checks/event.h"

/* Part of a check's identity. */
struct label {
	const char *key;
	struct text value;
};

enum {
	LABELLED_MAX = 200, /* bytes of a name with labels; a longer one is cut there */
	NAME_HASH = 16,     /* hex digits that follow */
};

/* A valid name of at most LIMIT_NAME bytes, which lives as long as the document; may be empty: not
 * given. */
struct text name_fit(json_t *document, struct text text);

/*
 * The name at the first key (up to NULL) that has one: a value, or the first of an array. *given
 * becomes the name before name_fit().
 */
struct text name_first(json_t *document, const char *const *keys, struct text *given);

/*
 * `name{key=value,key=value}`; without labels the name alone. Sorts the labels by key, in place. A
 * colon becomes `_`: Flapjack 1 ends an entity at the first colon. A long one is cut at
 * LABELLED_MAX bytes, and NAME_HASH hex digits of the SHA-256 of the name and all labels follow.
 */
struct text name_labelled(json_t *document, struct text name, struct label *labels, size_t count);

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

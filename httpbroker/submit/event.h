/* SPDX-License-Identifier: MIT */
/*
 * An event on its way to JSON: what is known of it so far, from options, a line of a feed or the
 * end of a command. Nothing is owned here. What the keys mean is in httpbroker-formats(5).
 */
#ifndef HTTPBROKER_SUBMIT_EVENT_H
#define HTTPBROKER_SUBMIT_EVENT_H

#include "common/buffer.h"
#include "common/reason.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define FIELDS_NO_TIME INT64_MIN
#define FIELDS_TTL_NEVER (-1) /* it never goes stale */

struct fields {
	const char *entity; /* a text that is NULL or empty is left out */
	const char *check;
	const char *state;
	const char *summary;
	const char *details;
	const char *perfdata;
	char **tags;  /* NULL: none; else up to a NULL */
	int64_t time; /* seconds since the epoch, or FIELDS_NO_TIME: left out */
	int64_t ttl;  /* seconds, or FIELDS_TTL_NEVER; 0: left out */
};

/* Reads seconds since the epoch, with blanks around and a fraction, which is dropped. */
bool fields_time_read(const char *text, int64_t *time, struct reason *why);

/*
 * Appends the event as one JSON object, on one line. What no alerter could pass on is left out or
 * replaced (common/utf8.h): an alert is worth more than its umlauts. Only details have lines.
 */
void fields_write(const struct fields *fields, struct buffer *json);

/*
 * What an event of a feed has that says nothing of it itself: -e, -t and -T. They go into the
 * JSON's text behind its first bracket, so that what the client wrote stays as it is.
 */

/* Of `given`, entity, ttl and tags count. It must outlive the defaults. */
struct defaults *defaults_new(const struct fields *given);

/*
 * Appends `text`, whose parsed form is `event`, with what it lacks. False: it lacks nothing, and
 * nothing is appended.
 */
bool defaults_insert(const struct defaults *defaults, const json_t *event, const char *text,
	size_t length, struct buffer *out);

/* The same for one that is not yet JSON. */
void defaults_fill(const struct defaults *defaults, struct fields *fields);

/* Appends `text`, an object in JSON with at least one key, with a `time` put in front. */
void time_insert(int64_t time, const char *text, size_t length, struct buffer *out);

void defaults_free(struct defaults *defaults);

/* Text in UTF-8 (RFC 3629) that is cut: between two characters, and with a mark. */

#define UTF8_ELLIPSIS "\xe2\x80\xa6" /* U+2026 */

/* The length without a character at the end that was cut in two. */
size_t utf8_whole(const char *bytes, size_t length);

/* The length of what is left at the beginning of a character that was cut in two. */
size_t utf8_severed(const char *bytes, size_t length);

/* Cuts the middle out of a text of more than `most` bytes, so that it has no more of them. */
void utf8_shorten(struct buffer *text, size_t max);

#endif

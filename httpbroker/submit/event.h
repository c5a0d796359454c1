/* SPDX-License-Identifier: MIT */
/*
 * The fields of an event before it is JSON: from options, a line of input or a command's result.
 * Nothing is owned here. The keys are explained in httpbroker-formats(5).
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
	const char *entity; /* NULL or empty: left out, like each text */
	const char *check;
	const char *state;
	const char *summary;
	const char *details;
	const char *perfdata;
	char **tags;  /* NULL: none; else up to a NULL */
	int64_t time; /* seconds since the epoch, or FIELDS_NO_TIME: left out */
	int64_t ttl;  /* seconds, or FIELDS_TTL_NEVER; 0: left out */
};

/* Reads seconds since the epoch; blanks around and a fraction are ignored. */
bool fields_time_read(const char *text, int64_t *time, struct reason *why);

/*
 * Appends the event as one JSON object, on one line. Bytes that are no valid text are left out or
 * replaced (common/utf8.h). Only details have line breaks.
 */
void fields_write(const struct fields *fields, struct buffer *json);

/*
 * Defaults (-e, -t, -T) for the events of the input that lack them. They are inserted into the
 * JSON text behind its first bracket, so that the client's text stays as it is.
 */

/* Uses entity, ttl and tags of `given`, which must outlive the defaults. */
struct defaults *defaults_new(const struct fields *given);

/*
 * Appends `text`, whose parsed form is `event`, with the defaults that it lacks. False: it lacks
 * none, and nothing is appended.
 */
bool defaults_insert(const struct defaults *defaults, const json_t *event, const char *text,
	size_t length, struct buffer *out);

/* The same for an event that is not JSON yet. */
void defaults_fill(const struct defaults *defaults, struct fields *fields);

/* Appends `text`, a JSON object with at least one key, with `time` as its first key. */
void time_insert(int64_t time, const char *text, size_t length, struct buffer *out);

void defaults_free(struct defaults *defaults);

#endif

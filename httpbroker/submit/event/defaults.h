/* SPDX-License-Identifier: MIT */
/*
 * What an event of a feed has that says nothing of it itself: -e, -t and -T. They go into the
 * JSON's text behind its first bracket, so that what the client wrote stays as it is.
 */
#ifndef HTTPBROKER_SUBMIT_EVENT_DEFAULTS_H
#define HTTPBROKER_SUBMIT_EVENT_DEFAULTS_H

#include "httpbroker/submit/event/draft.h"

#include <jansson.h>
#include <stdbool.h>

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

#endif

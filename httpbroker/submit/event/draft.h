/* SPDX-License-Identifier: MIT */
/*
 * An event on its way to JSON: what is known of it so far, from options, a line of a feed or the
 * end of a command. Nothing is owned here. What the keys mean is in httpbroker(1).
 */
#ifndef HTTPBROKER_SUBMIT_EVENT_DRAFT_H
#define HTTPBROKER_SUBMIT_EVENT_DRAFT_H

#include "common/buffer.h"
#include "common/reason.h"

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

#endif

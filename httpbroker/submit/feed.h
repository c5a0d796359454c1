/* SPDX-License-Identifier: MIT */
/*
 * Parses a stream of bytes in one of the input formats to events. Pure. A new line format is a
 * function in line_formats.c and a line of the table in feed.c.
 */
#ifndef HTTPBROKER_SUBMIT_FEED_H
#define HTTPBROKER_SUBMIT_FEED_H

#include "common/reason.h"
#include "httpbroker/submit/event.h"

#include <stddef.h>
#include <stdint.h>

#define FEED_DOCUMENT_MAX ((size_t)1024 * 1024) /* bytes of one JSON document */
#define FEED_LINE_MAX ((size_t)64 * 1024)       /* bytes of a line, in formats made of lines */

struct feed_item {
	uint64_t line;    /* of the input, from 1 */
	const char *json; /* one JSON object; valid until the next call; not NUL-terminated */
	size_t length;
	bool timeless; /* it has an entity and no time */
};

struct feed_options {
	const char *format;
	char delimiter;         /* of nsca's fields */
	struct fields defaults; /* entity, tags and ttl of events that lack them */
};

enum feed_result {
	FEED_EVENT, /* *item is the next event */
	FEED_BAD,   /* the input on item->line is no event; *why. Go on. */
	FEED_NONE,  /* push more */
};

/* NULL: there is no such format; *why lists them. The options are copied, their texts are not. */
struct feed *feed_new(const struct feed_options *options, struct reason *why);

void feed_push(struct feed *feed, const void *bytes, size_t length);

/* The input ends. */
void feed_finish(struct feed *feed);

enum feed_result feed_next(struct feed *feed, struct feed_item *item, struct reason *why);

void feed_free(struct feed *feed);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Events out of a stream of bytes, in one of the formats that feeds come in. Pure: bytes are
 * pushed, events come out. A new format of lines is one file in formats/ and one line of the
 * table in feed.c.
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
	uint64_t line;    /* of the input, on which it began; the first is 1 */
	const char *json; /* one JSON object; ours, until the next call; not NUL-terminated */
	size_t length;
	bool timeless; /* an event of ours (it has an entity) that does not say when it was */
};

struct feed_options {
	const char *format;
	char delimiter;         /* of nsca's fields */
	struct fields defaults; /* entity, tags and ttl of the events that lack them */
};

enum feed_result {
	FEED_EVENT, /* *item is the next event */
	FEED_BAD,   /* what began on item->line is no event; *why says why not. Go on. */
	FEED_NONE,  /* push more */
};

/* NULL if there is no format of that name; *why says which there are. The options are copied,
 * the texts in them are not. */
struct feed *feed_new(const struct feed_options *options, struct reason *why);

void feed_push(struct feed *feed, const void *bytes, size_t length);

/* Nothing more comes. */
void feed_finish(struct feed *feed);

enum feed_result feed_next(struct feed *feed, struct feed_item *item, struct reason *why);

void feed_free(struct feed *feed);

#endif

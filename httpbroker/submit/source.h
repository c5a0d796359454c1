/* SPDX-License-Identifier: MIT */
/*
 * Parses a stream of bytes in one of the input formats to events. Pure. A new line format is a
 * function in line_formats.c and a line of the table in source.c.
 */
#ifndef HTTPBROKER_SUBMIT_SOURCE_H
#define HTTPBROKER_SUBMIT_SOURCE_H

#include "common/reason.h"
#include "httpbroker/submit/event.h"

#include <stdbool.h>
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

/*
 * Reads events from standard input or from files, one after another, each through a feed of its
 * own. A file that cannot be read is logged and skipped. A FIFO given by name has no end: it is
 * opened for reading and writing, so that opening does not wait for a writer and a writer's exit is
 * no end of file.
 */

/*
 * `paths` is an array up to a NULL; an empty one is standard input, and so is "-". NULL, with *why:
 * no such format. All that the arguments point to must outlive the source.
 */
struct source *source_new(
	char *const *paths, const struct feed_options *options, struct reason *why);

/* To poll for reading; -1: all input is read. */
int source_fd(const struct source *source);

/* One read(2), after poll. Returns the number of bytes. */
size_t source_read(struct source *source);

/* True if a read would not block now. */
bool source_ready(const struct source *source);

/* Nothing more is read; an incomplete event is broken. */
void source_stop(struct source *source);

/* As feed_next(); to be called until FEED_NONE after each read. */
enum feed_result source_next(struct source *source, struct feed_item *item, struct reason *why);

/* The current input, for messages. */
const char *source_name(const struct source *source);

/* The file of source_next()'s last event; NULL where there is only one input. */
const char *source_file(const struct source *source);

/* The current input is a named pipe. */
bool source_endless(const struct source *source);

/* Some file could not be read. */
bool source_unreadable(const struct source *source);

void source_free(struct source *source);

#endif

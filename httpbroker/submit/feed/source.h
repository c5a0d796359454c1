/* SPDX-License-Identifier: MIT */
/*
 * Where a feed's events come from: standard input, or files one after another, each read through
 * a feed of its own. A file that cannot be read is logged, and the next one is.
 */
#ifndef HTTPBROKER_SUBMIT_FEED_SOURCE_H
#define HTTPBROKER_SUBMIT_FEED_SOURCE_H

#include "httpbroker/submit/feed/feed.h"

#include <stdbool.h>

/*
 * `paths` is an array up to a NULL; an empty one is standard input, and so is "-". NULL if there
 * is no such format; *why says so. Nothing that the options point to may go before the source.
 */
struct source *source_new(
	char *const *paths, const struct feed_options *options, struct reason *why);

/* To wait on for reading; -1: everything has been read. */
int source_fd(const struct source *source);

/* One read, for which the caller has waited. Returns how many bytes came. */
size_t source_read(struct source *source);

/* True if a read would find something, or the end, now. */
bool source_ready(const struct source *source);

/* Nothing more is read; what is incomplete is broken. */
void source_stop(struct source *source);

/* As feed_next(); to be asked until FEED_NONE after each read. */
enum feed_result source_next(struct source *source, struct feed_item *item, struct reason *why);

/* What is read now, for messages. */
const char *source_name(const struct source *source);

/* The file of the event that source_next() gave last; NULL where there is only one input. */
const char *source_file(const struct source *source);

/* A named pipe is read: it has no end. */
bool source_endless(const struct source *source);

/* Some file could not be read. */
bool source_unreadable(const struct source *source);

void source_free(struct source *source);

#endif

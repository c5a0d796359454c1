/* SPDX-License-Identifier: MIT */
/*
 * Where a feed's events come from: standard input, or files one after another, each read through
 * a feed of its own. A file that cannot be read is logged, and the next one is.
 */
#ifndef HTTPBROKER_SUBMIT_SOURCE_H
#define HTTPBROKER_SUBMIT_SOURCE_H

#include "common/reason.h"
#include "httpbroker/submit/feed.h"

#include <stdbool.h>
#include <stddef.h>

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

/*
 * Where the bytes come from: standard input or a file, which end, or a FIFO given by name, which
 * does not. The FIFO is opened for reading and writing: so opening does not wait for a writer,
 * and a writer that goes away to be started again is no end of file.
 */

struct input {
	int fd;
	const char *name; /* the path, not owned, or `standard input` */
	bool endless;     /* a FIFO given by name */
};

enum input_result {
	INPUT_READ,  /* *got bytes came */
	INPUT_AGAIN, /* nothing is there now */
	INPUT_END,   /* nothing more will come */
	INPUT_ERROR, /* *why says what */
};

/* "-" is standard input, which must be open. */
bool input_open(struct input *input, const char *path, struct reason *why);

/* One read(2); the caller has waited until there is something. */
enum input_result input_read(
	struct input *input, char *bytes, size_t size, size_t *got, struct reason *why);

/* True if a read would find something, or the end, now. */
bool input_ready(const struct input *input);

void input_close(struct input *input);

#endif

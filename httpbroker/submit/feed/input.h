/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes come from: standard input or a file, which end, or a FIFO given by name, which
 * does not. The FIFO is opened for reading and writing: so opening does not wait for a writer,
 * and a writer that goes away to be started again is no end of file.
 */
#ifndef HTTPBROKER_SUBMIT_FEED_INPUT_H
#define HTTPBROKER_SUBMIT_FEED_INPUT_H

#include "common/reason.h"

#include <stddef.h>

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

/* SPDX-License-Identifier: MIT */
/*
 * One pipe from a command: what comes out of it is passed on as it comes, and its beginning and its
 * end are kept: the reason of a failure stands last. Neither a flood nor a reader of ours that
 * stands still takes memory; and a reader that is gone does not end the command.
 */
#ifndef HTTPBROKER_SUBMIT_CHECK_RELAY_H
#define HTTPBROKER_SUBMIT_CHECK_RELAY_H

#include "common/buffer.h"

#include <poll.h>
#include <stdbool.h>

#define RELAY_HEAD ((size_t)32 * 1024) /* bytes that are kept of the beginning */
#define RELAY_TAIL ((size_t)32 * 1024) /* and of the end */
#define RELAY_CHUNK 4096 /* bytes a write: a pipe that poll(2) calls writable takes so many */

struct kept {
	struct buffer head; /* owned */
	struct buffer tail; /* owned; follows the head unless something was cut */
	bool cut;           /* what was between them is lost */
};

struct relay {
	int from; /* the pipe, not blocking; -1: it is at its end */
	int to;   /* -1: nobody is to have it */
	struct kept kept;
	size_t start, end; /* of what is to be passed on, in held */
	char held[RELAY_CHUNK];
};

/* Takes `from`, which it closes at its end. `to` stays the caller's. */
void relay_start(struct relay *relay, int from, int to);

/* What to wait for now; its fd is -1 if there is nothing. */
struct pollfd relay_watch(const struct relay *relay);

/* Goes on with what poll said of that. */
void relay_advance(struct relay *relay, short revents);

/* The command has ended: takes what still is in the pipe, and closes it whoever else holds it. */
void relay_finish(struct relay *relay);

void kept_free(struct kept *kept);

#endif

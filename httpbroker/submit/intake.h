/* SPDX-License-Identifier: MIT */
/*
 * What is read: events from a source into a queue that has its limit, and the end of reading. A
 * named pipe's pauses are announced, for its writer may drop what does not fit into the pipe.
 */
#ifndef HTTPBROKER_SUBMIT_INTAKE_H
#define HTTPBROKER_SUBMIT_INTAKE_H

#include "httpbroker/submit/batch.h"
#include "httpbroker/submit/source.h"

/* Bytes of events that wait at most: then reading pauses. An endless input gets the larger room. */
#define INTAKE_AHEAD_MAX ((size_t)256 * 1024)
#define INTAKE_AHEAD_MOST_ENDLESS ((size_t)64 * 1024 * 1024)

struct intake {
	struct source *source; /* NULL: nothing is read */
	struct queue queue;    /* read, and not yet answered for */
	bool ended;            /* nothing more is read */
	bool cut;              /* and that before the input's end */
	bool full;             /* reading pauses; said */
};

/* Takes what the source has before anything is read; it may have no file that can be. */
void intake_begin(struct intake *intake, struct results *results);

/* True while it is to be read on. */
bool intake_wanted(struct intake *intake);

/* To wait on for reading; meaningful while it is wanted. */
int intake_fd(const struct intake *intake);

/* One read, for which the caller has waited. */
void intake_read(struct intake *intake, struct results *results);

/* Reads what has been written to us until now, and nothing that comes later. */
void intake_stop(struct intake *intake, struct results *results);

/* It reads a named pipe. */
bool intake_endless(const struct intake *intake);

#endif

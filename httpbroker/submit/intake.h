/* SPDX-License-Identifier: MIT */
/*
 * Reads events from a source into a bounded queue. The pauses of a named pipe are logged, as its
 * writer may drop what does not fit into the pipe.
 */
#ifndef HTTPBROKER_SUBMIT_INTAKE_H
#define HTTPBROKER_SUBMIT_INTAKE_H

#include "httpbroker/submit/batch.h"
#include "httpbroker/submit/source.h"

/* Bytes of queued events at which reading pauses: of an input with an end, of a named pipe. */
#define INTAKE_MAX ((size_t)256 * 1024)
#define INTAKE_MAX_ENDLESS ((size_t)64 * 1024 * 1024)

struct intake {
	struct source *source; /* NULL: none */
	struct queue queue;    /* events without a response */
	bool ended;            /* nothing more is read */
	bool cut;              /* and the input has not ended */
	bool full;             /* reading pauses; logged */
};

/* To be called first; the source may have no readable file. */
void intake_begin(struct intake *intake, struct results *results);

/* True while reading goes on. */
bool intake_wanted(struct intake *intake);

/* To poll for reading, while intake_wanted(). */
int intake_fd(const struct intake *intake);

/* One read(2), after poll. Returns the number of bytes. */
size_t intake_read(struct intake *intake, struct results *results);

/* Reads what has been written to the input until now, and nothing later. */
void intake_stop(struct intake *intake, struct results *results);

/* The input is a named pipe. */
bool intake_endless(const struct intake *intake);

#endif

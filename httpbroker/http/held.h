/* SPDX-License-Identifier: MIT */
/*
 * The memory that requests hold, all together: bodies that come in, documents that are read, and
 * what waits for an answer. It has a bound. A quarter of that is for small bodies alone. Where
 * there is no room, the large body that comes in most slowly is dropped first, whoever asks.
 * Any thread.
 */
#ifndef HTTPBROKER_HTTP_HELD_H
#define HTTPBROKER_HTTP_HELD_H

#include "common/buffer.h"
#include "common/clocks.h"

#include <stdbool.h>

enum { HELD_SMALL = 65536 }; /* bytes of a body that has that quarter for itself */

struct held;

/* Also has the memory allocator return what was freed to the system, for the whole process. */
struct held *held_new(size_t max);
void held_free(struct held *held);

/* What one request holds; {0}: nothing. */
struct holding {
	size_t bytes;  /* that are counted */
	size_t length; /* of the body so far */
	struct buffer body;
	nsec begun;   /* when the body began (monotonic) */
	bool listed;  /* it is large, and comes in: another thread may drop it */
	bool dropped; /* by another thread */
	struct holding *prev, *next;
};

/* Appends to the body. False: there is no room for it; then nothing of it is held any more. */
bool held_append(struct held *held, struct holding *holding, const char *bytes, size_t length);

/* The body is whole, and the caller's now. False: it was dropped. */
bool held_complete(struct held *held, struct holding *holding);

/* Counts so many bytes for the request instead of what was counted so far. */
void held_count(struct held *held, struct holding *holding, size_t bytes);

/* The request holds nothing any more. */
void held_release(struct held *held, struct holding *holding);

/* Memory of no single request. False: there is no room; where it must be had, it is counted. */
bool held_take(void *held, size_t bytes, bool must);
void held_give(void *held, size_t bytes);

/* How many bytes are held. */
size_t held_total(const struct held *held);

#endif

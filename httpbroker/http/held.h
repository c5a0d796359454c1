/* SPDX-License-Identifier: MIT */
/*
 * The memory of all requests together: their bodies, documents, and responses. It is bounded; a
 * quarter is reserved for small bodies. When it is full, the large body that arrives most slowly
 * is dropped, whichever request needs the memory. Any thread.
 */
#ifndef HTTPBROKER_HTTP_HELD_H
#define HTTPBROKER_HTTP_HELD_H

#include "common/buffer.h"
#include "common/clocks.h"

#include <stdbool.h>

enum {
	HELD_SMALL = 65536, /* a body of so many bytes may use that quarter */
	HELD_STEP = 4096,   /* bytes: the step by which small bodies are counted */
};

struct held;

/* Also sets up malloc, for the whole process, to return freed memory to the system. */
struct held *held_new(size_t max);
void held_free(struct held *held);

/* What one request holds; {0}: nothing. */
struct holding {
	size_t bytes;  /* counted */
	size_t length; /* of the body so far */
	struct buffer body;
	nsec begun;   /* when the body began (monotonic) */
	bool listed;  /* large and still arriving: another thread may drop it */
	bool dropped; /* by another thread */
	struct holding *prev, *next;
};

/* Appends to the body. False: there is no memory; the body is freed. */
bool held_append(struct held *held, struct holding *holding, const char *bytes, size_t length);

/* The body is complete: no thread drops it any more. False: it was dropped. */
bool held_complete(struct held *held, struct holding *holding);

/* Counts so many bytes for the request, instead of those before. */
void held_count(struct held *held, struct holding *holding, size_t bytes);

/* Frees the body, and counts nothing. */
void held_release(struct held *held, struct holding *holding);

/* Memory of no single request. False: there is none; `must`: it is counted all the same. */
bool held_take(void *held, size_t bytes, bool must);
void held_give(void *held, size_t bytes);

size_t held_total(const struct held *held);

#endif

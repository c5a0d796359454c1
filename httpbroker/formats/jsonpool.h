/* SPDX-License-Identifier: MIT */
/*
 * Memory for JSON documents. Each is made of dozens of small blocks and is gone a moment later: so
 * a thread hands them out in a row from a pool of its own, and begins again once all have been
 * given back. What does not fit, or lives on in the meantime, costs no more than malloc(3).
 */
#ifndef HTTPBROKER_FORMATS_JSONPOOL_H
#define HTTPBROKER_FORMATS_JSONPOOL_H

#include <stdbool.h>
#include <stddef.h>

/* The bound of what is beyond the pools: of all documents together, and of one. */
struct jsonpool_bound {
	/* Counts so many bytes; false: there is no room for them, unless they must be had. */
	bool (*take)(void *owner, size_t bytes, bool must);
	void (*give)(void *owner, size_t bytes);
	void *owner;
	size_t max; /* bytes of one document that is read */
};

/* For a start, before the first document. It points to what lasts. */
void jsonpool_use(const struct jsonpool_bound *bound);

/*
 * Between these a document is read, by this thread. A block beyond the bound is refused then, and
 * the document is not to be used, whatever jansson has made of that; otherwise it must be had.
 */
enum jsonpool_end {
	JSONPOOL_FITS,
	JSONPOOL_LARGE, /* it needs more than one document may have */
	JSONPOOL_FULL,  /* there is no room now */
};
void jsonpool_read_begin(void);
enum jsonpool_end jsonpool_read_end(void);

/*
 * What jansson then calls, any thread for any block; NULL when there is no memory. To be used for
 * what json_dumps() returns, too: a block of malloc(3) may be given.
 */
void *jsonpool_take(size_t size);
void jsonpool_give(void *block);

#endif

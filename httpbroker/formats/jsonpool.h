/* SPDX-License-Identifier: MIT */
/*
 * Memory for JSON documents. Each is made of dozens of small blocks and is gone a moment later: so
 * a thread hands them out in a row from a pool of its own, and begins again once all have been
 * given back. What does not fit, or lives on in the meantime, costs no more than malloc(3).
 */
#ifndef HTTPBROKER_FORMATS_JSONPOOL_H
#define HTTPBROKER_FORMATS_JSONPOOL_H

#include <stddef.h>

/* For a start, before the first document. */
void jsonpool_use(void);

/*
 * What jansson then calls, any thread for any block; NULL when there is no memory. To be used for
 * what json_dumps() returns, too: a block of malloc(3) may be given.
 */
void *jsonpool_take(size_t size);
void jsonpool_give(void *block);

#endif

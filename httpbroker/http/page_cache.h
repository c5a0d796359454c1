/* SPDX-License-Identifier: MIT */
/*
 * Recent answers to /page.json. Each looks at all checks, and every browser asks for one every 5
 * seconds: an answer is used again for PAGE_CACHE_SHARE times as long as it took to make (processor
 * time), so that one filter costs at most a tenth of a processor, however many browsers ask. Of a
 * small table it is made anew nearly each time. Any thread.
 */
#ifndef HTTPBROKER_HTTP_PAGE_CACHE_H
#define HTTPBROKER_HTTP_PAGE_CACHE_H

#include "common/buffer.h"
#include "common/clocks.h"

#include <pthread.h>
#include <stdbool.h>

enum { PAGE_CACHE_ANSWERS = 8, PAGE_CACHE_SHARE = 10 };

#define PAGE_CACHE_LONGEST (2 * NSEC_PER_SEC) /* an answer is used again, at most */

struct page_answer {
	struct buffer key, body;
	nsec until; /* monotonic */
};

struct page_cache {
	pthread_mutex_t lock; /* of what follows */
	struct page_answer answers[PAGE_CACHE_ANSWERS];
};

void page_cache_init(struct page_cache *cache);
void page_cache_clear(struct page_cache *cache);

/* Appends the recent answer to what `key` asks for. False: there is none. */
bool page_cache_get(
	struct page_cache *cache, const struct buffer *key, nsec now, struct buffer *body);

/* Keeps a copy of the answer, which took so long to make, in place of the one that ends first. */
void page_cache_put(struct page_cache *cache, const struct buffer *key, const struct buffer *body,
	nsec took, nsec now);

#endif

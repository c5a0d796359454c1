/* SPDX-License-Identifier: MIT */
/*
 * The page for browsers. Its rows are the worst checks that match a filter, from a place in that
 * order on. They are made in one pass over the checks; memory is bounded by the rows that are
 * shown.
 */
#ifndef HTTPBROKER_HTTP_PAGE_H
#define HTTPBROKER_HTTP_PAGE_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "httpbroker/checks/checks.h"

#include <pthread.h>
#include <stdbool.h>

enum { PAGE_ROWS = 100 };

enum page_state {
	PAGE_ALL = -1,
	PAGE_STALE = STATE_TEST_NOTIFICATIONS + 1,
	PAGE_PROBLEM, /* not ok */
};

/* Texts that are not given match everything. Upper and lower case of ASCII are the same. */
struct page_filter {
	struct text entity; /* a part of it */
	struct text text;   /* a part of the entity, the check or the summary */
	struct text tag;    /* one of the tags, as a JSON string; case matters */
	int state;          /* a lasting one, or enum page_state */
};

struct page_counts {
	uint64_t states[STATE_UNKNOWN + 1]; /* of all checks, as they are reported */
	uint64_t stale;
	uint64_t matches;
	uint64_t before; /* of these, up to the place from which on the rows are */
};

/*
 * Appends the rows behind `after`, a place as `next` has it (not given: from the first on), as the
 * elements of a JSON array. Sets *counts, and *next, which is owned by the caller, to the place of
 * the last row, or empty if no row follows. False: `after` is no place.
 */
bool page_rows(struct checks *checks, const struct page_filter *filter, struct text after,
	enum state stale_as, struct moment now, struct buffer *out, struct page_counts *counts,
	struct buffer *next);

/*
 * Recent answers to /page.json. Each looks at all checks, and every browser asks for one every 5
 * seconds: an answer is used again for PAGE_CACHE_SHARE times as long as it took to make (processor
 * time), so that one filter costs at most a tenth of a processor, however many browsers ask. Of a
 * small table it is made anew nearly each time. Any thread.
 */
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

/* SPDX-License-Identifier: MIT */
/*
 * The rows of the page for browsers: the worst checks that match a filter, from a place in that
 * order on. It is made in one pass over the checks; memory is bounded by the rows that are shown.
 */
#ifndef HTTPBROKER_HTTP_PAGE_H
#define HTTPBROKER_HTTP_PAGE_H

#include "common/buffer.h"
#include "httpbroker/checks/checks.h"

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
};

/*
 * Appends the rows behind `after`, a place as `next` has it (not given: from the first on), as the
 * elements of a JSON array. Sets *counts, and *next, which is owned by the caller, to the place of
 * the last row, or empty if no row follows. False: `after` is no place.
 */
bool page_rows(struct checks *checks, const struct page_filter *filter, struct text after,
	enum state stale_as, struct moment now, struct buffer *out, struct page_counts *counts,
	struct buffer *next);

#endif

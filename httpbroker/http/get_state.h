/* SPDX-License-Identifier: MIT */
/*
 * GET /state and GET /metrics/states: the checks that a filter selects, as a stream. It is made of
 * a few checks at a time, so that no lock is held for long and the table is not copied. A check
 * that changes meanwhile appears as it was or as it is, once a pass.
 */
#ifndef HTTPBROKER_HTTP_GET_STATE_H
#define HTTPBROKER_HTTP_GET_STATE_H

#include "common/clocks.h"
#include "httpbroker/checks/checks.h"
#include "httpbroker/http/request.h"

struct scan;

/* How the checks are written. */
struct scan_form {
	unsigned passes; /* over all checks */
	void (*head)(struct scan *scan);
	void (*item)(struct scan *scan, const struct check *check); /* be quick: a lock is held */
	void (*foot)(struct scan *scan);                            /* NULL: none */
};

struct scan {
	struct stream stream; /* first: a stream is cast to this */
	const struct scan_form *form;
	struct buffer *out; /* where the form writes */
	struct moment now;
	struct checks *checks;
	bool owns_checks;
	enum state stale_as; /* the state reported for stale checks */
	unsigned pass;       /* 0, 1, … */
	bool begun;          /* a check was written in this pass */

	struct checks_cursor cursor;
	struct text entity, check; /* the selected ones; not given: all */
	int state;                 /* the selected reported state; -1: all */
	int stale;                 /* 1 or 0: only stale, only fresh ones; -1: all */
	char names[];              /* `entity:check`, what the two point to */
};

/*
 * Appends a check as a JSON object: the keys of its last event, `time`, `ttl`, `age`, `stale`;
 * `state` is the reported state, `reported` the event's.
 */
void check_object_write(
	struct buffer *out, const struct check *check, enum state stale_as, struct moment now);

/*
 * Makes the response a scan of the checks that `?entity=&check=&state=&stale=` selects, or a 400.
 * `own`: scans this table, which it takes over in any case; NULL: the broker's.
 */
void scan_start(struct request *request, const struct scan_form *form, const char *type,
	struct checks *own);

#endif

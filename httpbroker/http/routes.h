/* SPDX-License-Identifier: MIT */
/* The routes, and what several of them use. */
#ifndef HTTPBROKER_HTTP_ROUTES_H
#define HTTPBROKER_HTTP_ROUTES_H

#include "common/clocks.h"
#include "httpbroker/checks/checks.h"
#include "httpbroker/http/request.h"

extern const struct route route_post_state, route_get_state, route_delete_state, route_get_check,
	route_get_ping, route_post_ping, route_get_page, route_get_page_js, route_get_page_css,
	route_get_page_data, route_get_health, route_get_metrics, route_get_state_metrics;

/* The route; NULL, with a 404 or 405: none. */
const struct route *route_find(const char *method, const char *path, struct response *response);

/*
 * GET /state and GET /metrics/states: the checks that a filter selects, as a stream. It is made of
 * a few checks at a time, so that no lock is held for long and the table is not copied. A check
 * that changes meanwhile appears as it was or as it is, once a pass.
 */
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
 * Makes the response a scan of the checks that `?entity=&check=&state=&stale=` selects, or a 400.
 * `own`: scans this table, which it takes over in any case; NULL: the broker's.
 */
void scan_start(struct request *request, const struct scan_form *form, const char *type,
	struct checks *own);

#endif

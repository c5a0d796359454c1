/* SPDX-License-Identifier: MIT */
/*
 * All states, or those that a filter lets through, as a stream. It is made of few states at a
 * time, so that nobody waits for long and there is no second copy of the table. What changes
 * meanwhile may be in it as it was or as it is; what was there all the time is there once a pass.
 */
#ifndef HTTPBROKER_HTTP_GET_STATE_H
#define HTTPBROKER_HTTP_GET_STATE_H

#include "common/clocks.h"
#include "httpbroker/checks/checks.h"
#include "httpbroker/http/response.h"
#include "httpbroker/http/routes.h"

struct scan;

/* How it is written. */
struct scan_form {
	unsigned passes; /* how often all states are gone through */
	void (*head)(struct scan *scan);
	void (*item)(struct scan *scan, const struct check *check); /* be quick: a lock is held */
	void (*foot)(struct scan *scan);
};

/* What a form sees of it. */
struct scan {
	struct stream stream; /* the answer's; first, so that a scan is a stream */
	const struct scan_form *form;
	struct buffer *out; /* where it is written to */
	struct moment now;
	const struct broker *broker;
	struct checks *checks; /* those that are gone through */
	bool own;              /* they go with the scan */
	unsigned pass;         /* 0, 1, … */
	bool begun;            /* a state was written in this pass */

	struct checks_cursor cursor;
	const char *entity, *check_name;    /* the only ones, or NULL */
	size_t entity_length, check_length; /* of these */
	int state;                          /* what is told, the only one, or -1 */
	int stale;                          /* 1 or 0, the only ones, or -1 */
	char names[];                       /* what these point to, `entity:check` */
};

/*
 * Makes *answer a scan of those that `?entity=&check=&state=&stale=` lets through, or a 400 if
 * anything is wrong with that.
 */
void scan_answer(const struct broker *broker, const struct request *request,
	const struct scan_form *form, const char *type, struct response *answer);

/*
 * The same of other states than the broker's, which the scan takes over, whatever comes of it.
 */
void scan_answer_own(const struct broker *broker, struct checks *checks,
	const struct request *request, const struct scan_form *form, const char *type,
	struct response *answer);

#endif

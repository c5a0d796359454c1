/* SPDX-License-Identifier: MIT */
/*
 * From the many threads that take requests to the one that delivers: submissions, in the order
 * in which they came.
 */
#ifndef HTTPBROKER_DELIVERY_INBOX_H
#define HTTPBROKER_DELIVERY_INBOX_H

#include "httpbroker/delivery/forgetting.h"
#include "httpbroker/delivery/ledger.h"

enum submission_result {
	SUBMISSION_COMMITTED, /* in Redis */
	SUBMISSION_KEPT,      /* in memory: it will get there unless this process dies first */
	SUBMISSION_DROPPED, /* neither, and `why`: the broker is stopping, or not the active one */
};

/* What one request wants kept, forgotten or looked at. Whoever submits it owns it until done() and
 * after. */
struct submission {
	struct posting *postings;
	enum ledger_answer *answers; /* room for one each, set before done() */
	size_t count;
	struct forgetting *forgetting; /* instead of postings; NULL: none */
	struct buffer *look; /* instead of postings: filled with what is kept; NULL: none */
	bool async;          /* 202 is welcome where another broker could be asked: there is none */
	void (*done)(struct submission *submission); /* called once, in the delivery thread */
	void *owner;                                 /* for done() */

	enum submission_result result; /* set before done() */
	const char *why;               /* with SUBMISSION_DROPPED */

	struct submission *prev, *next; /* the delivery's, from here on */
	struct marks marks;
	size_t judged; /* postings */
	nsec since;
};

struct inbox;

struct inbox *inbox_new(void);
void inbox_free(struct inbox *inbox);

/* Any thread. False if the inbox is closed: then it is not submitted. */
bool inbox_put(struct inbox *inbox, struct submission *submission);

/* Any thread: makes inbox_fd() readable. */
void inbox_wake(struct inbox *inbox);

/* Nothing more is taken in. */
void inbox_close(struct inbox *inbox);

/* The deliverer's: an eventfd, readable from inbox_wake() until inbox_awake(). */
int inbox_fd(const struct inbox *inbox);
void inbox_awake(struct inbox *inbox);

/*
 * The deliverer's: from now on a submission wakes it, until it takes next. (Else it does not:
 * while a commit is under way nobody looks anyway.) False if something is there already.
 */
bool inbox_listen(struct inbox *inbox);

/* The deliverer's: all that is there, a utlist DL list. */
struct submission *inbox_take(struct inbox *inbox);

#endif

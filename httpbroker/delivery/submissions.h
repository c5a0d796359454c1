/* SPDX-License-Identifier: MIT */
/*
 * From the many threads that take requests to the one that delivers: submissions, in the order
 * in which they came.
 */
#ifndef HTTPBROKER_DELIVERY_SUBMISSIONS_H
#define HTTPBROKER_DELIVERY_SUBMISSIONS_H

#include "httpbroker/delivery/engine.h"
#include "httpbroker/delivery/forget.h"

enum submission_result {
	SUBMISSION_COMMITTED, /* in Redis */
	SUBMISSION_ACCEPTED,  /* in memory: it will get there unless this process dies first */
	SUBMISSION_DROPPED, /* neither, and `why`: the broker is stopping, or not the active one */
};

/* What becomes of an event, or of a document that holds none. */
enum outcome {
	/* accepted */
	OUTCOME_DELIVERED, /* in Redis */
	OUTCOME_KEPT,      /* in memory, while Redis is away */
	OUTCOME_OLDER,     /* without effect: the check's last event is newer */
	OUTCOME_TEST,      /* a service tests its channel: no event */
	OUTCOME_MERGED,    /* the same document has a worse event of the same check */
	OUTCOME_NOTED,     /* read, and it holds no event */
	OUTCOME_UNTOLD,    /* no lasting state, and no Redis to deliver it to */
	/* refused */
	OUTCOME_TOO_LARGE, /* a body, or too many events in one */
	OUTCOME_SYNTAX,    /* no JSON, or JSON that is not supported */
	OUTCOME_SHAPE,     /* JSON of no known format */
	OUTCOME_INVALID,   /* of a known format, with a wrong key */
	OUTCOME_FORBIDDEN, /* the token may not write its entity */
	OUTCOME_FULL,      /* a limit is reached: checks, pending events, memory of requests */
	OUTCOME_STOPPING,  /* the broker stops, or another one is active */
	OUTCOME_LATER,     /* what proves it cannot be fetched now */
	OUTCOMES
};

struct format;

/* An item of a request: an event to deliver, or why there is none. */
struct item {
	bool submitted;            /* false: the delivery skips it */
	struct prepared prepared;  /* of a submitted one */
	enum engine_result result; /* of a submitted one, set before done() */

	/* the rest is the submitter's */
	uint32_t index, line, part;  /* of its document in the body; of the item in that */
	const struct format *format; /* NULL: not recognised */
	enum outcome outcome;
	char *why; /* it was refused or ignored; owned; NULL: none */
};

/* What one request wants kept, forgotten or looked at. Whoever submits it owns it until done() and
 * after. */
struct submission {
	struct item *items;
	size_t count;
	struct forget *forget; /* instead of postings; NULL: none */
	struct buffer *look;   /* instead of postings: filled with what is kept; NULL: none */
	bool async; /* 202 is welcome where another broker could be asked: there is none */
	void (*done)(struct submission *submission); /* called once, in the delivery thread */
	void *owner;                                 /* for done() */

	enum submission_result result; /* set before done() */
	const char *why;               /* with SUBMISSION_DROPPED */

	struct submission *prev, *next; /* the delivery's, from here on */
	struct watermarks watermarks;
	size_t applied; /* postings */
	nsec since;
};

struct submissions;

struct submissions *submissions_new(void);
void submissions_free(struct submissions *submissions);

/* Any thread. False if the inbox is closed: then it is not submitted. */
bool submissions_put(struct submissions *submissions, struct submission *submission);

/* Any thread: makes submissions_fd() readable. */
void submissions_wake(struct submissions *submissions);

/* Nothing more is taken in. */
void submissions_close(struct submissions *submissions);

/* The deliverer's: an eventfd, readable from submissions_wake() until submissions_clear_wake(). */
int submissions_fd(const struct submissions *submissions);
void submissions_clear_wake(struct submissions *submissions);

/*
 * The deliverer's: from now on a submission wakes it, until it takes next. (Else it does not:
 * while a commit is under way nobody looks anyway.) False if something is there already.
 */
bool submissions_listen(struct submissions *submissions);

/* The deliverer's: all that is there, a utlist DL list. */
struct submission *submissions_take(struct submissions *submissions);

#endif

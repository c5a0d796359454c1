/* SPDX-License-Identifier: MIT */
/*
 * What the HTTP threads ask the delivery thread for, and the queue to it: submissions in order of
 * arrival.
 */
#ifndef HTTPBROKER_DELIVERY_SUBMISSIONS_H
#define HTTPBROKER_DELIVERY_SUBMISSIONS_H

#include "httpbroker/delivery/engine.h"

enum submission_result {
	SUBMISSION_COMMITTED, /* in Redis */
	SUBMISSION_ACCEPTED,  /* in memory: lost only if this process dies before Redis is back */
	SUBMISSION_DROPPED,   /* neither, and `why` */
};

/* What becomes of an event, or of a document that holds none. */
enum outcome {
	/* success: `accepted` in lists and metrics */
	OUTCOME_DELIVERED,   /* in Redis */
	OUTCOME_ACCEPTED,    /* in memory, while Redis is away: 202, `kept` in lists and metrics */
	OUTCOME_OLDER,       /* without effect: the check's last event is newer */
	OUTCOME_TEST,        /* a service tests its channel: no event */
	OUTCOME_MERGED,      /* the same document has a worse event of the same check */
	OUTCOME_RETURNED,    /* httpbroker-notify has made it of a check of ours: no event */
	OUTCOME_NOTED,       /* read, and it holds no event */
	OUTCOME_UNDELIVERED, /* no lasting state, and no Redis to deliver it to */
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

/*
 * A request to forget one check, or all of an entity. An entity's are searched a shard of the table
 * at a time, so that nobody waits for long. The checks found are kept until it ends: what is
 * answered 202 becomes accepted. The submitter sets the names and reads the count.
 */
struct forget {
	struct names names;      /* of a check; of an entity (then it is all of them) */
	size_t count;            /* how many checks were forgotten */
	struct prepared *checks; /* those; freed by forget_end() */
};

bool forget_is_whole_entity(const struct forget *forget);

/* Forgets the check, or those of the entity in this shard. */
void forget_check(struct forget *forget, struct core *core, struct moment now);
void forget_shard(struct forget *forget, struct core *core, unsigned shard, struct moment now);

/* Frees the checks; or starts anew. */
void forget_end(struct forget *forget);
void forget_reopen(struct forget *forget);

/* The events of one request, or a request to forget, or to show what is accepted. The submitter
 * owns it. */
struct submission {
	struct item *items;
	size_t count;
	struct forget *forget;   /* instead of events; NULL: none */
	struct buffer *accepted; /* instead of events: gets those accepted, a line each; or NULL */
	bool async;              /* prefers 202 to a 503 that names another broker */
	void (*done)(struct submission *submission); /* called once, in the delivery thread */
	void *owner;                                 /* for done() */

	enum submission_result result; /* set before done() */
	const char *why;               /* with SUBMISSION_DROPPED */

	struct submission *prev, *next; /* from here on the delivery's */
	struct watermarks watermarks;
	size_t applied; /* events */
	nsec since;
};

struct submissions;

struct submissions *submissions_new(void);
void submissions_free(struct submissions *submissions);

/* Any thread. False if it is closed: not submitted. */
bool submissions_put(struct submissions *submissions, struct submission *submission);

/* Any thread: wakes the delivery thread; takes no more submissions. */
void submissions_wake(struct submissions *submissions);
void submissions_close(struct submissions *submissions);

/* Delivery thread: an eventfd, readable from submissions_wake() to submissions_clear_wake(). */
int submissions_fd(const struct submissions *submissions);
void submissions_clear_wake(struct submissions *submissions);

/*
 * Delivery thread: the next submission wakes it, until submissions_take(). (Else none does: while a
 * commit is in flight it need not.) False if there is one already.
 */
bool submissions_listen(struct submissions *submissions);

/* Delivery thread: all that is there, a utlist DL list. */
struct submission *submissions_take(struct submissions *submissions);

#endif

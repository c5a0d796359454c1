/* SPDX-License-Identifier: MIT */
/* How the lease (keys.h) is acquired and given up, and which broker leads. */
#ifndef HTTPBROKER_REDIS_LEASE_H
#define HTTPBROKER_REDIS_LEASE_H

#include "common/clocks.h"
#include "httpbroker/redis/keys.h"

struct buffer;
struct redisReply;

/*
 * Acquiring the lease. First a look, which also reads the last batches:
 *
 *     SET httpbroker:NAME:standby OURS PX 6000   by a stand-by, once a second
 *     WATCH httpbroker:NAME:lease
 *     GET httpbroker:NAME:lease
 *     GET httpbroker:NAME:batch
 *     GET httpbroker:NAME:batch:OUR-TOKEN   our last one, if another broker took over from us
 *
 * then, unless it is another's, the acquisition. It fails if the lease was touched since the look,
 * as each commit does: so what the look has read is final. And it makes a commit fail that is still
 * in flight on another connection, ours or not.
 *
 *     MULTI
 *     SET httpbroker:NAME:lease OURS PX 5000
 *     SET httpbroker:NAME:batch:OTHER-TOKEN … PX 86400000   its owner may come back and look it up
 *     SET httpbroker:NAME:batch …                           the next batches are ours
 *     EXEC
 *     WATCH httpbroker:NAME:lease
 *     GET httpbroker:NAME:lease
 */

struct observed {
	enum lease_holder holder;
	char place[LEASE_PLACE]; /* of another holder: for the log */
	bool found;              /* there is a last batch */
	struct batch last;
	bool left; /* there is one of ours, written by another broker */
	struct batch ours;
};

struct lease_write {
	bool leave; /* write another's last batch */
	struct batch theirs;
	bool begin; /* write a batch of our own */
	struct batch ours;
};

/* One look, or one acquisition. */
struct acquire {
	const struct keys *keys;   /* not owned */
	const struct lease *lease; /* ours; not owned */
	struct observed seen;      /* by the look */
	struct lease_write write;  /* of the acquisition */
	int before;                /* replies before those to the look */
	int replies;               /* read so far, of either */
	bool failed;               /* and the reason is set */
	bool taken;
};

enum acquire_result {
	ACQUIRE_WAITS, /* more replies are to come */
	ACQUIRE_DONE,  /* the look is complete; or the lease is ours and watched */
	ACQUIRE_LOST,  /* another broker was faster: look again */
	ACQUIRE_REFUSED,
};

/* `stands_by`: renews the stand-by key as well. */
void look_write(struct acquire *acquire, bool stands_by, struct buffer *out);
enum acquire_result look_read(
	struct acquire *acquire, const struct redisReply *reply, struct reason *why);

void acquire_write(struct acquire *acquire, const struct lease_write *write, struct buffer *out);
enum acquire_result acquire_read(
	struct acquire *acquire, const struct redisReply *reply, struct reason *why);

/* Gives the lease up, with this last batch; RELEASE_ANSWERS replies follow. */
enum { RELEASE_ANSWERS = 4 };
void release_write(const struct acquire *acquire, const struct batch *last, struct buffer *out);

/*
 * Leadership: whether this broker becomes, stays or ceases to be active, and what became of a
 * commit whose reply was lost. Pure: no Redis, no clock.
 *
 * Batch numbers go on from one broker to the next and never back. So when the last batch is neither
 * our last acknowledged one nor the one in flight, either another broker was active since, or (it
 * is lower, or missing) Redis has lost data.
 */

/* A higher one includes the lower. */
enum role_change {
	CHANGE_NONE,
	CHANGE_DATA_LOST,     /* still active, but Redis has lost data: write all records again */
	CHANGE_BECAME_ACTIVE, /* active; load the records */
	CHANGE_STANDBY,       /* another broker is active: forget all */
};

struct leadership {
	char token[BATCH_TOKEN + 1];
	nsec grace;              /* of an outage, during which the broker clock stands still */
	bool active;             /* so far */
	bool claimed;            /* it ever was: another process of our place came later */
	bool in_flight;          /* the reply to commit `number` is awaited */
	int64_t number;          /* of the last commit that was sent */
	nsec clock;              /* what to add to the monotonic clock to get the broker clock */
	int64_t seen;            /* the last batch's number at the last look; -1: none */
	enum role_change change; /* found, but the lease is not acquired yet */
};

void leadership_init(struct leadership *leadership, const char *token, nsec grace);

/* The batch of our last commit. */
struct batch leadership_batch(const struct leadership *leadership, struct moment now);

/* Whether Redis has lost data since the look before. */
bool leadership_saw_loss(struct leadership *leadership, const struct observed *seen);

/* Whether the lease may be acquired. */
bool leadership_may_take(const struct leadership *leadership, const struct observed *seen);

/*
 * The batch, in `seen`, of the commit in flight; NULL: it was not applied. Final once the lease is
 * acquired. Only while leadership->in_flight.
 */
const struct batch *leadership_applied(
	const struct leadership *leadership, const struct observed *seen);

/* Before acquiring: what to write. Sets change, clock and number. */
struct lease_write leadership_plan(
	struct leadership *leadership, const struct observed *seen, struct moment now);

/* The lease is acquired. */
enum role_change leadership_begin(struct leadership *leadership);

/* Another broker has it. */
enum role_change leadership_lose(struct leadership *leadership);

#endif

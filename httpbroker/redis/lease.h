/* SPDX-License-Identifier: MIT */
/*
 * The lease: the key `httpbroker:NAME:lease`, which says who of the brokers of that name is the
 * active one. Its value is `HOST ADDRESS TOKEN`: where that broker is, and a random word that
 * stands for its process. It runs out unless it is renewed.
 *
 * A broker that stands by keeps `httpbroker:NAME:standby` alive, with the same of itself in it (of
 * several the last one). So the active broker knows that another one takes over when it loses
 * Redis.
 */
#ifndef HTTPBROKER_REDIS_LEASE_H
#define HTTPBROKER_REDIS_LEASE_H

#include "common/clocks.h"
#include "httpbroker/redis/commit.h"

enum { LEASE_PLACE = 480, LEASE_TEXT = LEASE_PLACE + BATCH_TOKEN + 2 };

#define LEASE_LASTS (5 * NSEC_PER_SEC)   /* after it was last renewed */
#define LEASE_RENEWED NSEC_PER_SEC       /* so often at least */
#define LEASE_LOOK (200 * NSEC_PER_MSEC) /* so often one that stands by looks at it */
#define STANDBY_LASTS (6 * NSEC_PER_SEC)
#define STANDBY_RENEWED NSEC_PER_SEC
#define LEASE_LEFT (6 * NSEC_PER_SEC) /* to whom it was when Redis was away: see session.h */

struct lease {
	char text[LEASE_TEXT]; /* as we write it */
	size_t place;          /* bytes of `HOST ADDRESS` */
};

/* `place` is `HOST ADDRESS`; what is longer than LEASE_PLACE - 1 bytes is cut. */
void lease_init(struct lease *lease, const char *place, const char *token);

/* The last word of it. */
const char *lease_token(const struct lease *lease);

enum lease_holder {
	LEASE_NOBODYS,
	LEASE_OURS,
	LEASE_OF_OUR_PLACE, /* another process at our host and address */
	LEASE_ANOTHERS,
};

/* Whose a value is. */
enum lease_holder lease_holder_of(const struct lease *ours, const char *value, size_t length);

/*
 * Getting the lease. First a look, which also reads what is known of the last commits:
 *
 *     SET httpbroker:NAME:standby OURS PX 6000   where this broker stands by: once a second
 *     WATCH httpbroker:NAME:lease
 *     GET httpbroker:NAME:lease
 *     GET httpbroker:NAME:batch
 *     GET httpbroker:NAME:batch:OUR-TOKEN   our last one, if somebody took over from us
 *
 * then, unless it is another's, taking it. That fails if anybody touched the lease since the
 * look, as each commit does: so what the look has read is final. And it makes a commit fail that
 * is still under way on another connection, ours or not.
 *
 *     MULTI
 *     SET httpbroker:NAME:lease OURS PX 5000
 *     SET httpbroker:NAME:batch:OTHER-TOKEN … PX 86400000   its owner may come back and ask
 *     SET httpbroker:NAME:batch …                           that the next ones are ours
 *     EXEC
 *     WATCH httpbroker:NAME:lease
 *     GET httpbroker:NAME:lease
 */

/* What a look has found. */
struct observed {
	enum lease_holder holder;
	char place[LEASE_PLACE]; /* of the holder, if it is another: for the log */
	bool found;              /* there was a last batch */
	struct batch last;
	bool left; /* there was one of ours that somebody left */
	struct batch ours;
};

/* What is written when the lease is taken. */
struct lease_write {
	bool leave; /* another's last batch */
	struct batch theirs;
	bool begin; /* a batch of our own */
	struct batch ours;
};

/* One look, or one try to take it. */
struct acquire {
	const struct keys *keys;   /* not owned */
	const struct lease *lease; /* ours; not owned */
	struct observed seen;      /* by the look */
	struct lease_write write;  /* of the try */
	int before;                /* answers of the look that come before those to it */
	int answers;               /* read so far, of either */
	bool failed;               /* and the reason set */
	bool taken;
};

enum acquire_result {
	ACQUIRE_WAITS, /* more answers are to come */
	ACQUIRE_DONE,  /* the look is complete; the lease is ours and watched */
	ACQUIRE_LOST,  /* somebody was there before: look again */
	ACQUIRE_REFUSED,
};

/* `stands_by`: this broker does, and says so. */
void look_write(struct acquire *acquire, bool stands_by, struct buffer *out);
enum acquire_result look_read(
	struct acquire *acquire, const struct redisReply *reply, struct reason *why);

void acquire_write(struct acquire *acquire, const struct lease_write *write, struct buffer *out);
enum acquire_result acquire_read(
	struct acquire *acquire, const struct redisReply *reply, struct reason *why);

/* Gives the lease up, with this last batch: so many answers come. */
enum { RELEASE_ANSWERS = 4 };
void release_write(const struct acquire *acquire, const struct batch *last, struct buffer *out);

/*
 * What a broker makes of what it has seen at the lease: whether it is, stays or no longer is the
 * active one, and what became of a commit whose answer was lost. Pure: no Redis, no clock.
 *
 * Batch numbers go on from one broker to the next and never back. So when the last batch is
 * neither our last acknowledged nor the one whose answer is awaited, either another broker was
 * active since, or (it is lower, or there is none) Redis has lost what it had.
 */

/* What it means; a higher one includes the lower. */
enum role_change {
	CHANGE_NONE,
	CHANGE_DATA_LOST, /* active as before, but Redis has lost what it knew: write it again */
	CHANGE_BECAME_ACTIVE, /* active, and what is known is not what Redis has: read it */
	CHANGE_STANDBY,       /* another is active: what is known is of no more use */
};

struct leadership {
	char token[BATCH_TOKEN + 1];
	nsec grace;            /* of an outage, during which the broker clock stands still */
	bool active;           /* it was so far */
	bool claimed;          /* it ever was: then another process of our place came after us */
	bool in_flight;        /* the answer to commit `number` is awaited */
	int64_t number;        /* of the last commit that was sent */
	nsec clock;            /* what to add to the monotonic clock to get the broker clock */
	int64_t seen;          /* the last batch's number, by the last look; -1: there was none */
	enum role_change turn; /* found, but not yet true, for the lease has not been got */
};

void leadership_init(struct leadership *leadership, const char *token, nsec grace);

/* Our next commit's batch, or that of the last one again. */
struct batch leadership_batch(const struct leadership *leadership, struct moment now);

/* Whether Redis has lost something since the look before, which was handed in here as well. */
bool leadership_saw_loss(struct leadership *leadership, const struct observed *seen);

/* Whether what was seen lets us take the lease. */
bool leadership_may_take(const struct leadership *leadership, const struct observed *seen);

/*
 * What the commit in flight came to, for sure if the lease is not touched any more: the batch that
 * it has left, in `seen`; NULL if it was not applied. Only when tenure->flying.
 */
const struct batch *leadership_applied(
	const struct leadership *leadership, const struct observed *seen);

/* Before taking it: what has to be written for that; the turn, clock and number are set. */
struct lease_write leadership_plan(
	struct leadership *leadership, const struct observed *seen, struct moment now);

/* It was taken: how that changes what we are. */
enum role_change leadership_begin(struct leadership *leadership);

/* Another has it. */
enum role_change leadership_lose(struct leadership *leadership);

#endif

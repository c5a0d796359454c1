/* SPDX-License-Identifier: MIT */
/*
 * The client of one Redis server, or of the master that Sentinel names: connects, reconnects with
 * back-off (0.1 s to 5 s), and passes replies to the session (session.h), which decides what to
 * send. Never blocks. An outage is logged once for each kind of failure, and once when it is over.
 *
 * With Sentinel, while no replica confirms what is committed, it asks again where the master is: a
 * partition may have left it with a former one.
 */
#ifndef HTTPBROKER_REDIS_CLIENT_H
#define HTTPBROKER_REDIS_CLIENT_H

#include "common/clocks.h"
#include "httpbroker/redis/connector.h"
#include "httpbroker/redis/session.h"

struct pollfd;
struct redis;

struct redis_settings {
	struct redis_place place;
	struct session_settings session; /* login.sentinel is set from the place */
	const char *meanwhile;           /* for the log: what happens until Redis is back */
	const char *unconfirmed;         /* the same, until a replica has what was written */
	int wake_fd;                     /* an eventfd, written to when redis_step() has work */
};

struct redis *redis_new(const struct redis_settings *settings, nsec now);
void redis_free(struct redis *redis);

/* Does what is possible now. Call when poll(2) says so, or at redis_deadline(). */
void redis_step(struct redis *redis, struct moment now);
nsec redis_deadline(const struct redis *redis);
void redis_poll(const struct redis *redis, struct pollfd *out);

/* The session; what needs no connection is asked there. */
struct session *redis_session(const struct redis *redis);

/* session_reply(), and remembers whether Redis works again after redis_reject(). */
struct redisReply *redis_reply(struct redis *redis);

/* Send a commit, a query, the release of the lease: only when the session is ready for it. */
void redis_commit(struct redis *redis, struct commit *commit, struct moment now);
void redis_query(
	struct redis *redis, const char *const *words, const struct resp_list *list, nsec now);
void redis_query_write(
	struct redis *redis, const char *const *words, const struct resp_list *list, nsec now);
void redis_release(struct redis *redis, struct moment now);

/* The reply to a query is unusable: handled as a failure of the connection. */
void redis_reject(struct redis *redis, const char *why, nsec now);

/*
 * redis_degraded(): Redis refuses some parts of commits (enum commit_part) and applies the rest; it
 * is reported as away, but the connection stays. redis_recovered(): it applies those parts, too.
 */
void redis_degraded(struct redis *redis, unsigned parts, nsec now);
void redis_recovered(struct redis *redis, nsec now);

/* Whether Redis is away, so that no request should wait for it; why it is, or was last. */
bool redis_away(const struct redis *redis);
const char *redis_why_away(const struct redis *redis);

/* With Sentinel: whether no replica has what was written last. */
bool redis_alone(const struct redis *redis);

/* Whether Redis does what it is asked for, except for the parts reported as degraded. */
bool redis_serves(const struct redis *redis);

/* Skips the back-off. */
void redis_retry_now(struct redis *redis, nsec now);

/* How often the connection has failed. */
unsigned redis_failures(const struct redis *redis);

#endif

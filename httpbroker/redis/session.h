/* SPDX-License-Identifier: MIT */
/*
 * The protocol with Redis, over any number of connections: logs in, reads the lease, acquires it or
 * stands by, sends one commit or query at a time, and renews the lease. Pure: commands come out,
 * replies and the time go in, so that two of them can be tested against a simulated Redis.
 *
 * - A commit whose reply was lost is looked up on the next connection by its batch number, and sent
 *   again only if it was not applied, or as far as it was refused.
 * - With Sentinel each commit ends when a replica has it, or after CONFIRM_WITHIN without that; and
 *   is unusable if this Redis is no master any more.
 * - After an outage a broker that stood by leaves the lease to the one that was active for
 *   LEASE_LEFT (longer than any broker's back-off): Redis may have lost data that only that one
 *   has. It does the same when the batch number is gone or lower than before: Redis has lost data
 *   while it was connected (FLUSHALL, a replica that was behind), which the active broker finds at
 *   its next renewal.
 */
#ifndef HTTPBROKER_REDIS_SESSION_H
#define HTTPBROKER_REDIS_SESSION_H

#include "httpbroker/redis/commit.h"
#include "httpbroker/redis/connection.h"
#include "httpbroker/redis/lease.h"

struct session;

struct session_settings {
	struct handshake_settings login;
	const struct keys *keys;     /* not owned */
	const char *place;           /* `HOST ADDRESS`; copied */
	char token[BATCH_TOKEN + 1]; /* random hexadecimal digits: identifies this process */
	nsec grace;                  /* of an outage, during which the broker clock stands still */
	bool persistent;             /* records are written: each commit counts them */
};

struct session *session_new(const struct session_settings *settings);
void session_free(struct session *session);

/* There is a connection, and nothing was sent on it yet; the connection is closed. */
void session_open(struct session *session, nsec now, struct buffer *out);
void session_close(struct session *session);

/*
 * Reads the next reply, and frees it. False if Redis refused something, and why: then close the
 * connection, and try again later.
 */
bool session_receive(struct session *session, struct redisReply *reply, struct moment now,
	struct buffer *out, struct reason *why);

/* Does what is due at session_deadline(). False if a reply is overdue. */
bool session_tick(struct session *session, struct moment now, struct buffer *out);
nsec session_deadline(const struct session *session);

enum session_role { SESSION_STARTS, SESSION_ACTIVE, SESSION_STANDS_BY };
enum session_role session_role(const struct session *session);

/*
 * When, if Redis does not answer any more, another broker has probably taken over from this active
 * one: the lease runs out, and one stood by at the last commit. NSEC_NEVER: none did.
 */
nsec session_outlived_at(const struct session *session);

/* Where the active broker is, when this one stands by: `HOST ADDRESS`. */
const char *session_holder(const struct session *session);

/* The change of role, once; ask for session_applied() before. */
enum role_change session_role_change(struct session *session);

/*
 * Whether a commit can be sent: this broker is active and no reply is awaited. The commit stays the
 * caller's, and comes back once from session_applied() when it was applied, except for the parts in
 * commit->refused (session_refusal(): why). After CHANGE_BECAME_ACTIVE or CHANGE_STANDBY it never
 * comes back.
 */
bool session_ready(const struct session *session);
void session_commit(
	struct session *session, struct commit *commit, struct moment now, struct buffer *out);
struct commit *session_applied(struct session *session);
const char *session_refusal(const struct session *session);

/*
 * Whether a query, of one command, can be sent. session_reply() is its reply, once, the caller's to
 * free; it is lost with the connection. With Sentinel the reply to one that writes is also lost if
 * no replica has what was written.
 */
bool session_idle(const struct session *session);
void session_query(struct session *session, const char *const *words, const struct resp_list *list,
	bool writes, nsec now, struct buffer *out);
struct redisReply *session_reply(struct session *session);

/* What says whether a replica has what was committed: the session's own, valid as long as that. */
struct confirm *session_confirm(struct session *session);

/* Whether nothing has to be sent again, after an outage. */
bool session_recovered(const struct session *session);

/* Whether the reply to a commit or a query is awaited. */
bool session_busy(const struct session *session);

/* Gives up the lease; only when session_ready(). Nothing more happens in this session. */
void session_release(struct session *session, struct moment now, struct buffer *out);
bool session_released(const struct session *session);

/* What to add to the monotonic clock to get the broker clock. Known when active. */
nsec session_clock(const struct session *session);

/* The number of records at the last commit or renewal, once; -1: unknown. */
int64_t session_records(struct session *session);

#endif

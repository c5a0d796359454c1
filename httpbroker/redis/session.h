/* SPDX-License-Identifier: MIT */
/*
 * The conversation with Redis, over any number of connections: greets, looks at the lease, takes
 * it or stands by, sends one commit or question at a time, sees each commit through, and keeps
 * the lease. It knows no socket and no clock: bytes to be sent come out, answers and the time go
 * in. So two of them can be tested against a Redis of our own making.
 *
 * A Redis that was away may have lost something, which the broker that was active knows. So one
 * that stood by leaves the lease to it for LEASE_LEFT, which is longer than any broker waits before
 * it tries to connect again. It does the same when the last batch is gone, or lower than it was at
 * the look before: then Redis has lost something while it was there (FLUSHALL, a replica that was
 * behind), and the active broker finds that out when it next renews the lease.
 *
 * A commit whose answer was lost is looked up on the next connection by its batch number, and
 * only sent again if it was not applied, or as far as it was refused.
 */
#ifndef HTTPBROKER_REDIS_SESSION_H
#define HTTPBROKER_REDIS_SESSION_H

#include "httpbroker/redis/handshake.h"
#include "httpbroker/redis/lease.h"

struct session;

struct session_settings {
	struct greeter greeter;
	const struct keys *keys;     /* not owned */
	const char *place;           /* `HOST ADDRESS`; copied */
	char token[BATCH_TOKEN + 1]; /* random hexadecimal digits: who this broker is */
	nsec grace;                  /* of an outage, during which the broker clock stands still */
	bool persistent;             /* records are written: each commit counts them */
};

struct session *session_new(const struct session_settings *settings);
void session_free(struct session *session);

/* There is a connection, and nothing was said on it yet; it is no longer good for anything. */
void session_open(struct session *session, nsec now, struct buffer *out);
void session_close(struct session *session);

/*
 * Takes the next answer, and frees it. False if something was refused, and why: then close the
 * connection, and try again later.
 */
bool session_hear(struct session *session, struct redisReply *reply, struct moment now,
	struct buffer *out, struct reason *why);

/* Does what is due at session_deadline(). False if an answer was awaited for too long. */
bool session_turn(struct session *session, struct moment now, struct buffer *out);
nsec session_deadline(const struct session *session);

enum session_role { SESSION_STARTS, SESSION_ACTIVE, SESSION_STANDS_BY };
enum session_role session_role(const struct session *session);

/*
 * From when on another broker has probably taken over from this active one, if nothing more is
 * heard: it stood by at the last commit that was heard of, and the lease has run out. NSEC_NEVER:
 * none did.
 */
nsec session_outlived_at(const struct session *session);

/* Where the active broker is, when this one stands by: `HOST ADDRESS`. */
const char *session_holder(const struct session *session);

/* What has become of us, once; ask for session_applied() before. */
enum role_change session_turned(struct session *session);

/*
 * Whether a commit can be handed over: we are active and nothing is under way. The commit stays
 * the caller's, who gets it back from session_applied(), once, when it was applied, but for what
 * is in commit->refused: session_refusal() tells why. After a CHANGE_BECAME_ACTIVE or
 * CHANGE_STANDBY it never comes.
 */
bool session_ready(const struct session *session);
void session_commit(
	struct session *session, struct commit *commit, struct moment now, struct buffer *out);
struct commit *session_applied(struct session *session);
const char *session_refusal(const struct session *session);

/*
 * Whether a question may be asked: nothing is under way. It is one command. Its answer is
 * session_answer(), once, the caller's to free; a connection that breaks takes it along.
 */
bool session_rests(const struct session *session);
void session_ask(struct session *session, const char *const *words, const struct resp_list *list,
	nsec now, struct buffer *out);
struct redisReply *session_answer(struct session *session);

/* Whether all is well: nothing is to be sent that was sent before in vain. */
bool session_settled(const struct session *session);

/* Whether the answer to a commit or a question is awaited. */
bool session_busy(const struct session *session);

/* Gives up the lease; only when session_ready(). Then nothing more happens on this session. */
void session_release(struct session *session, struct moment now, struct buffer *out);
bool session_released(const struct session *session);

/* What to add to the monotonic clock to get the broker clock. Known when active. */
nsec session_clock(const struct session *session);

/* How many records there were at the last commit, a renewal or ours, once; -1: none has told. */
int64_t session_records(struct session *session);

#endif

/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/session.h"

#include "common/memory.h"
#include "httpbroker/limits.h"
#include "httpbroker/redis/confirm.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

enum phase {
	PHASE_AWAY,      /* no connection */
	PHASE_HANDSHAKE, /* from here to PHASE_RELEASES: at `until` it has failed */
	PHASE_LOOKS,
	PHASE_ACQUIRES,
	PHASE_COMMITS,
	PHASE_QUERIES,
	PHASE_RELEASES,
	PHASE_RESTS,     /* active; at `until` the lease is renewed */
	PHASE_STANDS_BY, /* stands by; at `until` it looks again */
	PHASE_RELEASED,  /* forever */
};

struct session {
	struct session_settings settings;
	struct lease lease;
	enum phase phase;
	nsec until;
	nsec renew_at;
	nsec ours_until;  /* when the lease expires, if Redis does not reply any more */
	bool has_standby; /* another broker stood by at the last commit */
	nsec standby_at;  /* when to renew the stand-by key */
	nsec left_until;  /* until then the lease is the former holder's */
	enum session_role role;
	struct handshake handshake;
	struct acquire acquire;
	struct leadership leadership;
	struct commit renewal;    /* only the lease and the batch */
	struct commit *in_flight; /* sent and not yet applied */
	struct commit *applied;   /* and not yet returned */
	bool seen_applied;        /* the one in flight, by the last look */
	unsigned seen_left;       /* its parts that may have to be sent again */
	struct reason refusal;    /* why parts of the applied one were refused */
	enum role_change change;  /* not yet returned */
	struct query_reply query;
	struct confirm confirm;
	int replies;       /* to a release, read so far */
	int64_t records;   /* known and not yet returned, or -1 */
	struct reason why; /* of a commit's or an acquisition's replies */
};

struct session *session_new(const struct session_settings *settings)
{
	struct session *session = memory_zeroed(1, sizeof *session);

	session->settings = *settings;
	session->confirm.sentinel = settings->login.sentinel;
	lease_init(&session->lease, settings->place, settings->token);
	leadership_init(&session->leadership, settings->token, settings->grace);
	session->acquire = (struct acquire){.keys = settings->keys, .lease = &session->lease};
	session->until = NSEC_NEVER;
	session->records = -1;
	return session;
}

void session_free(struct session *session)
{
	if (session == NULL)
		return;
	query_drop(&session->query);
	free(session);
}

/* A command was sent: the reply has a deadline. */
static void phase_begin(struct session *session, enum phase phase, nsec now)
{
	session->phase = phase;
	session->until = now + LIMIT_REDIS_WAIT;
}

static void phase_wait(struct session *session, enum phase phase, nsec until)
{
	session->phase = phase;
	session->until = until;
}

void session_open(struct session *session, nsec now, struct buffer *out)
{
	if (session->role == SESSION_STANDS_BY)
		session->left_until = now + LEASE_LEFT;
	confirm_open(&session->confirm, now);
	handshake_write(&session->handshake, &session->settings.login, out);
	phase_begin(session, PHASE_HANDSHAKE, now);
}

void session_close(struct session *session)
{
	query_drop(&session->query);
	if (session->phase != PHASE_RELEASED)
		phase_wait(session, PHASE_AWAY, NSEC_NEVER);
}

static void look_begin(struct session *session, nsec now, struct buffer *out)
{
	bool says = session->role == SESSION_STANDS_BY && now >= session->standby_at;

	if (says)
		session->standby_at = now + STANDBY_RENEWED;
	look_write(&session->acquire, says, out);
	phase_begin(session, PHASE_LOOKS, now);
}

static void commit_send(struct session *session, struct moment now, struct buffer *out)
{
	const struct batch batch = leadership_batch(&session->leadership, now);
	char text[BATCH_TEXT];

	session->in_flight->confirm_within = confirm_limit(&session->confirm, now.monotonic);
	commit_write(session->in_flight, session->settings.keys, batch_text(&batch, text), out);
	session->renew_at = now.monotonic + LEASE_RENEWED;
	phase_begin(session, PHASE_COMMITS, now.monotonic);
}

void session_commit(
	struct session *session, struct commit *commit, struct moment now, struct buffer *out)
{
	session->in_flight = commit;
	if (session->settings.persistent)
		commit->todo |= COMMIT_COUNT;
	session->leadership.number++;
	session->leadership.in_flight = true;
	commit_send(session, now, out);
}

/* It is known whether the commit was applied. */
static void commit_finish(struct session *session, bool applied)
{
	if (applied && session->in_flight != &session->renewal)
		session->applied = session->in_flight;
	session->in_flight = NULL;
	session->leadership.in_flight = false;
}

/* The latest counts, but a lesser one does not replace one that was not returned yet. */
static void change_set(struct session *session, enum role_change change)
{
	if (change >= CHANGE_BECAME_ACTIVE || change > session->change)
		session->change = change;
}

/* For a commit in flight that cannot be sent again: whether Redis has applied its pushes. */
static bool pushes_were_applied(const struct session *session)
{
	return session->seen_applied && (session->seen_left & COMMIT_PUSHES) == 0;
}

/* Looks at once if the stand-by key is due, so that the active broker soon knows of this one. */
static void stand_by(struct session *session, nsec now)
{
	if (session->in_flight != NULL)
		commit_finish(session, pushes_were_applied(session));
	if (session->role != SESSION_STANDS_BY)
		change_set(session, leadership_lose(&session->leadership));
	session->role = SESSION_STANDS_BY;
	session->has_standby = false;
	phase_wait(session, PHASE_STANDS_BY, now >= session->standby_at ? now : now + LEASE_LOOK);
}

static void commit_look(struct session *session, const struct observed *seen)
{
	const struct batch *applied =
		session->in_flight != NULL ? leadership_applied(&session->leadership, seen) : NULL;

	session->seen_applied = applied != NULL;
	session->seen_left = applied != NULL ? commit_left(session->in_flight, applied->queue) : 0;
}

/* What the look has read says whether a commit in flight was applied, unless it is sent again. */
static void look_end(struct session *session, struct moment now, struct buffer *out)
{
	const struct observed *seen = &session->acquire.seen;

	commit_look(session, seen);
	if (leadership_saw_loss(&session->leadership, seen) && session->role != SESSION_ACTIVE)
		session->left_until = now.monotonic + LEASE_LEFT;
	if (now.monotonic < session->left_until ||
		!leadership_may_take(&session->leadership, seen)) {
		stand_by(session, now.monotonic);
		return;
	}
	struct lease_write write = leadership_plan(&session->leadership, seen, now);
	if (session->in_flight != NULL && !session->leadership.in_flight)
		commit_finish(session, pushes_were_applied(session));
	acquire_write(&session->acquire, &write, out);
	phase_begin(session, PHASE_ACQUIRES, now.monotonic);
}

/* It was applied: the rest is sent again under its number. */
static void commit_reduce(struct session *session)
{
	session->in_flight->todo = session->seen_left;
	if (session->seen_left == 0)
		commit_finish(session, true);
}

static void acquire_end(struct session *session, struct moment now, struct buffer *out)
{
	change_set(session, leadership_begin(&session->leadership));
	session->role = SESSION_ACTIVE;
	session->renew_at = now.monotonic + LEASE_RENEWED;
	session->ours_until = now.monotonic + LEASE_LASTS;
	if (session->in_flight != NULL && session->seen_applied)
		commit_reduce(session);
	if (session->in_flight != NULL)
		commit_send(session, now, out);
	else
		phase_wait(session, PHASE_RESTS, session->renew_at);
}

static bool acquire_receive(struct session *session, const redisReply *reply, struct moment now,
	struct buffer *out, struct reason *why)
{
	bool looks = session->phase == PHASE_LOOKS;
	enum acquire_result result = looks ? look_read(&session->acquire, reply, &session->why)
					   : acquire_read(&session->acquire, reply, &session->why);

	if (result == ACQUIRE_REFUSED)
		return reason_set(why, "%s", session->why.text);
	if (result == ACQUIRE_LOST)
		look_begin(session, now.monotonic, out);
	else if (result == ACQUIRE_DONE && looks)
		look_end(session, now, out);
	else if (result == ACQUIRE_DONE)
		acquire_end(session, now, out);
	return true;
}

static void commit_end(struct session *session, bool held, nsec now, struct buffer *out)
{
	session->records = session->in_flight->records_there;
	if (session->in_flight->refused != 0)
		session->refusal = session->why;
	session->has_standby = session->in_flight->has_standby;
	/* the replies came after WAIT */
	session->ours_until =
		LEASE_LASTS + (session->confirm.sentinel ? session->renew_at - LEASE_RENEWED : now);
	confirm_end(&session->confirm, session->in_flight->confirmed, &session->in_flight->role);
	commit_finish(session, true);
	if (held)
		phase_wait(session, PHASE_RESTS, session->renew_at);
	else
		look_begin(session, now, out);
}

static bool commit_receive(struct session *session, const redisReply *reply, struct moment now,
	struct buffer *out, struct reason *why)
{
	struct commit *commit = session->in_flight;

	switch (commit_read(commit, &session->lease, reply, &session->why)) {
	case COMMIT_WAITS:
		return true;
	case COMMIT_DONE:
		commit_end(session, commit->held, now.monotonic, out);
		return true;
	case COMMIT_AGAIN:
		look_begin(session, now.monotonic, out);
		return true;
	case COMMIT_FAILED:
		return reason_set(why, "%s", session->why.text);
	}
	return true;
}

static bool handshake_receive(struct session *session, const redisReply *reply, nsec now,
	struct buffer *out, struct reason *why)
{
	enum handshake_result result = handshake_read(&session->handshake, reply, out, why);

	if (result == HANDSHAKE_DONE)
		look_begin(session, now, out);
	return result != HANDSHAKE_REFUSED;
}

static bool query_receive(
	struct session *session, struct redisReply *reply, struct moment now, struct reason *why)
{
	bool active = session->role == SESSION_ACTIVE;
	enum query_result result = query_read(&session->query, reply, why);

	if (result == QUERY_DONE)
		phase_wait(session, active ? PHASE_RESTS : PHASE_STANDS_BY,
			active ? session->renew_at : now.monotonic + LEASE_LOOK);
	return result != QUERY_REFUSED;
}

static bool reply_receive(struct session *session, const redisReply *reply, struct moment now,
	struct buffer *out, struct reason *why)
{
	switch (session->phase) {
	case PHASE_HANDSHAKE:
		return handshake_receive(session, reply, now.monotonic, out, why);
	case PHASE_LOOKS:
	case PHASE_ACQUIRES:
		return acquire_receive(session, reply, now, out, why);
	case PHASE_COMMITS:
		return commit_receive(session, reply, now, out, why);
	case PHASE_RELEASES:
		if (++session->replies == RELEASE_ANSWERS)
			phase_wait(session, PHASE_RELEASED, NSEC_NEVER);
		return true;
	case PHASE_QUERIES:
	case PHASE_AWAY:
	case PHASE_RESTS:
	case PHASE_STANDS_BY:
	case PHASE_RELEASED:
		break;
	}
	return reason_set(why, "speaks without being asked");
}

bool session_receive(struct session *session, struct redisReply *reply, struct moment now,
	struct buffer *out, struct reason *why)
{
	if (session->phase == PHASE_QUERIES)
		return query_receive(session, reply, now, why);
	bool sound = reply_receive(session, reply, now, out, why);
	freeReplyObject(reply);
	return sound;
}

bool session_tick(struct session *session, struct moment now, struct buffer *out)
{
	if (now.monotonic < session->until)
		return true;
	if (session->phase == PHASE_STANDS_BY)
		look_begin(session, now.monotonic, out);
	else if (session->phase == PHASE_RESTS)
		session_commit(session, &session->renewal, now, out);
	else
		return false;
	return true;
}

nsec session_deadline(const struct session *session)
{
	return session->until;
}

enum session_role session_role(const struct session *session)
{
	return session->role;
}

nsec session_outlived_at(const struct session *session)
{
	return session->has_standby ? session->ours_until : NSEC_NEVER;
}

const char *session_holder(const struct session *session)
{
	return session->acquire.seen.place;
}

enum role_change session_role_change(struct session *session)
{
	enum role_change change = session->change;

	session->change = CHANGE_NONE;
	return change;
}

struct confirm *session_confirm(struct session *session)
{
	return &session->confirm;
}

bool session_recovered(const struct session *session)
{
	return session->phase >= PHASE_RESTS;
}

bool session_idle(const struct session *session)
{
	return (session->phase == PHASE_RESTS || session->phase == PHASE_STANDS_BY) &&
	       session->change == CHANGE_NONE && session->applied == NULL &&
	       session->query.reply == NULL;
}

bool session_ready(const struct session *session)
{
	return session->phase == PHASE_RESTS && session_idle(session);
}

struct commit *session_applied(struct session *session)
{
	struct commit *applied = session->applied;

	session->applied = NULL;
	return applied;
}

const char *session_refusal(const struct session *session)
{
	return session->refusal.text;
}

void session_query(struct session *session, const char *const *words, const struct resp_list *list,
	bool writes, nsec now, struct buffer *out)
{
	query_write(&session->query, words, list, writes && session->confirm.sentinel, out);
	phase_begin(session, PHASE_QUERIES, now);
}

struct redisReply *session_reply(struct session *session)
{
	return session->phase != PHASE_QUERIES ? query_take(&session->query) : NULL;
}

bool session_busy(const struct session *session)
{
	return session->phase == PHASE_COMMITS || session->phase == PHASE_QUERIES;
}

void session_release(struct session *session, struct moment now, struct buffer *out)
{
	session->leadership.number++;
	const struct batch last = leadership_batch(&session->leadership, now);
	release_write(&session->acquire, &last, out);
	session->replies = 0;
	phase_begin(session, PHASE_RELEASES, now.monotonic);
}

bool session_released(const struct session *session)
{
	return session->phase == PHASE_RELEASED;
}

nsec session_clock(const struct session *session)
{
	return session->leadership.clock;
}

int64_t session_records(struct session *session)
{
	int64_t records = session->records;

	session->records = -1;
	return records;
}

/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/session.h"

#include "common/memory.h"
#include "httpbroker/limits.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum phase {
	PHASE_AWAY,   /* no connection */
	PHASE_GREETS, /* from here on: at `until` it has failed */
	PHASE_LOOKS,
	PHASE_TAKES,
	PHASE_COMMITS,
	PHASE_ASKS,
	PHASE_RELEASES,
	PHASE_RESTS,    /* active; at `until` the lease is renewed */
	PHASE_STANDS,   /* stands by; at `until` it looks again */
	PHASE_RELEASED, /* for ever */
};

struct session {
	struct session_settings settings;
	struct lease lease;
	enum phase phase;
	nsec until;
	nsec renew_at;
	nsec ours_until; /* the lease, if nothing is heard any more */
	bool backed;     /* another broker stood by at the last commit */
	nsec say_at;     /* when to say next that this one stands by */
	nsec left_until; /* the lease, to the one that was active */
	enum session_role role;
	struct handshake handshake;
	struct acquire acquire;
	struct leadership leadership;
	struct commit renewal;    /* nothing but the lease and the batch */
	struct commit *in_flight; /* handed over and not yet applied */
	struct commit *applied;   /* and not yet asked for */
	bool seen_applied;        /* by the last look: the flying one */
	unsigned seen_left;       /* of it, if it was applied: what may have to be sent again */
	struct reason refusal;    /* of what the applied one did not do */
	enum role_change turn;    /* not yet asked for */
	struct redisReply *reply; /* to a question, and not yet asked for */
	int answers;              /* to a release, read so far */
	int64_t records;          /* heard and not yet asked for, or -1 */
	struct reason why;        /* of a commit's or a claim's answers */
};

struct session *session_new(const struct session_settings *settings)
{
	struct session *session = memory_zeroed(1, sizeof *session);

	session->settings = *settings;
	lease_init(&session->lease, settings->place, settings->token);
	leadership_init(&session->leadership, settings->token, settings->grace);
	session->acquire.keys = settings->keys;
	session->acquire.lease = &session->lease;
	session->until = NSEC_NEVER;
	session->records = -1;
	return session;
}

static void reply_drop(struct session *session)
{
	if (session->reply != NULL)
		freeReplyObject(session->reply);
	session->reply = NULL;
}

void session_free(struct session *session)
{
	if (session == NULL)
		return;
	reply_drop(session);
	free(session);
}

/* Something was said, and is to be answered in time. */
static void phase_begin(struct session *session, enum phase phase, nsec now)
{
	session->phase = phase;
	session->until = now + LIMIT_REDIS_WAIT;
}

static void phase_rest(struct session *session, enum phase phase, nsec until)
{
	session->phase = phase;
	session->until = until;
}

void session_open(struct session *session, nsec now, struct buffer *out)
{
	if (session->role == SESSION_STANDS_BY)
		session->left_until = now + LEASE_LEFT;
	handshake_write(&session->handshake, &session->settings.login, out);
	phase_begin(session, PHASE_GREETS, now);
}

void session_close(struct session *session)
{
	reply_drop(session);
	if (session->phase != PHASE_RELEASED)
		phase_rest(session, PHASE_AWAY, NSEC_NEVER);
}

static void look_begin(struct session *session, nsec now, struct buffer *out)
{
	bool says = session->role == SESSION_STANDS_BY && now >= session->say_at;

	if (says)
		session->say_at = now + STANDBY_RENEWED;
	look_write(&session->acquire, says, out);
	phase_begin(session, PHASE_LOOKS, now);
}

static void commit_send(struct session *session, struct moment now, struct buffer *out)
{
	const struct batch batch = leadership_batch(&session->leadership, now);
	char text[BATCH_TEXT];

	commit_write(session->in_flight, session->settings.keys, batch_text(&batch, text), out);
	session->renew_at = now.monotonic + LEASE_RENEWED;
	phase_begin(session, PHASE_COMMITS, now.monotonic);
}

static void commit_launch(
	struct session *session, struct commit *commit, struct moment now, struct buffer *out)
{
	session->in_flight = commit;
	if (session->settings.persistent)
		commit->todo |= COMMIT_COUNT;
	session->leadership.number++;
	session->leadership.in_flight = true;
	commit_send(session, now, out);
}

/* It is known what became of it. */
static void commit_settle(struct session *session, bool applied)
{
	if (applied && session->in_flight != &session->renewal)
		session->applied = session->in_flight;
	session->in_flight = NULL;
	session->leadership.in_flight = false;
}

/* The latest is what counts, but a lesser one does not undo what was not asked for yet. */
static void turn_tell(struct session *session, enum role_change turn)
{
	if (turn >= CHANGE_BECAME_ACTIVE || turn > session->turn)
		session->turn = turn;
}

/* Whether its events are in the queue, once it is too late to send anything again. */
static bool seen_enough(const struct session *session)
{
	return session->seen_applied && (session->seen_left & COMMIT_PUSHES) == 0;
}

/* The next look is at once if it is time to say so: who is active shall know it soon. */
static void stand_by(struct session *session, nsec now)
{
	if (session->in_flight != NULL)
		commit_settle(session, seen_enough(session));
	if (session->role != SESSION_STANDS_BY)
		turn_tell(session, leadership_lose(&session->leadership));
	session->role = SESSION_STANDS_BY;
	session->backed = false;
	phase_rest(session, PHASE_STANDS, now >= session->say_at ? now : now + LEASE_LOOK);
}

static void commit_look(struct session *session, const struct observed *seen)
{
	const struct batch *applied =
		session->in_flight != NULL ? leadership_applied(&session->leadership, seen) : NULL;

	session->seen_applied = applied != NULL;
	session->seen_left = applied != NULL ? commit_left(session->in_flight, applied->queue) : 0;
}

/* What the look has seen of a commit in flight is what became of it, unless it was ours to keep. */
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
		commit_settle(session, seen_enough(session));
	acquire_write(&session->acquire, &write, out);
	phase_begin(session, PHASE_TAKES, now.monotonic);
}

/* It was applied: what is left of it is sent under its number, which says what became of that. */
static void commit_reduce(struct session *session)
{
	session->in_flight->todo = session->seen_left;
	if (session->seen_left == 0)
		commit_settle(session, true);
}

static void take_end(struct session *session, struct moment now, struct buffer *out)
{
	turn_tell(session, leadership_begin(&session->leadership));
	session->role = SESSION_ACTIVE;
	session->renew_at = now.monotonic + LEASE_RENEWED;
	session->ours_until = now.monotonic + LEASE_LASTS;
	if (session->in_flight != NULL && session->seen_applied)
		commit_reduce(session);
	if (session->in_flight != NULL)
		commit_send(session, now, out);
	else
		phase_rest(session, PHASE_RESTS, session->renew_at);
}

static bool acquire_hear(struct session *session, const redisReply *reply, struct moment now,
	struct buffer *out, struct reason *why)
{
	bool looks = session->phase == PHASE_LOOKS;
	enum acquire_result verdict = looks ? look_read(&session->acquire, reply, &session->why)
					    : acquire_read(&session->acquire, reply, &session->why);

	if (verdict == ACQUIRE_REFUSED)
		return reason_set(why, "%s", session->why.text);
	if (verdict == ACQUIRE_LOST)
		look_begin(session, now.monotonic, out);
	else if (verdict == ACQUIRE_DONE && looks)
		look_end(session, now, out);
	else if (verdict == ACQUIRE_DONE)
		take_end(session, now, out);
	return true;
}

static void commit_end(struct session *session, bool held, nsec now, struct buffer *out)
{
	session->records = session->in_flight->records_there;
	if (session->in_flight->refused != 0)
		session->refusal = session->why;
	session->backed = session->in_flight->backed;
	session->ours_until = now + LEASE_LASTS;
	commit_settle(session, true);
	if (held)
		phase_rest(session, PHASE_RESTS, session->renew_at);
	else
		look_begin(session, now, out);
}

static bool commit_hear(struct session *session, const redisReply *reply, struct moment now,
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

static bool handshake_hear(struct session *session, const redisReply *reply, nsec now,
	struct buffer *out, struct reason *why)
{
	enum handshake_result verdict = handshake_read(&session->handshake, reply, out, why);

	if (verdict == HANDSHAKE_DONE)
		look_begin(session, now, out);
	return verdict != HANDSHAKE_REFUSED;
}

static void ask_end(struct session *session, struct moment now)
{
	bool active = session->role == SESSION_ACTIVE;

	phase_rest(session, active ? PHASE_RESTS : PHASE_STANDS,
		active ? session->renew_at : now.monotonic + LEASE_LOOK);
}

static bool answer_hear(struct session *session, const redisReply *reply, struct moment now,
	struct buffer *out, struct reason *why)
{
	switch (session->phase) {
	case PHASE_GREETS:
		return handshake_hear(session, reply, now.monotonic, out, why);
	case PHASE_LOOKS:
	case PHASE_TAKES:
		return acquire_hear(session, reply, now, out, why);
	case PHASE_COMMITS:
		return commit_hear(session, reply, now, out, why);
	case PHASE_RELEASES:
		if (++session->answers == RELEASE_ANSWERS)
			phase_rest(session, PHASE_RELEASED, NSEC_NEVER);
		return true;
	case PHASE_ASKS:
	case PHASE_AWAY:
	case PHASE_RESTS:
	case PHASE_STANDS:
	case PHASE_RELEASED:
		break;
	}
	return reason_set(why, "speaks without being asked");
}

bool session_receive(struct session *session, struct redisReply *reply, struct moment now,
	struct buffer *out, struct reason *why)
{
	if (session->phase == PHASE_ASKS) {
		session->reply = reply;
		ask_end(session, now);
		return true;
	}
	bool sound = answer_hear(session, reply, now, out, why);
	freeReplyObject(reply);
	return sound;
}

bool session_tick(struct session *session, struct moment now, struct buffer *out)
{
	if (now.monotonic < session->until)
		return true;
	if (session->phase == PHASE_STANDS)
		look_begin(session, now.monotonic, out);
	else if (session->phase == PHASE_RESTS)
		commit_launch(session, &session->renewal, now, out);
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
	return session->backed ? session->ours_until : NSEC_NEVER;
}

const char *session_holder(const struct session *session)
{
	return session->acquire.seen.place;
}

enum role_change session_role_change(struct session *session)
{
	enum role_change turn = session->turn;

	session->turn = CHANGE_NONE;
	return turn;
}

bool session_settled(const struct session *session)
{
	return session->phase >= PHASE_RESTS;
}

bool session_idle(const struct session *session)
{
	return (session->phase == PHASE_RESTS || session->phase == PHASE_STANDS) &&
	       session->turn == CHANGE_NONE && session->applied == NULL && session->reply == NULL;
}

bool session_ready(const struct session *session)
{
	return session->phase == PHASE_RESTS && session_idle(session);
}

void session_commit(
	struct session *session, struct commit *commit, struct moment now, struct buffer *out)
{
	commit_launch(session, commit, now, out);
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
	nsec now, struct buffer *out)
{
	resp_command(out, words, list);
	phase_begin(session, PHASE_ASKS, now);
}

struct redisReply *session_reply(struct session *session)
{
	struct redisReply *reply = session->reply;

	session->reply = NULL;
	return reply;
}

bool session_busy(const struct session *session)
{
	return session->phase == PHASE_COMMITS || session->phase == PHASE_ASKS;
}

void session_release(struct session *session, struct moment now, struct buffer *out)
{
	session->leadership.number++;
	const struct batch last = leadership_batch(&session->leadership, now);
	release_write(&session->acquire, &last, out);
	session->answers = 0;
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

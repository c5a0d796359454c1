/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/client.h"

#include "common/backoff.h"
#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/random.h"
#include "common/reason.h"
#include "httpbroker/limits.h"
#include "httpbroker/redis/connection.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SENTINEL_ASKED NSEC_PER_SEC     /* between questions, while no replica confirms */
#define REFUSED_WAIT (2 * NSEC_PER_SEC) /* each attempt renews the lease, which lasts for 5 s */

enum { PORT_OF_FLAPJACK = 6380 }; /* its packages bring a Redis there; Debian's is at 6379 */

/* From OUTAGE_PART on, each bit is a part of commits that is refused while the rest is applied. */
enum outage_kind { OUTAGE_UNREACHABLE = 1, OUTAGE_REFUSED = 2, OUTAGE_PART = 4 };

/* A time during which Redis cannot be used. */
struct outage {
	struct backoff backoff;
	bool away;         /* it lasts */
	unsigned logged;   /* kinds, since it began */
	nsec since;        /* when it began */
	unsigned failures; /* ever */
	struct reason why; /* of the last failure */
};

enum step {
	STEP_WAITS,    /* after a failure, until `until` */
	STEP_CONNECTS, /* at `until` it is reported as away, but goes on */
	STEP_CONNECTED,
};

struct redis {
	struct redis_settings settings;
	char server[ADDRESS_TEXT + MASTER_NAME + 4]; /* for the log */
	struct address address;                      /* with Sentinel: of the last attempt */
	size_t sentinel;                             /* that is asked next */
	enum step step;
	nsec until;
	struct connector *connector;   /* in STEP_CONNECTS, and where it asks; NULL: none */
	nsec ask_at;                   /* in STEP_CONNECTED: the sentinels, where the master is */
	struct connection *connection; /* in STEP_CONNECTED */
	struct session *session;
	bool connected; /* ever */
	bool rejected;  /* by redis_reject(), and no query was answered since */
	bool degraded;  /* parts of commits are refused */
	bool broken;    /* it failed and does not work again yet */
	bool alone;     /* no replica confirms; and that was logged */
	nsec alone_since;
	struct outage outage;
};

static void outage_log(struct redis *redis, unsigned kinds, const char *why, nsec now)
{
	if (!redis->outage.away)
		redis->outage.since = now;
	redis->outage.away = true;
	reason_set(&redis->outage.why, "%s", why);
	if ((redis->outage.logged & kinds) == kinds)
		log_debug("Redis at %s: %s", redis->server, why);
	else
		log_error("Redis at %s: %s; until it is back, %s", redis->server, why,
			redis->settings.meanwhile);
	redis->outage.logged |= kinds;
}

static nsec outage_fail(struct redis *redis, enum outage_kind kind, const char *why, nsec now)
{
	outage_log(redis, kind, why, now);
	redis->outage.failures++;
	nsec wait = backoff_wait(&redis->outage.backoff, random_number());
	return now + (kind == OUTAGE_REFUSED ? nsec_earlier(wait, REFUSED_WAIT) : wait);
}

static void outage_end(struct redis *redis, nsec now)
{
	char span[DURATION_TEXT];

	backoff_reset(&redis->outage.backoff);
	if (!redis->outage.away)
		return;
	log_info("Redis at %s: back after %s", redis->server,
		duration_text(now - redis->outage.since, span));
	redis->outage.away = false;
	redis->outage.logged = 0;
}

static bool uses_sentinel(const struct redis *redis)
{
	return redis->settings.place.sentinel_count > 0;
}

struct redis *redis_new(const struct redis_settings *settings, nsec now)
{
	struct redis *redis = memory_zeroed(1, sizeof *redis);

	redis->settings = *settings;
	redis->step = STEP_WAITS;
	redis->until = now;
	redis->settings.session.login.sentinel = settings->place.sentinel_count > 0;
	redis->session = session_new(&redis->settings.session);
	if (uses_sentinel(redis))
		snprintf(redis->server, sizeof redis->server, "master %s", settings->place.master);
	else
		address_text(&settings->place.server, redis->server);
	redis->outage.backoff = (struct backoff){100 * NSEC_PER_MSEC, 5 * NSEC_PER_SEC, 0};
	reason_set(&redis->outage.why, "not connected yet");
	return redis;
}

static void connector_end(struct redis *redis)
{
	if (redis->connector != NULL)
		connector_drop(redis->connector);
	redis->connector = NULL;
}

static void redis_close(struct redis *redis)
{
	connector_end(redis);
	connection_free(redis->connection);
	session_close(redis->session);
	redis->connection = NULL;
}

void redis_free(struct redis *redis)
{
	redis_close(redis);
	session_free(redis->session);
	free(redis);
}

static void redis_fail(struct redis *redis, enum outage_kind kind, const char *why, nsec now)
{
	redis_close(redis);
	redis->broken = true;
	redis->step = STEP_WAITS;
	redis->until = outage_fail(redis, kind, why, now);
}

static void connector_begin(struct redis *redis, enum connector_job job)
{
	redis->connector = connector_start(&redis->settings.place, job, redis->sentinel,
		LIMIT_REDIS_WAIT, redis->settings.wake_fd);
}

static void connect_begin(struct redis *redis, nsec now)
{
	connector_begin(redis, CONNECTOR_CONNECTS);
	redis->step = STEP_CONNECTS;
	redis->until = now + LIMIT_REDIS_WAIT;
}

static void connect_fail(struct redis *redis, const struct connected *end, nsec now)
{
	bool hint = end->error == ECONNREFUSED && end->server.port == PORT_OF_FLAPJACK &&
		    !uses_sentinel(redis);
	struct reason why;

	reason_set(&why, "%s%s", end->why.text,
		hint ? " (Debian's redis-server listens on port 6379)" : "");
	redis_fail(redis, OUTAGE_UNREACHABLE, why.text, now);
}

/* What the sentinels have said. After a failure another one is asked first. */
static void answer_note(struct redis *redis, const struct connected *end)
{
	char text[ADDRESS_TEXT];

	if (!end->answered)
		return;
	redis->sentinel = end->sentinel + 1;
	redis->address = end->server;
	snprintf(redis->server, sizeof redis->server, "%s (%s)", address_text(&end->server, text),
		redis->settings.place.master);
}

static void session_begin(struct redis *redis, const struct connected *end, nsec now)
{
	redis->connection = connection_new(end->fd, end->ssl);
	redis->step = STEP_CONNECTED;
	redis->ask_at = now + SENTINEL_ASKED;
	session_open(redis->session, now, connection_out(redis->connection));
	connection_flush(redis->connection);
}

static void connect_step(struct redis *redis, nsec now)
{
	struct connected end;

	switch (connector_poll(redis->connector, &end)) {
	case CONNECTOR_RUNS:
		if (now < redis->until)
			return;
		outage_log(redis, OUTAGE_UNREACHABLE, "cannot connect: no answer", now);
		redis->until = NSEC_NEVER;
		return;
	case CONNECTOR_DONE:
		connector_end(redis);
		answer_note(redis, &end);
		session_begin(redis, &end, now);
		return;
	case CONNECTOR_FAILED:
		answer_note(redis, &end);
		connect_fail(redis, &end, now);
		return;
	}
}

static bool is_same_address(const struct address *one, const struct address *other)
{
	return one->port == other->port && strcmp(one->host, other->host) == 0;
}

/* The sentinels have answered whether the master is another one: then the connection is closed. */
static void ask_end(struct redis *redis, nsec now)
{
	struct connected end;
	char text[ADDRESS_TEXT];
	struct reason why;

	if (redis->connector == NULL || connector_poll(redis->connector, &end) == CONNECTOR_RUNS)
		return;
	connector_end(redis);
	redis->ask_at = now + SENTINEL_ASKED;
	if (!end.answered || is_same_address(&end.server, &redis->address))
		return;
	redis->sentinel = end.sentinel;
	reason_set(&why, "a sentinel names another master, %s", address_text(&end.server, text));
	redis_fail(redis, OUTAGE_UNREACHABLE, why.text, now);
	redis->until = now;
}

static bool is_alone(const struct redis *redis)
{
	return session_role(redis->session) == SESSION_ACTIVE &&
	       session_confirm(redis->session)->unconfirmed;
}

/* Logs that no replica confirms, and that one does again; asks whether there is another master. */
static void replica_watch(struct redis *redis, nsec now)
{
	bool alone = is_alone(redis);
	char span[DURATION_TEXT];

	if (alone && !redis->alone) {
		redis->alone = true;
		redis->alone_since = now;
		log_warning("Redis at %s: no replica has what was written last: %s", redis->server,
			redis->settings.unconfirmed);
	} else if (redis->alone && confirm_is_done(session_confirm(redis->session))) {
		redis->alone = false;
		log_info("Redis at %s: a replica has all that was written, after %s", redis->server,
			duration_text(now - redis->alone_since, span));
	}
	if (alone && redis->connector == NULL && now >= redis->ask_at)
		connector_begin(redis, CONNECTOR_ASKS);
}

/* The outage is over when nothing is left to be sent again. */
static void outage_check(struct redis *redis, nsec now)
{
	if (!session_recovered(redis->session) || redis->rejected)
		return;
	redis->broken = false;
	if (!redis->connected)
		log_info("Redis at %s: connected", redis->server);
	redis->connected = true;
	if (!redis->degraded)
		outage_end(redis, now);
}

/* False: no complete reply has arrived, or the connection failed. */
static bool reply_read(struct redis *redis, struct moment now)
{
	struct redisReply *reply;
	struct reason why;

	if (!connection_reply(redis->connection, &reply, &why)) {
		redis_fail(redis, OUTAGE_UNREACHABLE, why.text, now.monotonic);
		return false;
	}
	if (reply == NULL)
		return false;
	if (session_receive(redis->session, reply, now, connection_out(redis->connection), &why))
		outage_check(redis, now.monotonic);
	else
		redis_fail(redis, OUTAGE_REFUSED, why.text, now.monotonic);
	return redis->connection != NULL;
}

static void connected_step(struct redis *redis, struct moment now)
{
	struct reason why;

	if (!connection_step(redis->connection, &why)) {
		redis_fail(redis, OUTAGE_UNREACHABLE, why.text, now.monotonic);
		return;
	}
	while (reply_read(redis, now))
		continue;
	if (redis->connection != NULL && uses_sentinel(redis))
		ask_end(redis, now.monotonic);
	if (redis->connection == NULL)
		return;
	if (uses_sentinel(redis))
		replica_watch(redis, now.monotonic);
	if (session_tick(redis->session, now, connection_out(redis->connection)))
		connection_flush(redis->connection);
	else
		redis_fail(redis, OUTAGE_UNREACHABLE, "no answer within 5 s", now.monotonic);
}

void redis_step(struct redis *redis, struct moment now)
{
	if (redis->step == STEP_WAITS && now.monotonic >= redis->until)
		connect_begin(redis, now.monotonic);
	if (redis->step == STEP_CONNECTS)
		connect_step(redis, now.monotonic);
	if (redis->step == STEP_CONNECTED)
		connected_step(redis, now);
}

nsec redis_deadline(const struct redis *redis)
{
	return redis->step == STEP_CONNECTED ? session_deadline(redis->session) : redis->until;
}

void redis_poll(const struct redis *redis, struct pollfd *out)
{
	out->fd = redis->connection != NULL ? connection_fd(redis->connection) : -1;
	out->events = redis->connection != NULL ? connection_events(redis->connection) : 0;
}

struct session *redis_session(const struct redis *redis)
{
	return redis->session;
}

struct redisReply *redis_reply(struct redis *redis)
{
	struct redisReply *reply = session_reply(redis->session);

	if (reply != NULL && reply->type != REDIS_REPLY_ERROR)
		redis->rejected = false;
	return reply;
}

void redis_commit(struct redis *redis, struct commit *commit, struct moment now)
{
	session_commit(redis->session, commit, now, connection_out(redis->connection));
	connection_flush(redis->connection);
}

void redis_query(
	struct redis *redis, const char *const *words, const struct resp_list *list, nsec now)
{
	session_query(redis->session, words, list, false, now, connection_out(redis->connection));
	connection_flush(redis->connection);
}

void redis_query_write(
	struct redis *redis, const char *const *words, const struct resp_list *list, nsec now)
{
	session_query(redis->session, words, list, true, now, connection_out(redis->connection));
	connection_flush(redis->connection);
}

void redis_release(struct redis *redis, struct moment now)
{
	session_release(redis->session, now, connection_out(redis->connection));
	connection_flush(redis->connection);
}

void redis_reject(struct redis *redis, const char *why, nsec now)
{
	redis->rejected = true;
	if (redis->step == STEP_CONNECTED)
		redis_fail(redis, OUTAGE_REFUSED, why, now);
}

void redis_degraded(struct redis *redis, unsigned parts, nsec now)
{
	redis->degraded = true;
	outage_log(redis, parts * OUTAGE_PART, session_refusal(redis->session), now);
}

void redis_recovered(struct redis *redis, nsec now)
{
	if (!redis->degraded)
		return;
	redis->degraded = false;
	outage_check(redis, now);
}

bool redis_alone(const struct redis *redis)
{
	return redis->alone;
}

bool redis_away(const struct redis *redis)
{
	return redis->outage.away;
}

bool redis_serves(const struct redis *redis)
{
	return !redis->outage.away || (redis->degraded && !redis->broken);
}

const char *redis_why_away(const struct redis *redis)
{
	return redis->outage.why.text;
}

void redis_retry_now(struct redis *redis, nsec now)
{
	if (redis->step == STEP_WAITS)
		redis->until = now;
}

unsigned redis_failures(const struct redis *redis)
{
	return redis->outage.failures;
}

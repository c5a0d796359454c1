/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/link.h"

#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/limits.h"
#include "httpbroker/redis/client.h"
#include "httpbroker/redis/connection.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdlib.h>

enum { PORT_OF_FLAPJACK = 6380 }; /* its packages bring a Redis there; Debian's is at 6379 */

enum step {
	STEP_RESTS,    /* after a failure, until `until` */
	STEP_CONNECTS, /* at `until` it is called away, but goes on */
	STEP_TALKS,
};

struct link {
	struct link_settings settings;
	char server[ADDRESS_TEXT];
	enum step step;
	nsec until;
	struct connection *connection; /* in STEP_CONNECTS */
	struct redis *redis;           /* in STEP_TALKS */
	struct session *session;
	bool connected; /* ever */
	bool refused;   /* by the owner, and no question was answered since */
	bool complains; /* the owner, of what is refused while the rest goes on */
	bool broken;    /* it failed, and is not well again */
	struct outage outage;
};

struct link *link_new(const struct link_settings *settings, nsec now)
{
	struct link *link = memory_zeroed(1, sizeof *link);

	link->settings = *settings;
	link->step = STEP_RESTS;
	link->until = now;
	link->session = session_new(&settings->session);
	outage_init(&link->outage, address_text(&settings->server, link->server));
	return link;
}

static void connection_close(struct link *link)
{
	if (link->connection != NULL)
		connection_drop(link->connection);
	redis_free(link->redis);
	session_close(link->session);
	link->connection = NULL;
	link->redis = NULL;
}

void link_free(struct link *link)
{
	connection_close(link);
	session_free(link->session);
	free(link);
}

static void link_fail(struct link *link, enum outage_kind kind, const char *why, nsec now)
{
	connection_close(link);
	link->broken = true;
	link->step = STEP_RESTS;
	link->until = outage_fail(&link->outage, kind, why, now);
}

static void connect_begin(struct link *link, nsec now)
{
	link->connection =
		connection_start(&link->settings.server, LIMIT_REDIS_WAIT, link->settings.wake_fd);
	link->step = STEP_CONNECTS;
	link->until = now + LIMIT_REDIS_WAIT;
}

static void connect_fail(struct link *link, int error, const struct reason *cause, nsec now)
{
	struct reason why;

	reason_set(&why, "cannot connect: %s", cause->text);
	if (error == ECONNREFUSED && link->settings.server.port == PORT_OF_FLAPJACK)
		reason_set(&why, "cannot connect: %s (Debian's redis-server listens on port 6379)",
			cause->text);
	link_fail(link, OUTAGE_UNREACHABLE, why.text, now);
}

static void talk_begin(struct link *link, int fd, nsec now)
{
	connection_drop(link->connection);
	link->connection = NULL;
	link->redis = redis_new(fd);
	link->step = STEP_TALKS;
	session_open(link->session, now, redis_out(link->redis));
	redis_flush(link->redis);
}

static void connect_step(struct link *link, nsec now)
{
	struct reason why;
	int fd, error;

	switch (connection_look(link->connection, &fd, &error, &why)) {
	case CONNECTION_RUNS:
		if (now < link->until)
			return;
		outage_tell(&link->outage, OUTAGE_UNREACHABLE, "cannot connect: no answer", now);
		link->until = NSEC_NEVER;
		return;
	case CONNECTION_DONE:
		talk_begin(link, fd, now);
		return;
	case CONNECTION_FAILED:
		connect_fail(link, error, &why, now);
		return;
	}
}

/* It is over when nothing is left to be done, or what was left has been done. */
static void outage_look(struct link *link, nsec now)
{
	if (!session_settled(link->session) || link->refused)
		return;
	link->broken = false;
	if (!link->connected)
		log_info("Redis at %s: connected", link->server);
	link->connected = true;
	if (!link->complains)
		outage_end(&link->outage, now);
}

/* False when there is nothing more to be had from this connection now. */
static bool answer_take(struct link *link, struct moment now)
{
	struct redisReply *reply;
	struct reason why;

	if (!redis_answer(link->redis, &reply, &why)) {
		link_fail(link, OUTAGE_UNREACHABLE, why.text, now.monotonic);
		return false;
	}
	if (reply == NULL)
		return false;
	if (session_hear(link->session, reply, now, redis_out(link->redis), &why))
		outage_look(link, now.monotonic);
	else
		link_fail(link, OUTAGE_REFUSED, why.text, now.monotonic);
	return link->redis != NULL;
}

static void talk_step(struct link *link, struct moment now)
{
	struct reason why;

	if (!redis_step(link->redis, &why)) {
		link_fail(link, OUTAGE_UNREACHABLE, why.text, now.monotonic);
		return;
	}
	while (answer_take(link, now))
		continue;
	if (link->redis == NULL)
		return;
	if (session_turn(link->session, now, redis_out(link->redis)))
		redis_flush(link->redis);
	else
		link_fail(link, OUTAGE_UNREACHABLE, "no answer within 5 s", now.monotonic);
}

void link_step(struct link *link, struct moment now)
{
	if (link->step == STEP_RESTS && now.monotonic >= link->until)
		connect_begin(link, now.monotonic);
	if (link->step == STEP_CONNECTS)
		connect_step(link, now.monotonic);
	if (link->step == STEP_TALKS)
		talk_step(link, now);
}

nsec link_deadline(const struct link *link)
{
	return link->step == STEP_TALKS ? session_deadline(link->session) : link->until;
}

void link_poll(const struct link *link, struct pollfd *out)
{
	out->fd = link->redis != NULL ? redis_fd(link->redis) : -1;
	out->events = link->redis != NULL ? redis_events(link->redis) : 0;
}

const struct session *link_session(const struct link *link)
{
	return link->session;
}

enum role_change link_turned(struct link *link)
{
	return session_turned(link->session);
}

struct commit *link_applied(struct link *link)
{
	return session_applied(link->session);
}

struct redisReply *link_answer(struct link *link)
{
	struct redisReply *reply = session_answer(link->session);

	if (reply != NULL && reply->type != REDIS_REPLY_ERROR)
		link->refused = false;
	return reply;
}

int64_t link_records(struct link *link)
{
	return session_records(link->session);
}

void link_commit(struct link *link, struct commit *commit, struct moment now)
{
	session_commit(link->session, commit, now, redis_out(link->redis));
	redis_flush(link->redis);
}

void link_ask(struct link *link, const char *const *words, const struct resp_list *list, nsec now)
{
	session_ask(link->session, words, list, now, redis_out(link->redis));
	redis_flush(link->redis);
}

void link_release(struct link *link, struct moment now)
{
	session_release(link->session, now, redis_out(link->redis));
	redis_flush(link->redis);
}

void link_refuse(struct link *link, const char *why, nsec now)
{
	link->refused = true;
	if (link->step == STEP_TALKS)
		link_fail(link, OUTAGE_REFUSED, why, now);
}

void link_complain(struct link *link, unsigned parts, nsec now)
{
	link->complains = true;
	outage_tell(&link->outage, parts * OUTAGE_PART, session_refusal(link->session), now);
}

void link_content(struct link *link, nsec now)
{
	if (!link->complains)
		return;
	link->complains = false;
	outage_look(link, now);
}

bool link_away(const struct link *link)
{
	return link->outage.away;
}

bool link_serves(const struct link *link)
{
	return !link->outage.away || (link->complains && !link->broken);
}

const char *link_why(const struct link *link)
{
	return link->outage.why.text;
}

void link_hurry(struct link *link, nsec now)
{
	if (link->step == STEP_RESTS)
		link->until = now;
}

unsigned link_failures(const struct link *link)
{
	return link->outage.failures;
}

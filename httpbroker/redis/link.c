/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/link.h"

#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/limits.h"
#include "httpbroker/redis/connector.h"
#include "httpbroker/redis/outage.h"
#include "httpbroker/redis/redis.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { PORT_OF_FLAPJACK = 6380 }; /* its packages bring a Redis there; Debian's is at 6379 */

enum step {
	STEP_RESTS,    /* after a failure, until `until` */
	STEP_CONNECTS, /* at `until` it is called away, but goes on */
	STEP_GREETS,   /* at `until` it has failed */
	STEP_IDLE,
	STEP_COMMITS, /* at `until` it has failed */
};

struct link {
	struct link_settings settings;
	char server[ADDRESS_TEXT];
	enum step step;
	nsec until;
	struct connector *connector; /* in STEP_CONNECTS */
	struct redis *redis;         /* from STEP_GREETS on */
	struct greeting greeting;
	struct commit *flying;  /* handed over and not yet applied */
	struct commit *applied; /* and not yet asked for */
	struct reason why;      /* of the commit's answers */
	int64_t number;         /* of the last commit */
	nsec clock;
	bool clock_known;
	struct outage outage;
};

struct link *link_new(const struct link_settings *settings, nsec now)
{
	struct link *link = memory_zeroed(1, sizeof *link);

	link->settings = *settings;
	link->step = STEP_RESTS;
	link->until = now;
	outage_init(&link->outage, address_text(&settings->server, link->server));
	return link;
}

static void connection_close(struct link *link)
{
	if (link->connector != NULL)
		connector_drop(link->connector);
	redis_free(link->redis);
	link->connector = NULL;
	link->redis = NULL;
}

void link_free(struct link *link)
{
	connection_close(link);
	free(link);
}

static void link_fail(struct link *link, enum outage_kind kind, const char *why, nsec now)
{
	connection_close(link);
	link->step = STEP_RESTS;
	link->until = outage_fail(&link->outage, kind, why, now);
}

static void connect_begin(struct link *link, nsec now)
{
	link->connector =
		connector_start(&link->settings.server, LIMIT_REDIS_WAIT, link->settings.wake_fd);
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

static void greet(struct link *link, int fd, nsec now)
{
	connector_drop(link->connector);
	link->connector = NULL;
	link->redis = redis_new(fd);
	greeting_write(&link->greeting, &link->settings.keys, &link->settings.greeter,
		redis_out(link->redis));
	redis_flush(link->redis);
	link->step = STEP_GREETS;
	link->until = now + LIMIT_REDIS_WAIT;
}

static void connect_step(struct link *link, nsec now)
{
	struct reason why;
	int fd, error;

	switch (connector_look(link->connector, &fd, &error, &why)) {
	case CONNECTOR_RUNS:
		if (now < link->until)
			return;
		outage_tell(&link->outage, OUTAGE_UNREACHABLE, "cannot connect: no answer", now);
		link->until = NSEC_NEVER;
		return;
	case CONNECTOR_DONE:
		greet(link, fd, now);
		return;
	case CONNECTOR_FAILED:
		connect_fail(link, error, &why, now);
		return;
	}
}

static void flying_send(struct link *link, struct moment now)
{
	struct batch batch = {
		.number = link->number,
		.clock = (now.monotonic + link->clock) / NSEC_PER_MSEC,
		.wall = now.wall / NSEC_PER_MSEC,
	};
	char text[BATCH_TEXT];

	memcpy(batch.token, link->settings.token, sizeof batch.token);
	commit_write(link->flying, &link->settings.keys, batch_text(&batch, text),
		redis_out(link->redis));
	redis_flush(link->redis);
	link->step = STEP_COMMITS;
	link->until = now.monotonic + LIMIT_REDIS_WAIT;
}

static void flying_land(struct link *link, nsec now)
{
	link->applied = link->flying;
	link->flying = NULL;
	link->step = STEP_IDLE;
	outage_end(&link->outage, now);
}

/* Only now is it known what became of a commit that an older connection left behind. */
static void greeting_end(struct link *link, struct moment now)
{
	const struct batch *last = &link->greeting.last;
	bool found = link->greeting.found;

	if (!link->clock_known) {
		link->clock = (found ? last->clock * NSEC_PER_MSEC : 0) - now.monotonic;
		link->number = found ? last->number : 0;
		link->clock_known = true;
		log_info("Redis at %s: connected", link->server);
	}
	if (link->flying == NULL) {
		link->step = STEP_IDLE;
		outage_end(&link->outage, now.monotonic);
	} else if (found && last->number == link->number &&
		   strcmp(last->token, link->settings.token) == 0) {
		flying_land(link, now.monotonic);
	} else {
		flying_send(link, now);
	}
}

static void greeting_answer(struct link *link, const redisReply *reply, struct moment now)
{
	struct reason why;

	switch (greeting_judge(&link->greeting, reply, redis_out(link->redis), &why)) {
	case GREETING_WAITS:
		redis_flush(link->redis);
		return;
	case GREETING_DONE:
		greeting_end(link, now);
		return;
	case GREETING_REFUSED:
		link_fail(link, OUTAGE_REFUSED, why.text, now.monotonic);
		return;
	}
}

static void commit_answer(struct link *link, const redisReply *reply, struct moment now)
{
	switch (commit_judge(link->flying, reply, &link->why)) {
	case COMMIT_WAITS:
		return;
	case COMMIT_DONE:
		flying_land(link, now.monotonic);
		return;
	case COMMIT_AGAIN:
		log_debug("somebody touched %s: committing again", link->settings.keys.batch);
		flying_send(link, now);
		return;
	case COMMIT_FAILED:
		/* in part it was applied: what is left of it is another commit */
		link->number += link->flying->refused != 0;
		link_fail(link, OUTAGE_REFUSED, link->why.text, now.monotonic);
		return;
	}
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
	if (link->step == STEP_GREETS)
		greeting_answer(link, reply, now);
	else if (link->step == STEP_COMMITS)
		commit_answer(link, reply, now);
	else
		link_fail(link, OUTAGE_REFUSED, "speaks without being asked", now.monotonic);
	freeReplyObject(reply);
	return link->redis != NULL;
}

static void connection_step(struct link *link, struct moment now)
{
	struct reason why;

	if (!redis_step(link->redis, &why)) {
		link_fail(link, OUTAGE_UNREACHABLE, why.text, now.monotonic);
		return;
	}
	while (answer_take(link, now))
		continue;
	if (link->redis != NULL && link->step != STEP_IDLE && now.monotonic >= link->until)
		link_fail(link, OUTAGE_UNREACHABLE, "no answer within 5 s", now.monotonic);
}

void link_step(struct link *link, struct moment now)
{
	if (link->step == STEP_RESTS && now.monotonic >= link->until)
		connect_begin(link, now.monotonic);
	if (link->step == STEP_CONNECTS)
		connect_step(link, now.monotonic);
	if (link->redis != NULL)
		connection_step(link, now);
}

nsec link_deadline(const struct link *link)
{
	return link->step == STEP_IDLE ? NSEC_NEVER : link->until;
}

void link_poll(const struct link *link, struct pollfd *out)
{
	out->fd = link->redis != NULL ? redis_fd(link->redis) : -1;
	out->events = link->redis != NULL ? redis_events(link->redis) : 0;
}

bool link_ready(const struct link *link)
{
	return link->step == STEP_IDLE && link->applied == NULL;
}

void link_commit(struct link *link, struct commit *commit, struct moment now)
{
	link->flying = commit;
	link->number++;
	flying_send(link, now);
}

struct commit *link_applied(struct link *link)
{
	struct commit *applied = link->applied;

	link->applied = NULL;
	return applied;
}

bool link_busy(const struct link *link)
{
	return link->step == STEP_COMMITS;
}

bool link_away(const struct link *link)
{
	return link->outage.away;
}

bool link_greeted(const struct link *link)
{
	return link->clock_known;
}

const char *link_why(const struct link *link)
{
	return link->outage.why.text;
}

nsec link_clock(const struct link *link)
{
	return link->clock;
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

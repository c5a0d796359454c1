/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/lease.h"

#include "httpbroker/redis/resp.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LEFT_LASTS "86400000" /* milliseconds: no partition with accepted events is longer */

enum { KEY_TEXT = 512 };

static const char *left_key(const struct keys *keys, const char *token, char out[KEY_TEXT])
{
	snprintf(out, KEY_TEXT, "%s:%.*s", keys->batch, BATCH_TOKEN, token);
	return out;
}

static bool is_text_or_none(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_NIL;
}

static void standby_write(const struct acquire *acquire, struct buffer *out)
{
	char lasts[24];

	snprintf(lasts, sizeof lasts, "%" PRId64, STANDBY_LASTS / NSEC_PER_MSEC);
	resp_command(out,
		RESP_WORDS("SET", acquire->keys->standby, acquire->lease->text, "PX", lasts), NULL);
}

void look_write(struct acquire *acquire, bool stands_by, struct buffer *out)
{
	const struct keys *keys = acquire->keys;
	char left[KEY_TEXT];

	acquire->replies = 0;
	acquire->before = stands_by;
	if (stands_by)
		standby_write(acquire, out);
	resp_command(out, RESP_WORDS("WATCH", keys->lease), NULL);
	resp_command(out, RESP_WORDS("GET", keys->lease), NULL);
	resp_command(out, RESP_WORDS("GET", keys->batch), NULL);
	resp_command(
		out, RESP_WORDS("GET", left_key(keys, lease_token(acquire->lease), left)), NULL);
}

static void holder_read(struct acquire *acquire, const redisReply *reply)
{
	struct observed *seen = &acquire->seen;
	int place = (int)reply->len - BATCH_TOKEN - 1;

	seen->place[0] = '\0';
	seen->holder = LEASE_NOBODYS;
	if (reply->type == REDIS_REPLY_NIL)
		return;
	seen->holder = lease_holder_of(acquire->lease, reply->str, (size_t)reply->len);
	snprintf(seen->place, sizeof seen->place, "%.*s", place > 0 ? place : (int)reply->len,
		reply->str);
}

/* `HOST ADDRESS TOKEN`. */
static bool is_lease(const redisReply *reply)
{
	if (reply->len <= BATCH_TOKEN)
		return false;
	const char *token = reply->str + reply->len - BATCH_TOKEN;
	return token[-1] == ' ' && strspn(token, "0123456789abcdef") == BATCH_TOKEN;
}

/* An older release may have left an empty string. */
static bool last_batch_read(
	const redisReply *reply, bool *found, struct batch *out, struct reason *why)
{
	bool there = reply->type == REDIS_REPLY_STRING && reply->len > 0;

	*found = there && batch_read(reply->str, (size_t)reply->len, out, why);
	return *found == there || reason_prefix(why, "holds a batch number that cannot be read");
}

static bool look_reply_read(
	struct acquire *acquire, int index, const redisReply *reply, struct reason *why)
{
	const struct keys *keys = acquire->keys;
	struct reason ignored;

	if (index < 0)
		return reply_is(reply, "OK") || reply_refuse(reply, "SET", keys->standby, why);
	if (index == 0)
		return reply_is(reply, "OK") || reply_refuse(reply, "WATCH", keys->lease, why);
	if (!is_text_or_none(reply))
		return reply_refuse(reply, "GET", index == 1 ? keys->lease : keys->batch, why);
	if (index == 1 && reply->type == REDIS_REPLY_STRING && !is_lease(reply))
		return reason_set(why, "holds no lease in %s, but a foreign value: delete that key",
			keys->lease);
	if (index == 1)
		holder_read(acquire, reply);
	else if (index == 2)
		return last_batch_read(reply, &acquire->seen.found, &acquire->seen.last, why);
	else
		last_batch_read(reply, &acquire->seen.left, &acquire->seen.ours, &ignored);
	return true;
}

enum acquire_result look_read(
	struct acquire *acquire, const struct redisReply *reply, struct reason *why)
{
	int index = acquire->replies++ - acquire->before;

	if (!look_reply_read(acquire, index, reply, why))
		return ACQUIRE_REFUSED;
	return index < 3 ? ACQUIRE_WAITS : ACQUIRE_DONE;
}

void acquire_write(struct acquire *acquire, const struct lease_write *write, struct buffer *out)
{
	const struct keys *keys = acquire->keys;
	char key[KEY_TEXT], text[BATCH_TEXT];

	acquire->write = *write;
	acquire->replies = 0;
	acquire->failed = acquire->taken = false;
	resp_command(out, RESP_WORDS("MULTI"), NULL);
	resp_command(out,
		RESP_WORDS("SET", keys->lease, acquire->lease->text, "PX", LEASE_LASTS_MILLIS),
		NULL);
	if (write->leave)
		resp_command(out,
			RESP_WORDS("SET", left_key(keys, write->theirs.token, key),
				batch_text(&write->theirs, text), "PX", LEFT_LASTS),
			NULL);
	if (write->begin)
		resp_command(
			out, RESP_WORDS("SET", keys->batch, batch_text(&write->ours, text)), NULL);
	resp_command(out, RESP_WORDS("EXEC"), NULL);
	resp_command(out, RESP_WORDS("WATCH", keys->lease), NULL);
	resp_command(out, RESP_WORDS("GET", keys->lease), NULL);
}

/* Reports the first failure; the other replies are read nevertheless. */
static void acquire_fail(
	struct acquire *acquire, const redisReply *reply, const char *command, struct reason *why)
{
	if (!acquire->failed)
		reply_refuse(reply, command, acquire->keys->lease, why);
	acquire->failed = true;
}

static void exec_read(struct acquire *acquire, const redisReply *reply, struct reason *why)
{
	if (reply->type != REDIS_REPLY_NIL && reply->type != REDIS_REPLY_ARRAY)
		acquire_fail(acquire, reply, "EXEC", why);
	acquire->taken = reply->type == REDIS_REPLY_ARRAY;
	for (size_t i = 0; i < reply->elements; i++)
		if (reply->element[i]->type == REDIS_REPLY_ERROR)
			acquire_fail(acquire, reply->element[i], "SET", why);
}

static enum acquire_result acquire_end(
	struct acquire *acquire, const redisReply *reply, struct reason *why)
{
	if (!is_text_or_none(reply))
		acquire_fail(acquire, reply, "GET", why);
	if (acquire->failed)
		return ACQUIRE_REFUSED;
	holder_read(acquire, reply);
	return acquire->taken && acquire->seen.holder == LEASE_OURS ? ACQUIRE_DONE : ACQUIRE_LOST;
}

enum acquire_result acquire_read(
	struct acquire *acquire, const struct redisReply *reply, struct reason *why)
{
	int sets = 1 + acquire->write.leave + acquire->write.begin;
	int index = acquire->replies++;

	if (index == sets + 3)
		return acquire_end(acquire, reply, why);
	if (index == sets + 1)
		exec_read(acquire, reply, why);
	else if (index == 0 && !reply_is(reply, "OK"))
		acquire_fail(acquire, reply, "MULTI", why);
	else if (index > 0 && index <= sets && !reply_is(reply, "QUEUED"))
		acquire_fail(acquire, reply, "SET", why);
	else if (index == sets + 2 && !reply_is(reply, "OK"))
		acquire_fail(acquire, reply, "WATCH", why);
	return ACQUIRE_WAITS;
}

void release_write(const struct acquire *acquire, const struct batch *last, struct buffer *out)
{
	const struct keys *keys = acquire->keys;
	char text[BATCH_TEXT];

	resp_command(out, RESP_WORDS("MULTI"), NULL);
	resp_command(out, RESP_WORDS("SET", keys->batch, batch_text(last, text)), NULL);
	resp_command(out, RESP_WORDS("DEL", keys->lease), NULL);
	resp_command(out, RESP_WORDS("EXEC"), NULL);
}

void leadership_init(struct leadership *leadership, const char *token, nsec grace)
{
	*leadership = (struct leadership){.grace = grace, .seen = -1};
	snprintf(leadership->token, sizeof leadership->token, "%s", token);
}

struct batch leadership_batch(const struct leadership *leadership, struct moment now)
{
	struct batch batch = {
		.number = leadership->number,
		.clock = (now.monotonic + leadership->clock) / NSEC_PER_MSEC,
		.wall = now.wall / NSEC_PER_MSEC,
	};

	memcpy(batch.token, leadership->token, sizeof batch.token);
	return batch;
}

bool leadership_saw_loss(struct leadership *leadership, const struct observed *seen)
{
	int64_t before = leadership->seen;

	leadership->seen = seen->found ? seen->last.number : -1;
	return leadership->seen < before;
}

bool leadership_may_take(const struct leadership *leadership, const struct observed *seen)
{
	if (seen->holder == LEASE_OF_OUR_PLACE)
		return !leadership->claimed;
	return seen->holder != LEASE_ANOTHERS;
}

static bool is_ours(const struct leadership *leadership, const struct observed *seen)
{
	return seen->found && strcmp(seen->last.token, leadership->token) == 0;
}

const struct batch *leadership_applied(
	const struct leadership *leadership, const struct observed *seen)
{
	const struct batch *ours = is_ours(leadership, seen) ? &seen->last : &seen->ours;

	if (ours == &seen->ours && !seen->left)
		return NULL;
	return ours->number == leadership->number ? ours : NULL;
}

static enum role_change change_of(const struct leadership *leadership, const struct observed *seen)
{
	int64_t acknowledged = leadership->number - leadership->in_flight;

	if (!leadership->active)
		return CHANGE_BECAME_ACTIVE;
	/* the broker that kept our batch went on from it: its data counts, even if older */
	if (seen->found && !is_ours(leadership, seen) && seen->left)
		return CHANGE_BECAME_ACTIVE;
	if (!seen->found || seen->last.number < acknowledged)
		return CHANGE_DATA_LOST;
	return is_ours(leadership, seen) && seen->last.number <= leadership->number
		       ? CHANGE_NONE
		       : CHANGE_BECAME_ACTIVE;
}

/* The broker clock goes on where it stood, plus what the outage exceeded the grace by. */
static nsec clock_resume(
	const struct leadership *leadership, const struct observed *seen, struct moment now)
{
	if (!seen->found)
		return -now.monotonic;
	nsec outage = now.wall - seen->last.wall * NSEC_PER_MSEC;
	nsec missed = outage > leadership->grace ? outage - leadership->grace : 0;
	return seen->last.clock * NSEC_PER_MSEC + missed - now.monotonic;
}

struct lease_write leadership_plan(
	struct leadership *leadership, const struct observed *seen, struct moment now)
{
	bool ours = is_ours(leadership, seen);
	enum role_change change = change_of(leadership, seen);
	struct lease_write write = {
		.leave = seen->found && !ours,
		.theirs = seen->last,
		.begin = !ours,
	};

	if (change > leadership->change)
		leadership->change = change;
	if (change == CHANGE_BECAME_ACTIVE) {
		leadership->active = false; /* until the lease is acquired */
		leadership->number = seen->found ? seen->last.number + !ours : 1;
		leadership->clock = clock_resume(leadership, seen, now);
		leadership->in_flight = false;
	}
	write.ours = leadership_batch(leadership, now);
	write.ours.number -= leadership->in_flight;
	return write;
}

enum role_change leadership_begin(struct leadership *leadership)
{
	enum role_change change = leadership->change;

	leadership->active = leadership->claimed = true;
	leadership->change = CHANGE_NONE;
	return change;
}

enum role_change leadership_lose(struct leadership *leadership)
{
	leadership->active = false;
	leadership->change = CHANGE_NONE;
	return CHANGE_STANDBY;
}

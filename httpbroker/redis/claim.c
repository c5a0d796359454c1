/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/claim.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LEFT_LASTS "86400000" /* milliseconds: nobody is partitioned for longer and has 202s */

enum { KEY_TEXT = 512 };

static const char *left_key(const struct keys *keys, const char *token, char out[KEY_TEXT])
{
	snprintf(out, KEY_TEXT, "%s:%.*s", keys->batch, BATCH_TOKEN, token);
	return out;
}

static bool reply_refuse(
	const redisReply *reply, const char *command, const char *key, struct reason *why)
{
	return reason_set(why, "refuses %s%s%s: %s", command, key[0] != '\0' ? " " : "", key,
		reply->type == REDIS_REPLY_ERROR ? reply->str : "an odd answer");
}

static bool is_text_or_none(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_NIL;
}

static bool is_status(const redisReply *reply, const char *expected)
{
	return reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, expected) == 0;
}

static void standby_write(const struct claim *claim, struct buffer *out)
{
	char lasts[24];

	snprintf(lasts, sizeof lasts, "%" PRId64, STANDBY_LASTS / NSEC_PER_MSEC);
	resp_command(out, RESP_WORDS("SET", claim->keys->standby, claim->lease->text, "PX", lasts),
		NULL);
}

void look_write(struct claim *claim, bool stands_by, struct buffer *out)
{
	const struct keys *keys = claim->keys;
	char left[KEY_TEXT];

	claim->answers = 0;
	claim->before = stands_by;
	if (stands_by)
		standby_write(claim, out);
	resp_command(out, RESP_WORDS("WATCH", keys->lease), NULL);
	resp_command(out, RESP_WORDS("GET", keys->lease), NULL);
	resp_command(out, RESP_WORDS("GET", keys->batch), NULL);
	resp_command(out, RESP_WORDS("GET", left_key(keys, lease_token(claim->lease), left)), NULL);
}

static void holder_see(struct claim *claim, const redisReply *reply)
{
	struct seen *seen = &claim->seen;
	int place = (int)reply->len - BATCH_TOKEN - 1;

	seen->place[0] = '\0';
	seen->holder = LEASE_NOBODYS;
	if (reply->type == REDIS_REPLY_NIL)
		return;
	seen->holder = lease_judge(claim->lease, reply->str, (size_t)reply->len);
	snprintf(seen->place, sizeof seen->place, "%.*s", place > 0 ? place : (int)reply->len,
		reply->str);
}

/* Without one there may be an empty string: an older release left it. */
static bool batch_see(const redisReply *reply, bool *found, struct batch *out, struct reason *why)
{
	bool there = reply->type == REDIS_REPLY_STRING && reply->len > 0;

	*found = there && batch_read(reply->str, (size_t)reply->len, out, why);
	return *found == there || reason_prefix(why, "holds a batch number that cannot be read");
}

static bool look_take(struct claim *claim, int index, const redisReply *reply, struct reason *why)
{
	const struct keys *keys = claim->keys;
	struct reason ignored;

	if (index < 0)
		return is_status(reply, "OK") || reply_refuse(reply, "SET", keys->standby, why);
	if (index == 0)
		return is_status(reply, "OK") || reply_refuse(reply, "WATCH", keys->lease, why);
	if (!is_text_or_none(reply))
		return reply_refuse(reply, "GET", index == 1 ? keys->lease : keys->batch, why);
	if (index == 1)
		holder_see(claim, reply);
	else if (index == 2)
		return batch_see(reply, &claim->seen.found, &claim->seen.last, why);
	else
		batch_see(reply, &claim->seen.left, &claim->seen.ours, &ignored);
	return true;
}

enum claim_verdict look_judge(
	struct claim *claim, const struct redisReply *reply, struct reason *why)
{
	int index = claim->answers++ - claim->before;

	if (!look_take(claim, index, reply, why))
		return CLAIM_REFUSED;
	return index < 3 ? CLAIM_WAITS : CLAIM_DONE;
}

void take_write(struct claim *claim, const struct stake *stake, struct buffer *out)
{
	const struct keys *keys = claim->keys;
	char key[KEY_TEXT], text[BATCH_TEXT], lasts[24];

	claim->stake = *stake;
	claim->answers = 0;
	claim->failed = claim->taken = false;
	snprintf(lasts, sizeof lasts, "%" PRId64, LEASE_LASTS / NSEC_PER_MSEC);
	resp_command(out, RESP_WORDS("MULTI"), NULL);
	resp_command(out, RESP_WORDS("SET", keys->lease, claim->lease->text, "PX", lasts), NULL);
	if (stake->leave)
		resp_command(out,
			RESP_WORDS("SET", left_key(keys, stake->theirs.token, key),
				batch_text(&stake->theirs, text), "PX", LEFT_LASTS),
			NULL);
	if (stake->begin)
		resp_command(
			out, RESP_WORDS("SET", keys->batch, batch_text(&stake->ours, text)), NULL);
	resp_command(out, RESP_WORDS("EXEC"), NULL);
	resp_command(out, RESP_WORDS("WATCH", keys->lease), NULL);
	resp_command(out, RESP_WORDS("GET", keys->lease), NULL);
}

/* What goes wrong first is what is told; the answers behind it are read all the same. */
static void take_fail(
	struct claim *claim, const redisReply *reply, const char *command, struct reason *why)
{
	if (!claim->failed)
		reply_refuse(reply, command, claim->keys->lease, why);
	claim->failed = true;
}

static void exec_take(struct claim *claim, const redisReply *reply, struct reason *why)
{
	if (reply->type != REDIS_REPLY_NIL && reply->type != REDIS_REPLY_ARRAY)
		take_fail(claim, reply, "EXEC", why);
	claim->taken = reply->type == REDIS_REPLY_ARRAY;
	for (size_t i = 0; i < reply->elements; i++)
		if (reply->element[i]->type == REDIS_REPLY_ERROR)
			take_fail(claim, reply->element[i], "SET", why);
}

static enum claim_verdict take_end(struct claim *claim, const redisReply *reply, struct reason *why)
{
	if (!is_text_or_none(reply))
		take_fail(claim, reply, "GET", why);
	if (claim->failed)
		return CLAIM_REFUSED;
	holder_see(claim, reply);
	return claim->taken && claim->seen.holder == LEASE_OURS ? CLAIM_DONE : CLAIM_LOST;
}

enum claim_verdict take_judge(
	struct claim *claim, const struct redisReply *reply, struct reason *why)
{
	int sets = 1 + claim->stake.leave + claim->stake.begin;
	int index = claim->answers++;

	if (index == sets + 3)
		return take_end(claim, reply, why);
	if (index == sets + 1)
		exec_take(claim, reply, why);
	else if (index == 0 && !is_status(reply, "OK"))
		take_fail(claim, reply, "MULTI", why);
	else if (index > 0 && index <= sets && !is_status(reply, "QUEUED"))
		take_fail(claim, reply, "SET", why);
	else if (index == sets + 2 && !is_status(reply, "OK"))
		take_fail(claim, reply, "WATCH", why);
	return CLAIM_WAITS;
}

void release_write(const struct claim *claim, const struct batch *last, struct buffer *out)
{
	const struct keys *keys = claim->keys;
	char text[BATCH_TEXT];

	resp_command(out, RESP_WORDS("MULTI"), NULL);
	resp_command(out, RESP_WORDS("SET", keys->batch, batch_text(last, text)), NULL);
	resp_command(out, RESP_WORDS("DEL", keys->lease), NULL);
	resp_command(out, RESP_WORDS("EXEC"), NULL);
}

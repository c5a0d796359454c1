/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/commit.h"

#include "common/memory.h"
#include "common/number.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool watermarks_reached(const struct watermarks *done, const struct watermarks *wanted)
{
	return done->pushes >= wanted->pushes && done->records >= wanted->records;
}

static void pushes_write(struct commit *commit, const struct keys *keys, struct buffer *out)
{
	if (commit->todo & COMMIT_PUSHES)
		resp_command(out, RESP_WORDS("LPUSH", keys->queue), &commit->pushes);
	if (commit->todo & COMMIT_WAKE)
		resp_command(out, RESP_WORDS("LPUSH", keys->actions, "+"), NULL);
}

/* Within the transaction, the type proves whether LPUSH was applied. */
#define PROOF_SCRIPT                                          \
	"local kind = redis.call('TYPE', KEYS[2]).ok "        \
	"redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. kind) " \
	"if kind == 'list' and ARGV[2] then "                 \
	"return redis.pcall('HSET', KEYS[3], unpack(ARGV, 2)) end"

static void batch_write(
	const struct commit *commit, const struct keys *keys, const char *batch, struct buffer *out)
{
	if (commit->script != NULL)
		resp_command(out,
			RESP_WORDS("EVAL", commit->script, "4", keys->batch, keys->queue,
				keys->actions, keys->checks, batch),
			&commit->arguments);
	else if (commit->sent & COMMIT_PROOF)
		resp_command(out,
			RESP_WORDS("EVAL", PROOF_SCRIPT, "3", keys->batch, keys->queue,
				keys->checks, batch),
			&commit->dependent);
	else
		resp_command(out, RESP_WORDS("SET", keys->batch, batch), NULL);
}

static void parts_write(
	struct commit *commit, const struct keys *keys, const char *batch, struct buffer *out)
{
	char trim[24];

	resp_command(out, RESP_WORDS("PEXPIRE", keys->lease, LEASE_LASTS_MILLIS), NULL);
	if (commit->todo & COMMIT_FORGETS)
		resp_command(out, RESP_WORDS("HDEL", keys->checks), &commit->forgets);
	if (commit->sent & COMMIT_RECORDS)
		resp_command(out, RESP_WORDS("HSET", keys->checks), &commit->records);
	pushes_write(commit, keys, out);
	if (commit->todo & COMMIT_TRIM) {
		snprintf(trim, sizeof trim, "%zu", commit->trim);
		resp_command(out, RESP_WORDS("LTRIM", keys->handover, trim, "-1"), NULL);
	}
	batch_write(commit, keys, batch, out);
	if (commit->todo & COMMIT_COUNT)
		resp_command(out, RESP_WORDS("HLEN", keys->checks), NULL);
}

void commit_free(struct commit *commit)
{
	if (commit == NULL)
		return;
	resp_free(&commit->pushes);
	resp_free(&commit->records);
	resp_free(&commit->dependent);
	resp_free(&commit->forgets);
	resp_free(&commit->arguments);
	free(commit);
}

unsigned commit_parts(const struct commit *commit)
{
	return (commit->forgets.count > 0 ? COMMIT_FORGETS : 0u) |
	       (commit->records.count + commit->dependent.count > 0 ? COMMIT_RECORDS : 0u) |
	       (commit->pushes.count > 0 ? COMMIT_PUSHES : 0u) |
	       (commit->trim > 0 ? COMMIT_TRIM : 0u);
}

void commit_join_dependent(struct commit *commit)
{
	if (commit->dependent.count > 0)
		resp_join(&commit->records, &commit->dependent);
}

void commit_write(
	struct commit *commit, const struct keys *keys, const char *batch, struct buffer *out)
{
	commit->keys = keys;
	commit->refused = 0;
	commit->replies = 0;
	commit->queue_length = commit->records_there = commit->script_result = -1;
	commit->unfenced = commit->has_standby = commit->held = commit->confirmed = false;
	commit->result = COMMIT_DONE; /* until an answer says otherwise */
	if (keys->actions == NULL)
		commit->todo &= ~(unsigned)COMMIT_WAKE;
	if ((commit->todo & COMMIT_PUSHES) == 0)
		commit_join_dependent(commit);
	commit->sent =
		commit->todo | COMMIT_LEASE |
		((commit->todo & COMMIT_PUSHES) != 0 || commit->script != NULL ? COMMIT_PROOF
									       : COMMIT_BATCH);
	if (commit->records.count == 0)
		commit->sent &= ~(unsigned)COMMIT_RECORDS;
	resp_command(out, RESP_WORDS("MULTI"), NULL);
	parts_write(commit, keys, batch, out);
	resp_command(out, RESP_WORDS("EXEC"), NULL);
	resp_command(out, RESP_WORDS("WATCH", keys->lease), NULL);
	resp_command(out, RESP_WORDS("GET", keys->standby), NULL);
	resp_command(out, RESP_WORDS("GET", keys->lease), NULL);
	if (commit->confirm_within == 0)
		return;
	wait_write(commit->confirm_within, out);
	resp_command(out, RESP_WORDS("ROLE"), NULL);
}

/* The parts in the order in which their commands are sent. */
static const struct part {
	unsigned part;
	const char *command;
	size_t key; /* offset in struct keys */
} parts[] = {
	{COMMIT_LEASE, "PEXPIRE", offsetof(struct keys, lease)},
	{COMMIT_FORGETS, "HDEL", offsetof(struct keys, checks)},
	{COMMIT_RECORDS, "HSET", offsetof(struct keys, checks)},
	{COMMIT_PUSHES, "LPUSH", offsetof(struct keys, queue)},
	{COMMIT_WAKE, "LPUSH", offsetof(struct keys, actions)},
	{COMMIT_TRIM, "LTRIM", offsetof(struct keys, handover)},
	{COMMIT_BATCH, "SET", offsetof(struct keys, batch)},
	{COMMIT_PROOF, "EVAL", offsetof(struct keys, batch)},
	{COMMIT_COUNT, "HLEN", offsetof(struct keys, checks)},
};

static const struct part part_records = {COMMIT_RECORDS, "HSET", offsetof(struct keys, checks)};

/* If one of these is refused, the result of the others is unknown. */
#define COMMIT_FRAME ((unsigned)(COMMIT_LEASE | COMMIT_BATCH | COMMIT_PROOF))

enum { PARTS = sizeof parts / sizeof parts[0] };

/* The part of the index-th command, or NULL. */
static const struct part *part_at(unsigned sent, int index)
{
	for (int i = 0; i < PARTS; i++)
		if ((sent & parts[i].part) != 0 && index-- == 0)
			return &parts[i];
	return NULL;
}

/* Reports the first failure. */
static void commit_fail(struct commit *commit, const char *command, const char *key,
	const redisReply *reply, struct reason *why)
{
	if (commit->result != COMMIT_FAILED)
		reply_refuse(reply, command, key, why);
	commit->result = COMMIT_FAILED;
}

static const char *part_key(const struct commit *commit, const struct part *part)
{
	return *(char *const *)(const void *)((const char *)commit->keys + part->key);
}

static void refusal_add(const struct commit *commit, const struct part *part,
	const redisReply *reply, struct reason *why)
{
	const struct reason before = *why;
	struct reason more;

	reply_refuse(reply, part->command, part_key(commit, part), &more);
	reason_set(why, "%s%s%s", commit->refused != 0 ? before.text : "",
		commit->refused != 0 ? "; " : "", more.text);
}

static bool is_wrong_type(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "WRONGTYPE", 9) == 0;
}

/* The other parts are applied nevertheless. */
static void part_refuse(
	struct commit *commit, const struct part *part, const redisReply *reply, struct reason *why)
{
	bool proof = part->part == COMMIT_PROOF && commit->script == NULL;
	bool applied = (commit->refused & COMMIT_PUSHES) == 0;

	if (proof && is_wrong_type(reply))
		part = &part_records; /* the last command of EVAL */
	if ((commit->refused & part->part) == 0)
		refusal_add(commit, part, reply, why);
	commit->refused |= part->part;
	if ((part->part & COMMIT_FRAME) != 0)
		commit->result = COMMIT_FAILED;
	if (proof && applied && commit->dependent.count > 0)
		commit->refused |= COMMIT_RECORDS;
}

static void todo_set(struct commit *commit, unsigned todo)
{
	commit->todo = todo & ~COMMIT_FRAME;
	if ((todo & COMMIT_PUSHES) != 0)
		commit->todo |= COMMIT_WAKE; /* the one that was applied came before the events */
}

static void part_reply_read(struct commit *commit, const struct part *part,
	const redisReply *answer, struct reason *why)
{
	if (part->part == COMMIT_PUSHES && answer->type == REDIS_REPLY_INTEGER)
		commit->queue_length = answer->integer;
	if (part->part == COMMIT_PROOF && answer->type == REDIS_REPLY_INTEGER)
		commit->script_result = answer->integer;
	if (part->part == COMMIT_COUNT) /* no hash: no records */
		commit->records_there = answer->type == REDIS_REPLY_INTEGER ? answer->integer : 0;
	else if (answer->type == REDIS_REPLY_ERROR)
		part_refuse(commit, part, answer, why);
}

/* Redis goes on after a refused command: only that one is sent again. */
static void exec_parts_read(struct commit *commit, const redisReply *reply, struct reason *why)
{
	for (size_t i = 0; i < reply->elements; i++) {
		const struct part *part = part_at(commit->sent, (int)i);

		if (part != NULL)
			part_reply_read(commit, part, reply->element[i], why);
	}
	if (commit->result == COMMIT_FAILED || commit->confirm_within == 0)
		todo_set(commit, commit->refused);
}

/* Not queued. Without MULTI it ran by itself, unless it was refused as well. */
static void queued_read(
	struct commit *commit, const struct part *part, const redisReply *reply, struct reason *why)
{
	/* some records are EVAL's: all are written again */
	bool all = part->part != COMMIT_RECORDS || commit->dependent.count == 0;

	if (commit->unfenced && reply->type != REDIS_REPLY_ERROR && all)
		todo_set(commit, commit->todo & ~part->part);
	commit_fail(commit, part->command, part_key(commit, part), reply, why);
}

unsigned commit_left(const struct commit *commit, const char *queue)
{
	unsigned left = commit->todo & (unsigned)(COMMIT_FORGETS | COMMIT_RECORDS);

	if ((commit->todo & COMMIT_PUSHES) != 0 && strcmp(queue, "list") != 0)
		left |= COMMIT_PUSHES;
	return left | (commit->todo & COMMIT_WAKE);
}

static void exec_read(struct commit *commit, const redisReply *reply, struct reason *why)
{
	if (reply->type == REDIS_REPLY_NIL)
		commit->result = COMMIT_AGAIN;
	else if (reply->type == REDIS_REPLY_ARRAY && commit->result == COMMIT_DONE)
		exec_parts_read(commit, reply, why);
	else
		commit_fail(commit, "EXEC", "", reply, why);
}

/* The holder by the value of a key; LEASE_NOBODYS: there is none. */
static enum lease_holder holder_read(struct commit *commit, const struct lease *lease,
	const char *key, const redisReply *reply, struct reason *why)
{
	if (reply->type == REDIS_REPLY_STRING)
		return lease_holder_of(lease, reply->str, (size_t)reply->len);
	if (reply->type != REDIS_REPLY_NIL)
		commit_fail(commit, "GET", key, reply, why);
	return LEASE_NOBODYS;
}

/*
 * Whether another broker stands by; our own name stays there for a while after a take-over. What is
 * of the wrong type there is replaced by a stand-by's SET.
 */
static bool standby_read(struct commit *commit, const struct lease *lease, const redisReply *reply,
	struct reason *why)
{
	if (is_wrong_type(reply))
		return false;
	return holder_read(commit, lease, commit->keys->standby, reply, why) == LEASE_ANOTHERS;
}

static void wait_answer_read(struct commit *commit, const redisReply *reply, struct reason *why)
{
	if (reply->type == REDIS_REPLY_INTEGER)
		commit->confirmed = reply->integer > 0;
	else
		commit_fail(commit, "WAIT", "", reply, why);
}

static void role_answer_read(struct commit *commit, const redisReply *reply, struct reason *why)
{
	if (commit->result != COMMIT_FAILED && !role_read(reply, &commit->role, why))
		commit->result = COMMIT_FAILED;
}

/* What a reply answers, in the order of the replies. */
enum answer {
	ANSWER_MULTI,
	ANSWER_PART, /* one for each that was sent */
	ANSWER_EXEC,
	ANSWER_WATCH,
	ANSWER_STANDBY,
	ANSWER_LEASE,
	ANSWER_WAIT, /* this and the next with confirm_within only */
	ANSWER_ROLE,
};

static enum answer answer_at(int index, int parts_sent)
{
	if (index == 0)
		return ANSWER_MULTI;
	if (index <= parts_sent)
		return ANSWER_PART;
	return (enum answer)(ANSWER_EXEC + index - parts_sent - 1);
}

/*
 * With Sentinel all of it is to be done until the last reply: if the connection breaks before, the
 * next is to another Redis, which may have nothing of it.
 */
static enum commit_result commit_conclude(struct commit *commit)
{
	if (commit->result == COMMIT_DONE && commit->confirm_within > 0)
		todo_set(commit, commit->refused);
	return commit->result;
}

enum commit_result commit_read(struct commit *commit, const struct lease *lease,
	const struct redisReply *reply, struct reason *why)
{
	int index = commit->replies++;
	enum answer answer = answer_at(index, __builtin_popcount(commit->sent));
	enum answer last = commit->confirm_within > 0 ? ANSWER_ROLE : ANSWER_LEASE;
	const struct keys *keys = commit->keys;

	switch (answer) {
	case ANSWER_MULTI:
		commit->unfenced = !reply_is(reply, "OK");
		if (commit->unfenced)
			commit_fail(commit, "MULTI", "", reply, why);
		break;
	case ANSWER_PART:
		if (!reply_is(reply, "QUEUED"))
			queued_read(commit, part_at(commit->sent, index - 1), reply, why);
		break;
	case ANSWER_EXEC:
		exec_read(commit, reply, why);
		break;
	case ANSWER_WATCH:
		if (!reply_is(reply, "OK"))
			commit_fail(commit, "WATCH", keys->lease, reply, why);
		break;
	case ANSWER_STANDBY:
		commit->has_standby = standby_read(commit, lease, reply, why);
		break;
	case ANSWER_LEASE:
		commit->held = holder_read(commit, lease, keys->lease, reply, why) == LEASE_OURS;
		break;
	case ANSWER_WAIT:
		wait_answer_read(commit, reply, why);
		break;
	case ANSWER_ROLE:
		role_answer_read(commit, reply, why);
		break;
	}
	return answer < last ? COMMIT_WAITS : commit_conclude(commit);
}

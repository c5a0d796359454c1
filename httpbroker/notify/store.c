/* SPDX-License-Identifier: MIT */
#include "httpbroker/notify/store.h"

#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/notify/limits.h"
#include "httpbroker/notify/notify.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>
#include <utlist.h>

enum {
	LOAD_AT_ONCE = 1000,
	ARGUMENTS_TAKEN = 3, /* of a commit: those of taken_write() */
};

void load_begin(struct load *load, const struct notify *notify)
{
	*load = (struct load){.cursor = "0", .output = notify->outputs};
}

void load_command(struct load *load, const struct keys *keys, const char *words[LOAD_WORDS])
{
	const char *const scan[LOAD_WORDS] = {"HSCAN", keys->checks, load->cursor, "COUNT", "1000"};
	const char *const range[LOAD_WORDS] = {
		"LRANGE", load->output->key, load->first, load->last};

	snprintf(load->first, sizeof load->first, "%zu", load->loaded);
	snprintf(load->last, sizeof load->last, "%zu", load->loaded + LOAD_AT_ONCE - 1);
	memcpy(words, load->problems_done ? range : scan, sizeof scan);
}

bool reply_is_texts(const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_ARRAY)
		return false;
	for (size_t i = 0; i < reply->elements; i++)
		if (reply->element[i]->type != REDIS_REPLY_STRING)
			return false;
	return true;
}

static bool problems_load(struct load *load, struct notify *notify, const struct keys *keys,
	const redisReply *reply, struct moment now)
{
	struct reason why;

	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
		reply->element[0]->type != REDIS_REPLY_STRING ||
		reply->element[0]->len >= LOAD_CURSOR || !reply_is_texts(reply->element[1]))
		return false;
	const redisReply *pairs = reply->element[1];
	for (size_t i = 0; i + 1 < pairs->elements; i += 2) {
		const redisReply *field = pairs->element[i], *value = pairs->element[i + 1];

		if (!problem_decode(&notify->judge.problems,
			    (struct text){field->str, (size_t)field->len},
			    (struct text){value->str, (size_t)value->len}, now, &why))
			log_warning("the record '%.100s' in %s is ignored: %s", field->str,
				keys->checks, why.text);
	}
	memcpy(load->cursor, reply->element[0]->str, (size_t)reply->element[0]->len + 1);
	load->problems_done = strcmp(load->cursor, "0") == 0;
	return true;
}

static void item_load(struct notify *notify, struct output *output, const redisReply *item)
{
	struct notification notification;
	struct reason why;
	uint64_t check = 0; /* one that cannot be read is refused by the output */

	if (notification_decode(item->str, (size_t)item->len, &notification, &why))
		check = problems_check(
			&notify->judge.problems, notification.entity, notification.check);
	queue_put(&output->queue, check, item->str, (size_t)item->len, true);
	json_decref(notification.document);
}

bool load_read(struct load *load, struct notify *notify, const struct keys *keys,
	const struct redisReply *reply, struct moment now)
{
	if (!load->problems_done)
		return problems_load(load, notify, keys, reply, now);
	if (!reply_is_texts(reply))
		return false;
	for (size_t i = 0; i < reply->elements; i++)
		item_load(notify, load->output, reply->element[i]);
	load->loaded += reply->elements;
	if (reply->elements < LOAD_AT_ONCE) {
		load->output = load->output->next;
		load->loaded = 0;
	}
	return true;
}

bool load_is_complete(const struct load *load)
{
	return load->problems_done && load->output == NULL;
}

/* The oldest events first, up to LIMIT_TAKEN and LIMIT_TAKEN_BYTES; what is too long is cut. */
#define EVENT_CUT "1048577"
_Static_assert(LIMIT_TAKEN == 1000 && LIMIT_TAKEN_BYTES == 16777216 && LIMIT_LINE + 1 == 1048577,
	"the limits in the scripts");

const char take_script[] = "local events, bytes = {}, 0\n"
			   "for i = 1, 1000 do\n"
			   "  local event = redis.call('LINDEX', KEYS[1], -i)\n"
			   "  if not event then break end\n"
			   "  event = event:sub(1, " EVENT_CUT ")\n"
			   "  bytes = bytes + #event\n"
			   "  if bytes > 16777216 then break end\n"
			   "  events[i] = event\n"
			   "end\n"
			   "return events\n";

/*
 * Nothing is done if a key has a wrong type, or if Redis's memory is full: the first command that
 * needs any is refused then, and those that free some come last. The commands are in the arguments
 * from the fifth on, each behind the number of its words. Flapjack 2's tokens: at most one, and
 * none for an empty queue.
 */
static const char script[] =
	"local queue, actions, left = KEYS[2], KEYS[3], 0\n"
	"local types = {RPUSH = 'list', LREM = 'list', HSET = 'hash', HDEL = 'hash'}\n"
	"local function kind(key) return redis.call('TYPE', key).ok end\n"
	"local i = 5\n"
	"while i <= #ARGV do\n"
	"  local found = kind(ARGV[i + 2])\n"
	"  local wanted = types[ARGV[i + 1]]\n"
	"  if wanted and found ~= 'none' and found ~= wanted then\n"
	"    return redis.error_reply('WRONGTYPE ' .. ARGV[i + 2] .. ' is a ' .. found)\n"
	"  end\n"
	"  i = i + ARGV[i] + 1\n"
	"end\n"
	"i = 5\n"
	"while i <= #ARGV do\n"
	"  redis.call(unpack(ARGV, i + 1, i + ARGV[i]))\n"
	"  i = i + ARGV[i] + 1\n"
	"end\n"
	"redis.call('SET', KEYS[1], ARGV[1])\n"
	"local taken, foreign = tonumber(ARGV[2]), false\n"
	"local function event(at)\n"
	"  return (redis.call('LINDEX', queue, at) or ''):sub(1, " EVENT_CUT ")\n"
	"end\n"
	"local list = kind(queue) == 'list'\n"
	"if taken > 0 then\n"
	"  foreign = not list or event(-1) ~= ARGV[3] or event(-taken) ~= ARGV[4]\n"
	"  if not foreign then redis.call('LTRIM', queue, 0, -taken - 1) end\n"
	"end\n"
	"if list then left = redis.call('LLEN', queue) end\n"
	"if taken > 0 and kind(actions) == 'list' then\n"
	"  if left == 0 then redis.call('DEL', actions) else redis.call('LTRIM', actions, 0, 0) end\n"
	"end\n"
	"if foreign then return -2 - left end\n"
	"return left\n";

/* How many events were taken, the oldest and the newest of them. */
static void taken_write(const redisReply *taken, struct resp_list *out)
{
	size_t count = taken != NULL ? taken->elements : 0;
	char number[24];

	snprintf(number, sizeof number, "%zu", count);
	resp_add_text(out, number);
	for (int i = 0; i < 2; i++) {
		const redisReply *element =
			count > 0 ? taken->element[i == 0 ? 0 : count - 1] : NULL;

		resp_add(out, element != NULL ? element->str : "",
			element != NULL ? (size_t)element->len : 0);
	}
}

void store_rewrite(struct notify *notify, struct moment now)
{
	struct output *output;

	problems_rewrite(&notify->judge.problems, now);
	LL_FOREACH(notify->outputs, output)
		queue_rewrite(&output->queue);
}

struct commit *store_commit(struct notify *notify, const struct redisReply *taken)
{
	struct commit *commit = memory_zeroed(1, sizeof *commit);
	struct output *output;

	commit->script = script;
	taken_write(taken, &commit->arguments);
	LL_FOREACH(notify->outputs, output)
		queue_commit(&output->queue, output->key, &commit->arguments);
	resp_join(&commit->arguments, &notify->judge.problems.changes);
	if (taken != NULL || commit->arguments.count > ARGUMENTS_TAKEN)
		return commit;
	commit_free(commit);
	return NULL;
}

void store_committed(struct notify *notify)
{
	struct output *output;

	LL_FOREACH(notify->outputs, output)
		queue_committed(&output->queue);
}

/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/leaving.h"

#include "common/memory.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { BIT_MOST = 500, BIT_BYTES = 1 << 20 }; /* far fewer than Lua's unpack takes */

/* The number lasts for a day: nobody is cut off for longer, and goes on then. */
#define SCRIPT                                                        \
	"if redis.call('GET', KEYS[2]) == ARGV[1] then return 0 end " \
	"redis.call('RPUSH', KEYS[1], unpack(ARGV, 2)) "              \
	"redis.call('SET', KEYS[2], ARGV[1], 'PX', 86400000) "        \
	"return 1"

void leaving_init(struct leaving *leaving, const struct keys *keys, const char *token)
{
	*leaving = (struct leaving){.keys = keys};
	leaving->key = memory_printed("%s:%s", keys->handover, token);
}

void leaving_free(struct leaving *leaving)
{
	free(leaving->key);
}

bool leaving_is_open(const struct leaving *leaving)
{
	return leaving->count > 0;
}

static size_t bit_measure(const struct backlog *backlog)
{
	size_t count = 0, bytes = 0;

	for (const struct kept *kept = backlog_first(backlog); kept != NULL; kept = kept->next) {
		if (count == BIT_MOST || bytes >= BIT_BYTES)
			break;
		bytes += kept->length;
		count++;
	}
	return count;
}

static void bit_begin(struct leaving *leaving, struct backlog *backlog)
{
	leaving->count = bit_measure(backlog);
	backlog_freeze(backlog, leaving->count);
	snprintf(leaving->number, sizeof leaving->number, "%" PRIu64, ++leaving->bits);
}

bool leaving_question(struct leaving *leaving, struct backlog *backlog,
	const char *words[LEAVING_WORDS], struct resp_list *list)
{
	const struct kept *kept = backlog_first(backlog);

	if (kept == NULL)
		return false;
	if (leaving->count == 0)
		bit_begin(leaving, backlog);
	for (size_t i = 0; i < leaving->count; i++, kept = kept->next)
		resp_add(list, kept->json, kept->length);
	words[0] = "EVAL";
	words[1] = SCRIPT;
	words[2] = "2";
	words[3] = leaving->keys->handover;
	words[4] = leaving->key;
	words[5] = leaving->number;
	words[6] = NULL;
	return true;
}

bool leaving_take(struct leaving *leaving, struct backlog *backlog, const struct redisReply *reply,
	struct reason *why)
{
	if (reply->type != REDIS_REPLY_INTEGER)
		return reason_set(why, "refuses RPUSH %s: %s", leaving->keys->handover,
			reply->type == REDIS_REPLY_ERROR ? reply->str : "an odd answer");
	backlog_drop(backlog, leaving->count);
	leaving->count = 0;
	return true;
}

/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/leaving.h"

#include "common/memory.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { BIT_MAX = 500, BIT_BYTES = 1 << 20 }; /* far fewer than Lua's unpack takes */

/* The number lasts for a day: nobody is cut off for longer, and goes on then. */
#define SCRIPT                                                        \
	"if redis.call('GET', KEYS[2]) == ARGV[1] then return 0 end " \
	"redis.call('RPUSH', KEYS[1], unpack(ARGV, 2)) "              \
	"redis.call('SET', KEYS[2], ARGV[1], 'PX', 86400000) "        \
	"return 1"

void handoff_send_init(
	struct handoff_sender *handoff_sender, const struct keys *keys, const char *token)
{
	*handoff_sender = (struct handoff_sender){.keys = keys};
	handoff_sender->key = memory_printed("%s:%s", keys->handoff, token);
}

void handoff_send_free(struct handoff_sender *handoff_sender)
{
	free(handoff_sender->key);
}

bool handoff_send_is_open(const struct handoff_sender *handoff_sender)
{
	return handoff_sender->count > 0;
}

static size_t bit_measure(const struct accepted *accepted)
{
	size_t count = 0, bytes = 0;

	for (const struct entry *kept = accepted_first(accepted); kept != NULL; kept = kept->next) {
		if (count == BIT_MAX || bytes >= BIT_BYTES)
			break;
		bytes += kept->length;
		count++;
	}
	return count;
}

static void bit_begin(struct handoff_sender *handoff_sender, struct accepted *accepted)
{
	handoff_sender->count = bit_measure(accepted);
	accepted_freeze(accepted, handoff_sender->count);
	snprintf(handoff_sender->number, sizeof handoff_sender->number, "%" PRIu64,
		++handoff_sender->bits);
}

bool handoff_send_question(struct handoff_sender *handoff_sender, struct accepted *accepted,
	const char *words[HANDOFF_SEND_WORDS], struct resp_list *list)
{
	const struct entry *kept = accepted_first(accepted);

	if (kept == NULL)
		return false;
	if (handoff_sender->count == 0)
		bit_begin(handoff_sender, accepted);
	for (size_t i = 0; i < handoff_sender->count; i++, kept = kept->next)
		resp_add(list, kept->json, kept->length);
	words[0] = "EVAL";
	words[1] = SCRIPT;
	words[2] = "2";
	words[3] = handoff_sender->keys->handoff;
	words[4] = handoff_sender->key;
	words[5] = handoff_sender->number;
	words[6] = NULL;
	return true;
}

bool handoff_send_take(struct handoff_sender *handoff_sender, struct accepted *accepted,
	const struct redisReply *reply, struct reason *why)
{
	if (reply->type != REDIS_REPLY_INTEGER)
		return reason_set(why, "refuses RPUSH %s: %s", handoff_sender->keys->handoff,
			reply->type == REDIS_REPLY_ERROR ? reply->str : "an odd answer");
	accepted_drop(accepted, handoff_sender->count);
	handoff_sender->count = 0;
	return true;
}

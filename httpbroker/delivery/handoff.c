/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/handoff.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void handoff_free(struct handoff *handoff)
{
	for (size_t i = 0; i < handoff->count; i++)
		prepared_free(&handoff->prepared[i]);
	free(handoff->prepared);
	*handoff = (struct handoff){.look_at = handoff->look_at,
		.lost = handoff->lost,
		.refused = handoff->refused,
		.settled = handoff->settled};
}

void handoff_begin(struct handoff *handoff, nsec now)
{
	handoff_free(handoff);
	handoff->look_at = now;
	handoff->settled = false;
}

static bool item_decode(
	struct handoff *handoff, const redisReply *item, const struct decode_context *context)
{
	const struct blob json = {item->str, (size_t)item->len};
	struct reason why = {"it is no text"};

	if (item->type == REDIS_REPLY_STRING &&
		decode_event(context, json, &handoff->prepared[handoff->count], &why)) {
		handoff->prepared[handoff->count++].handed = true;
		return true;
	}
	log_error("an event that another broker has handed over cannot be read and is left out: "
		  "%s",
		why.text);
	return false;
}

/* Such as where the key is no list. */
static void refusal_log(struct handoff *handoff, const redisReply *reply)
{
	bool refused = reply->type != REDIS_REPLY_ARRAY;

	if (refused && !handoff->refused)
		log_error(
			"cannot read the events that other brokers have handed over: Redis refuses LRANGE: %s",
			reply->type == REDIS_REPLY_ERROR ? reply->str : "an odd answer");
	if (!refused && handoff->refused)
		log_info("events that other brokers have handed over can be read again");
	handoff->refused = refused;
}

size_t handoff_read(struct handoff *handoff, const struct redisReply *reply,
	const struct decode_context *context)
{
	size_t unreadable = 0;

	handoff_free(handoff);
	handoff->look_at = context->now.monotonic + HANDOFF_LOOK;
	refusal_log(handoff, reply);
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0) {
		handoff->settled = true;
		return 0;
	}
	handoff->found = reply->elements;
	handoff->prepared = memory_zeroed(reply->elements, sizeof handoff->prepared[0]);
	for (size_t i = 0; i < reply->elements; i++)
		unreadable += !item_decode(handoff, reply->element[i], context);
	log_info("taking %zu event%s that another broker has handed over", handoff->count,
		number_plural(handoff->count));
	return unreadable;
}

/* Prefetches all records that are not loaded yet. */
static bool items_known(
	const struct handoff *handoff, const struct core *core, struct loader *loader)
{
	bool known = true;

	for (size_t i = handoff->next; i < handoff->count; i++)
		known &= loader_ready(loader, core->checks, &handoff->prepared[i]);
	return known;
}

/* False if there is no room now. */
static bool item_apply(struct handoff *handoff, struct core *core, struct moment now)
{
	const struct prepared *prepared = &handoff->prepared[handoff->next];
	enum engine_result answer = engine_apply_handed(core->engine, prepared, now);

	if (answer == ENGINE_FULL)
		return false;
	if (answer == ENGINE_OLDER && handoff->older++ == 0)
		handoff->first_older = prepared;
	handoff->next++;
	return true;
}

static void older_log(struct handoff *handoff)
{
	handoff->lost += handoff->older;
	if (handoff->older > 0)
		log_warning("%zu of %zu event%s that another broker has handed over %s older than "
			    "what is known and change%s nothing, of %.*s%s",
			handoff->older, handoff->count, number_plural(handoff->count),
			handoff->older == 1 ? "is" : "are", handoff->older == 1 ? "s" : "",
			(int)handoff->first_older->names.length, handoff->first_older->names.bytes,
			handoff->older > 1 ? " and others" : "");
}

void handoff_apply(
	struct handoff *handoff, struct core *core, struct loader *loader, struct moment now)
{
	if (handoff->found == 0 || outbox_is_trimming(core->outbox) ||
		!items_known(handoff, core, loader))
		return;
	while (handoff->next < handoff->count)
		if (!item_apply(handoff, core, now))
			return;
	older_log(handoff);
	outbox_trim(core->outbox, handoff->found);
	handoff_free(handoff);
	handoff->look_at = now.monotonic; /* there may be more */
}

bool handoff_is_due(const struct handoff *handoff, const struct core *core, nsec now)
{
	return handoff->found == 0 && !outbox_is_trimming(core->outbox) && now >= handoff->look_at;
}

enum { CHUNK_MAX = 500, CHUNK_BYTES = 1 << 20 }; /* far fewer than Lua's unpack takes */

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

static size_t chunk_measure(const struct accepted *accepted)
{
	size_t count = 0, bytes = 0;

	for (const struct entry *entry = accepted_first(accepted); entry != NULL;
		entry = entry->next) {
		if (count == CHUNK_MAX || bytes >= CHUNK_BYTES)
			break;
		bytes += entry->length;
		count++;
	}
	return count;
}

static void chunk_begin(struct handoff_sender *handoff_sender, struct accepted *accepted)
{
	handoff_sender->count = chunk_measure(accepted);
	accepted_freeze(accepted, handoff_sender->count);
	snprintf(handoff_sender->number, sizeof handoff_sender->number, "%" PRIu64,
		++handoff_sender->chunks);
}

bool handoff_send_command(struct handoff_sender *handoff_sender, struct accepted *accepted,
	const char *words[HANDOFF_SEND_WORDS], struct resp_list *list)
{
	const struct entry *entry = accepted_first(accepted);

	if (entry == NULL)
		return false;
	if (handoff_sender->count == 0)
		chunk_begin(handoff_sender, accepted);
	for (size_t i = 0; i < handoff_sender->count; i++, entry = entry->next)
		resp_add(list, entry->json, entry->length);
	words[0] = "EVAL";
	words[1] = SCRIPT;
	words[2] = "2";
	words[3] = handoff_sender->keys->handoff;
	words[4] = handoff_sender->key;
	words[5] = handoff_sender->number;
	words[6] = NULL;
	return true;
}

bool handoff_send_read(struct handoff_sender *handoff_sender, struct accepted *accepted,
	const struct redisReply *reply, struct reason *why)
{
	if (reply->type != REDIS_REPLY_INTEGER)
		return reason_set(why, "refuses RPUSH %s: %s", handoff_sender->keys->handoff,
			reply->type == REDIS_REPLY_ERROR ? reply->str : "an odd answer");
	accepted_drop(accepted, handoff_sender->count);
	handoff_sender->count = 0;
	return true;
}

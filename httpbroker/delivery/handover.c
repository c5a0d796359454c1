/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/handover.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void handover_clear(struct handover *handover)
{
	for (size_t i = 0; i < handover->count; i++)
		prepared_free(&handover->prepared[i]);
	free(handover->prepared);
	*handover = (struct handover){.look_at = handover->look_at,
		.lost = handover->lost,
		.refused = handover->refused,
		.caught_up = handover->caught_up};
}

void handover_begin(struct handover *handover, nsec now)
{
	handover_clear(handover);
	handover->look_at = now;
	handover->caught_up = false;
}

static bool item_decode(
	struct handover *handover, const redisReply *item, const struct decode_context *context)
{
	const struct blob json = {item->str, (size_t)item->len};
	struct reason why = {"it is no text"};

	if (item->type == REDIS_REPLY_STRING &&
		decode_event(context, json, &handover->prepared[handover->count], &why)) {
		handover->prepared[handover->count++].handed = true;
		return true;
	}
	log_error("an event that another broker has handed over cannot be read and is left out: "
		  "%s",
		why.text);
	return false;
}

/* Such as where the key is no list. */
static void refusal_log(struct handover *handover, const redisReply *reply)
{
	bool refused = reply->type != REDIS_REPLY_ARRAY;

	if (refused && !handover->refused)
		log_error(
			"cannot read the events that other brokers have handed over: Redis refuses LRANGE: %s",
			reply_error(reply));
	if (!refused && handover->refused)
		log_info("events that other brokers have handed over can be read again");
	handover->refused = refused;
}

size_t handover_read(struct handover *handover, const struct redisReply *reply,
	const struct decode_context *context)
{
	size_t unreadable = 0;

	handover_clear(handover);
	handover->look_at = context->now.monotonic + HANDOVER_LOOK;
	refusal_log(handover, reply);
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0) {
		handover->caught_up = true;
		return 0;
	}
	handover->found = reply->elements;
	handover->prepared = memory_zeroed(reply->elements, sizeof handover->prepared[0]);
	for (size_t i = 0; i < reply->elements; i++)
		unreadable += !item_decode(handover, reply->element[i], context);
	log_info("taking %zu event%s that another broker has handed over", handover->count,
		number_plural(handover->count));
	return unreadable;
}

/* Prefetches all records that are not loaded yet. */
static bool items_known(
	const struct handover *handover, const struct core *core, struct loader *loader)
{
	bool known = true;

	for (size_t i = handover->next; i < handover->count; i++)
		known &= loader_ready(loader, core->checks, &handover->prepared[i]);
	return known;
}

/* False if there is no room now. */
static bool item_apply(struct handover *handover, struct core *core, struct moment now)
{
	const struct prepared *prepared = &handover->prepared[handover->next];
	enum engine_result answer = engine_apply_handed(core->engine, prepared, now);

	if (answer == ENGINE_FULL)
		return false;
	if (answer == ENGINE_OLDER && handover->older++ == 0)
		handover->first_older = prepared;
	handover->next++;
	return true;
}

static void older_log(struct handover *handover)
{
	handover->lost += handover->older;
	if (handover->older > 0)
		log_warning("%zu of %zu event%s that another broker has handed over %s older than "
			    "what is known and change%s nothing, of %.*s%s",
			handover->older, handover->count, number_plural(handover->count),
			handover->older == 1 ? "is" : "are", handover->older == 1 ? "s" : "",
			(int)handover->first_older->names.length,
			handover->first_older->names.bytes,
			handover->older > 1 ? " and others" : "");
}

void handover_apply(
	struct handover *handover, struct core *core, struct loader *loader, struct moment now)
{
	if (handover->found == 0 || outbox_is_trimming(core->outbox) ||
		!items_known(handover, core, loader))
		return;
	while (handover->next < handover->count)
		if (!item_apply(handover, core, now))
			return;
	older_log(handover);
	outbox_trim(core->outbox, handover->found);
	handover_clear(handover);
	handover->look_at = now.monotonic; /* there may be more */
}

bool handover_is_due(const struct handover *handover, const struct core *core, nsec now)
{
	return handover->found == 0 && !outbox_is_trimming(core->outbox) &&
	       now >= handover->look_at;
}

enum { CHUNK_MAX = 500, CHUNK_BYTES = 1 << 20 }; /* far fewer than Lua's unpack takes */

/* The number is kept for a day: no broker that is cut off for longer goes on after that. */
#define SCRIPT                                                        \
	"if redis.call('GET', KEYS[2]) == ARGV[1] then return 0 end " \
	"redis.call('RPUSH', KEYS[1], unpack(ARGV, 2)) "              \
	"redis.call('SET', KEYS[2], ARGV[1], 'PX', 86400000) "        \
	"return 1"

void handover_send_init(struct handover_sender *sender, const struct keys *keys, const char *token)
{
	*sender = (struct handover_sender){.keys = keys};
	sender->key = memory_printed("%s:%s", keys->handover, token);
}

void handover_send_free(struct handover_sender *sender)
{
	free(sender->key);
}

bool handover_send_is_open(const struct handover_sender *sender)
{
	return sender->count > 0;
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

static void chunk_begin(struct handover_sender *sender, struct accepted *accepted)
{
	sender->count = chunk_measure(accepted);
	accepted_freeze(accepted, sender->count);
	snprintf(sender->number, sizeof sender->number, "%" PRIu64, ++sender->chunks);
}

bool handover_send_command(struct handover_sender *sender, struct accepted *accepted,
	const char *words[HANDOVER_SEND_WORDS], struct resp_list *list)
{
	const struct entry *entry = accepted_first(accepted);

	if (entry == NULL)
		return false;
	if (sender->count == 0)
		chunk_begin(sender, accepted);
	for (size_t i = 0; i < sender->count; i++, entry = entry->next)
		resp_add(list, entry->json, entry->length);
	words[0] = "EVAL";
	words[1] = SCRIPT;
	words[2] = "2";
	words[3] = sender->keys->handover;
	words[4] = sender->key;
	words[5] = sender->number;
	words[6] = NULL;
	return true;
}

bool handover_send_read(struct handover_sender *sender, struct accepted *accepted,
	const struct redisReply *reply, struct reason *why)
{
	if (reply->type != REDIS_REPLY_INTEGER)
		return reply_refuse(reply, "RPUSH", sender->keys->handover, why);
	accepted_drop(accepted, sender->count);
	sender->count = 0;
	return true;
}

/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/loader.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"
#include "httpbroker/delivery/record.h"
#include "httpbroker/limits.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	WANTED_MAX = 500, /* asked for at once */
	NAMED_MAX = 20,   /* unreadable records, each with a line in the log */
	CURSOR_TEXT = 24,
};

#define SCAN_COUNT "500" /* records of a chunk, about: a millisecond or two of Redis and of us */

enum question { QUESTION_NONE, QUESTION_COUNT, QUESTION_SCAN, QUESTION_FETCH };

struct loader {
	bool complete;
	bool counted;
	char cursor[CURSOR_TEXT];
	enum question asked;
	struct missing *missing;
	char *wanted[WANTED_MAX]; /* their fields; owned */
	size_t wanted_count;
	struct resp_list fields; /* the same as arguments */
	uint64_t loaded, to_load, unreadable;
	nsec begun;
};

struct loader *loader_new(const struct siphash_key *key)
{
	struct loader *loader = memory_zeroed(1, sizeof *loader);

	loader->missing = missing_new(key);
	loader->complete = true;
	return loader;
}

static void wanted_clear(struct loader *loader)
{
	for (size_t i = 0; i < loader->wanted_count; i++)
		free(loader->wanted[i]);
	loader->wanted_count = 0;
	resp_clear(&loader->fields, 1 << 20);
}

void loader_free(struct loader *loader)
{
	wanted_clear(loader);
	missing_free(loader->missing);
	resp_free(&loader->fields);
	free(loader);
}

void loader_begin(struct loader *loader, nsec now)
{
	wanted_clear(loader);
	missing_open(loader->missing);
	loader->complete = loader->counted = false;
	loader->loaded = loader->to_load = loader->unreadable = 0;
	loader->begun = now;
	loader_interrupt(loader);
}

void loader_finish(struct loader *loader)
{
	wanted_clear(loader);
	missing_close(loader->missing);
	loader->complete = true;
}

struct missing *loader_missing(struct loader *loader)
{
	return loader->missing;
}

bool loader_complete(const struct loader *loader)
{
	return loader->complete;
}

void loader_interrupt(struct loader *loader)
{
	loader->asked = QUESTION_NONE;
	strcpy(loader->cursor, "0");
}

static size_t field_write(const struct names *names, char out[2 * LIMIT_NAME + 1])
{
	memcpy(out, names->bytes, names->length);
	out[names->entity_length] = RECORD_SEPARATOR;
	return names->length;
}

bool loader_knows(
	const struct loader *loader, const struct checks *checks, const struct names *names)
{
	char field[2 * LIMIT_NAME + 1];

	if (loader->complete || checks_find(checks, names) != NULL)
		return true;
	return missing_has(loader->missing, field, field_write(names, field));
}

void loader_prefetch(struct loader *loader, const struct names *names)
{
	char field[2 * LIMIT_NAME + 1];
	size_t length = field_write(names, field);

	if (loader->wanted_count == WANTED_MAX || loader->asked == QUESTION_FETCH)
		return;
	char *wanted = memory_zeroed(1, length + 1);
	memcpy(wanted, field, length);
	loader->wanted[loader->wanted_count++] = wanted;
	resp_add(&loader->fields, field, length);
}

void loader_prefetch_none(struct loader *loader)
{
	if (loader->asked != QUESTION_FETCH)
		wanted_clear(loader);
}

static void words_set(const char *words[LOADER_WORDS], const char *const *from)
{
	int i = 0;

	for (; from[i] != NULL; i++)
		words[i] = from[i];
	words[i] = NULL;
}

const struct resp_list *loader_command(
	struct loader *loader, const struct keys *keys, const char *words[LOADER_WORDS])
{
	if (loader->wanted_count > 0) {
		loader->asked = QUESTION_FETCH;
		words_set(words, RESP_WORDS("HMGET", keys->checks));
		return &loader->fields;
	}
	loader->asked = loader->counted ? QUESTION_SCAN : QUESTION_COUNT;
	if (loader->counted)
		words_set(words,
			RESP_WORDS("HSCAN", keys->checks, loader->cursor, "COUNT", SCAN_COUNT));
	else
		words_set(words, RESP_WORDS("HLEN", keys->checks));
	return NULL;
}

static void unreadable_tell(struct loader *loader, struct blob field, const struct reason *why)
{
	int shown = field.length > 128 ? 128 : (int)field.length;

	loader->unreadable++;
	if (loader->unreadable <= NAMED_MAX)
		log_error("the record '%.*s' in Redis cannot be read and is left out: %s", shown,
			field.bytes, why->text);
}

static bool record_take(struct loader *loader, struct blob field, struct blob value,
	const struct decode_context *decode_context, struct engine *engine)
{
	struct prepared prepared;
	struct record record;
	struct reason why;

	if (!decode_record(decode_context, field, value, &prepared, &record, &why)) {
		unreadable_tell(loader, field, &why);
		return false;
	}
	loader->loaded += engine_load(
		engine, &prepared, record.owed ? NULL : &record.sent, decode_context->now);
	prepared_free(&prepared);
	return true;
}

static struct blob blob_of(const redisReply *reply)
{
	return (struct blob){reply->str, (size_t)reply->len};
}

static bool refuse(const redisReply *reply, const char *command, struct reason *why)
{
	return reason_set(why, "refuses %s of the states: %s", command,
		reply->type == REDIS_REPLY_ERROR ? reply->str : "an odd answer");
}

static bool fetch_take(struct loader *loader, const redisReply *reply,
	const struct decode_context *decode_context, struct engine *engine, struct reason *why)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != loader->wanted_count)
		return refuse(reply, "HMGET", why);
	for (size_t i = 0; i < reply->elements; i++) {
		const redisReply *value = reply->element[i];
		const struct blob field = {loader->wanted[i], strlen(loader->wanted[i])};

		if (!missing_has(loader->missing, field.bytes, field.length) &&
			(value->type != REDIS_REPLY_STRING ||
				!record_take(
					loader, field, blob_of(value), decode_context, engine)))
			missing_add(loader->missing, field.bytes, field.length);
	}
	wanted_clear(loader);
	return true;
}

static void end_tell(const struct loader *loader, nsec now)
{
	char span[DURATION_TEXT];

	if (loader->loaded > 0 || loader->unreadable > 0)
		log_info("read %" PRIu64 " state%s from Redis within %s", loader->loaded,
			number_plural(loader->loaded), duration_text(now - loader->begun, span));
	if (loader->unreadable > NAMED_MAX)
		log_error("%" PRIu64 " record%s in Redis cannot be read and %s left out",
			loader->unreadable, number_plural(loader->unreadable),
			loader->unreadable == 1 ? "was" : "were");
}

static bool is_chunk(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
	       reply->element[0]->type == REDIS_REPLY_STRING &&
	       reply->element[0]->len < CURSOR_TEXT &&
	       reply->element[1]->type == REDIS_REPLY_ARRAY && reply->element[1]->elements % 2 == 0;
}

static bool scan_take(struct loader *loader, const redisReply *reply,
	const struct decode_context *decode_context, struct engine *engine, struct reason *why)
{
	if (!is_chunk(reply))
		return refuse(reply, "HSCAN", why);
	const redisReply *pairs = reply->element[1];
	for (size_t i = 0; i < pairs->elements; i += 2) {
		struct blob field = blob_of(pairs->element[i]);

		if (!missing_has(loader->missing, field.bytes, field.length))
			record_take(loader, field, blob_of(pairs->element[i + 1]), decode_context,
				engine);
	}
	strcpy(loader->cursor, reply->element[0]->str);
	if (strcmp(loader->cursor, "0") != 0)
		return true;
	end_tell(loader, decode_context->now.monotonic);
	loader_finish(loader);
	return true;
}

static bool count_take(struct loader *loader, const redisReply *reply, struct reason *why)
{
	if (reply->type != REDIS_REPLY_INTEGER)
		return refuse(reply, "HLEN", why);
	loader->to_load = (uint64_t)reply->integer;
	loader->counted = true;
	return true;
}

/* Where there is something else, there are no states; writing them will be refused, and said. */
static bool is_no_hash(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "WRONGTYPE", 9) == 0;
}

bool loader_read(struct loader *loader, const struct redisReply *reply,
	const struct decode_context *decode_context, struct engine *engine, struct reason *why)
{
	enum question asked = loader->asked;

	loader->asked = QUESTION_NONE;
	if (is_no_hash(reply)) {
		loader_finish(loader);
		return true;
	}
	if (asked == QUESTION_FETCH)
		return fetch_take(loader, reply, decode_context, engine, why);
	if (asked == QUESTION_SCAN)
		return scan_take(loader, reply, decode_context, engine, why);
	return asked != QUESTION_COUNT || count_take(loader, reply, why);
}

uint64_t loader_loaded(const struct loader *loader)
{
	return loader->loaded;
}

uint64_t loader_to_load(const struct loader *loader)
{
	return loader->to_load;
}

uint64_t loader_unreadable(const struct loader *loader)
{
	return loader->unreadable;
}

/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/loader.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"
#include "httpbroker/delivery/record.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

/* A check without a valid record: none, one that cannot be decoded, or one to be deleted. */
struct missed {
	UT_hash_handle hh;
	char field[];
};

struct missing {
	struct siphash_key key;
	bool open; /* else nothing is added */
	struct missed *all;
};

static struct missing *missing_new(const struct siphash_key *key)
{
	struct missing *missing = memory_zeroed(1, sizeof *missing);

	missing->key = *key;
	return missing;
}

static void missing_clear(struct missing *missing)
{
	struct missed *missed, *next;

	HASH_ITER(hh, missing->all, missed, next) {
		HASH_DEL(missing->all, missed);
		free(missed);
	}
}

static void missing_free(struct missing *missing)
{
	missing_clear(missing);
	free(missing);
}

static bool missing_has(const struct missing *missing, const char *field, size_t length)
{
	unsigned hash = (unsigned)siphash(&missing->key, field, length);
	struct missed *missed;

	HASH_FIND_BYHASHVALUE(hh, missing->all, field, length, hash, missed);
	return missed != NULL;
}

static void missing_add(struct missing *missing, const char *field, size_t length)
{
	unsigned hash = (unsigned)siphash(&missing->key, field, length);
	struct missed *missed;

	if (!missing->open || missing_has(missing, field, length))
		return;
	missed = memory_zeroed(1, sizeof *missed + length);
	memcpy(missed->field, field, length);
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, missing->all, missed->field, length, hash, missed);
}

enum {
	WANTED_MAX = 500, /* fetched at once */
	NAMED_MAX = 20,   /* unreadable records that are logged */
	CURSOR_TEXT = 24,
};

#define SCAN_COUNT "500" /* records of a chunk, about: a millisecond or two of Redis and of us */

enum loader_query { LOADER_NONE, LOADER_SCAN, LOADER_FETCH };

struct loader {
	bool complete;
	char cursor[CURSOR_TEXT];
	enum loader_query query;
	struct missing *missing;
	char *wanted[WANTED_MAX]; /* their fields; owned */
	size_t wanted_count;
	struct resp_list fields; /* the same as arguments */
	uint64_t loaded, unreadable;
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
	missing_clear(loader->missing);
	loader->missing->open = true;
	loader->complete = false;
	loader->loaded = loader->unreadable = 0;
	loader->begun = now;
	loader_interrupt(loader);
}

void loader_finish(struct loader *loader)
{
	wanted_clear(loader);
	missing_clear(loader->missing);
	loader->missing->open = false;
	loader->complete = true;
}

bool loader_complete(const struct loader *loader)
{
	return loader->complete;
}

void loader_interrupt(struct loader *loader)
{
	loader->query = LOADER_NONE;
	snprintf(loader->cursor, sizeof loader->cursor, "0");
}

static size_t field_write(const struct names *names, char out[NAMES_MAX])
{
	memcpy(out, names->bytes, names->length);
	out[names->entity_length] = RECORD_SEPARATOR;
	return names->length;
}

void loader_forget(void *loader, const struct names *names)
{
	char field[NAMES_MAX];

	missing_add(((struct loader *)loader)->missing, field, field_write(names, field));
}

bool loader_knows(
	const struct loader *loader, const struct checks *checks, const struct names *names)
{
	char field[NAMES_MAX];

	if (loader->complete || checks_find(checks, names) != NULL)
		return true;
	return missing_has(loader->missing, field, field_write(names, field));
}

void loader_prefetch(struct loader *loader, const struct names *names)
{
	char field[NAMES_MAX];
	size_t length = field_write(names, field);

	if (loader->wanted_count == WANTED_MAX || loader->query == LOADER_FETCH)
		return;
	char *wanted = memory_zeroed(1, length + 1);
	memcpy(wanted, field, length);
	loader->wanted[loader->wanted_count++] = wanted;
	resp_add(&loader->fields, field, length);
}

bool loader_ready(
	struct loader *loader, const struct checks *checks, const struct prepared *prepared)
{
	bool ready = true;

	for (; prepared != NULL; prepared = prepared->former) {
		if (loader_knows(loader, checks, &prepared->names))
			continue;
		loader_prefetch(loader, &prepared->names);
		ready = false;
	}
	return ready;
}

void loader_prefetch_drop(struct loader *loader)
{
	if (loader->query != LOADER_FETCH)
		wanted_clear(loader);
}

const struct resp_list *loader_command(
	struct loader *loader, const struct keys *keys, const char *words[LOADER_WORDS])
{
	bool fetch = loader->wanted_count > 0;
	const char *const scan[] = {
		"HSCAN", keys->checks, loader->cursor, "COUNT", SCAN_COUNT, NULL};
	const char *const get[] = {"HMGET", keys->checks, NULL};

	loader->query = fetch ? LOADER_FETCH : LOADER_SCAN;
	memcpy(words, fetch ? get : scan, fetch ? sizeof get : sizeof scan);
	return fetch ? &loader->fields : NULL;
}

static void unreadable_log(struct loader *loader, struct blob field, const struct reason *why)
{
	int shown = field.length > 128 ? 128 : (int)field.length;

	loader->unreadable++;
	if (loader->unreadable <= NAMED_MAX)
		log_error("the record '%.*s' in Redis cannot be read and is left out: %s", shown,
			field.bytes, why->text);
}

static bool record_load(struct loader *loader, struct blob field, struct blob value,
	const struct decode_context *context, struct engine *engine)
{
	struct prepared prepared;
	struct record record;
	struct reason why;

	if (!decode_record(context, field, value, &prepared, &record, &why)) {
		unreadable_log(loader, field, &why);
		return false;
	}
	loader->loaded +=
		engine_load(engine, &prepared, record.unpushed ? NULL : &record.sent, context->now);
	prepared_free(&prepared);
	return true;
}

static struct blob blob_of(const redisReply *reply)
{
	return (struct blob){reply->str, (size_t)reply->len};
}

static bool fetch_read(struct loader *loader, const redisReply *reply,
	const struct decode_context *context, struct engine *engine, struct reason *why)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != loader->wanted_count)
		return reply_refuse(reply, "HMGET", "of the states", why);
	for (size_t i = 0; i < reply->elements; i++) {
		const redisReply *value = reply->element[i];
		const struct blob field = {loader->wanted[i], strlen(loader->wanted[i])};

		if (!missing_has(loader->missing, field.bytes, field.length) &&
			(value->type != REDIS_REPLY_STRING ||
				!record_load(loader, field, blob_of(value), context, engine)))
			missing_add(loader->missing, field.bytes, field.length);
	}
	wanted_clear(loader);
	return true;
}

static void end_log(const struct loader *loader, nsec now)
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

static bool scan_read(struct loader *loader, const redisReply *reply,
	const struct decode_context *context, struct engine *engine, struct reason *why)
{
	if (!is_chunk(reply))
		return reply_refuse(reply, "HSCAN", "of the states", why);
	const redisReply *pairs = reply->element[1];
	for (size_t i = 0; i < pairs->elements; i += 2) {
		struct blob field = blob_of(pairs->element[i]);

		if (!missing_has(loader->missing, field.bytes, field.length))
			record_load(loader, field, blob_of(pairs->element[i + 1]), context, engine);
	}
	snprintf(loader->cursor, sizeof loader->cursor, "%s", reply->element[0]->str);
	if (strcmp(loader->cursor, "0") != 0)
		return true;
	end_log(loader, context->now.monotonic);
	loader_finish(loader);
	return true;
}

/* Another type of key holds no records; HSET will be refused, and that is logged. */
static bool is_no_hash(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "WRONGTYPE", 9) == 0;
}

bool loader_read(struct loader *loader, const struct redisReply *reply,
	const struct decode_context *context, struct engine *engine, struct reason *why)
{
	enum loader_query query = loader->query;

	loader->query = LOADER_NONE;
	if (is_no_hash(reply))
		loader_finish(loader);
	else if (query == LOADER_FETCH)
		return fetch_read(loader, reply, context, engine, why);
	else if (query == LOADER_SCAN)
		return scan_read(loader, reply, context, engine, why);
	return true;
}

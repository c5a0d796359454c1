/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/reader.h"

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
	WANTED_MOST = 500, /* asked for at once */
	NAMED_MOST = 20,   /* unreadable records, each with a line in the log */
	CURSOR_TEXT = 24,
};

#define SCAN_COUNT "500" /* records of a chunk, about: a millisecond or two of Redis and of us */

enum question { QUESTION_NONE, QUESTION_COUNT, QUESTION_SCAN, QUESTION_FETCH };

struct reader {
	bool complete;
	bool counted;
	char cursor[CURSOR_TEXT];
	enum question asked;
	struct missing *missing;
	char *wanted[WANTED_MOST]; /* their fields; owned */
	size_t wanted_count;
	struct resp_list fields; /* the same as arguments */
	uint64_t loaded, to_load, unreadable;
	nsec begun;
};

struct reader *reader_new(const struct siphash_key *key)
{
	struct reader *reader = memory_zeroed(1, sizeof *reader);

	reader->missing = missing_new(key);
	reader->complete = true;
	return reader;
}

static void wanted_clear(struct reader *reader)
{
	for (size_t i = 0; i < reader->wanted_count; i++)
		free(reader->wanted[i]);
	reader->wanted_count = 0;
	resp_clear(&reader->fields, 1 << 20);
}

void reader_free(struct reader *reader)
{
	wanted_clear(reader);
	missing_free(reader->missing);
	resp_free(&reader->fields);
	free(reader);
}

void reader_begin(struct reader *reader, nsec now)
{
	wanted_clear(reader);
	missing_open(reader->missing);
	reader->complete = reader->counted = false;
	reader->loaded = reader->to_load = reader->unreadable = 0;
	reader->begun = now;
	reader_interrupt(reader);
}

void reader_finish(struct reader *reader)
{
	wanted_clear(reader);
	missing_close(reader->missing);
	reader->complete = true;
}

struct missing *reader_missing(struct reader *reader)
{
	return reader->missing;
}

bool reader_complete(const struct reader *reader)
{
	return reader->complete;
}

void reader_interrupt(struct reader *reader)
{
	reader->asked = QUESTION_NONE;
	strcpy(reader->cursor, "0");
}

static size_t field_write(const struct names *names, char out[2 * LIMIT_NAME + 1])
{
	memcpy(out, names->bytes, names->length);
	out[names->entity_length] = RECORD_SEPARATOR;
	return names->length;
}

bool reader_knows(
	const struct reader *reader, const struct states *states, const struct names *names)
{
	char field[2 * LIMIT_NAME + 1];

	if (reader->complete || states_find(states, names) != NULL)
		return true;
	return missing_has(reader->missing, field, field_write(names, field));
}

void reader_want(struct reader *reader, const struct names *names)
{
	char field[2 * LIMIT_NAME + 1];
	size_t length = field_write(names, field);

	if (reader->wanted_count == WANTED_MOST || reader->asked == QUESTION_FETCH)
		return;
	char *wanted = memory_zeroed(1, length + 1);
	memcpy(wanted, field, length);
	reader->wanted[reader->wanted_count++] = wanted;
	resp_add(&reader->fields, field, length);
}

void reader_want_none(struct reader *reader)
{
	if (reader->asked != QUESTION_FETCH)
		wanted_clear(reader);
}

static void words_set(const char *words[READER_WORDS], const char *const *from)
{
	int i = 0;

	for (; from[i] != NULL; i++)
		words[i] = from[i];
	words[i] = NULL;
}

const struct resp_list *reader_question(
	struct reader *reader, const struct keys *keys, const char *words[READER_WORDS])
{
	if (reader->wanted_count > 0) {
		reader->asked = QUESTION_FETCH;
		words_set(words, RESP_WORDS("HMGET", keys->states));
		return &reader->fields;
	}
	reader->asked = reader->counted ? QUESTION_SCAN : QUESTION_COUNT;
	if (reader->counted)
		words_set(words,
			RESP_WORDS("HSCAN", keys->states, reader->cursor, "COUNT", SCAN_COUNT));
	else
		words_set(words, RESP_WORDS("HLEN", keys->states));
	return NULL;
}

static void unreadable_tell(struct reader *reader, struct blob field, const struct reason *why)
{
	int shown = field.length > 128 ? 128 : (int)field.length;

	reader->unreadable++;
	if (reader->unreadable <= NAMED_MOST)
		log_error("the record '%.*s' in Redis cannot be read and is left out: %s", shown,
			field.bytes, why->text);
}

static bool record_take(struct reader *reader, struct blob field, struct blob value,
	const struct recall *recall, struct ledger *ledger)
{
	struct posting posting;
	struct record record;
	struct reason why;

	if (!recall_record(recall, field, value, &posting, &record, &why)) {
		unreadable_tell(reader, field, &why);
		return false;
	}
	reader->loaded +=
		ledger_load(ledger, &posting, record.owed ? NULL : &record.sent, recall->now);
	posting_free(&posting);
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

static bool fetch_take(struct reader *reader, const redisReply *reply, const struct recall *recall,
	struct ledger *ledger, struct reason *why)
{
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != reader->wanted_count)
		return refuse(reply, "HMGET", why);
	for (size_t i = 0; i < reply->elements; i++) {
		const redisReply *value = reply->element[i];
		const struct blob field = {reader->wanted[i], strlen(reader->wanted[i])};

		if (!missing_has(reader->missing, field.bytes, field.length) &&
			(value->type != REDIS_REPLY_STRING ||
				!record_take(reader, field, blob_of(value), recall, ledger)))
			missing_add(reader->missing, field.bytes, field.length);
	}
	wanted_clear(reader);
	return true;
}

static void end_tell(const struct reader *reader, nsec now)
{
	char span[DURATION_TEXT];

	if (reader->loaded > 0 || reader->unreadable > 0)
		log_info("read %" PRIu64 " state%s from Redis within %s", reader->loaded,
			number_plural(reader->loaded), duration_text(now - reader->begun, span));
	if (reader->unreadable > NAMED_MOST)
		log_error("%" PRIu64 " record%s in Redis cannot be read and %s left out",
			reader->unreadable, number_plural(reader->unreadable),
			reader->unreadable == 1 ? "was" : "were");
}

static bool is_chunk(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
	       reply->element[0]->type == REDIS_REPLY_STRING &&
	       reply->element[0]->len < CURSOR_TEXT &&
	       reply->element[1]->type == REDIS_REPLY_ARRAY && reply->element[1]->elements % 2 == 0;
}

static bool scan_take(struct reader *reader, const redisReply *reply, const struct recall *recall,
	struct ledger *ledger, struct reason *why)
{
	if (!is_chunk(reply))
		return refuse(reply, "HSCAN", why);
	const redisReply *pairs = reply->element[1];
	for (size_t i = 0; i < pairs->elements; i += 2) {
		struct blob field = blob_of(pairs->element[i]);

		if (!missing_has(reader->missing, field.bytes, field.length))
			record_take(reader, field, blob_of(pairs->element[i + 1]), recall, ledger);
	}
	strcpy(reader->cursor, reply->element[0]->str);
	if (strcmp(reader->cursor, "0") != 0)
		return true;
	end_tell(reader, recall->now.monotonic);
	reader_finish(reader);
	return true;
}

static bool count_take(struct reader *reader, const redisReply *reply, struct reason *why)
{
	if (reply->type != REDIS_REPLY_INTEGER)
		return refuse(reply, "HLEN", why);
	reader->to_load = (uint64_t)reply->integer;
	reader->counted = true;
	return true;
}

/* Where there is something else, there are no states; writing them will be refused, and said. */
static bool is_no_hash(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, "WRONGTYPE", 9) == 0;
}

bool reader_take(struct reader *reader, const struct redisReply *reply, const struct recall *recall,
	struct ledger *ledger, struct reason *why)
{
	enum question asked = reader->asked;

	reader->asked = QUESTION_NONE;
	if (is_no_hash(reply)) {
		reader_finish(reader);
		return true;
	}
	if (asked == QUESTION_FETCH)
		return fetch_take(reader, reply, recall, ledger, why);
	if (asked == QUESTION_SCAN)
		return scan_take(reader, reply, recall, ledger, why);
	return asked != QUESTION_COUNT || count_take(reader, reply, why);
}

uint64_t reader_loaded(const struct reader *reader)
{
	return reader->loaded;
}

uint64_t reader_to_load(const struct reader *reader)
{
	return reader->to_load;
}

uint64_t reader_unreadable(const struct reader *reader)
{
	return reader->unreadable;
}

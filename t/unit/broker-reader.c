/* SPDX-License-Identifier: MIT */
/*
 * What comes back from Redis: records, in chunks and out of turn, over connections that break; and
 * what other brokers have handed over. Each check is known once, and repeated once an interval.
 */
#include "t/unit/unit.h"

#include "httpbroker/delivery/books.h"
#include "httpbroker/delivery/handover.h"
#include "httpbroker/states/wheel.h"
#include "t/unit/broker-parts.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEC NSEC_PER_SEC

enum { EPOCH = 1795224000, CHECKS = 900, CHUNK = 100 };

struct desk {
	struct books books;
	struct reader *reader;
	struct keys keys;
	struct handover handover;
	struct reason why;
};

static struct moment at(nsec monotonic)
{
	return (struct moment){EPOCH * SEC + monotonic, monotonic};
}

static struct recall recall_at(nsec monotonic)
{
	return (struct recall){2, 0, at(monotonic)};
}

static int desk_open(void **state)
{
	struct desk *desk = calloc(1, sizeof *desk);

	desk->books = (struct books){
		.states = states_new(&(struct siphash_key){1, 2}),
		.interval = 10 * SEC,
		.most = 100000,
		.flapjack = 2,
		.persistent = true,
		.stale_as = CONDITION_UNKNOWN,
		.most_states = 100000,
		.forget_after = NSEC_NEVER,
	};
	desk->reader = reader_new(&(struct siphash_key){3, 4});
	desk->books.missing = reader_missing(desk->reader);
	books_open(&desk->books, at(0));
	keys_init(&desk->keys, "n", "events", 2);
	*state = desk;
	return 0;
}

static int desk_close(void **state)
{
	struct desk *desk = *state;

	handover_free(&desk->handover);
	reader_free(desk->reader);
	books_close(&desk->books);
	states_free(desk->books.states);
	keys_free(&desk->keys);
	free(desk);
	return 0;
}

/* An answer in Redis's protocol, as hiredis gives it. */
static redisReply *reply_of(const char *bytes, size_t length)
{
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;

	redisReaderFeed(reader, bytes, length);
	assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
	assert_non_null(reply);
	redisReaderFree(reader);
	return reply;
}

static void value_append(struct buffer *out, int i)
{
	char value[160];

	snprintf(value, sizeof value,
		"1 %d 300 ok 300000 {\"entity\":\"e\",\"check\":\"%d\",\"type\":\"service\","
		"\"state\":\"ok\",\"summary\":\"\"}",
		EPOCH, i);
	buffer_printf(out, "$%zu\r\n%s\r\n", strlen(value), value);
}

static void record_append(struct buffer *out, int i)
{
	char field[32];

	snprintf(field, sizeof field, "e\x1f%d", i);
	buffer_printf(out, "$%zu\r\n%s\r\n", strlen(field), field);
	value_append(out, i);
}

static bool hear_text(struct desk *desk, const struct buffer *answer, nsec now)
{
	redisReply *reply = reply_of(answer->data, answer->length);
	const struct recall recall = recall_at(now);
	bool taken = reader_take(desk->reader, reply, &recall, desk->books.ledger, &desk->why);

	freeReplyObject(reply);
	return taken;
}

static bool hear(struct desk *desk, const char *answer, nsec now)
{
	const struct buffer bytes = {(char *)(uintptr_t)answer, strlen(answer), 0};

	return hear_text(desk, &bytes, now);
}

/* The words of what is asked next, and what comes behind them, each with a blank behind it. */
static void assert_asks(struct desk *desk, const char *expected)
{
	const char *words[READER_WORDS];
	const struct resp_list *list = reader_question(desk->reader, &desk->keys, words);
	struct buffer said = {NULL, 0, 0}, fields = {NULL, 0, 0};

	for (int i = 0; words[i] != NULL; i++)
		buffer_printf(&said, "%s ", words[i]);
	if (list != NULL)
		buffer_append_text(&said, resp_lines(list, &fields));
	assert_string_equal(said.data, expected);
	buffer_free(&said);
	buffer_free(&fields);
}

/* The records from `from` to `end`; where to go on; some of the chunk before come again. */
static void hear_chunk(struct desk *desk, int from, int end, const char *cursor, nsec now)
{
	struct buffer answer = {NULL, 0, 0};

	buffer_printf(
		&answer, "*2\r\n$%zu\r\n%s\r\n*%d\r\n", strlen(cursor), cursor, 2 * (end - from));
	for (int i = from; i < end; i++)
		record_append(&answer, i);
	assert_true(hear_text(desk, &answer, now));
	buffer_free(&answer);
}

static void load_from(struct desk *desk, int chunks, nsec now)
{
	char cursor[16];

	for (int i = 0; i < chunks; i++) {
		const char *words[READER_WORDS];
		bool last = (i + 1) * CHUNK == CHECKS;

		reader_question(desk->reader, &desk->keys, words);
		snprintf(cursor, sizeof cursor, "%d", last ? 0 : i + 1);
		hear_chunk(desk, i == 0 ? 0 : i * CHUNK - 7, (i + 1) * CHUNK, cursor, now);
	}
}

static void it_counts_then_goes_through_them(void **state)
{
	struct desk *desk = *state;

	assert_true(reader_complete(desk->reader));
	reader_begin(desk->reader, 0);
	assert_false(reader_complete(desk->reader));
	assert_asks(desk, "HLEN httpbroker:n:states ");
	assert_true(hear(desk, ":900\r\n", 0));
	assert_int_equal(reader_to_load(desk->reader), 900);
	assert_asks(desk, "HSCAN httpbroker:n:states 0 COUNT 500 ");
	hear_chunk(desk, 0, 3, "77", 0);
	assert_asks(desk, "HSCAN httpbroker:n:states 77 COUNT 500 ");
	hear_chunk(desk, 2, 5, "0", 0);
	assert_true(reader_complete(desk->reader));
	assert_int_equal(reader_loaded(desk->reader), 5);
	assert_int_equal(states_count(desk->books.states), 5);
}

/* How many times each check is told in this span of turns. */
static void repeats_count(struct desk *desk, nsec from, nsec to, unsigned char told[CHECKS])
{
	struct buffer events = {NULL, 0, 0}, records = {NULL, 0, 0};

	for (nsec now = from; now < to; now += WHEEL_TICK) {
		ledger_turn(desk->books.ledger, true, at(now));
		outbox_drain(desk->books.outbox, 0, &events, &records);
		for (const char *line = events.data; *line != '\0'; line = strchr(line, '\n') + 1)
			told[atoi(strstr(line, "\"check\":\"") + 9)]++;
	}
	buffer_free(&events);
	buffer_free(&records);
}

static void assert_told(const unsigned char told[CHECKS], int known, int times)
{
	for (int i = 0; i < CHECKS; i++)
		if (told[i] != (i < known ? times : 0))
			fail_msg("check %d was told %d times", i, told[i]);
}

/* A third is read, the connection breaks, and it begins again: what was known stays as it is. */
static void a_load_that_broke_off_makes_no_repeat_come_twice(void **state)
{
	struct desk *desk = *state;
	unsigned char told[CHECKS] = {0};

	reader_begin(desk->reader, 0);
	assert_asks(desk, "HLEN httpbroker:n:states ");
	hear(desk, ":900\r\n", 0);
	load_from(desk, 3, 0);
	repeats_count(desk, 0, 10 * SEC, told);
	assert_told(told, 3 * CHUNK, 1);
	assert_asks(desk, "HSCAN httpbroker:n:states 3 COUNT 500 ");
	reader_interrupt(desk->reader);
	load_from(desk, CHECKS / CHUNK, 10 * SEC);
	assert_true(reader_complete(desk->reader));
	assert_int_equal(reader_loaded(desk->reader), CHECKS);
	memset(told, 0, sizeof told);
	repeats_count(desk, 10 * SEC, 20 * SEC, told);
	assert_told(told, CHECKS, 1);
	repeats_count(desk, 20 * SEC, 40 * SEC, told);
	assert_told(told, CHECKS, 3);
}

/* They are spread: no tenth of the interval has more than twice its share. */
static void what_was_loaded_is_repeated_all_over_the_interval(void **state)
{
	struct desk *desk = *state;

	reader_begin(desk->reader, 0);
	assert_asks(desk, "HLEN httpbroker:n:states ");
	hear(desk, ":900\r\n", 0);
	load_from(desk, CHECKS / CHUNK, 0);
	for (int tenth = 0; tenth < 10; tenth++) {
		unsigned char told[CHECKS] = {0};
		int count = 0;

		repeats_count(desk, tenth * SEC, (tenth + 1) * SEC, told);
		for (int i = 0; i < CHECKS; i++)
			count += told[i];
		assert_between(count, CHECKS / 20, CHECKS / 5);
	}
}

static const struct names wanted = {"e:7", 3, 1}, absent = {"e:x", 3, 1};

#define WANTED     \
	"e\x1f"    \
	"7\ne\x1f" \
	"x\n"

static void what_somebody_waits_for_comes_first(void **state)
{
	struct desk *desk = *state;
	struct buffer answer = {NULL, 0, 0};

	assert_true(reader_knows(desk->reader, desk->books.states, &wanted));
	reader_begin(desk->reader, 0);
	assert_false(reader_knows(desk->reader, desk->books.states, &wanted));
	reader_want(desk->reader, &wanted);
	reader_want(desk->reader, &absent);
	assert_asks(desk, "HMGET httpbroker:n:states " WANTED);
	buffer_append_text(&answer, "*2\r\n");
	value_append(&answer, 7);
	buffer_append_text(&answer, "$-1\r\n");
	assert_true(hear_text(desk, &answer, 0));
	assert_true(reader_knows(desk->reader, desk->books.states, &wanted));
	assert_true(reader_knows(desk->reader, desk->books.states, &absent));
	assert_int_equal(states_count(desk->books.states), 1);
	/* what was wanted and not asked for is forgotten */
	const struct names other = {"e:8", 3, 1};
	reader_want(desk->reader, &other);
	reader_want_none(desk->reader);
	assert_asks(desk, "HLEN httpbroker:n:states ");
	buffer_free(&answer);
}

static void a_record_is_none_of_what_is_handed_over(void **state)
{
	struct desk *desk = *state;

	reader_begin(desk->reader, 0);
	reader_want(desk->reader, &wanted);
	assert_asks(desk, "HMGET httpbroker:n:states e\x1f"
			  "7\n");
	assert_true(hear(desk,
		"*1\r\n$71\r\n1 1 300 ok 300000 {\"entity\":\"e\",\"check\":\"7\",\"state\":\"ok\","
		"\"forgotten\":1}\r\n",
		0));
	assert_int_equal(states_find(desk->books.states, &wanted)->ttl, 300);
}

/* As it was, not as a repeat: with its own time. */
static void what_a_record_owes_is_told_at_once(void **state)
{
	struct desk *desk = *state;
	struct buffer events = {NULL, 0, 0}, records = {NULL, 0, 0};

	reader_begin(desk->reader, 0);
	assert_asks(desk, "HLEN httpbroker:n:states ");
	hear(desk, ":1\r\n", 0);
	assert_asks(desk, "HSCAN httpbroker:n:states 0 COUNT 500 ");
	assert_true(hear(desk,
		"*2\r\n$1\r\n0\r\n*2\r\n$3\r\ne\x1f"
		"c\r\n$65\r\n1 1795223990 300 - 300000 "
		"{\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\"}\r\n",
		0));
	outbox_drain(desk->books.outbox, 0, &events, &records);
	assert_non_null(
		strstr(events.data, "\"state\":\"ok\",\"summary\":\"\",\"time\":1795223990}"));
	assert_non_null(strstr(records.data, "\n1 1795223990 300 ok 300000 "));
	buffer_free(&events);
	buffer_free(&records);
}

static void what_cannot_be_read_is_counted_and_left_out(void **state)
{
	struct desk *desk = *state;

	reader_begin(desk->reader, 0);
	assert_asks(desk, "HLEN httpbroker:n:states ");
	hear(desk, ":2\r\n", 0);
	assert_asks(desk, "HSCAN httpbroker:n:states 0 COUNT 500 ");
	assert_true(hear(desk,
		"*2\r\n$1\r\n0\r\n*4\r\n$1\r\nx\r\n$1\r\ny\r\n$3\r\ne\x1f"
		"c\r\n$0\r\n\r\n",
		0));
	assert_int_equal(reader_unreadable(desk->reader), 2);
	assert_true(reader_complete(desk->reader));
	assert_int_equal(states_count(desk->books.states), 0);
}

static void odd_answers_are_refused(void **state)
{
	static const char *const scans[] = {"-ERR x\r\n", ":1\r\n", "*1\r\n$1\r\n0\r\n",
		"*2\r\n$1\r\n0\r\n*1\r\n$1\r\nx\r\n", "*2\r\n:0\r\n*0\r\n",
		"*2\r\n$24\r\n000000000000000000000000\r\n*0\r\n"};
	struct desk *desk = *state;

	reader_begin(desk->reader, 0);
	assert_asks(desk, "HLEN httpbroker:n:states ");
	assert_false(hear(desk, "$1\r\nx\r\n", 0));
	assert_string_equal(desk->why.text, "refuses HLEN of the states: an odd answer");
	assert_asks(desk, "HLEN httpbroker:n:states ");
	hear(desk, ":1\r\n", 0);
	for (size_t i = 0; i < ARRAY_LENGTH(scans); i++) {
		assert_asks(desk, "HSCAN httpbroker:n:states 0 COUNT 500 ");
		assert_false(hear(desk, scans[i], 0));
	}
	/* where there is something else there are no states */
	assert_asks(desk, "HSCAN httpbroker:n:states 0 COUNT 500 ");
	assert_true(hear(desk, "-WRONGTYPE x\r\n", 0));
	assert_true(reader_complete(desk->reader));
}

static size_t found(struct desk *desk, const char *answer, nsec now)
{
	redisReply *reply = reply_of(answer, strlen(answer));
	const struct recall recall = recall_at(now);
	size_t unreadable = handover_take(&desk->handover, reply, &recall);

	freeReplyObject(reply);
	return unreadable;
}

#define ONE "$45\r\n{\"entity\":\"e\",\"check\":\"7\",\"state\":\"critical\"}\r\n"
#define TWO "$39\r\n{\"entity\":\"e\",\"check\":\"7\",\"state\":\"ok\"}\r\n"

static void assert_pushed(struct desk *desk, int count)
{
	assert_int_equal(outbox_marks(desk->books.outbox).pushes, count);
}

static void what_was_handed_over_is_taken_in_order_and_dropped(void **state)
{
	struct desk *desk = *state;

	handover_begin(&desk->handover, 0);
	assert_false(desk->handover.settled);
	assert_true(handover_looks(&desk->handover, &desk->books, 0));
	assert_int_equal(found(desk, "*3\r\n" ONE "$1\r\nx\r\n" TWO, 0), 1);
	assert_false(handover_looks(&desk->handover, &desk->books, 10 * SEC));
	handover_judge(&desk->handover, &desk->books, desk->reader, at(0));
	assert_pushed(desk, 2);
	/* as many as there were, with what cannot be read; not looked again before they are gone */
	assert_false(handover_looks(&desk->handover, &desk->books, 10 * SEC));
	struct commit *commit = outbox_take(desk->books.outbox, 0);
	assert_int_equal(commit->trim, 3);
	outbox_applied(desk->books.outbox, commit);
	assert_true(handover_looks(&desk->handover, &desk->books, 0));
	/* nothing older than what is posted from now on */
	assert_int_equal(found(desk, "*0\r\n", SEC), 0);
	assert_true(desk->handover.settled);
	assert_false(handover_looks(&desk->handover, &desk->books, 2 * SEC - 1));
	assert_true(handover_looks(&desk->handover, &desk->books, 2 * SEC));
}

static void what_was_handed_over_waits_for_its_records(void **state)
{
	struct desk *desk = *state;

	reader_begin(desk->reader, 0);
	handover_begin(&desk->handover, 0);
	found(desk, "*1\r\n" ONE, 0);
	handover_judge(&desk->handover, &desk->books, desk->reader, at(0));
	assert_pushed(desk, 0);
	assert_asks(desk, "HMGET httpbroker:n:states e\x1f"
			  "7\n");
	assert_true(hear(desk, "*1\r\n$-1\r\n", 0));
	handover_judge(&desk->handover, &desk->books, desk->reader, at(0));
	assert_pushed(desk, 1);
}

static void what_others_were_to_forget_is_forgotten_once_it_is_read(void **state)
{
	struct desk *desk = *state;
	struct buffer answer = {NULL, 0, 0};

	reader_begin(desk->reader, 0);
	handover_begin(&desk->handover, 0);
	found(desk, "*1\r\n$49\r\n{\"entity\":\"e\",\"check\":\"7\",\"forgotten\":1795224000}\r\n",
		0);
	handover_judge(&desk->handover, &desk->books, desk->reader, at(0));
	assert_asks(desk, "HMGET httpbroker:n:states e\x1f"
			  "7\n");
	buffer_append_text(&answer, "*1\r\n");
	value_append(&answer, 7);
	assert_true(hear_text(desk, &answer, 0));
	assert_int_equal(states_count(desk->books.states), 1);
	handover_judge(&desk->handover, &desk->books, desk->reader, at(0));
	assert_int_equal(states_count(desk->books.states), 0);
	struct commit *commit = outbox_take(desk->books.outbox, 0);
	assert_int_equal(commit->forgets.count, 1);
	assert_int_equal(commit->trim, 1);
	assert_int_equal(commit->pushes.count, 0);
	outbox_applied(desk->books.outbox, commit);
	buffer_free(&answer);
}

/* Its record was in what was read before it was deleted in Redis. */
static void what_was_forgotten_does_not_come_back(void **state)
{
	struct desk *desk = *state;
	struct buffer events = {NULL, 0, 0}, records = {NULL, 0, 0};

	reader_begin(desk->reader, 0);
	assert_asks(desk, "HLEN httpbroker:n:states ");
	hear(desk, ":10\r\n", 0);
	assert_asks(desk, "HSCAN httpbroker:n:states 0 COUNT 500 ");
	hear_chunk(desk, 5, 8, "77", 0);
	assert_true(ledger_forget(desk->books.ledger, &wanted));
	assert_asks(desk, "HSCAN httpbroker:n:states 77 COUNT 500 ");
	hear_chunk(desk, 6, 9, "78", 0);
	assert_null(states_find(desk->books.states, &wanted));
	/* nor by being asked for: it is known that there is none */
	assert_true(reader_knows(desk->reader, desk->books.states, &wanted));
	outbox_drain(desk->books.outbox, 0, &events, &records);
	assert_string_equal(records.data, "e\x1f"
					  "7\n-\n");
	assert_int_equal(outbox_recorded(desk->books.outbox), 3);
	buffer_free(&events);
	buffer_free(&records);
}

/*
 * Redis as it is while it is read, and what was asked of it and is not heard yet. Nothing else is
 * said to it meanwhile; but checks are judged.
 */
struct store {
	struct desk *desk;
	unsigned seed;
	bool there[CHUNK];
	struct buffer answer; /* empty: nothing was asked */
	int cursor;           /* what HSCAN goes on with */
	long forgotten;
};

static int chance(struct store *store, int most)
{
	return rand_r(&store->seed) % most;
}

static struct names names_of(int i, char text[16])
{
	snprintf(text, 16, "e:%d", i);
	return (struct names){text, (uint16_t)strlen(text), 1};
}

/* Some of them, and now and then some that were there already. */
static void scan_answer(struct store *store, int from)
{
	int end = from + 1 + chance(store, 9), count = 0;

	from -= chance(store, 3) == 0 && from > 3 ? 3 : 0;
	end = end < CHUNK ? end : CHUNK;
	for (int i = from; i < end; i++)
		count += store->there[i];
	store->cursor = end < CHUNK ? end : 0;
	buffer_printf(&store->answer, "*2\r\n$%d\r\n%d\r\n*%d\r\n", store->cursor < 10 ? 1 : 2,
		store->cursor, 2 * count);
	for (int i = from; i < end; i++)
		if (store->there[i])
			record_append(&store->answer, i);
}

static void store_ask(struct store *store)
{
	const char *words[READER_WORDS];
	const struct resp_list *list =
		reader_question(store->desk->reader, &store->desk->keys, words);
	struct buffer fields = {NULL, 0, 0};

	if (strcmp(words[0], "HLEN") == 0)
		buffer_append_text(&store->answer, ":7\r\n");
	else if (strcmp(words[0], "HSCAN") == 0)
		scan_answer(store, atoi(words[2]));
	else
		buffer_printf(&store->answer, "*%zu\r\n", list->count);
	for (const char *at = list != NULL ? resp_lines(list, &fields) : ""; *at != '\0';
		at = strchr(at, '\n') + 1) {
		int i = atoi(strchr(at, '\x1f') + 1);

		if (store->there[i])
			value_append(&store->answer, i);
		else
			buffer_append_text(&store->answer, "$-1\r\n");
	}
	buffer_free(&fields);
}

static void store_commit(struct store *store)
{
	struct commit *commit = outbox_take(store->desk->books.outbox, 0);
	struct buffer lines = {NULL, 0, 0};

	if (commit == NULL)
		return;
	for (const char *at = resp_lines(&commit->forgets, &lines); *at != '\0';
		at = strchr(at, '\n') + 1)
		store->there[atoi(strchr(at, '\x1f') + 1)] = false;
	commit_join(commit);
	for (const char *at = resp_lines(&commit->records, &lines); *at != '\0';
		at = strchr(strchr(at, '\n') + 1, '\n') + 1)
		store->there[atoi(strchr(at, '\x1f') + 1)] = true;
	outbox_applied(store->desk->books.outbox, commit);
	buffer_free(&lines);
}

/* Handed over: a check is to be forgotten, or an event of it. It waits until the check is known. */
static void store_judge(struct store *store, nsec now)
{
	struct desk *desk = store->desk;
	int i = chance(store, CHUNK);
	struct posting posting;
	char text[16], check[16];
	const struct names names = names_of(i, text);

	if (!reader_knows(desk->reader, desk->books.states, &names)) {
		reader_want(desk->reader, &names);
		return;
	}
	snprintf(check, sizeof check, "%d", i);
	struct event event = event_plain("e", check, CONDITION_CRITICAL);
	event.time = EPOCH;
	if (chance(store, 3) == 0)
		posting_make(&posting, &event, 2, at(now));
	else
		posting_make_forgotten(
			&posting, event.entity, event.check, (struct instant){EPOCH, 0});
	store->forgotten += posting.forgotten && states_find(desk->books.states, &names) != NULL;
	ledger_take(desk->books.ledger, &posting, at(now));
	posting_free(&posting);
}

static void store_step(struct store *store, nsec now)
{
	struct desk *desk = store->desk;

	if (chance(store, 2) == 0)
		store_judge(store, now);
	if (chance(store, 200) == 0 && !reader_complete(desk->reader)) {
		reader_interrupt(desk->reader);
		buffer_clear(&store->answer);
	}
	if (chance(store, 3) > 0)
		return;
	if (store->answer.length > 0) {
		assert_true(hear_text(desk, &store->answer, now));
		buffer_clear(&store->answer);
	} else if (!reader_complete(desk->reader) && chance(store, 2) == 0) {
		store_ask(store);
	} else {
		store_commit(store);
	}
}

static void what_is_known_is_what_redis_has_in_the_end(void **state)
{
	struct store store = {.desk = *state, .seed = seed_choose()};
	struct desk *desk = store.desk;
	char text[16];

	for (int load = 0; load < 200; load++) {
		books_reset(&desk->books, at(0));
		for (int i = 0; i < CHUNK; i++)
			store.there[i] = chance(&store, 4) > 0;
		reader_begin(desk->reader, 0);
		while (!reader_complete(desk->reader))
			store_step(&store, 0);
		while (!outbox_is_empty(desk->books.outbox))
			store_commit(&store);
		size_t count = 0;
		for (int i = 0; i < CHUNK; i++) {
			const struct names names = names_of(i, text);

			assert_int_equal(
				states_find(desk->books.states, &names) != NULL, store.there[i]);
			count += store.there[i];
		}
		assert_int_equal(outbox_recorded(desk->books.outbox), count);
	}
	assert_true(store.forgotten > 100);
	buffer_free(&store.answer);
}

/* What goes to the log while `answer` is taken. */
static void assert_logs(struct desk *desk, const char *answer, const char *expected)
{
	int before = dup(STDERR_FILENO), ends[2];
	char said[512] = "";

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	found(desk, answer, 0);
	dup2(before, STDERR_FILENO);
	close(ends[1]);
	assert_true(read(ends[0], said, sizeof said - 1) > 0);
	assert_non_null(strstr(said, expected));
	close(ends[0]);
	close(before);
}

static void what_is_no_text_is_named_as_that(void **state)
{
	struct desk *desk = *state;

	assert_logs(desk, "*1\r\n:7\r\n",
		"handed over cannot be read and is left out: it is no text\n");
	assert_logs(desk, "*1\r\n$1\r\nx\r\n", "left out: its JSON, column 1:");
}

static void a_list_that_is_none_is_said_and_held_for_empty(void **state)
{
	struct desk *desk = *state;

	handover_begin(&desk->handover, 0);
	assert_int_equal(found(desk, "-WRONGTYPE x\r\n", 0), 0);
	assert_true(desk->handover.refused && desk->handover.settled);
	assert_int_equal(found(desk, "-WRONGTYPE x\r\n", SEC), 0);
	assert_true(desk->handover.refused);
	assert_int_equal(found(desk, "*1\r\n" ONE, 2 * SEC), 0);
	assert_false(desk->handover.refused);
	handover_judge(&desk->handover, &desk->books, desk->reader, at(2 * SEC));
	assert_pushed(desk, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_counts_then_goes_through_them),
		TEST(a_load_that_broke_off_makes_no_repeat_come_twice),
		TEST(what_was_loaded_is_repeated_all_over_the_interval),
		TEST(what_somebody_waits_for_comes_first),
		TEST(a_record_is_none_of_what_is_handed_over),
		TEST(what_a_record_owes_is_told_at_once),
		TEST(what_cannot_be_read_is_counted_and_left_out),
		TEST(odd_answers_are_refused),
		TEST(what_was_handed_over_is_taken_in_order_and_dropped),
		TEST(what_was_handed_over_waits_for_its_records),
		TEST(what_others_were_to_forget_is_forgotten_once_it_is_read),
		TEST(what_was_forgotten_does_not_come_back),
		TEST(what_is_known_is_what_redis_has_in_the_end),
		TEST(what_is_no_text_is_named_as_that),
		TEST(a_list_that_is_none_is_said_and_held_for_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * What comes back from Redis: records, in chunks and out of turn, over connections that break; and
 * what other brokers have handed over. Each check is known once, and repeated once an interval.
 */
#include "t/unit/unit.h"

#include "httpbroker/checks/wheel.h"
#include "httpbroker/delivery/engine.h"
#include "httpbroker/delivery/handoff.h"
#include "t/unit/broker-parts.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEC NSEC_PER_SEC

enum { EPOCH = 1795224000, CHECKS = 900, CHUNK = 100 };

struct pending {
	struct core core;
	struct loader *loader;
	struct keys keys;
	struct handoff handoff;
	struct reason why;
};

static struct moment at(nsec monotonic)
{
	return (struct moment){EPOCH * SEC + monotonic, monotonic};
}

static struct decode_context decode_at(nsec monotonic)
{
	return (struct decode_context){2, 0, at(monotonic)};
}

static int pending_open(void **state)
{
	struct pending *pending = calloc(1, sizeof *pending);

	pending->core = (struct core){
		.checks = checks_new(&(struct siphash_key){1, 2}),
		.interval = 10 * SEC,
		.max = 100000,
		.flapjack = 2,
		.persistent = true,
		.stale_as = STATE_UNKNOWN,
		.max_states = 100000,
		.forget_after = NSEC_NEVER,
	};
	pending->loader = loader_new(&(struct siphash_key){3, 4});
	pending->core.missing = loader_missing(pending->loader);
	core_open(&pending->core, at(0));
	keys_init(&pending->keys, "n", "events", 2);
	*state = pending;
	return 0;
}

static int pending_close(void **state)
{
	struct pending *pending = *state;

	handoff_free(&pending->handoff);
	loader_free(pending->loader);
	core_close(&pending->core);
	checks_free(pending->core.checks);
	keys_free(&pending->keys);
	free(pending);
	return 0;
}

/* An answer in Redis's protocol, as hiredis gives it. */
static redisReply *reply_of(const char *bytes, size_t length)
{
	redisReader *loader = redisReaderCreate();
	void *reply = NULL;

	redisReaderFeed(loader, bytes, length);
	assert_int_equal(redisReaderGetReply(loader, &reply), REDIS_OK);
	assert_non_null(reply);
	redisReaderFree(loader);
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

static bool hear_text(struct pending *pending, const struct buffer *answer, nsec now)
{
	redisReply *reply = reply_of(answer->data, answer->length);
	const struct decode_context decode_context = decode_at(now);
	bool taken = loader_read(
		pending->loader, reply, &decode_context, pending->core.engine, &pending->why);

	freeReplyObject(reply);
	return taken;
}

static bool hear(struct pending *pending, const char *answer, nsec now)
{
	const struct buffer bytes = {(char *)(uintptr_t)answer, strlen(answer), 0};

	return hear_text(pending, &bytes, now);
}

/* The words of what is asked next, and what comes behind them, each with a blank behind it. */
static void assert_asks(struct pending *pending, const char *expected)
{
	const char *words[LOADER_WORDS];
	const struct resp_list *list = loader_command(pending->loader, &pending->keys, words);
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
static void hear_chunk(struct pending *pending, int from, int end, const char *cursor, nsec now)
{
	struct buffer answer = {NULL, 0, 0};

	buffer_printf(
		&answer, "*2\r\n$%zu\r\n%s\r\n*%d\r\n", strlen(cursor), cursor, 2 * (end - from));
	for (int i = from; i < end; i++)
		record_append(&answer, i);
	assert_true(hear_text(pending, &answer, now));
	buffer_free(&answer);
}

static void load_from(struct pending *pending, int chunks, nsec now)
{
	char cursor[16];

	for (int i = 0; i < chunks; i++) {
		const char *words[LOADER_WORDS];
		bool last = (i + 1) * CHUNK == CHECKS;

		loader_command(pending->loader, &pending->keys, words);
		snprintf(cursor, sizeof cursor, "%d", last ? 0 : i + 1);
		hear_chunk(pending, i == 0 ? 0 : i * CHUNK - 7, (i + 1) * CHUNK, cursor, now);
	}
}

static void it_counts_then_goes_through_them(void **state)
{
	struct pending *pending = *state;

	assert_true(loader_complete(pending->loader));
	loader_begin(pending->loader, 0);
	assert_false(loader_complete(pending->loader));
	assert_asks(pending, "HLEN httpbroker:n:states ");
	assert_true(hear(pending, ":900\r\n", 0));
	assert_int_equal(loader_to_load(pending->loader), 900);
	assert_asks(pending, "HSCAN httpbroker:n:states 0 COUNT 500 ");
	hear_chunk(pending, 0, 3, "77", 0);
	assert_asks(pending, "HSCAN httpbroker:n:states 77 COUNT 500 ");
	hear_chunk(pending, 2, 5, "0", 0);
	assert_true(loader_complete(pending->loader));
	assert_int_equal(loader_loaded(pending->loader), 5);
	assert_int_equal(checks_count(pending->core.checks), 5);
}

/* How many times each check is told in this span of turns. */
static void repeats_count(struct pending *pending, nsec from, nsec to, unsigned char told[CHECKS])
{
	struct buffer events = {NULL, 0, 0}, records = {NULL, 0, 0};

	for (nsec now = from; now < to; now += WHEEL_TICK) {
		engine_run(pending->core.engine, true, at(now));
		outbox_drain(pending->core.outbox, 0, &events, &records);
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
	struct pending *pending = *state;
	unsigned char told[CHECKS] = {0};

	loader_begin(pending->loader, 0);
	assert_asks(pending, "HLEN httpbroker:n:states ");
	hear(pending, ":900\r\n", 0);
	load_from(pending, 3, 0);
	repeats_count(pending, 0, 10 * SEC, told);
	assert_told(told, 3 * CHUNK, 1);
	assert_asks(pending, "HSCAN httpbroker:n:states 3 COUNT 500 ");
	loader_interrupt(pending->loader);
	load_from(pending, CHECKS / CHUNK, 10 * SEC);
	assert_true(loader_complete(pending->loader));
	assert_int_equal(loader_loaded(pending->loader), CHECKS);
	memset(told, 0, sizeof told);
	repeats_count(pending, 10 * SEC, 20 * SEC, told);
	assert_told(told, CHECKS, 1);
	repeats_count(pending, 20 * SEC, 40 * SEC, told);
	assert_told(told, CHECKS, 3);
}

/* They are spread: no tenth of the interval has more than twice its share. */
static void what_was_loaded_is_repeated_all_over_the_interval(void **state)
{
	struct pending *pending = *state;

	loader_begin(pending->loader, 0);
	assert_asks(pending, "HLEN httpbroker:n:states ");
	hear(pending, ":900\r\n", 0);
	load_from(pending, CHECKS / CHUNK, 0);
	for (int tenth = 0; tenth < 10; tenth++) {
		unsigned char told[CHECKS] = {0};
		int count = 0;

		repeats_count(pending, tenth * SEC, (tenth + 1) * SEC, told);
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
	struct pending *pending = *state;
	struct buffer answer = {NULL, 0, 0};

	assert_true(loader_knows(pending->loader, pending->core.checks, &wanted));
	loader_begin(pending->loader, 0);
	assert_false(loader_knows(pending->loader, pending->core.checks, &wanted));
	loader_prefetch(pending->loader, &wanted);
	loader_prefetch(pending->loader, &absent);
	assert_asks(pending, "HMGET httpbroker:n:states " WANTED);
	buffer_append_text(&answer, "*2\r\n");
	value_append(&answer, 7);
	buffer_append_text(&answer, "$-1\r\n");
	assert_true(hear_text(pending, &answer, 0));
	assert_true(loader_knows(pending->loader, pending->core.checks, &wanted));
	assert_true(loader_knows(pending->loader, pending->core.checks, &absent));
	assert_int_equal(checks_count(pending->core.checks), 1);
	/* what was wanted and not asked for is forgotten */
	const struct names other = {"e:8", 3, 1};
	loader_prefetch(pending->loader, &other);
	loader_prefetch_none(pending->loader);
	assert_asks(pending, "HLEN httpbroker:n:states ");
	buffer_free(&answer);
}

static void a_record_is_none_of_what_is_handed_over(void **state)
{
	struct pending *pending = *state;

	loader_begin(pending->loader, 0);
	loader_prefetch(pending->loader, &wanted);
	assert_asks(pending, "HMGET httpbroker:n:states e\x1f"
			     "7\n");
	assert_true(hear(pending,
		"*1\r\n$71\r\n1 1 300 ok 300000 {\"entity\":\"e\",\"check\":\"7\",\"state\":\"ok\","
		"\"forgotten\":1}\r\n",
		0));
	assert_int_equal(checks_find(pending->core.checks, &wanted)->ttl, 300);
}

/* As it was, not as a repeat: with its own time. */
static void what_a_record_owes_is_told_at_once(void **state)
{
	struct pending *pending = *state;
	struct buffer events = {NULL, 0, 0}, records = {NULL, 0, 0};

	loader_begin(pending->loader, 0);
	assert_asks(pending, "HLEN httpbroker:n:states ");
	hear(pending, ":1\r\n", 0);
	assert_asks(pending, "HSCAN httpbroker:n:states 0 COUNT 500 ");
	assert_true(hear(pending,
		"*2\r\n$1\r\n0\r\n*2\r\n$3\r\ne\x1f"
		"c\r\n$65\r\n1 1795223990 300 - 300000 "
		"{\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\"}\r\n",
		0));
	outbox_drain(pending->core.outbox, 0, &events, &records);
	assert_non_null(
		strstr(events.data, "\"state\":\"ok\",\"summary\":\"\",\"time\":1795223990}"));
	assert_non_null(strstr(records.data, "\n1 1795223990 300 ok 300000 "));
	buffer_free(&events);
	buffer_free(&records);
}

static void what_cannot_be_read_is_counted_and_left_out(void **state)
{
	struct pending *pending = *state;

	loader_begin(pending->loader, 0);
	assert_asks(pending, "HLEN httpbroker:n:states ");
	hear(pending, ":2\r\n", 0);
	assert_asks(pending, "HSCAN httpbroker:n:states 0 COUNT 500 ");
	assert_true(hear(pending,
		"*2\r\n$1\r\n0\r\n*4\r\n$1\r\nx\r\n$1\r\ny\r\n$3\r\ne\x1f"
		"c\r\n$0\r\n\r\n",
		0));
	assert_int_equal(loader_unreadable(pending->loader), 2);
	assert_true(loader_complete(pending->loader));
	assert_int_equal(checks_count(pending->core.checks), 0);
}

static void odd_answers_are_refused(void **state)
{
	static const char *const scans[] = {"-ERR x\r\n", ":1\r\n", "*1\r\n$1\r\n0\r\n",
		"*2\r\n$1\r\n0\r\n*1\r\n$1\r\nx\r\n", "*2\r\n:0\r\n*0\r\n",
		"*2\r\n$24\r\n000000000000000000000000\r\n*0\r\n"};
	struct pending *pending = *state;

	loader_begin(pending->loader, 0);
	assert_asks(pending, "HLEN httpbroker:n:states ");
	assert_false(hear(pending, "$1\r\nx\r\n", 0));
	assert_string_equal(pending->why.text, "refuses HLEN of the states: an odd answer");
	assert_asks(pending, "HLEN httpbroker:n:states ");
	hear(pending, ":1\r\n", 0);
	for (size_t i = 0; i < ARRAY_LENGTH(scans); i++) {
		assert_asks(pending, "HSCAN httpbroker:n:states 0 COUNT 500 ");
		assert_false(hear(pending, scans[i], 0));
	}
	/* where there is something else there are no states */
	assert_asks(pending, "HSCAN httpbroker:n:states 0 COUNT 500 ");
	assert_true(hear(pending, "-WRONGTYPE x\r\n", 0));
	assert_true(loader_complete(pending->loader));
}

static size_t found(struct pending *pending, const char *answer, nsec now)
{
	redisReply *reply = reply_of(answer, strlen(answer));
	const struct decode_context decode_context = decode_at(now);
	size_t unreadable = handoff_read(&pending->handoff, reply, &decode_context);

	freeReplyObject(reply);
	return unreadable;
}

#define ONE "$45\r\n{\"entity\":\"e\",\"check\":\"7\",\"state\":\"critical\"}\r\n"
#define TWO "$39\r\n{\"entity\":\"e\",\"check\":\"7\",\"state\":\"ok\"}\r\n"

static void assert_pushed(struct pending *pending, int count)
{
	assert_int_equal(outbox_watermarks(pending->core.outbox).pushes, count);
}

static void what_was_handed_over_is_taken_in_order_and_dropped(void **state)
{
	struct pending *pending = *state;

	handoff_begin(&pending->handoff, 0);
	assert_false(pending->handoff.settled);
	assert_true(handoff_is_due(&pending->handoff, &pending->core, 0));
	assert_int_equal(found(pending, "*3\r\n" ONE "$1\r\nx\r\n" TWO, 0), 1);
	assert_false(handoff_is_due(&pending->handoff, &pending->core, 10 * SEC));
	handoff_apply(&pending->handoff, &pending->core, pending->loader, at(0));
	assert_pushed(pending, 2);
	/* as many as there were, with what cannot be read; not looked again before they are gone */
	assert_false(handoff_is_due(&pending->handoff, &pending->core, 10 * SEC));
	struct commit *commit = outbox_take(pending->core.outbox, 0);
	assert_int_equal(commit->trim, 3);
	outbox_applied(pending->core.outbox, commit);
	assert_true(handoff_is_due(&pending->handoff, &pending->core, 0));
	/* nothing older than what is posted from now on */
	assert_int_equal(found(pending, "*0\r\n", SEC), 0);
	assert_true(pending->handoff.settled);
	assert_false(handoff_is_due(&pending->handoff, &pending->core, 2 * SEC - 1));
	assert_true(handoff_is_due(&pending->handoff, &pending->core, 2 * SEC));
}

static void what_was_handed_over_waits_for_its_records(void **state)
{
	struct pending *pending = *state;

	loader_begin(pending->loader, 0);
	handoff_begin(&pending->handoff, 0);
	found(pending, "*1\r\n" ONE, 0);
	handoff_apply(&pending->handoff, &pending->core, pending->loader, at(0));
	assert_pushed(pending, 0);
	assert_asks(pending, "HMGET httpbroker:n:states e\x1f"
			     "7\n");
	assert_true(hear(pending, "*1\r\n$-1\r\n", 0));
	handoff_apply(&pending->handoff, &pending->core, pending->loader, at(0));
	assert_pushed(pending, 1);
}

static void what_others_were_to_forget_is_forgotten_once_it_is_read(void **state)
{
	struct pending *pending = *state;
	struct buffer answer = {NULL, 0, 0};

	loader_begin(pending->loader, 0);
	handoff_begin(&pending->handoff, 0);
	found(pending,
		"*1\r\n$49\r\n{\"entity\":\"e\",\"check\":\"7\",\"forgotten\":1795224000}\r\n", 0);
	handoff_apply(&pending->handoff, &pending->core, pending->loader, at(0));
	assert_asks(pending, "HMGET httpbroker:n:states e\x1f"
			     "7\n");
	buffer_append_text(&answer, "*1\r\n");
	value_append(&answer, 7);
	assert_true(hear_text(pending, &answer, 0));
	assert_int_equal(checks_count(pending->core.checks), 1);
	handoff_apply(&pending->handoff, &pending->core, pending->loader, at(0));
	assert_int_equal(checks_count(pending->core.checks), 0);
	struct commit *commit = outbox_take(pending->core.outbox, 0);
	assert_int_equal(commit->forgets.count, 1);
	assert_int_equal(commit->trim, 1);
	assert_int_equal(commit->pushes.count, 0);
	outbox_applied(pending->core.outbox, commit);
	buffer_free(&answer);
}

/* Its record was in what was read before it was deleted in Redis. */
static void what_was_forgotten_does_not_come_back(void **state)
{
	struct pending *pending = *state;
	struct buffer events = {NULL, 0, 0}, records = {NULL, 0, 0};

	loader_begin(pending->loader, 0);
	assert_asks(pending, "HLEN httpbroker:n:states ");
	hear(pending, ":10\r\n", 0);
	assert_asks(pending, "HSCAN httpbroker:n:states 0 COUNT 500 ");
	hear_chunk(pending, 5, 8, "77", 0);
	assert_true(engine_forget(pending->core.engine, &wanted));
	assert_asks(pending, "HSCAN httpbroker:n:states 77 COUNT 500 ");
	hear_chunk(pending, 6, 9, "78", 0);
	assert_null(checks_find(pending->core.checks, &wanted));
	/* nor by being asked for: it is known that there is none */
	assert_true(loader_knows(pending->loader, pending->core.checks, &wanted));
	outbox_drain(pending->core.outbox, 0, &events, &records);
	assert_string_equal(records.data, "e\x1f"
					  "7\n-\n");
	assert_int_equal(outbox_recorded(pending->core.outbox), 3);
	buffer_free(&events);
	buffer_free(&records);
}

/*
 * Redis as it is while it is read, and what was asked of it and is not heard yet. Nothing else is
 * said to it meanwhile; but checks are judged.
 */
struct store {
	struct pending *pending;
	unsigned seed;
	bool there[CHUNK];
	struct buffer answer; /* empty: nothing was asked */
	int cursor;           /* what HSCAN goes on with */
	long forgotten;
};

static int chance(struct store *store, int max)
{
	return rand_r(&store->seed) % max;
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
	const char *words[LOADER_WORDS];
	const struct resp_list *list =
		loader_command(store->pending->loader, &store->pending->keys, words);
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
	struct commit *commit = outbox_take(store->pending->core.outbox, 0);
	struct buffer lines = {NULL, 0, 0};

	if (commit == NULL)
		return;
	for (const char *at = resp_lines(&commit->forgets, &lines); *at != '\0';
		at = strchr(at, '\n') + 1)
		store->there[atoi(strchr(at, '\x1f') + 1)] = false;
	commit_join_dependent(commit);
	for (const char *at = resp_lines(&commit->records, &lines); *at != '\0';
		at = strchr(strchr(at, '\n') + 1, '\n') + 1)
		store->there[atoi(strchr(at, '\x1f') + 1)] = true;
	outbox_applied(store->pending->core.outbox, commit);
	buffer_free(&lines);
}

/* Handed over: a check is to be forgotten, or an event of it. It waits until the check is known. */
static void store_judge(struct store *store, nsec now)
{
	struct pending *pending = store->pending;
	int i = chance(store, CHUNK);
	struct prepared prepared;
	char text[16], check[16];
	const struct names names = names_of(i, text);

	if (!loader_knows(pending->loader, pending->core.checks, &names)) {
		loader_prefetch(pending->loader, &names);
		return;
	}
	snprintf(check, sizeof check, "%d", i);
	struct event event = event_plain("e", check, STATE_CRITICAL);
	event.time = EPOCH;
	if (chance(store, 3) == 0)
		prepared_make(&prepared, &event, 2, at(now));
	else
		prepared_make_forgotten(
			&prepared, event.entity, event.check, (struct instant){EPOCH, 0});
	store->forgotten += prepared.forgotten && checks_find(pending->core.checks, &names) != NULL;
	engine_apply(pending->core.engine, &prepared, at(now));
	prepared_free(&prepared);
}

static void store_step(struct store *store, nsec now)
{
	struct pending *pending = store->pending;

	if (chance(store, 2) == 0)
		store_judge(store, now);
	if (chance(store, 200) == 0 && !loader_complete(pending->loader)) {
		loader_interrupt(pending->loader);
		buffer_clear(&store->answer);
	}
	if (chance(store, 3) > 0)
		return;
	if (store->answer.length > 0) {
		assert_true(hear_text(pending, &store->answer, now));
		buffer_clear(&store->answer);
	} else if (!loader_complete(pending->loader) && chance(store, 2) == 0) {
		store_ask(store);
	} else {
		store_commit(store);
	}
}

static void what_is_known_is_what_redis_has_in_the_end(void **state)
{
	struct store store = {.pending = *state, .seed = seed_choose()};
	struct pending *pending = store.pending;
	char text[16];

	for (int load = 0; load < 200; load++) {
		core_reset(&pending->core, at(0));
		for (int i = 0; i < CHUNK; i++)
			store.there[i] = chance(&store, 4) > 0;
		loader_begin(pending->loader, 0);
		while (!loader_complete(pending->loader))
			store_step(&store, 0);
		while (!outbox_is_empty(pending->core.outbox))
			store_commit(&store);
		size_t count = 0;
		for (int i = 0; i < CHUNK; i++) {
			const struct names names = names_of(i, text);

			assert_int_equal(
				checks_find(pending->core.checks, &names) != NULL, store.there[i]);
			count += store.there[i];
		}
		assert_int_equal(outbox_recorded(pending->core.outbox), count);
	}
	assert_true(store.forgotten > 100);
	buffer_free(&store.answer);
}

/* What goes to the log while `answer` is taken. */
static void assert_logs(struct pending *pending, const char *answer, const char *expected)
{
	int before = dup(STDERR_FILENO), ends[2];
	char said[512] = "";

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	found(pending, answer, 0);
	dup2(before, STDERR_FILENO);
	close(ends[1]);
	assert_true(read(ends[0], said, sizeof said - 1) > 0);
	assert_non_null(strstr(said, expected));
	close(ends[0]);
	close(before);
}

static void what_is_no_text_is_named_as_that(void **state)
{
	struct pending *pending = *state;

	assert_logs(pending, "*1\r\n:7\r\n",
		"handed over cannot be read and is left out: it is no text\n");
	assert_logs(pending, "*1\r\n$1\r\nx\r\n", "left out: its JSON, column 1:");
}

static void a_list_that_is_none_is_said_and_held_for_empty(void **state)
{
	struct pending *pending = *state;

	handoff_begin(&pending->handoff, 0);
	assert_int_equal(found(pending, "-WRONGTYPE x\r\n", 0), 0);
	assert_true(pending->handoff.refused && pending->handoff.settled);
	assert_int_equal(found(pending, "-WRONGTYPE x\r\n", SEC), 0);
	assert_true(pending->handoff.refused);
	assert_int_equal(found(pending, "*1\r\n" ONE, 2 * SEC), 0);
	assert_false(pending->handoff.refused);
	handoff_apply(&pending->handoff, &pending->core, pending->loader, at(2 * SEC));
	assert_pushed(pending, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, pending_open, pending_close)

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

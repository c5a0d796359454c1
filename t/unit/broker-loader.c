/* SPDX-License-Identifier: MIT */
/* Loading from Redis: records, in chunks and on request, over connections that break; and items
 * handed over by other brokers. Each check is loaded once and repeated once an interval. */
#include "t/unit/unit.h"

#include "httpbroker/checks/wheel.h"
#include "httpbroker/delivery/engine.h"
#include "httpbroker/delivery/handover.h"
#include "t/unit/broker-parts.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEC NSEC_PER_SEC

enum { EPOCH = 1795224000, CHECKS = 900, CHUNK = 100 };

struct fixture {
	struct core core;
	struct loader *loader;
	struct keys keys;
	struct handover handover;
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

static int fixture_open(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	fixture->core = (struct core){
		.checks = checks_new(&(struct siphash_key){1, 2}),
		.settings = {.interval = 10 * SEC,
			.max_checks = 100000,
			.stale_as = STATE_UNKNOWN,
			.forget_after = NSEC_NEVER},
		.max_pending = 100000,
		.flapjack = 2,
		.persistent = true,
	};
	fixture->loader = loader_new(&(struct siphash_key){3, 4});
	fixture->core.settings.forgotten = loader_forget;
	fixture->core.settings.owner = fixture->loader;
	core_open(&fixture->core, at(0));
	keys_init(&fixture->keys, "httpbroker", "n", "events", 2);
	*state = fixture;
	return 0;
}

static int fixture_close(void **state)
{
	struct fixture *fixture = *state;

	handover_clear(&fixture->handover);
	loader_free(fixture->loader);
	core_close(&fixture->core);
	checks_free(fixture->core.checks);
	keys_free(&fixture->keys);
	free(fixture);
	return 0;
}

/* Parses a reply in Redis's protocol with hiredis. */
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

static bool receive_text(struct fixture *fixture, const struct buffer *answer, nsec now)
{
	redisReply *reply = reply_of(answer->data, answer->length);
	const struct decode_context decode_context = decode_at(now);
	bool taken = loader_read(
		fixture->loader, reply, &decode_context, fixture->core.engine, &fixture->why);

	freeReplyObject(reply);
	return taken;
}

static bool receive(struct fixture *fixture, const char *answer, nsec now)
{
	const struct buffer bytes = {(char *)(uintptr_t)answer, strlen(answer), 0};

	return receive_text(fixture, &bytes, now);
}

/* The words of the next command and of its list, each followed by a space. */
static void assert_asks(struct fixture *fixture, const char *expected)
{
	const char *words[LOADER_WORDS];
	const struct resp_list *list = loader_command(fixture->loader, &fixture->keys, words);
	struct buffer request = {NULL, 0, 0}, fields = {NULL, 0, 0};

	for (int i = 0; words[i] != NULL; i++)
		buffer_printf(&request, "%s ", words[i]);
	if (list != NULL)
		buffer_append_text(&request, resp_lines(list, &fields));
	assert_string_equal(request.data, expected);
	buffer_free(&request);
	buffer_free(&fields);
}

/* Receives the records from `from` to `end` and the next cursor; some of the previous chunk are
 * repeated. */
static void receive_chunk(struct fixture *fixture, int from, int end, const char *cursor, nsec now)
{
	struct buffer answer = {NULL, 0, 0};

	buffer_printf(
		&answer, "*2\r\n$%zu\r\n%s\r\n*%d\r\n", strlen(cursor), cursor, 2 * (end - from));
	for (int i = from; i < end; i++)
		record_append(&answer, i);
	assert_true(receive_text(fixture, &answer, now));
	buffer_free(&answer);
}

static void load_from(struct fixture *fixture, int chunks, nsec now)
{
	char cursor[16];

	for (int i = 0; i < chunks; i++) {
		const char *words[LOADER_WORDS];
		bool last = (i + 1) * CHUNK == CHECKS;

		loader_command(fixture->loader, &fixture->keys, words);
		snprintf(cursor, sizeof cursor, "%d", last ? 0 : i + 1);
		receive_chunk(fixture, i == 0 ? 0 : i * CHUNK - 7, (i + 1) * CHUNK, cursor, now);
	}
}

static void the_loader_counts_the_records_then_scans_them(void **state)
{
	struct fixture *fixture = *state;

	assert_true(loader_complete(fixture->loader));
	loader_begin(fixture->loader, 0);
	assert_false(loader_complete(fixture->loader));
	assert_asks(fixture, "HSCAN httpbroker:n:states 0 COUNT 500 ");
	receive_chunk(fixture, 0, 3, "77", 0);
	assert_asks(fixture, "HSCAN httpbroker:n:states 77 COUNT 500 ");
	receive_chunk(fixture, 2, 5, "0", 0);
	assert_true(loader_complete(fixture->loader));
	assert_int_equal(checks_count(fixture->core.checks), 5);
}

/* Counts how often each check is pushed in this time span. */
static void repeats_count(struct fixture *fixture, nsec from, nsec to, unsigned char pushes[CHECKS])
{
	struct buffer events = {NULL, 0, 0}, records = {NULL, 0, 0};

	for (nsec now = from; now < to; now += WHEEL_TICK) {
		engine_run(fixture->core.engine, true, at(now));
		outbox_drain(fixture->core.outbox, 0, &events, &records);
		for (const char *line = events.data; *line != '\0'; line = strchr(line, '\n') + 1)
			pushes[strtol(strstr(line, "\"check\":\"") + 9, NULL, 10)]++;
	}
	buffer_free(&events);
	buffer_free(&records);
}

static void assert_times_pushed(const unsigned char pushes[CHECKS], int known, int times)
{
	for (int i = 0; i < CHECKS; i++)
		if (pushes[i] != (i < known ? times : 0))
			fail_msg("check %d was pushed %d times", i, pushes[i]);
}

/* The connection breaks after a third, and loading restarts: loaded checks stay unchanged. */
static void an_interrupted_load_causes_no_double_repeat(void **state)
{
	struct fixture *fixture = *state;
	unsigned char pushes[CHECKS] = {0};

	loader_begin(fixture->loader, 0);
	load_from(fixture, 3, 0);
	repeats_count(fixture, 0, 10 * SEC, pushes);
	assert_times_pushed(pushes, 3 * CHUNK, 1);
	assert_asks(fixture, "HSCAN httpbroker:n:states 3 COUNT 500 ");
	loader_interrupt(fixture->loader);
	load_from(fixture, CHECKS / CHUNK, 10 * SEC);
	assert_true(loader_complete(fixture->loader));
	assert_int_equal(checks_count(fixture->core.checks), CHECKS);
	memset(pushes, 0, sizeof pushes);
	repeats_count(fixture, 10 * SEC, 20 * SEC, pushes);
	assert_times_pushed(pushes, CHECKS, 1);
	repeats_count(fixture, 20 * SEC, 40 * SEC, pushes);
	assert_times_pushed(pushes, CHECKS, 3);
}

/* Repeats are spread: no tenth of the interval has more than twice its share. */
static void loaded_checks_are_repeated_evenly_over_the_interval(void **state)
{
	struct fixture *fixture = *state;

	loader_begin(fixture->loader, 0);
	load_from(fixture, CHECKS / CHUNK, 0);
	for (int tenth = 0; tenth < 10; tenth++) {
		unsigned char pushes[CHECKS] = {0};
		int count = 0;

		repeats_count(fixture, tenth * SEC, (tenth + 1) * SEC, pushes);
		for (int i = 0; i < CHECKS; i++)
			count += pushes[i];
		assert_between(count, CHECKS / 20, CHECKS / 5);
	}
}

static const struct names wanted = {"e:7", 3, 1}, absent = {"e:x", 3, 1};

#define WANTED     \
	"e\x1f"    \
	"7\ne\x1f" \
	"x\n"

static void requested_records_are_loaded_first(void **state)
{
	struct fixture *fixture = *state;
	struct buffer answer = {NULL, 0, 0};

	assert_true(loader_knows(fixture->loader, fixture->core.checks, &wanted));
	loader_begin(fixture->loader, 0);
	assert_false(loader_knows(fixture->loader, fixture->core.checks, &wanted));
	loader_prefetch(fixture->loader, &wanted);
	loader_prefetch(fixture->loader, &absent);
	assert_asks(fixture, "HMGET httpbroker:n:states " WANTED);
	buffer_append_text(&answer, "*2\r\n");
	value_append(&answer, 7);
	buffer_append_text(&answer, "$-1\r\n");
	assert_true(receive_text(fixture, &answer, 0));
	assert_true(loader_knows(fixture->loader, fixture->core.checks, &wanted));
	assert_true(loader_knows(fixture->loader, fixture->core.checks, &absent));
	assert_int_equal(checks_count(fixture->core.checks), 1);
	/* requests not yet sent are dropped */
	const struct names other = {"e:8", 3, 1};
	loader_prefetch(fixture->loader, &other);
	loader_prefetch_drop(fixture->loader);
	assert_asks(fixture, "HSCAN httpbroker:n:states 0 COUNT 500 ");
	buffer_free(&answer);
}

static void a_record_is_not_a_handed_over_item(void **state)
{
	struct fixture *fixture = *state;

	loader_begin(fixture->loader, 0);
	loader_prefetch(fixture->loader, &wanted);
	assert_asks(fixture, "HMGET httpbroker:n:states e\x1f"
			     "7\n");
	assert_true(receive(fixture,
		"*1\r\n$71\r\n1 1 300 ok 300000 {\"entity\":\"e\",\"check\":\"7\",\"state\":\"ok\","
		"\"forgotten\":1}\r\n",
		0));
	assert_int_equal(checks_find(fixture->core.checks, &wanted)->ttl, 300);
}

/* As the original event with its own time, not as a repeat. */
static void an_undelivered_event_of_a_record_is_pushed_at_once(void **state)
{
	struct fixture *fixture = *state;
	struct buffer events = {NULL, 0, 0}, records = {NULL, 0, 0};

	loader_begin(fixture->loader, 0);
	assert_asks(fixture, "HSCAN httpbroker:n:states 0 COUNT 500 ");
	assert_true(receive(fixture,
		"*2\r\n$1\r\n0\r\n*2\r\n$3\r\ne\x1f"
		"c\r\n$65\r\n1 1795223990 300 - 300000 "
		"{\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\"}\r\n",
		0));
	outbox_drain(fixture->core.outbox, 0, &events, &records);
	assert_non_null(
		strstr(events.data, "\"state\":\"ok\",\"summary\":\"\",\"time\":1795223990}"));
	assert_non_null(strstr(records.data, "\n1 1795223990 300 ok 300000 "));
	buffer_free(&events);
	buffer_free(&records);
}

static void unreadable_records_are_skipped(void **state)
{
	struct fixture *fixture = *state;

	loader_begin(fixture->loader, 0);
	assert_asks(fixture, "HSCAN httpbroker:n:states 0 COUNT 500 ");
	assert_true(receive(fixture,
		"*2\r\n$1\r\n0\r\n*4\r\n$1\r\nx\r\n$1\r\ny\r\n$3\r\ne\x1f"
		"c\r\n$0\r\n\r\n",
		0));
	assert_true(loader_complete(fixture->loader));
	assert_int_equal(checks_count(fixture->core.checks), 0);
}

static void unexpected_replies_are_refused(void **state)
{
	static const char *const scans[] = {"-ERR x\r\n", ":1\r\n", "*1\r\n$1\r\n0\r\n",
		"*2\r\n$1\r\n0\r\n*1\r\n$1\r\nx\r\n", "*2\r\n:0\r\n*0\r\n",
		"*2\r\n$24\r\n000000000000000000000000\r\n*0\r\n"};
	struct fixture *fixture = *state;

	loader_begin(fixture->loader, 0);
	for (size_t i = 0; i < ARRAY_LENGTH(scans); i++) {
		assert_asks(fixture, "HSCAN httpbroker:n:states 0 COUNT 500 ");
		assert_false(receive(fixture, scans[i], 0));
	}
	assert_string_equal(fixture->why.text, "refuses HSCAN of the states: an odd answer");
	/* a key of another type contains no states */
	assert_asks(fixture, "HSCAN httpbroker:n:states 0 COUNT 500 ");
	assert_true(receive(fixture, "-WRONGTYPE x\r\n", 0));
	assert_true(loader_complete(fixture->loader));
}

static size_t found(struct fixture *fixture, const char *answer, nsec now)
{
	redisReply *reply = reply_of(answer, strlen(answer));
	const struct decode_context decode_context = decode_at(now);
	size_t unreadable = handover_read(&fixture->handover, reply, &decode_context);

	freeReplyObject(reply);
	return unreadable;
}

#define ONE "$45\r\n{\"entity\":\"e\",\"check\":\"7\",\"state\":\"critical\"}\r\n"
#define TWO "$39\r\n{\"entity\":\"e\",\"check\":\"7\",\"state\":\"ok\"}\r\n"

static void assert_pushed(struct fixture *fixture, int count)
{
	assert_int_equal(outbox_watermarks(fixture->core.outbox).pushes, count);
}

static void handed_over_items_are_applied_in_order_and_trimmed(void **state)
{
	struct fixture *fixture = *state;

	handover_begin(&fixture->handover, 0);
	assert_false(fixture->handover.caught_up);
	assert_true(handover_is_due(&fixture->handover, &fixture->core, 0));
	assert_int_equal(found(fixture, "*3\r\n" ONE "$1\r\nx\r\n" TWO, 0), 1);
	assert_false(handover_is_due(&fixture->handover, &fixture->core, 10 * SEC));
	handover_apply(&fixture->handover, &fixture->core, fixture->loader, at(0));
	assert_pushed(fixture, 2);
	/* all of them, with the unreadable ones; no further look before they are trimmed */
	assert_false(handover_is_due(&fixture->handover, &fixture->core, 10 * SEC));
	struct commit *commit = outbox_take(fixture->core.outbox, 0);
	assert_int_equal(commit->trim, 3);
	outbox_applied(fixture->core.outbox, commit);
	assert_true(handover_is_due(&fixture->handover, &fixture->core, 0));
	/* nothing older than events posted from now on */
	assert_int_equal(found(fixture, "*0\r\n", SEC), 0);
	assert_true(fixture->handover.caught_up);
	assert_false(handover_is_due(&fixture->handover, &fixture->core, 2 * SEC - 1));
	assert_true(handover_is_due(&fixture->handover, &fixture->core, 2 * SEC));
}

static void handed_over_items_wait_for_their_records(void **state)
{
	struct fixture *fixture = *state;

	loader_begin(fixture->loader, 0);
	handover_begin(&fixture->handover, 0);
	found(fixture, "*1\r\n" ONE, 0);
	handover_apply(&fixture->handover, &fixture->core, fixture->loader, at(0));
	assert_pushed(fixture, 0);
	assert_asks(fixture, "HMGET httpbroker:n:states e\x1f"
			     "7\n");
	assert_true(receive(fixture, "*1\r\n$-1\r\n", 0));
	handover_apply(&fixture->handover, &fixture->core, fixture->loader, at(0));
	assert_pushed(fixture, 1);
}

static void handed_over_deletions_apply_once_the_record_is_read(void **state)
{
	struct fixture *fixture = *state;
	struct buffer answer = {NULL, 0, 0};

	loader_begin(fixture->loader, 0);
	handover_begin(&fixture->handover, 0);
	found(fixture,
		"*1\r\n$49\r\n{\"entity\":\"e\",\"check\":\"7\",\"forgotten\":1795224000}\r\n", 0);
	handover_apply(&fixture->handover, &fixture->core, fixture->loader, at(0));
	assert_asks(fixture, "HMGET httpbroker:n:states e\x1f"
			     "7\n");
	buffer_append_text(&answer, "*1\r\n");
	value_append(&answer, 7);
	assert_true(receive_text(fixture, &answer, 0));
	assert_int_equal(checks_count(fixture->core.checks), 1);
	handover_apply(&fixture->handover, &fixture->core, fixture->loader, at(0));
	assert_int_equal(checks_count(fixture->core.checks), 0);
	struct commit *commit = outbox_take(fixture->core.outbox, 0);
	assert_int_equal(commit->forgets.count, 1);
	assert_int_equal(commit->trim, 1);
	assert_int_equal(commit->pushes.count, 0);
	outbox_applied(fixture->core.outbox, commit);
	buffer_free(&answer);
}

/* Its record was read before it was deleted in Redis. */
static void a_forgotten_check_does_not_come_back(void **state)
{
	struct fixture *fixture = *state;
	struct buffer events = {NULL, 0, 0}, records = {NULL, 0, 0};

	loader_begin(fixture->loader, 0);
	assert_asks(fixture, "HSCAN httpbroker:n:states 0 COUNT 500 ");
	receive_chunk(fixture, 5, 8, "77", 0);
	assert_true(engine_forget(fixture->core.engine, &wanted));
	assert_asks(fixture, "HSCAN httpbroker:n:states 77 COUNT 500 ");
	receive_chunk(fixture, 6, 9, "78", 0);
	assert_null(checks_find(fixture->core.checks, &wanted));
	/* nor by a request: it is known not to exist */
	assert_true(loader_knows(fixture->loader, fixture->core.checks, &wanted));
	outbox_drain(fixture->core.outbox, 0, &events, &records);
	assert_string_equal(records.data, "e\x1f"
					  "7\n-\n");
	assert_int_equal(outbox_recorded(fixture->core.outbox), 3);
	buffer_free(&events);
	buffer_free(&records);
}

/* Redis while it is read, and the reply not yet received. No other command is sent meanwhile; but
 * checks are accepted and deleted. */
struct store {
	struct fixture *fixture;
	unsigned seed;
	bool there[CHUNK];
	struct buffer answer; /* empty: no request */
	int cursor;           /* the cursor of HSCAN */
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

/* Returns some of them, at times with repetitions. */
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
		loader_command(store->fixture->loader, &store->fixture->keys, words);
	struct buffer fields = {NULL, 0, 0};

	if (strcmp(words[0], "HSCAN") == 0)
		scan_answer(store, (int)strtol(words[2], NULL, 10));
	else
		buffer_printf(&store->answer, "*%zu\r\n", list->count);
	for (const char *at = list != NULL ? resp_lines(list, &fields) : ""; *at != '\0';
		at = strchr(at, '\n') + 1) {
		int i = (int)strtol(strchr(at, '\x1f') + 1, NULL, 10);

		if (store->there[i])
			value_append(&store->answer, i);
		else
			buffer_append_text(&store->answer, "$-1\r\n");
	}
	buffer_free(&fields);
}

static void store_commit(struct store *store)
{
	struct commit *commit = outbox_take(store->fixture->core.outbox, 0);
	struct buffer lines = {NULL, 0, 0};

	if (commit == NULL)
		return;
	for (const char *at = resp_lines(&commit->forgets, &lines); *at != '\0';
		at = strchr(at, '\n') + 1)
		store->there[strtol(strchr(at, '\x1f') + 1, NULL, 10)] = false;
	commit_join_dependent(commit);
	for (const char *at = resp_lines(&commit->records, &lines); *at != '\0';
		at = strchr(strchr(at, '\n') + 1, '\n') + 1)
		store->there[strtol(strchr(at, '\x1f') + 1, NULL, 10)] = true;
	outbox_applied(store->fixture->core.outbox, commit);
	buffer_free(&lines);
}

/* A handed over deletion or event of a check. It waits until the check is loaded. */
static void store_apply(struct store *store, nsec now)
{
	struct fixture *fixture = store->fixture;
	int i = chance(store, CHUNK);
	struct prepared prepared;
	char text[16], check[16];
	const struct names names = names_of(i, text);

	if (!loader_knows(fixture->loader, fixture->core.checks, &names)) {
		loader_prefetch(fixture->loader, &names);
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
	store->forgotten += prepared.forgotten && checks_find(fixture->core.checks, &names) != NULL;
	engine_apply(fixture->core.engine, &prepared, at(now));
	prepared_free(&prepared);
}

static void store_step(struct store *store, nsec now)
{
	struct fixture *fixture = store->fixture;

	if (chance(store, 2) == 0)
		store_apply(store, now);
	if (chance(store, 200) == 0 && !loader_complete(fixture->loader)) {
		loader_interrupt(fixture->loader);
		buffer_clear(&store->answer);
	}
	if (chance(store, 3) > 0)
		return;
	if (store->answer.length > 0) {
		assert_true(receive_text(fixture, &store->answer, now));
		buffer_clear(&store->answer);
	} else if (!loader_complete(fixture->loader) && chance(store, 2) == 0) {
		store_ask(store);
	} else {
		store_commit(store);
	}
}

static void memory_and_redis_agree_in_the_end(void **state)
{
	struct store store = {.fixture = *state, .seed = seed_choose()};
	struct fixture *fixture = store.fixture;
	char text[16];

	for (int load = 0; load < 200; load++) {
		core_reset(&fixture->core, at(0));
		for (int i = 0; i < CHUNK; i++)
			store.there[i] = chance(&store, 4) > 0;
		loader_begin(fixture->loader, 0);
		while (!loader_complete(fixture->loader))
			store_step(&store, 0);
		while (!outbox_is_empty(fixture->core.outbox))
			store_commit(&store);
		size_t count = 0;
		for (int i = 0; i < CHUNK; i++) {
			const struct names names = names_of(i, text);

			assert_int_equal(
				checks_find(fixture->core.checks, &names) != NULL, store.there[i]);
			count += store.there[i];
		}
		assert_int_equal(outbox_recorded(fixture->core.outbox), count);
	}
	assert_true(store.forgotten > 100);
	buffer_free(&store.answer);
}

/* Returns the log output while `answer` is received. */
static void assert_logs(struct fixture *fixture, const char *answer, const char *expected)
{
	int before = dup(STDERR_FILENO), ends[2];
	char request[512] = "";

	assert_int_equal(pipe(ends), 0);
	dup2(ends[1], STDERR_FILENO);
	found(fixture, answer, 0);
	dup2(before, STDERR_FILENO);
	close(ends[1]);
	assert_true(read(ends[0], request, sizeof request - 1) > 0);
	assert_non_null(strstr(request, expected));
	close(ends[0]);
	close(before);
}

static void an_item_that_is_not_a_string_is_named(void **state)
{
	struct fixture *fixture = *state;

	assert_logs(fixture, "*1\r\n:7\r\n",
		"handed over cannot be read and is left out: it is no text\n");
	assert_logs(fixture, "*1\r\n$1\r\nx\r\n", "left out: its JSON, column 1:");
}

static void a_handover_key_of_another_type_is_logged_and_treated_as_empty(void **state)
{
	struct fixture *fixture = *state;

	handover_begin(&fixture->handover, 0);
	assert_int_equal(found(fixture, "-WRONGTYPE x\r\n", 0), 0);
	assert_true(fixture->handover.refused && fixture->handover.caught_up);
	assert_int_equal(found(fixture, "-WRONGTYPE x\r\n", SEC), 0);
	assert_true(fixture->handover.refused);
	assert_int_equal(found(fixture, "*1\r\n" ONE, 2 * SEC), 0);
	assert_false(fixture->handover.refused);
	handover_apply(&fixture->handover, &fixture->core, fixture->loader, at(2 * SEC));
	assert_pushed(fixture, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_loader_counts_the_records_then_scans_them),
		TEST(an_interrupted_load_causes_no_double_repeat),
		TEST(loaded_checks_are_repeated_evenly_over_the_interval),
		TEST(requested_records_are_loaded_first),
		TEST(a_record_is_not_a_handed_over_item),
		TEST(an_undelivered_event_of_a_record_is_pushed_at_once),
		TEST(unreadable_records_are_skipped),
		TEST(unexpected_replies_are_refused),
		TEST(handed_over_items_are_applied_in_order_and_trimmed),
		TEST(handed_over_items_wait_for_their_records),
		TEST(handed_over_deletions_apply_once_the_record_is_read),
		TEST(a_forgotten_check_does_not_come_back),
		TEST(memory_and_redis_agree_in_the_end),
		TEST(an_item_that_is_not_a_string_is_named),
		TEST(a_handover_key_of_another_type_is_logged_and_treated_as_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

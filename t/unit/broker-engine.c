/* SPDX-License-Identifier: MIT */
/* What is told when. Every test says what time it is. */
#include "t/unit/unit.h"

#include "httpbroker/checks/wheel.h"
#include "httpbroker/delivery/engine.h"
#include "httpbroker/delivery/record.h"
#include "httpbroker/limits.h"
#include "t/unit/broker-parts.h"

#include <stdlib.h>
#include <string.h>

#define INTERVAL (10 * NSEC_PER_SEC)
#define EPOCH 1795224000 /* the wall clock, in seconds, when the monotonic one shows 0 */

/* How many states there are besides those that a test adds itself. */
static size_t made_up_states;
size_t __real_checks_count(const struct checks *checks);
size_t __wrap_checks_count(const struct checks *checks);

size_t __wrap_checks_count(const struct checks *checks)
{
	return __real_checks_count(checks) + made_up_states;
}

struct pending {
	struct checks *checks;
	struct outbox *outbox;
	struct engine *engine;
	nsec set_back; /* how far the wall clock was set back since */
	struct buffer events, records;
};

static struct moment at(const struct pending *pending, double seconds)
{
	nsec monotonic = (nsec)(seconds * 1000) * NSEC_PER_MSEC;

	return (struct moment){EPOCH * NSEC_PER_SEC + monotonic - pending->set_back, monotonic};
}

static int pending_open(void **state)
{
	struct pending *pending = calloc(1, sizeof *pending);

	assert_non_null(pending);
	made_up_states = 0;
	pending->checks = checks_new(&(struct siphash_key){1, 2});
	pending->outbox = outbox_new();
	pending->engine = engine_new(pending->checks, pending->outbox, INTERVAL, at(pending, 0));
	*state = pending;
	return 0;
}

static int pending_close(void **state)
{
	struct pending *pending = *state;

	engine_free(pending->engine);
	outbox_free(pending->outbox);
	checks_free(pending->checks);
	buffer_free(&pending->events);
	buffer_free(&pending->records);
	free(pending);
	return 0;
}

/* Posts what `c` on `e` is, `age` seconds after it was so. */
static enum engine_result post(
	struct pending *pending, double seconds, enum state state, int age, int32_t ttl)
{
	struct moment now = at(pending, seconds);
	struct event event = event_plain("e", "c", state);
	struct prepared prepared;

	event.time = now.wall / NSEC_PER_SEC - age;
	event.ttl = ttl;
	prepared_make(&prepared, &event, 2, now);
	enum engine_result answer = engine_apply(pending->engine, &prepared, now);
	prepared_free(&prepared);
	return answer;
}

/* Does what is due then. */
static void turn(struct pending *pending, double seconds)
{
	engine_run(pending->engine, true, at(pending, seconds));
}

/* The word behind `"state":"`, and the seconds since EPOCH. */
static void tell_short(struct buffer *out, const char *line)
{
	const char *word = strstr(line, "\"state\":\"") + strlen("\"state\":\"");
	const char *time = strstr(line, "\"time\":") + strlen("\"time\":");

	buffer_printf(out, "%s%.*s@%ld", out->length > 0 ? " " : "", (int)strcspn(word, "\""), word,
		atol(time) - EPOCH);
}

/* What was told since the last look, such as `ok@0 UNKNOWN@30`, and how many records written. */
static void assert_told(struct pending *pending, const char *expected, int records)
{
	struct buffer told = {NULL, 0, 0};
	int lines = 0;

	outbox_drain(pending->outbox, 0, &pending->events, &pending->records);
	buffer_append(&told, "", 0);
	for (char *line = pending->events.data; *line != '\0'; line = strchr(line, '\n') + 1)
		tell_short(&told, line);
	for (const char *c = pending->records.data; *c != '\0'; c++)
		lines += *c == '\n';
	assert_string_equal(told.data, expected);
	assert_int_equal(lines, 2 * records);
	buffer_free(&told);
}

/* Turns at every tick from one time to the other. */
static void turn_from(struct pending *pending, int from, int to)
{
	for (nsec now = from * NSEC_PER_SEC; now < to * NSEC_PER_SEC; now += WHEEL_TICK)
		turn(pending, (double)now / NSEC_PER_SEC);
}

static void what_is_new_or_changed_is_told_at_once(void **state)
{
	struct pending *pending = *state;

	assert_int_equal(post(pending, 0, STATE_OK, 0, 300), ENGINE_APPLIED);
	assert_told(pending, "ok@0", 1);
	assert_int_equal(post(pending, 1, STATE_CRITICAL, 0, 300), ENGINE_APPLIED);
	assert_told(pending, "critical@1", 1);
	assert_int_equal(post(pending, 2, STATE_WARNING, 0, 300), ENGINE_APPLIED);
	assert_int_equal(post(pending, 2, STATE_OK, 0, 300), ENGINE_APPLIED);
	assert_int_equal(post(pending, 2, STATE_WARNING, 0, 300), ENGINE_APPLIED);
	assert_told(pending, "warning@2 ok@2 warning@2", 1); /* no change is folded away */
}

static void a_change_is_told_with_its_own_time(void **state)
{
	struct pending *pending = *state;

	post(pending, 5, STATE_OK, 2, 300);
	turn(pending, 15.5);
	assert_told(pending, "ok@3 ok@15", 1);
}

static void the_same_again_waits_for_its_repeat(void **state)
{
	struct pending *pending = *state;

	post(pending, 0, STATE_OK, 0, 300);
	assert_told(pending, "ok@0", 1);
	for (int second = 1; second < 10; second++)
		post(pending, second, STATE_OK, 0, 300);
	turn(pending, 9.99);
	assert_told(pending, "", 1);
	turn(pending, 10);
	assert_told(pending, "ok@10", 0);
}

static void repeats_are_one_interval_apart(void **state)
{
	struct pending *pending = *state;

	post(pending, 3, STATE_OK, 0, EVENT_TTL_NEVER);
	assert_told(pending, "ok@3", 1);
	turn_from(pending, 3, 64);
	assert_told(pending, "ok@13 ok@23 ok@33 ok@43 ok@53 ok@63", 0);
	post(pending, 65, STATE_WARNING, 0, EVENT_TTL_NEVER); /* a change begins anew */
	turn_from(pending, 65, 90);
	assert_told(pending, "warning@65 warning@75 warning@85", 1);
}

static void a_late_turn_makes_up_for_nothing_and_keeps_the_beat(void **state)
{
	struct pending *pending = *state;

	post(pending, 0, STATE_OK, 0, EVENT_TTL_NEVER);
	turn(pending, 47);
	turn(pending, 49.9);
	assert_told(pending, "ok@0 ok@47", 1);
	turn(pending, 50);
	assert_told(pending, "ok@50", 0);
}

static void repeats_nobody_can_hear_are_skipped(void **state)
{
	struct pending *pending = *state;

	post(pending, 0, STATE_OK, 0, EVENT_TTL_NEVER);
	assert_told(pending, "ok@0", 1);
	for (int second = 1; second < 35; second++)
		engine_run(pending->engine, false, at(pending, second));
	assert_told(pending, "", 0);
	turn(pending, 39.9);
	assert_told(pending, "", 0);
	turn(pending, 40);
	assert_told(pending, "ok@40", 0);
}

static void what_is_not_heard_of_goes_stale_within_a_tick(void **state)
{
	struct pending *pending = *state;

	post(pending, 0, STATE_OK, 2, 30); /* 28 s are left */
	turn(pending, 27.99);
	assert_told(pending, "ok@-2 ok@27", 1);
	assert_int_equal(engine_next(pending->engine, true), 28 * NSEC_PER_SEC);
	turn(pending, 28);
	assert_told(pending, "UNKNOWN@28", 1);
	assert_non_null(strstr(pending->records.data, " 30 unknown 28000 "));
	turn_from(pending, 28, 60);
	assert_told(pending, "UNKNOWN@38 UNKNOWN@48 UNKNOWN@58", 0);
	assert_non_null(strstr(pending->events.data, "stale (60s old, should be < 30s)"));
}

static void what_goes_stale_unheard_is_still_told(void **state)
{
	struct pending *pending = *state;

	post(pending, 0, STATE_OK, 0, 5);
	assert_told(pending, "ok@0", 1);
	engine_run(pending->engine, false, at(pending, 7));
	assert_told(pending, "UNKNOWN@7", 1);
}

static void what_comes_back_is_told_even_if_it_is_as_before(void **state)
{
	struct pending *pending = *state;

	post(pending, 0, STATE_OK, 0, 5);
	turn(pending, 5);
	assert_told(pending, "ok@0 UNKNOWN@5", 1);
	post(pending, 8, STATE_OK, 0, 5);
	assert_told(pending, "ok@8", 1);
	turn(pending, 12.99);
	assert_told(pending, "", 0);
	turn(pending, 13);
	assert_told(pending, "UNKNOWN@13", 1);
}

static void an_unknown_that_goes_stale_is_told_in_the_words_of_stale(void **state)
{
	struct pending *pending = *state;

	post(pending, 0, STATE_UNKNOWN, 0, 5);
	turn(pending, 5);
	assert_told(pending, "unknown@0 UNKNOWN@5", 1);
	post(pending, 8, STATE_UNKNOWN, 0, 20); /* to Flapjack it is the same */
	assert_told(pending, "", 1);
	turn(pending, 15);
	assert_told(pending, "unknown@15", 0);
}

static void a_stale_check_is_told_as_what_is_wanted(void **state)
{
	struct pending *pending = *state;

	engine_stale_state(pending->engine, STATE_CRITICAL);
	post(pending, 0, STATE_OK, 0, 5);
	turn(pending, 5);
	turn(pending, 15);
	assert_told(pending, "ok@0 CRITICAL@5 CRITICAL@15", 1);
	assert_non_null(strstr(pending->records.data, " 5 critical 5000 "));
	assert_non_null(strstr(pending->events.data, "stale (15s old, should be < 5s)"));
	post(pending, 16, STATE_CRITICAL, 0, 5); /* to Flapjack it is the same */
	assert_told(pending, "", 1);
	post(pending, 17, STATE_UNKNOWN, 0, 5);
	assert_told(pending, "unknown@17", 1);
	post(pending, 18, STATE_OK, 1, 1); /* over already */
	assert_told(pending, "CRITICAL@18", 1);
}

/* The same, of this fraction of a second. */
static void load_fraction(
	struct pending *pending, uint16_t fraction, int32_t ttl, const enum state *sent)
{
	struct event event = event_plain("e", "c", STATE_OK);
	struct prepared prepared;

	event.time = EPOCH;
	event.fraction = fraction;
	event.ttl = ttl;
	prepared_make(&prepared, &event, 2, at(pending, 10));
	assert_true(engine_load(pending->engine, &prepared, sent, at(pending, 10)));
	prepared_free(&prepared);
}

/* What is loaded at 10 s and was so at 0 s; NULL: that was not told. */
static void load(struct pending *pending, int32_t ttl, const enum state *sent)
{
	load_fraction(pending, 0, ttl, sent);
}

static void what_was_told_as_stale_before_a_restart_is_not_told_again(void **state)
{
	struct pending *pending = *state;

	engine_stale_state(pending->engine, STATE_WARNING);
	load(pending, 5, &(enum state){STATE_WARNING});
	assert_int_equal(post(pending, 10, STATE_OK, 9, 5), ENGINE_APPLIED);
	assert_told(pending, "", 1);
	turn(pending, 20);
	assert_told(pending, "WARNING@20", 0);
}

static void what_was_told_as_another_state_before_a_restart_is_told_at_once(void **state)
{
	struct pending *pending = *state;

	engine_stale_state(pending->engine, STATE_WARNING);
	load(pending, 5, &(enum state){STATE_UNKNOWN}); /* then --stale-state was another */
	turn(pending, 10);
	assert_told(pending, "WARNING@10", 1);
	assert_non_null(strstr(pending->records.data, " 5 warning 5000 "));
}

static void what_was_owed_before_a_restart_is_told_at_once(void **state)
{
	struct pending *pending = *state;

	load(pending, 300, NULL);
	assert_int_equal(post(pending, 10, STATE_OK, 0, 300), ENGINE_APPLIED);
	assert_told(pending, "ok@0", 1);
	assert_non_null(strstr(pending->records.data, " 300 ok "));
	turn_from(pending, 10, 25);
	assert_told(pending, "ok@20", 0);
}

static void and_as_stale_if_it_is_that(void **state)
{
	struct pending *pending = *state;

	load(pending, 5, NULL);
	turn_from(pending, 10, 25);
	assert_told(pending, "UNKNOWN@10 UNKNOWN@20", 1);
	assert_non_null(strstr(pending->records.data, " 5 unknown "));
}

/* Another broker has it handed over at 12 s: what `c` was. As it is read there, not as it was made.
 */
static enum engine_result hand(struct pending *pending, enum state state, int64_t time)
{
	const struct decode_context decode_context = {2, 0, at(pending, 12)};
	struct event event = event_plain("e", "c", state);
	struct buffer json = {NULL, 0, 0};
	struct prepared prepared;
	struct reason why;

	event.time = EPOCH + time;
	event.ttl = 300;
	prepared_make(&prepared, &event, 2, at(pending, 12));
	encode_stored(&json, &prepared);
	prepared_free(&prepared);
	assert_true(decode_event(
		&decode_context, (struct blob){json.data, json.length}, &prepared, &why));
	enum engine_result answer =
		engine_apply_handed(pending->engine, &prepared, at(pending, 12));
	prepared_free(&prepared);
	buffer_free(&json);
	return answer;
}

/* Its record is kept as it is until that was told. */
static void what_is_owed_waits_for_what_another_broker_hands_over(void **state)
{
	struct pending *pending = *state;

	engine_hold_until(pending->engine, 16 * NSEC_PER_SEC);
	load(pending, 300, NULL);
	turn_from(pending, 10, 12);
	assert_told(pending, "", 0);
	assert_int_equal(hand(pending, STATE_CRITICAL, -1), ENGINE_APPLIED);
	assert_int_equal(hand(pending, STATE_WARNING, 0), ENGINE_APPLIED);
	assert_told(pending, "critical@-1 warning@0", 0);
	for (unsigned i = 0; i < CHECKS_SHARDS; i++)
		engine_rewrite(pending->engine, i);
	assert_told(pending, "", 1);
	assert_non_null(strstr(pending->records.data, " 300 - "));
	assert_int_equal(hand(pending, STATE_OK, 0), ENGINE_APPLIED);
	assert_told(pending, "ok@0", 1);
	assert_non_null(strstr(pending->records.data, " 300 ok "));
	assert_int_equal(hand(pending, STATE_CRITICAL, 2), ENGINE_APPLIED);
	assert_told(pending, "critical@2", 1);
	turn_from(pending, 12, 20);
	assert_told(pending, "", 0);
}

static void but_not_for_long_nor_behind_what_is_newer(void **state)
{
	struct pending *pending = *state;

	engine_hold_until(pending->engine, 16 * NSEC_PER_SEC);
	load(pending, 300, NULL);
	turn_from(pending, 10, 16);
	assert_told(pending, "", 0);
	turn(pending, 16);
	assert_told(pending, "ok@0", 1);
	assert_int_equal(hand(pending, STATE_CRITICAL, -1), ENGINE_OLDER);
	assert_told(pending, "", 0);
}

static void what_is_owed_goes_before_what_is_newer(void **state)
{
	struct pending *pending = *state;

	engine_hold_until(pending->engine, 16 * NSEC_PER_SEC);
	load(pending, 300, NULL);
	assert_int_equal(post(pending, 11, STATE_CRITICAL, 0, 300), ENGINE_APPLIED);
	assert_told(pending, "ok@0 critical@11", 1);
	turn_from(pending, 11, 20);
	assert_told(pending, "", 0);
}

/* What `c` is, from now on named `c{x}`. */
static void post_renamed(struct pending *pending, double seconds, enum state state)
{
	struct moment now = at(pending, seconds);
	struct event event = event_plain("e", "c{x}", state);
	struct prepared prepared;

	event.time = now.wall / NSEC_PER_SEC;
	event.ttl = EVENT_TTL_NEVER;
	event.former_entity = text_literal("e");
	event.former_check = text_literal("c");
	prepared_make(&prepared, &event, 2, now);
	assert_int_equal(engine_apply(pending->engine, &prepared, now), ENGINE_APPLIED);
	prepared_free(&prepared);
}

static void a_former_name_is_set_ok_once_and_forgotten(void **state)
{
	struct pending *pending = *state;

	load(pending, EVENT_TTL_NEVER, &(enum state){STATE_CRITICAL});
	post_renamed(pending, 11, STATE_CRITICAL);
	assert_told(pending, "critical@11 ok@11", 2);
	assert_non_null(strstr(pending->events.data,
		"\"check\":\"c\",\"type\":\"service\",\"state\":\"ok\","
		"\"summary\":\"httpbroker: this check is now named c{x}\",\"time\":"));
	post_renamed(pending, 12, STATE_WARNING);
	assert_told(pending, "warning@12", 1);
	turn_from(pending, 12, 23);
	assert_told(pending, "warning@22", 1);
	assert_non_null(strstr(pending->records.data, "e\x1f"
						      "c\n-\n"));
	assert_int_equal(__real_checks_count(pending->checks), 1);
}

/* Of several that had the same name, the first ends it. */
static void only_what_was_loaded_is_a_former_name(void **state)
{
	struct pending *pending = *state;

	post_renamed(pending, 1, STATE_CRITICAL);
	assert_told(pending, "critical@1", 1);
	assert_int_equal(__real_checks_count(pending->checks), 1);
	load(pending, EVENT_TTL_NEVER, &(enum state){STATE_CRITICAL});
	post_renamed(pending, 11, STATE_CRITICAL); /* not for the first time */
	assert_told(pending, "", 1);
}

static void a_former_name_that_was_heard_of_is_another_check(void **state)
{
	struct pending *pending = *state;

	load(pending, EVENT_TTL_NEVER, &(enum state){STATE_CRITICAL});
	assert_int_equal(post(pending, 10, STATE_CRITICAL, 0, 300), ENGINE_APPLIED);
	post_renamed(pending, 11, STATE_CRITICAL);
	assert_told(pending, "critical@11", 2);
	assert_int_equal(__real_checks_count(pending->checks), 2);
}

/* An alert without further labels is named so by this version, too. */
static void what_this_version_has_written_is_no_former_name(void **state)
{
	struct pending *pending = *state;

	load_fraction(pending, 1, EVENT_TTL_NEVER, &(enum state){STATE_CRITICAL});
	post_renamed(pending, 11, STATE_CRITICAL);
	assert_told(pending, "critical@11", 1);
	assert_int_equal(__real_checks_count(pending->checks), 2);
}

static void a_former_name_that_is_heard_of_again_goes_on(void **state)
{
	struct pending *pending = *state;

	load(pending, EVENT_TTL_NEVER, &(enum state){STATE_CRITICAL});
	post_renamed(pending, 11, STATE_CRITICAL);
	assert_int_equal(post(pending, 12, STATE_WARNING, 0, 300), ENGINE_APPLIED);
	assert_told(pending, "critical@11 ok@11 warning@12", 2);
	turn_from(pending, 12, 23);
	assert_told(pending, "critical@21 warning@22", 0);
}

static void what_is_stale_for_long_is_forgotten(void **state)
{
	struct pending *pending = *state;

	engine_forget_after(pending->engine, 20 * NSEC_PER_SEC);
	post(pending, 0, STATE_OK, 0, 5);
	turn_from(pending, 0, 25);
	assert_told(pending, "ok@0 UNKNOWN@5 UNKNOWN@15", 1);
	turn(pending, 25);
	assert_told(pending, "", 1);
	assert_string_equal(pending->records.data, "e\x1f"
						   "c\n-\n");
	assert_int_equal(__real_checks_count(pending->checks), 0);
	turn_from(pending, 25, 60);
	assert_told(pending, "", 0);
	assert_int_equal(post(pending, 60, STATE_OK, 58, 300), ENGINE_APPLIED); /* it is new */
	assert_told(pending, "ok@2", 1);
}

static void what_comes_back_or_never_goes_stale_is_not_forgotten(void **state)
{
	struct pending *pending = *state;

	engine_forget_after(pending->engine, 20 * NSEC_PER_SEC);
	post(pending, 0, STATE_OK, 0, 5);
	turn_from(pending, 0, 24);
	post(pending, 24, STATE_OK, 0, EVENT_TTL_NEVER);
	turn(pending, 1000);
	assert_told(pending, "ok@0 UNKNOWN@5 UNKNOWN@15 ok@24 ok@1000", 1);
}

static void what_is_long_stale_is_forgotten_though_nobody_listens(void **state)
{
	struct pending *pending = *state;

	engine_forget_after(pending->engine, 20 * NSEC_PER_SEC);
	load(pending, 5, &(enum state){STATE_UNKNOWN});
	engine_run(pending->engine, false, at(pending, 24.99));
	assert_told(pending, "", 0);
	engine_run(pending->engine, false, at(pending, 35)); /* its repeat is before that */
	assert_told(pending, "", 1);
	assert_int_equal(__real_checks_count(pending->checks), 0);
}

static void nothing_is_forgotten_before_it_was_told_as_stale(void **state)
{
	struct pending *pending = *state;

	engine_forget_after(pending->engine, 20 * NSEC_PER_SEC);
	load(pending, 5, &(enum state){STATE_OK});
	turn(pending, 100);
	assert_told(pending, "UNKNOWN@100", 1);
	turn(pending, 110);
	assert_told(pending, "", 1);
	assert_int_equal(__real_checks_count(pending->checks), 0);
}

static void what_is_stale_when_it_comes_is_told_as_that(void **state)
{
	struct pending *pending = *state;

	assert_int_equal(post(pending, 0, STATE_OK, 400, 300), ENGINE_APPLIED);
	assert_told(pending, "UNKNOWN@0", 1);
	assert_int_equal(post(pending, 1, STATE_CRITICAL, 399, 300), ENGINE_APPLIED);
	assert_told(pending, "", 1);
	turn(pending, 10);
	assert_told(pending, "UNKNOWN@10", 0);
}

static void an_event_may_renew_what_another_ended(void **state)
{
	struct pending *pending = *state;

	post(pending, 0, STATE_OK, 0, 300);
	post(pending, 1, STATE_OK, 0, 3); /* now it ends at 4 s already */
	turn(pending, 3.99);
	assert_told(pending, "ok@0", 1);
	turn(pending, 4);
	assert_told(pending, "UNKNOWN@4", 1);
}

static void never_stale_is_never_stale(void **state)
{
	struct pending *pending = *state;

	post(pending, 0, STATE_CRITICAL, 1000000, EVENT_TTL_NEVER);
	assert_told(pending, "critical@-1000000", 1);
	turn(pending, 100000);
	assert_told(pending, "critical@100000", 0);
}

static void the_newest_event_wins(void **state)
{
	struct pending *pending = *state;

	post(pending, 10, STATE_OK, 0, 300);
	assert_told(pending, "ok@10", 1);
	assert_int_equal(post(pending, 11, STATE_CRITICAL, 2, 300), ENGINE_OLDER);
	assert_told(pending, "", 0);
	assert_int_equal(post(pending, 11, STATE_CRITICAL, 1, 300), ENGINE_APPLIED);
	assert_told(pending, "critical@10", 1);
}

static void what_is_cached_from_the_future_beats_nothing(void **state)
{
	struct pending *pending = *state;

	post(pending, 10, STATE_OK, 0, 300);
	pending->set_back = 3600 * NSEC_PER_SEC;
	assert_int_equal(post(pending, 11, STATE_CRITICAL, 5, 300), ENGINE_APPLIED);
	assert_told(pending, "ok@10 critical@-3594", 1);
	assert_int_equal(post(pending, 12, STATE_OK, 100, 300), ENGINE_OLDER);
}

static void setting_the_clock_makes_nothing_stale(void **state)
{
	struct pending *pending = *state;

	post(pending, 0, STATE_OK, 0, 30);
	pending->set_back = -86400 * NSEC_PER_SEC;
	turn(pending, 29.99);
	assert_told(pending, "ok@0 ok@86429", 1);
	pending->set_back = 86400 * NSEC_PER_SEC;
	turn(pending, 30);
	assert_told(pending, "UNKNOWN@-86370", 1);
	assert_non_null(strstr(pending->events.data, "(30s old, should be < 30s)"));
}

static void an_acknowledgement_passes_once_and_is_no_state(void **state)
{
	struct pending *pending = *state;

	post(pending, 0, STATE_ACKNOWLEDGEMENT, 0, 300);
	assert_int_equal(checks_count(pending->checks), 0);
	assert_int_equal(engine_next(pending->engine, true), NSEC_NEVER);
	post(pending, 0, STATE_CRITICAL, 0, 300);
	post(pending, 1, STATE_ACKNOWLEDGEMENT, 0, 300);
	post(pending, 2, STATE_TEST_NOTIFICATIONS, 9, 300);
	assert_told(
		pending, "acknowledgement@0 critical@0 acknowledgement@1 test_notifications@-7", 1);
	turn(pending, 10);
	assert_told(pending, "critical@10", 0);
}

static bool forget(struct pending *pending, const char *entity, const char *check)
{
	char text[32];
	int length = snprintf(text, sizeof text, "%s:%s", entity, check);
	const struct names names = {text, (uint16_t)length, (uint16_t)strlen(entity)};

	return engine_forget(pending->engine, &names);
}

static void what_is_forgotten_is_not_told_of_again(void **state)
{
	struct pending *pending = *state;

	post(pending, 0, STATE_OK, 0, 30);
	assert_told(pending, "ok@0", 1);
	assert_false(forget(pending, "e", "d"));
	assert_true(forget(pending, "e", "c"));
	assert_false(forget(pending, "e", "c"));
	assert_int_equal(checks_count(pending->checks), 0);
	turn_from(pending, 0, 60);
	assert_told(pending, "", 1);
	assert_string_equal(pending->records.data, "e\x1f"
						   "c\n-\n");
	assert_int_equal(engine_next(pending->engine, true), NSEC_NEVER);
	assert_int_equal(post(pending, 61, STATE_OK, 50, 300), ENGINE_APPLIED); /* older, but new */
	assert_told(pending, "ok@11", 1);
}

/* The same, of this millisecond of EPOCH's second; -1: only the second is known. */
static enum engine_result post_exactly(
	struct pending *pending, enum state state, int millis, bool handed)
{
	struct event event = event_plain("e", "c", state);
	struct prepared prepared;

	event.time = EPOCH;
	event.fraction = (uint16_t)(millis + 1);
	prepared_make(&prepared, &event, 2, at(pending, 5));
	prepared.handed = handed;
	enum engine_result answer = engine_apply(pending->engine, &prepared, at(pending, 5));
	prepared_free(&prepared);
	return answer;
}

static void within_a_second_the_millisecond_decides_if_both_know_it(void **state)
{
	struct pending *pending = *state;

	assert_int_equal(post_exactly(pending, STATE_OK, 500, false), ENGINE_APPLIED);
	assert_int_equal(post_exactly(pending, STATE_CRITICAL, 499, false), ENGINE_OLDER);
	assert_int_equal(post_exactly(pending, STATE_WARNING, 500, false), ENGINE_APPLIED);
	assert_int_equal(post_exactly(pending, STATE_OK, -1, false), ENGINE_APPLIED);
	assert_int_equal(post_exactly(pending, STATE_CRITICAL, 0, false), ENGINE_APPLIED);
	assert_told(pending, "ok@0 warning@0 ok@0 critical@0", 1);
}

static void what_was_posted_here_beats_what_is_handed_over_unless_that_is_newer(void **state)
{
	struct pending *pending = *state;

	post_exactly(pending, STATE_OK, 500, false);
	assert_int_equal(post_exactly(pending, STATE_CRITICAL, -1, true), ENGINE_OLDER);
	assert_int_equal(post_exactly(pending, STATE_CRITICAL, 499, true), ENGINE_OLDER);
	assert_int_equal(post_exactly(pending, STATE_CRITICAL, 500, true), ENGINE_OLDER);
	assert_int_equal(post_exactly(pending, STATE_CRITICAL, 501, true), ENGINE_APPLIED);
	/* those that are handed over are in order among themselves */
	assert_int_equal(post_exactly(pending, STATE_WARNING, -1, true), ENGINE_APPLIED);
	assert_int_equal(post_exactly(pending, STATE_OK, -1, true), ENGINE_APPLIED);
	assert_told(pending, "ok@0 critical@0 warning@0 ok@0", 1);
}

/* The one that hands over had written that record before. */
static void what_is_handed_over_follows_what_was_loaded(void **state)
{
	struct pending *pending = *state;
	struct event event = event_plain("e", "c", STATE_OK);
	const enum state sent = STATE_OK;
	struct prepared prepared;

	event.time = EPOCH;
	prepared_make(&prepared, &event, 2, at(pending, 4));
	assert_true(engine_load(pending->engine, &prepared, &sent, at(pending, 4)));
	prepared_free(&prepared);
	assert_int_equal(post_exactly(pending, STATE_CRITICAL, -1, true), ENGINE_APPLIED);
	assert_int_equal(post_exactly(pending, STATE_OK, 5, true), ENGINE_APPLIED);
	assert_told(pending, "critical@0 ok@0", 1);
}

static enum engine_result post_forgotten(struct pending *pending, double seconds, int64_t time)
{
	struct prepared prepared;

	prepared_make_forgotten(
		&prepared, text_literal("e"), text_literal("c"), (struct instant){time, 0});
	enum engine_result answer = engine_apply(pending->engine, &prepared, at(pending, seconds));
	prepared_free(&prepared);
	return answer;
}

static void what_was_to_be_forgotten_is_unless_it_is_newer(void **state)
{
	struct pending *pending = *state;

	assert_int_equal(
		post_forgotten(pending, 0, EPOCH), ENGINE_APPLIED); /* it is unknown already */
	post(pending, 10, STATE_OK, 0, 30);
	assert_told(pending, "ok@10", 1);
	assert_int_equal(post_forgotten(pending, 11, EPOCH + 9), ENGINE_OLDER);
	assert_int_equal(checks_count(pending->checks), 1);
	/* no matter how much waits */
	outbox_limit(pending->outbox, 0);
	assert_int_equal(post_forgotten(pending, 11, EPOCH + 10), ENGINE_APPLIED);
	assert_int_equal(checks_count(pending->checks), 0);
	assert_told(pending, "", 1);
	outbox_limit(pending->outbox, 10);
	/* what was heard of in the future is not newer */
	post(pending, 20, STATE_OK, 0, 30);
	pending->set_back = 15 * NSEC_PER_SEC;
	assert_int_equal(post_forgotten(pending, 21, EPOCH + 6), ENGINE_APPLIED);
	assert_int_equal(checks_count(pending->checks), 0);
}

static void what_is_due_may_be_forgotten(void **state)
{
	struct pending *pending = *state;

	post(pending, 0, STATE_OK, 0, 30);
	post(pending, 0, STATE_ACKNOWLEDGEMENT, 0, 30);
	assert_told(pending, "ok@0 acknowledgement@0", 1);
	for (int i = 0; i < 1000; i++)
		resp_add_text(outbox_push(pending->outbox), "{\"state\":\"x\",\"time\":0}");
	turn(pending, 40); /* the commit is full: it stays with those that are due */
	assert_true(forget(pending, "e", "c"));
	outbox_applied(pending->outbox, outbox_take(pending->outbox, 0));
	turn(pending, 41);
	assert_told(pending, "", 0);
}

static void beyond_a_million_states_only_known_ones_are_taken(void **state)
{
	struct pending *pending = *state;

	made_up_states = LIMIT_STATES;
	assert_int_equal(post(pending, 0, STATE_OK, 0, 300), ENGINE_FULL);
	assert_told(pending, "", 0);
	made_up_states = LIMIT_STATES - 1;
	assert_int_equal(post(pending, 0, STATE_OK, 0, 300), ENGINE_APPLIED);
	assert_int_equal(post(pending, 1, STATE_CRITICAL, 0, 300), ENGINE_APPLIED);
	assert_told(pending, "ok@0 critical@1", 1);
}

static void beyond_what_may_wait_nothing_is_taken(void **state)
{
	struct pending *pending = *state;

	for (int i = 0; i < LIMIT_PENDING; i++)
		assert_int_equal(post(pending, 0, i % 2 == 0 ? STATE_OK : STATE_CRITICAL, 0, 300),
			ENGINE_APPLIED);
	assert_int_equal(post(pending, 1, STATE_OK, 0, 300), ENGINE_FULL);
	assert_int_equal(post(pending, 1, STATE_ACKNOWLEDGEMENT, 0, 300), ENGINE_FULL);
	assert_int_equal(outbox_watermarks(pending->outbox).pushes, LIMIT_PENDING);
	outbox_applied(pending->outbox, outbox_take(pending->outbox, 0));
	assert_int_equal(post(pending, 2, STATE_OK, 0, 300), ENGINE_APPLIED);
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, pending_open, pending_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(what_is_new_or_changed_is_told_at_once),
		DESK_TEST(a_change_is_told_with_its_own_time),
		DESK_TEST(the_same_again_waits_for_its_repeat),
		DESK_TEST(repeats_are_one_interval_apart),
		DESK_TEST(a_late_turn_makes_up_for_nothing_and_keeps_the_beat),
		DESK_TEST(repeats_nobody_can_hear_are_skipped),
		DESK_TEST(what_is_not_heard_of_goes_stale_within_a_tick),
		DESK_TEST(what_goes_stale_unheard_is_still_told),
		DESK_TEST(what_comes_back_is_told_even_if_it_is_as_before),
		DESK_TEST(an_unknown_that_goes_stale_is_told_in_the_words_of_stale),
		DESK_TEST(a_stale_check_is_told_as_what_is_wanted),
		DESK_TEST(what_was_told_as_stale_before_a_restart_is_not_told_again),
		DESK_TEST(what_was_told_as_another_state_before_a_restart_is_told_at_once),
		DESK_TEST(what_was_owed_before_a_restart_is_told_at_once),
		DESK_TEST(what_is_owed_waits_for_what_another_broker_hands_over),
		DESK_TEST(but_not_for_long_nor_behind_what_is_newer),
		DESK_TEST(what_is_owed_goes_before_what_is_newer),
		DESK_TEST(and_as_stale_if_it_is_that),
		DESK_TEST(a_former_name_is_set_ok_once_and_forgotten),
		DESK_TEST(only_what_was_loaded_is_a_former_name),
		DESK_TEST(a_former_name_that_was_heard_of_is_another_check),
		DESK_TEST(what_this_version_has_written_is_no_former_name),
		DESK_TEST(a_former_name_that_is_heard_of_again_goes_on),
		DESK_TEST(what_is_stale_for_long_is_forgotten),
		DESK_TEST(what_comes_back_or_never_goes_stale_is_not_forgotten),
		DESK_TEST(what_is_long_stale_is_forgotten_though_nobody_listens),
		DESK_TEST(nothing_is_forgotten_before_it_was_told_as_stale),
		DESK_TEST(what_is_stale_when_it_comes_is_told_as_that),
		DESK_TEST(an_event_may_renew_what_another_ended),
		DESK_TEST(never_stale_is_never_stale),
		DESK_TEST(the_newest_event_wins),
		DESK_TEST(what_is_cached_from_the_future_beats_nothing),
		DESK_TEST(setting_the_clock_makes_nothing_stale),
		DESK_TEST(an_acknowledgement_passes_once_and_is_no_state),
		DESK_TEST(what_is_forgotten_is_not_told_of_again),
		DESK_TEST(within_a_second_the_millisecond_decides_if_both_know_it),
		DESK_TEST(what_was_posted_here_beats_what_is_handed_over_unless_that_is_newer),
		DESK_TEST(what_is_handed_over_follows_what_was_loaded),
		DESK_TEST(what_was_to_be_forgotten_is_unless_it_is_newer),
		DESK_TEST(what_is_due_may_be_forgotten),
		DESK_TEST(beyond_a_million_states_only_known_ones_are_taken),
		DESK_TEST(beyond_what_may_wait_nothing_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

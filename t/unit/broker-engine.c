/* SPDX-License-Identifier: MIT */
/* When the engine pushes events. The time is an argument. */
#include "t/unit/unit.h"

#include "httpbroker/checks/wheel.h"
#include "httpbroker/delivery/accepted.h"
#include "httpbroker/delivery/engine.h"
#include "httpbroker/delivery/record.h"
#include "httpbroker/limits.h"
#include "t/unit/broker-parts.h"

#include <stdlib.h>
#include <string.h>

#define INTERVAL (10 * NSEC_PER_SEC)
#define EPOCH 1795224000 /* the wall clock, in seconds, when the monotonic one shows 0 */

/* The number of states besides those added by a test. */
static size_t made_up_states;
size_t __real_checks_count(const struct checks *checks);
size_t __wrap_checks_count(const struct checks *checks);

size_t __wrap_checks_count(const struct checks *checks)
{
	return __real_checks_count(checks) + made_up_states;
}

struct fixture {
	struct checks *checks;
	struct outbox *outbox;
	struct engine *engine;
	struct engine_settings settings;
	nsec set_back; /* total offset by which the wall clock was set back */
	struct buffer events, records;
};

static struct moment at(const struct fixture *fixture, double seconds)
{
	nsec monotonic = (nsec)(seconds * 1000) * NSEC_PER_MSEC;

	return (struct moment){EPOCH * NSEC_PER_SEC + monotonic - fixture->set_back, monotonic};
}

static int fixture_open(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	assert_non_null(fixture);
	made_up_states = 0;
	fixture->checks = checks_new(&(struct siphash_key){1, 2});
	fixture->outbox = outbox_new();
	fixture->settings = (struct engine_settings){.interval = INTERVAL,
		.max_checks = LIMIT_STATES,
		.stale_as = STATE_UNKNOWN,
		.forget_after = NSEC_NEVER};
	fixture->engine =
		engine_new(fixture->checks, fixture->outbox, &fixture->settings, at(fixture, 0));
	*state = fixture;
	return 0;
}

static int fixture_close(void **state)
{
	struct fixture *fixture = *state;

	engine_free(fixture->engine);
	outbox_free(fixture->outbox);
	checks_free(fixture->checks);
	buffer_free(&fixture->events);
	buffer_free(&fixture->records);
	free(fixture);
	return 0;
}

/* Posts a state of `c` on `e` with a time `age` seconds ago. */
static enum engine_result post(
	struct fixture *fixture, double seconds, enum state state, int age, int32_t ttl)
{
	struct moment now = at(fixture, seconds);
	struct event event = event_plain("e", "c", state);
	struct prepared prepared;

	event.time = now.wall / NSEC_PER_SEC - age;
	event.ttl = ttl;
	prepared_make(&prepared, &event, 2, now);
	enum engine_result answer = engine_apply(fixture->engine, &prepared, now);
	prepared_free(&prepared);
	return answer;
}

/* A ping: the start of a run with this limit, or the end of one. */
static enum engine_result ping(
	struct fixture *fixture, double seconds, bool starts, int32_t limit, uint32_t id)
{
	struct moment now = at(fixture, seconds);
	struct event event = event_plain("e", "c", STATE_OK);
	struct prepared prepared;

	event.time = now.wall / NSEC_PER_SEC;
	event.fraction = 1;
	if (starts) {
		prepared_make_start(&prepared, &event, (struct run){limit, id, 0}, 2, now);
	} else {
		prepared_make(&prepared, &event, 2, now);
		prepared.run.id = id;
	}
	enum engine_result answer = engine_apply(fixture->engine, &prepared, now);
	prepared_free(&prepared);
	return answer;
}

/* Runs the engine at this time. */
static void turn(struct fixture *fixture, double seconds)
{
	engine_run(fixture->engine, true, at(fixture, seconds));
}

/* The word behind `"state":"`, and the seconds since EPOCH. */
static void append_short_event(struct buffer *out, const char *line)
{
	const char *word = strstr(line, "\"state\":\"") + strlen("\"state\":\"");
	const char *time = strstr(line, "\"time\":") + strlen("\"time\":");

	buffer_printf(out, "%s%.*s@%ld", out->length > 0 ? " " : "", (int)strcspn(word, "\""), word,
		strtol(time, NULL, 10) - EPOCH);
}

/* Compares the events pushed since the last call, such as `ok@0 UNKNOWN@30`, and the number of
 * records. */
static void assert_pushed(struct fixture *fixture, const char *expected, int records)
{
	struct buffer pushed = {NULL, 0, 0};
	int lines = 0;

	outbox_drain(fixture->outbox, 0, &fixture->events, &fixture->records);
	buffer_append(&pushed, "", 0);
	for (char *line = fixture->events.data; *line != '\0'; line = strchr(line, '\n') + 1)
		append_short_event(&pushed, line);
	for (const char *c = fixture->records.data; *c != '\0'; c++)
		lines += *c == '\n';
	assert_string_equal(pushed.data, expected);
	assert_int_equal(lines, 2 * records);
	buffer_free(&pushed);
}

/* Runs the engine at every tick between two times. */
static void turn_from(struct fixture *fixture, int from, int to)
{
	for (nsec now = from * NSEC_PER_SEC; now < to * NSEC_PER_SEC; now += WHEEL_TICK)
		turn(fixture, (double)now / NSEC_PER_SEC);
}

static void a_new_or_changed_check_is_pushed_at_once(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(post(fixture, 0, STATE_OK, 0, 300), ENGINE_APPLIED);
	assert_pushed(fixture, "ok@0", 1);
	assert_int_equal(post(fixture, 1, STATE_CRITICAL, 0, 300), ENGINE_APPLIED);
	assert_pushed(fixture, "critical@1", 1);
	assert_int_equal(post(fixture, 2, STATE_WARNING, 0, 300), ENGINE_APPLIED);
	assert_int_equal(post(fixture, 2, STATE_OK, 0, 300), ENGINE_APPLIED);
	assert_int_equal(post(fixture, 2, STATE_WARNING, 0, 300), ENGINE_APPLIED);
	assert_pushed(fixture, "warning@2 ok@2 warning@2", 1); /* no change is merged */
}

static void a_change_is_pushed_with_its_own_time(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, 5, STATE_OK, 2, 300);
	turn(fixture, 15.5);
	assert_pushed(fixture, "ok@3 ok@15", 1);
}

static void an_unchanged_state_waits_for_its_repeat(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, 0, STATE_OK, 0, 300);
	assert_pushed(fixture, "ok@0", 1);
	for (int second = 1; second < 10; second++)
		post(fixture, second, STATE_OK, 0, 300);
	turn(fixture, 9.99);
	assert_pushed(fixture, "", 1);
	turn(fixture, 10);
	assert_pushed(fixture, "ok@10", 0);
}

static void repeats_are_one_interval_apart(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, 3, STATE_OK, 0, EVENT_TTL_NEVER);
	assert_pushed(fixture, "ok@3", 1);
	turn_from(fixture, 3, 64);
	assert_pushed(fixture, "ok@13 ok@23 ok@33 ok@43 ok@53 ok@63", 0);
	post(fixture, 65, STATE_WARNING, 0, EVENT_TTL_NEVER); /* a change begins anew */
	turn_from(fixture, 65, 90);
	assert_pushed(fixture, "warning@65 warning@75 warning@85", 1);
}

static void a_late_run_skips_missed_repeats_and_keeps_the_phase(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, 0, STATE_OK, 0, EVENT_TTL_NEVER);
	turn(fixture, 47);
	turn(fixture, 49.9);
	assert_pushed(fixture, "ok@0 ok@47", 1);
	turn(fixture, 50);
	assert_pushed(fixture, "ok@50", 0);
}

static void repeats_are_skipped_while_redis_is_away(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, 0, STATE_OK, 0, EVENT_TTL_NEVER);
	assert_pushed(fixture, "ok@0", 1);
	for (int second = 1; second < 35; second++)
		engine_run(fixture->engine, false, at(fixture, second));
	assert_pushed(fixture, "", 0);
	turn(fixture, 39.9);
	assert_pushed(fixture, "", 0);
	turn(fixture, 40);
	assert_pushed(fixture, "ok@40", 0);
}

static void a_check_without_events_goes_stale_within_a_tick(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, 0, STATE_OK, 2, 30); /* 28 s are left */
	turn(fixture, 27.99);
	assert_pushed(fixture, "ok@-2 ok@27", 1);
	assert_int_equal(engine_next(fixture->engine, true), 28 * NSEC_PER_SEC);
	turn(fixture, 28);
	assert_pushed(fixture, "UNKNOWN@28", 1);
	assert_non_null(strstr(fixture->records.data, " 30 unknown 28000 "));
	turn_from(fixture, 28, 60);
	assert_pushed(fixture, "UNKNOWN@38 UNKNOWN@48 UNKNOWN@58", 0);
	assert_non_null(strstr(fixture->events.data, "stale (60s old, should be < 30s)"));
}

static void a_check_that_goes_stale_during_an_outage_is_pushed_later(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, 0, STATE_OK, 0, 5);
	assert_pushed(fixture, "ok@0", 1);
	engine_run(fixture->engine, false, at(fixture, 7));
	assert_pushed(fixture, "UNKNOWN@7", 1);
}

static void a_stale_check_that_returns_is_pushed_even_if_unchanged(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, 0, STATE_OK, 0, 5);
	turn(fixture, 5);
	assert_pushed(fixture, "ok@0 UNKNOWN@5", 1);
	post(fixture, 8, STATE_OK, 0, 5);
	assert_pushed(fixture, "ok@8", 1);
	turn(fixture, 12.99);
	assert_pushed(fixture, "", 0);
	turn(fixture, 13);
	assert_pushed(fixture, "UNKNOWN@13", 1);
}

static void an_unknown_check_that_goes_stale_gets_the_stale_summary(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, 0, STATE_UNKNOWN, 0, 5);
	turn(fixture, 5);
	assert_pushed(fixture, "unknown@0 UNKNOWN@5", 1);
	post(fixture, 8, STATE_UNKNOWN, 0, 20); /* to Flapjack it is the same */
	assert_pushed(fixture, "", 1);
	turn(fixture, 15);
	assert_pushed(fixture, "unknown@15", 0);
}

static void a_stale_check_is_pushed_with_the_configured_state(void **state)
{
	struct fixture *fixture = *state;

	fixture->settings.stale_as = STATE_CRITICAL;
	post(fixture, 0, STATE_OK, 0, 5);
	turn(fixture, 5);
	turn(fixture, 15);
	assert_pushed(fixture, "ok@0 CRITICAL@5 CRITICAL@15", 1);
	assert_non_null(strstr(fixture->records.data, " 5 critical 5000 "));
	assert_non_null(strstr(fixture->events.data, "stale (15s old, should be < 5s)"));
	post(fixture, 16, STATE_CRITICAL, 0, 5); /* to Flapjack it is the same */
	assert_pushed(fixture, "", 1);
	post(fixture, 17, STATE_UNKNOWN, 0, 5);
	assert_pushed(fixture, "unknown@17", 1);
	post(fixture, 18, STATE_OK, 1, 1); /* over already */
	assert_pushed(fixture, "CRITICAL@18", 1);
}

/* The same, of this fraction of a second. */
static void load_fraction(
	struct fixture *fixture, uint16_t fraction, int32_t ttl, const enum state *sent)
{
	struct event event = event_plain("e", "c", STATE_OK);
	struct prepared prepared;

	event.time = EPOCH;
	event.fraction = fraction;
	event.ttl = ttl;
	prepared_make(&prepared, &event, 2, at(fixture, 10));
	assert_true(engine_load(fixture->engine, &prepared, sent, at(fixture, 10)));
	prepared_free(&prepared);
}

/* Loads at 10 s a record of 0 s with its pushed state; NULL: not pushed. */
static void load(struct fixture *fixture, int32_t ttl, const enum state *sent)
{
	load_fraction(fixture, 0, ttl, sent);
}

static void a_stale_state_is_not_pushed_again_after_a_restart(void **state)
{
	struct fixture *fixture = *state;

	fixture->settings.stale_as = STATE_WARNING;
	load(fixture, 5, &(enum state){STATE_WARNING});
	assert_int_equal(post(fixture, 10, STATE_OK, 9, 5), ENGINE_APPLIED);
	assert_pushed(fixture, "", 1);
	turn(fixture, 20);
	assert_pushed(fixture, "WARNING@20", 0);
}

static void a_new_stale_state_is_pushed_at_once_after_a_restart(void **state)
{
	struct fixture *fixture = *state;

	fixture->settings.stale_as = STATE_WARNING;
	load(fixture, 5, &(enum state){STATE_UNKNOWN}); /* then --stale-state was another */
	turn(fixture, 10);
	assert_pushed(fixture, "WARNING@10", 1);
	assert_non_null(strstr(fixture->records.data, " 5 warning 5000 "));
}

static void an_undelivered_event_is_pushed_at_once_after_a_restart(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, 300, NULL);
	assert_int_equal(post(fixture, 10, STATE_OK, 0, 300), ENGINE_APPLIED);
	assert_pushed(fixture, "ok@0", 1);
	assert_non_null(strstr(fixture->records.data, " 300 ok "));
	turn_from(fixture, 10, 25);
	assert_pushed(fixture, "ok@20", 0);
}

static void an_undelivered_event_that_is_stale_is_pushed_as_stale(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, 5, NULL);
	turn_from(fixture, 10, 25);
	assert_pushed(fixture, "UNKNOWN@10 UNKNOWN@20", 1);
	assert_non_null(strstr(fixture->records.data, " 5 unknown "));
}

/* Redis has lost an event that it had; meanwhile the check may be in another state. */
static void an_event_that_redis_has_lost_is_pushed_again(void **state)
{
	struct fixture *fixture = *state;
	struct moment now = at(fixture, 1);
	struct event event = event_plain("e", "c", STATE_CRITICAL);
	struct prepared prepared;

	event.time = EPOCH;
	prepared_make(&prepared, &event, 2, now);
	assert_int_equal(engine_apply(fixture->engine, &prepared, now), ENGINE_APPLIED);
	prepared.again = true;
	assert_int_equal(engine_apply(fixture->engine, &prepared, now), ENGINE_APPLIED);
	assert_pushed(fixture, "critical@0 critical@0", 1);
	assert_int_equal(post(fixture, 2, STATE_OK, 0, 100), ENGINE_APPLIED);
	assert_pushed(fixture, "ok@2", 1);
	assert_int_equal(engine_apply(fixture->engine, &prepared, at(fixture, 3)), ENGINE_APPLIED);
	assert_pushed(fixture, "critical@0 ok@2", 1);
	prepared_free(&prepared);
}

/* Applies at 12 s a state of `c` handed over by another broker, after encoding and decoding. */
static enum engine_result apply_handed_over(struct fixture *fixture, enum state state, int64_t time)
{
	const struct decode_context decode_context = {2, 0, at(fixture, 12)};
	struct event event = event_plain("e", "c", state);
	struct buffer json = {NULL, 0, 0};
	struct prepared prepared;
	struct reason why;

	event.time = EPOCH + time;
	event.ttl = 300;
	prepared_make(&prepared, &event, 2, at(fixture, 12));
	encode_stored(&json, &prepared);
	prepared_free(&prepared);
	assert_true(decode_event(
		&decode_context, (struct blob){json.data, json.length}, &prepared, &why));
	enum engine_result answer =
		engine_apply_handed(fixture->engine, &prepared, at(fixture, 12));
	prepared_free(&prepared);
	buffer_free(&json);
	return answer;
}

/* Its record is kept unchanged until the event is pushed. */
static void an_undelivered_event_waits_for_the_handover(void **state)
{
	struct fixture *fixture = *state;

	engine_hold_until(fixture->engine, 16 * NSEC_PER_SEC);
	load(fixture, 300, NULL);
	turn_from(fixture, 10, 12);
	assert_pushed(fixture, "", 0);
	assert_int_equal(apply_handed_over(fixture, STATE_CRITICAL, -1), ENGINE_APPLIED);
	assert_int_equal(apply_handed_over(fixture, STATE_WARNING, 0), ENGINE_APPLIED);
	assert_pushed(fixture, "critical@-1 warning@0", 0);
	for (unsigned i = 0; i < CHECKS_SHARDS; i++)
		engine_rewrite(fixture->engine, i);
	assert_pushed(fixture, "", 1);
	assert_non_null(strstr(fixture->records.data, " 300 - "));
	assert_int_equal(apply_handed_over(fixture, STATE_OK, 0), ENGINE_APPLIED);
	assert_pushed(fixture, "ok@0", 1);
	assert_non_null(strstr(fixture->records.data, " 300 ok "));
	assert_int_equal(apply_handed_over(fixture, STATE_CRITICAL, 2), ENGINE_APPLIED);
	assert_pushed(fixture, "critical@2", 1);
	turn_from(fixture, 12, 20);
	assert_pushed(fixture, "", 0);
}

static void an_undelivered_event_waits_briefly_and_not_for_newer_ones(void **state)
{
	struct fixture *fixture = *state;

	engine_hold_until(fixture->engine, 16 * NSEC_PER_SEC);
	load(fixture, 300, NULL);
	turn_from(fixture, 10, 16);
	assert_pushed(fixture, "", 0);
	turn(fixture, 16);
	assert_pushed(fixture, "ok@0", 1);
	assert_int_equal(apply_handed_over(fixture, STATE_CRITICAL, -1), ENGINE_OLDER);
	assert_pushed(fixture, "", 0);
}

static void an_undelivered_event_is_pushed_before_a_newer_one(void **state)
{
	struct fixture *fixture = *state;

	engine_hold_until(fixture->engine, 16 * NSEC_PER_SEC);
	load(fixture, 300, NULL);
	assert_int_equal(post(fixture, 11, STATE_CRITICAL, 0, 300), ENGINE_APPLIED);
	assert_pushed(fixture, "ok@0 critical@11", 1);
	turn_from(fixture, 11, 20);
	assert_pushed(fixture, "", 0);
}

/* Posts a state of `c` under its new name `c{x}`. */
static void post_renamed(struct fixture *fixture, double seconds, enum state state)
{
	struct moment now = at(fixture, seconds);
	struct event event = event_plain("e", "c{x}", state);
	struct prepared prepared;

	event.time = now.wall / NSEC_PER_SEC;
	event.ttl = EVENT_TTL_NEVER;
	event.former_entity = text_literal("e");
	event.former_check = text_literal("c");
	prepared_make(&prepared, &event, 2, now);
	assert_int_equal(engine_apply(fixture->engine, &prepared, now), ENGINE_APPLIED);
	prepared_free(&prepared);
}

static void a_former_name_is_set_ok_once_and_forgotten(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, EVENT_TTL_NEVER, &(enum state){STATE_CRITICAL});
	post_renamed(fixture, 11, STATE_CRITICAL);
	assert_pushed(fixture, "critical@11 ok@11", 2);
	assert_non_null(strstr(fixture->events.data,
		"\"check\":\"c\",\"type\":\"service\",\"state\":\"ok\","
		"\"summary\":\"httpbroker: this check is now named c{x}\",\"time\":"));
	post_renamed(fixture, 12, STATE_WARNING);
	assert_pushed(fixture, "warning@12", 1);
	turn_from(fixture, 12, 23);
	assert_pushed(fixture, "warning@22", 1);
	assert_non_null(strstr(fixture->records.data, "e\x1f"
						      "c\n-\n"));
	assert_int_equal(__real_checks_count(fixture->checks), 1);
}

/* The first of several checks with the same former name ends it. */
static void only_a_loaded_check_can_be_a_former_name(void **state)
{
	struct fixture *fixture = *state;

	post_renamed(fixture, 1, STATE_CRITICAL);
	assert_pushed(fixture, "critical@1", 1);
	assert_int_equal(__real_checks_count(fixture->checks), 1);
	load(fixture, EVENT_TTL_NEVER, &(enum state){STATE_CRITICAL});
	post_renamed(fixture, 11, STATE_CRITICAL); /* not for the first time */
	assert_pushed(fixture, "", 1);
}

static void a_former_name_with_events_is_a_separate_check(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, EVENT_TTL_NEVER, &(enum state){STATE_CRITICAL});
	assert_int_equal(post(fixture, 10, STATE_CRITICAL, 0, 300), ENGINE_APPLIED);
	post_renamed(fixture, 11, STATE_CRITICAL);
	assert_pushed(fixture, "critical@11", 2);
	assert_int_equal(__real_checks_count(fixture->checks), 2);
}

/* An alert without further labels is named so by this version, too. */
static void a_record_of_this_version_is_not_a_former_name(void **state)
{
	struct fixture *fixture = *state;

	load_fraction(fixture, 1, EVENT_TTL_NEVER, &(enum state){STATE_CRITICAL});
	post_renamed(fixture, 11, STATE_CRITICAL);
	assert_pushed(fixture, "critical@11", 1);
	assert_int_equal(__real_checks_count(fixture->checks), 2);
}

static void a_former_name_with_new_events_continues(void **state)
{
	struct fixture *fixture = *state;

	load(fixture, EVENT_TTL_NEVER, &(enum state){STATE_CRITICAL});
	post_renamed(fixture, 11, STATE_CRITICAL);
	assert_int_equal(post(fixture, 12, STATE_WARNING, 0, 300), ENGINE_APPLIED);
	assert_pushed(fixture, "critical@11 ok@11 warning@12", 2);
	turn_from(fixture, 12, 23);
	assert_pushed(fixture, "critical@21 warning@22", 0);
}

static void a_check_that_is_stale_for_long_is_forgotten(void **state)
{
	struct fixture *fixture = *state;

	fixture->settings.forget_after = 20 * NSEC_PER_SEC;
	post(fixture, 0, STATE_OK, 0, 5);
	turn_from(fixture, 0, 25);
	assert_pushed(fixture, "ok@0 UNKNOWN@5 UNKNOWN@15", 1);
	turn(fixture, 25);
	assert_pushed(fixture, "", 1);
	assert_string_equal(fixture->records.data, "e\x1f"
						   "c\n-\n");
	assert_int_equal(__real_checks_count(fixture->checks), 0);
	turn_from(fixture, 25, 60);
	assert_pushed(fixture, "", 0);
	assert_int_equal(post(fixture, 60, STATE_OK, 58, 300), ENGINE_APPLIED); /* it is new */
	assert_pushed(fixture, "ok@2", 1);
}

static void a_check_that_returns_or_never_goes_stale_is_kept(void **state)
{
	struct fixture *fixture = *state;

	fixture->settings.forget_after = 20 * NSEC_PER_SEC;
	post(fixture, 0, STATE_OK, 0, 5);
	turn_from(fixture, 0, 24);
	post(fixture, 24, STATE_OK, 0, EVENT_TTL_NEVER);
	turn(fixture, 1000);
	assert_pushed(fixture, "ok@0 UNKNOWN@5 UNKNOWN@15 ok@24 ok@1000", 1);
}

static void a_stale_check_is_forgotten_during_an_outage(void **state)
{
	struct fixture *fixture = *state;

	fixture->settings.forget_after = 20 * NSEC_PER_SEC;
	load(fixture, 5, &(enum state){STATE_UNKNOWN});
	engine_run(fixture->engine, false, at(fixture, 24.99));
	assert_pushed(fixture, "", 0);
	engine_run(fixture->engine, false, at(fixture, 35)); /* its repeat is before that */
	assert_pushed(fixture, "", 1);
	assert_int_equal(__real_checks_count(fixture->checks), 0);
}

static void a_check_is_pushed_as_stale_before_it_is_forgotten(void **state)
{
	struct fixture *fixture = *state;

	fixture->settings.forget_after = 20 * NSEC_PER_SEC;
	load(fixture, 5, &(enum state){STATE_OK});
	turn(fixture, 100);
	assert_pushed(fixture, "UNKNOWN@100", 1);
	turn(fixture, 110);
	assert_pushed(fixture, "", 1);
	assert_int_equal(__real_checks_count(fixture->checks), 0);
}

static void an_event_that_is_stale_on_arrival_is_pushed_as_stale(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(post(fixture, 0, STATE_OK, 400, 300), ENGINE_APPLIED);
	assert_pushed(fixture, "UNKNOWN@0", 1);
	assert_int_equal(post(fixture, 1, STATE_CRITICAL, 399, 300), ENGINE_APPLIED);
	assert_pushed(fixture, "", 1);
	turn(fixture, 10);
	assert_pushed(fixture, "UNKNOWN@10", 0);
}

static void an_event_can_renew_a_check_that_another_ended(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, 0, STATE_OK, 0, 300);
	post(fixture, 1, STATE_OK, 0, 3); /* now it ends at 4 s already */
	turn(fixture, 3.99);
	assert_pushed(fixture, "ok@0", 1);
	turn(fixture, 4);
	assert_pushed(fixture, "UNKNOWN@4", 1);
}

static void an_infinite_ttl_never_goes_stale(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, 0, STATE_CRITICAL, 1000000, EVENT_TTL_NEVER);
	assert_pushed(fixture, "critical@-1000000", 1);
	turn(fixture, 100000);
	assert_pushed(fixture, "critical@100000", 0);
}

static void the_newest_event_wins(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, 10, STATE_OK, 0, 300);
	assert_pushed(fixture, "ok@10", 1);
	assert_int_equal(post(fixture, 11, STATE_CRITICAL, 2, 300), ENGINE_OLDER);
	assert_pushed(fixture, "", 0);
	assert_int_equal(post(fixture, 11, STATE_CRITICAL, 1, 300), ENGINE_APPLIED);
	assert_pushed(fixture, "critical@10", 1);
}

static void a_cached_event_from_the_future_does_not_win(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, 10, STATE_OK, 0, 300);
	fixture->set_back = 3600 * NSEC_PER_SEC;
	assert_int_equal(post(fixture, 11, STATE_CRITICAL, 5, 300), ENGINE_APPLIED);
	assert_pushed(fixture, "ok@10 critical@-3594", 1);
	assert_int_equal(post(fixture, 12, STATE_OK, 100, 300), ENGINE_OLDER);
}

static void a_clock_change_makes_no_check_stale(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, 0, STATE_OK, 0, 30);
	fixture->set_back = -86400 * NSEC_PER_SEC;
	turn(fixture, 29.99);
	assert_pushed(fixture, "ok@0 ok@86429", 1);
	fixture->set_back = 86400 * NSEC_PER_SEC;
	turn(fixture, 30);
	assert_pushed(fixture, "UNKNOWN@-86370", 1);
	assert_non_null(strstr(fixture->events.data, "(30s old, should be < 30s)"));
}

static void an_acknowledgement_is_pushed_once_and_is_not_a_state(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, 0, STATE_ACKNOWLEDGEMENT, 0, 300);
	assert_int_equal(checks_count(fixture->checks), 0);
	assert_int_equal(engine_next(fixture->engine, true), NSEC_NEVER);
	post(fixture, 0, STATE_CRITICAL, 0, 300);
	post(fixture, 1, STATE_ACKNOWLEDGEMENT, 0, 300);
	post(fixture, 2, STATE_TEST_NOTIFICATIONS, 9, 300);
	assert_pushed(
		fixture, "acknowledgement@0 critical@0 acknowledgement@1 test_notifications@-7", 1);
	turn(fixture, 10);
	assert_pushed(fixture, "critical@10", 0);
}

static bool forget(struct fixture *fixture, const char *entity, const char *check)
{
	char text[32];
	int length = snprintf(text, sizeof text, "%s:%s", entity, check);
	const struct names names = {text, (uint16_t)length, (uint16_t)strlen(entity)};

	return engine_forget(fixture->engine, &names);
}

static void a_forgotten_check_is_not_pushed_again(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, 0, STATE_OK, 0, 30);
	assert_pushed(fixture, "ok@0", 1);
	assert_false(forget(fixture, "e", "d"));
	assert_true(forget(fixture, "e", "c"));
	assert_false(forget(fixture, "e", "c"));
	assert_int_equal(checks_count(fixture->checks), 0);
	turn_from(fixture, 0, 60);
	assert_pushed(fixture, "", 1);
	assert_string_equal(fixture->records.data, "e\x1f"
						   "c\n-\n");
	assert_int_equal(engine_next(fixture->engine, true), NSEC_NEVER);
	assert_int_equal(post(fixture, 61, STATE_OK, 50, 300), ENGINE_APPLIED); /* older, but new */
	assert_pushed(fixture, "ok@11", 1);
}

/* The same, of this millisecond of EPOCH's second; -1: only the second is known. */
static enum engine_result post_exactly(
	struct fixture *fixture, enum state state, int millis, bool handed)
{
	struct event event = event_plain("e", "c", state);
	struct prepared prepared;

	event.time = EPOCH;
	event.fraction = (uint16_t)(millis + 1);
	prepared_make(&prepared, &event, 2, at(fixture, 5));
	prepared.handed = handed;
	enum engine_result answer = engine_apply(fixture->engine, &prepared, at(fixture, 5));
	prepared_free(&prepared);
	return answer;
}

static void milliseconds_order_events_within_a_second_if_both_have_them(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(post_exactly(fixture, STATE_OK, 500, false), ENGINE_APPLIED);
	assert_int_equal(post_exactly(fixture, STATE_CRITICAL, 499, false), ENGINE_OLDER);
	assert_int_equal(post_exactly(fixture, STATE_WARNING, 500, false), ENGINE_APPLIED);
	assert_int_equal(post_exactly(fixture, STATE_OK, -1, false), ENGINE_APPLIED);
	assert_int_equal(post_exactly(fixture, STATE_CRITICAL, 0, false), ENGINE_APPLIED);
	assert_pushed(fixture, "ok@0 warning@0 ok@0 critical@0", 1);
}

static void a_handed_over_event_replaces_a_posted_one_only_if_newer(void **state)
{
	struct fixture *fixture = *state;

	post_exactly(fixture, STATE_OK, 500, false);
	assert_int_equal(post_exactly(fixture, STATE_CRITICAL, -1, true), ENGINE_OLDER);
	assert_int_equal(post_exactly(fixture, STATE_CRITICAL, 499, true), ENGINE_OLDER);
	assert_int_equal(post_exactly(fixture, STATE_CRITICAL, 500, true), ENGINE_OLDER);
	assert_int_equal(post_exactly(fixture, STATE_CRITICAL, 501, true), ENGINE_APPLIED);
	/* events handed over keep their order */
	assert_int_equal(post_exactly(fixture, STATE_WARNING, -1, true), ENGINE_APPLIED);
	assert_int_equal(post_exactly(fixture, STATE_OK, -1, true), ENGINE_APPLIED);
	assert_pushed(fixture, "ok@0 critical@0 warning@0 ok@0", 1);
}

/* The sender of the handover had written that record before. */
static void a_handed_over_event_follows_a_loaded_record(void **state)
{
	struct fixture *fixture = *state;
	struct event event = event_plain("e", "c", STATE_OK);
	const enum state sent = STATE_OK;
	struct prepared prepared;

	event.time = EPOCH;
	prepared_make(&prepared, &event, 2, at(fixture, 4));
	assert_true(engine_load(fixture->engine, &prepared, &sent, at(fixture, 4)));
	prepared_free(&prepared);
	assert_int_equal(post_exactly(fixture, STATE_CRITICAL, -1, true), ENGINE_APPLIED);
	assert_int_equal(post_exactly(fixture, STATE_OK, 5, true), ENGINE_APPLIED);
	assert_pushed(fixture, "critical@0 ok@0", 1);
}

static enum engine_result post_forgotten(struct fixture *fixture, double seconds, int64_t time)
{
	struct prepared prepared;

	prepared_make_forgotten(
		&prepared, text_literal("e"), text_literal("c"), (struct instant){time, 0});
	enum engine_result answer = engine_apply(fixture->engine, &prepared, at(fixture, seconds));
	prepared_free(&prepared);
	return answer;
}

static void a_deletion_applies_unless_the_check_is_newer(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
		post_forgotten(fixture, 0, EPOCH), ENGINE_APPLIED); /* it is unknown already */
	post(fixture, 10, STATE_OK, 0, 30);
	assert_pushed(fixture, "ok@10", 1);
	assert_int_equal(post_forgotten(fixture, 11, EPOCH + 9), ENGINE_OLDER);
	assert_int_equal(checks_count(fixture->checks), 1);
	/* however many events wait */
	outbox_limit(fixture->outbox, 0);
	assert_int_equal(post_forgotten(fixture, 11, EPOCH + 10), ENGINE_APPLIED);
	assert_int_equal(checks_count(fixture->checks), 0);
	assert_pushed(fixture, "", 1);
	outbox_limit(fixture->outbox, 10);
	/* an event from the future is not newer */
	post(fixture, 20, STATE_OK, 0, 30);
	fixture->set_back = 15 * NSEC_PER_SEC;
	assert_int_equal(post_forgotten(fixture, 21, EPOCH + 6), ENGINE_APPLIED);
	assert_int_equal(checks_count(fixture->checks), 0);
}

static void a_check_that_is_due_can_be_forgotten(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, 0, STATE_OK, 0, 30);
	post(fixture, 0, STATE_ACKNOWLEDGEMENT, 0, 30);
	assert_pushed(fixture, "ok@0 acknowledgement@0", 1);
	for (int i = 0; i < 1000; i++)
		resp_add_text(outbox_push(fixture->outbox), "{\"state\":\"x\",\"time\":0}");
	turn(fixture, 40); /* the commit is full: it stays with those that are due */
	assert_true(forget(fixture, "e", "c"));
	outbox_applied(fixture->outbox, outbox_take(fixture->outbox, 0));
	turn(fixture, 41);
	assert_pushed(fixture, "", 0);
}

static void only_known_checks_are_accepted_beyond_a_million(void **state)
{
	struct fixture *fixture = *state;

	made_up_states = LIMIT_STATES;
	assert_int_equal(post(fixture, 0, STATE_OK, 0, 300), ENGINE_FULL);
	assert_pushed(fixture, "", 0);
	made_up_states = LIMIT_STATES - 1;
	assert_int_equal(post(fixture, 0, STATE_OK, 0, 300), ENGINE_APPLIED);
	assert_int_equal(post(fixture, 1, STATE_CRITICAL, 0, 300), ENGINE_APPLIED);
	assert_pushed(fixture, "ok@0 critical@1", 1);
}

static void no_event_is_accepted_when_the_outbox_is_full(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < LIMIT_PENDING; i++)
		assert_int_equal(post(fixture, 0, i % 2 == 0 ? STATE_OK : STATE_CRITICAL, 0, 300),
			ENGINE_APPLIED);
	assert_int_equal(post(fixture, 1, STATE_OK, 0, 300), ENGINE_FULL);
	assert_int_equal(post(fixture, 1, STATE_ACKNOWLEDGEMENT, 0, 300), ENGINE_FULL);
	assert_int_equal(outbox_watermarks(fixture->outbox).pushes, LIMIT_PENDING);
	outbox_applied(fixture->outbox, outbox_take(fixture->outbox, 0));
	assert_int_equal(post(fixture, 2, STATE_OK, 0, 300), ENGINE_APPLIED);
}

#define ENGINE_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)

static void a_run_is_critical_after_its_limit_and_not_stale_before(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, 0, STATE_WARNING, 0, 15);
	ping(fixture, 1, true, 30, 0);
	assert_pushed(fixture, "warning@0", 1);
	turn(fixture, 25); /* its ttl is over */
	assert_pushed(fixture, "warning@25", 0);
	turn(fixture, 30.9);
	assert_pushed(fixture, "warning@30", 0);
	turn(fixture, 31.02);
	assert_pushed(fixture, "CRITICAL@31", 1);
	turn(fixture, 42);
	assert_pushed(fixture, "CRITICAL@42", 0);
	ping(fixture, 43, false, 0, 0);
	assert_pushed(fixture, "ok@43", 1);
	turn(fixture, 54);
	assert_pushed(fixture, "ok@54", 0);
}

static void the_first_start_makes_a_check_ok(void **state)
{
	struct fixture *fixture = *state;

	ping(fixture, 0, true, 3600, 0);
	assert_pushed(fixture, "ok@0", 1);
	turn(fixture, 3600.02);
	assert_pushed(fixture, "CRITICAL@3600", 1);
}

static void a_stale_check_stays_stale_until_the_limit(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, 0, STATE_OK, 0, 5);
	ping(fixture, 7, true, 10, 0); /* before the engine has noticed */
	assert_pushed(fixture, "ok@0 UNKNOWN@7", 1);
	turn(fixture, 16.9);
	assert_pushed(fixture, "", 0);
	turn(fixture, 17.02);
	assert_pushed(fixture, "CRITICAL@17", 1);
	ping(fixture, 20, true, 10, 0); /* that does not hide it */
	turn(fixture, 27.5);
	assert_pushed(fixture, "CRITICAL@27", 1);
	turn(fixture, 30.02);
	assert_pushed(fixture, "CRITICAL@30", 1);
	ping(fixture, 31, false, 0, 0);
	assert_pushed(fixture, "ok@31", 1);
}

static void an_end_with_another_id_leaves_the_run_open(void **state)
{
	struct fixture *fixture = *state;

	post(fixture, 0, STATE_CRITICAL, 0, 300);
	ping(fixture, 1, true, 60, 7);
	ping(fixture, 2, false, 0, 8);
	assert_pushed(fixture, "critical@0 ok@2", 1);
	turn(fixture, 61.02);
	assert_pushed(fixture, "CRITICAL@61", 1);
	ping(fixture, 62, false, 0, 7);
	assert_pushed(fixture, "ok@62", 1);
	ping(fixture, 63, true, 60, 7);
	ping(fixture, 64, false, 0, 0);
	turn(fixture, 124);
	assert_pushed(fixture, "ok@124", 1);
}

static void a_start_that_is_late_changes_nothing(void **state)
{
	struct fixture *fixture = *state;

	struct event event = event_plain("e", "c", STATE_OK);
	struct moment now = at(fixture, 11);
	struct prepared late;

	post(fixture, 10, STATE_WARNING, 0, 300);
	event.time = now.wall / NSEC_PER_SEC - 2;
	prepared_make_start(&late, &event, (struct run){1, 0, 0}, 2, now);
	assert_int_equal(engine_apply(fixture->engine, &late, now), ENGINE_OLDER);
	prepared_free(&late);
	assert_int_equal(ping(fixture, 10, true, 0, 0), ENGINE_APPLIED); /* without a limit */
	turn(fixture, 15);
	assert_pushed(fixture, "warning@10", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENGINE_TEST(a_new_or_changed_check_is_pushed_at_once),
		ENGINE_TEST(a_change_is_pushed_with_its_own_time),
		ENGINE_TEST(an_unchanged_state_waits_for_its_repeat),
		ENGINE_TEST(repeats_are_one_interval_apart),
		ENGINE_TEST(a_late_run_skips_missed_repeats_and_keeps_the_phase),
		ENGINE_TEST(repeats_are_skipped_while_redis_is_away),
		ENGINE_TEST(a_check_without_events_goes_stale_within_a_tick),
		ENGINE_TEST(a_check_that_goes_stale_during_an_outage_is_pushed_later),
		ENGINE_TEST(a_stale_check_that_returns_is_pushed_even_if_unchanged),
		ENGINE_TEST(an_unknown_check_that_goes_stale_gets_the_stale_summary),
		ENGINE_TEST(a_stale_check_is_pushed_with_the_configured_state),
		ENGINE_TEST(a_stale_state_is_not_pushed_again_after_a_restart),
		ENGINE_TEST(a_new_stale_state_is_pushed_at_once_after_a_restart),
		ENGINE_TEST(an_undelivered_event_is_pushed_at_once_after_a_restart),
		ENGINE_TEST(an_event_that_redis_has_lost_is_pushed_again),
		ENGINE_TEST(an_undelivered_event_waits_for_the_handover),
		ENGINE_TEST(an_undelivered_event_waits_briefly_and_not_for_newer_ones),
		ENGINE_TEST(an_undelivered_event_is_pushed_before_a_newer_one),
		ENGINE_TEST(an_undelivered_event_that_is_stale_is_pushed_as_stale),
		ENGINE_TEST(a_former_name_is_set_ok_once_and_forgotten),
		ENGINE_TEST(only_a_loaded_check_can_be_a_former_name),
		ENGINE_TEST(a_former_name_with_events_is_a_separate_check),
		ENGINE_TEST(a_record_of_this_version_is_not_a_former_name),
		ENGINE_TEST(a_former_name_with_new_events_continues),
		ENGINE_TEST(a_check_that_is_stale_for_long_is_forgotten),
		ENGINE_TEST(a_check_that_returns_or_never_goes_stale_is_kept),
		ENGINE_TEST(a_stale_check_is_forgotten_during_an_outage),
		ENGINE_TEST(a_check_is_pushed_as_stale_before_it_is_forgotten),
		ENGINE_TEST(an_event_that_is_stale_on_arrival_is_pushed_as_stale),
		ENGINE_TEST(an_event_can_renew_a_check_that_another_ended),
		ENGINE_TEST(an_infinite_ttl_never_goes_stale),
		ENGINE_TEST(the_newest_event_wins),
		ENGINE_TEST(a_cached_event_from_the_future_does_not_win),
		ENGINE_TEST(a_clock_change_makes_no_check_stale),
		ENGINE_TEST(an_acknowledgement_is_pushed_once_and_is_not_a_state),
		ENGINE_TEST(a_forgotten_check_is_not_pushed_again),
		ENGINE_TEST(milliseconds_order_events_within_a_second_if_both_have_them),
		ENGINE_TEST(a_handed_over_event_replaces_a_posted_one_only_if_newer),
		ENGINE_TEST(a_handed_over_event_follows_a_loaded_record),
		ENGINE_TEST(a_deletion_applies_unless_the_check_is_newer),
		ENGINE_TEST(a_check_that_is_due_can_be_forgotten),
		ENGINE_TEST(only_known_checks_are_accepted_beyond_a_million),
		ENGINE_TEST(no_event_is_accepted_when_the_outbox_is_full),
		ENGINE_TEST(a_run_is_critical_after_its_limit_and_not_stale_before),
		ENGINE_TEST(the_first_start_makes_a_check_ok),
		ENGINE_TEST(a_stale_check_stays_stale_until_the_limit),
		ENGINE_TEST(an_end_with_another_id_leaves_the_run_open),
		ENGINE_TEST(a_start_that_is_late_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

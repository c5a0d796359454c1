/* SPDX-License-Identifier: MIT */
/* The ledger with many checks: bursts are spread, and no commit gets more than its fill. */
#include "t/unit/unit.h"

#include "httpbroker/checks/wheel.h"
#include "httpbroker/delivery/engine.h"
#include "t/unit/broker-parts.h"

#include <stdlib.h>

#define INTERVAL (10 * NSEC_PER_SEC)
#define TICKS (INTERVAL / WHEEL_TICK)

static const struct engine_settings settings = {.interval = INTERVAL,
	.max_checks = LIMIT_STATES,
	.stale_state = STATE_UNKNOWN,
	.forget_after = NSEC_NEVER};

struct crowd {
	struct checks *states;
	struct outbox *outbox;
	struct engine *engine;
	uint64_t told;
};

static int crowd_begin(void **state)
{
	struct crowd *crowd = calloc(1, sizeof *crowd);

	assert_non_null(crowd);
	crowd->states = checks_new(&(struct siphash_key){1, 2});
	crowd->outbox = outbox_new();
	crowd->engine = engine_new(crowd->states, crowd->outbox, &settings, (struct moment){0, 0});
	*state = crowd;
	return 0;
}

static int crowd_end(void **state)
{
	struct crowd *crowd = *state;

	engine_free(crowd->engine);
	outbox_free(crowd->outbox);
	checks_free(crowd->states);
	free(crowd);
	return 0;
}

/* Posts this many checks that never go stale, all at time 0. */
static void post_many(struct crowd *crowd, int count)
{
	for (int i = 0; i < count; i++) {
		struct prepared prepared;
		char check[16];

		snprintf(check, sizeof check, "%d", i);
		struct event event = event_plain("e", check, STATE_OK);
		event.ttl = EVENT_TTL_NEVER;
		prepared_make(&prepared, &event, 2, (struct moment){0, 0});
		assert_int_equal(engine_apply(crowd->engine, &prepared, (struct moment){0, 0}),
			ENGINE_APPLIED);
		prepared_free(&prepared);
	}
}

/* Commits everything; returns how many events that were. */
static uint64_t commit_all(struct crowd *crowd)
{
	struct commit *commit;
	uint64_t before = crowd->told;

	while ((commit = outbox_take(crowd->outbox, 0)) != NULL)
		outbox_applied(crowd->outbox, commit);
	crowd->told = outbox_done(crowd->outbox).pushes;
	return crowd->told - before;
}

/* How many repeats come at most in one tick of an interval. All `count` come once. */
static uint64_t largest_tick(struct crowd *crowd, int interval, int count)
{
	uint64_t max = 0, all = 0;

	for (int64_t tick = interval * TICKS + 1; tick <= (interval + 1) * TICKS; tick++) {
		const struct moment now = {tick * WHEEL_TICK, tick * WHEEL_TICK};

		engine_run(crowd->engine, true, now);
		uint64_t told = commit_all(crowd);
		max = told > max ? told : max;
		all += told;
	}
	assert_int_equal(all, count);
	return max;
}

static void a_few_are_repeated_together(void **state)
{
	struct crowd *crowd = *state;

	post_many(crowd, 60);
	assert_int_equal(commit_all(crowd), 60);
	assert_int_equal(largest_tick(crowd, 0, 60), 60);
}

/* Ten thousand at one moment are ten in a tick, if they are spread; and they stay so. */
static void a_burst_is_spread_over_the_interval(void **state)
{
	struct crowd *crowd = *state;

	post_many(crowd, 10000);
	assert_int_equal(commit_all(crowd), 10000);
	for (int interval = 0; interval < 4; interval++)
		assert_between(largest_tick(crowd, interval, 10000), 10, 120);
}

static void repeats_end_with_a_full_commit_and_go_on_behind_it(void **state)
{
	const struct moment later = {2 * INTERVAL, 2 * INTERVAL};
	struct crowd *crowd = *state;
	uint64_t all = 0;

	post_many(crowd, 2500);
	commit_all(crowd);
	while (engine_next(crowd->engine, true) <= later.monotonic) {
		engine_run(crowd->engine, true, later);
		uint64_t pushed = outbox_watermarks(crowd->outbox).pushes - crowd->told;
		assert_between(pushed, 1, 1000);
		if (pushed == 1000)
			assert_int_equal(engine_next(crowd->engine, true), NSEC_NEVER);
		all += commit_all(crowd);
	}
	assert_int_equal(all, 2500);
}

/* While Redis is away they are skipped, however much waits for it. */
static void repeats_are_skipped_behind_a_full_commit_as_well(void **state)
{
	const struct moment later = {2 * INTERVAL, 2 * INTERVAL};
	struct crowd *crowd = *state;

	post_many(crowd, 2500);
	while (!outbox_full(crowd->outbox)) /* the commit that is being gathered */
		resp_add_text(outbox_push(crowd->outbox), "x");
	engine_run(crowd->engine, false, later);
	assert_true(engine_next(crowd->engine, false) > later.monotonic);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_few_are_repeated_together, crowd_begin, crowd_end),
		cmocka_unit_test_setup_teardown(
			a_burst_is_spread_over_the_interval, crowd_begin, crowd_end),
		cmocka_unit_test_setup_teardown(
			repeats_end_with_a_full_commit_and_go_on_behind_it, crowd_begin, crowd_end),
		cmocka_unit_test_setup_teardown(
			repeats_are_skipped_behind_a_full_commit_as_well, crowd_begin, crowd_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The engine with many checks: bursts are spread, and commits stay within their size. */
#include "t/unit/unit.h"

#include "httpbroker/checks/wheel.h"
#include "httpbroker/delivery/engine.h"
#include "t/unit/broker-parts.h"

#include <stdlib.h>

#define INTERVAL (10 * NSEC_PER_SEC)
#define TICKS (INTERVAL / WHEEL_TICK)

static const struct engine_settings settings = {.interval = INTERVAL,
	.max_checks = LIMIT_STATES,
	.stale_as = STATE_UNKNOWN,
	.forget_after = NSEC_NEVER};

struct burst {
	struct checks *states;
	struct outbox *outbox;
	struct engine *engine;
	uint64_t pushed;
};

static int burst_begin(void **state)
{
	struct burst *burst = calloc(1, sizeof *burst);

	assert_non_null(burst);
	burst->states = checks_new(&(struct siphash_key){1, 2});
	burst->outbox = outbox_new();
	burst->engine = engine_new(burst->states, burst->outbox, &settings, (struct moment){0, 0});
	*state = burst;
	return 0;
}

static int burst_end(void **state)
{
	struct burst *burst = *state;

	engine_free(burst->engine);
	outbox_free(burst->outbox);
	checks_free(burst->states);
	free(burst);
	return 0;
}

/* Posts this many checks that never go stale, all at time 0. */
static void post_many(struct burst *burst, int count)
{
	for (int i = 0; i < count; i++) {
		struct prepared prepared;
		char check[16];

		snprintf(check, sizeof check, "%d", i);
		struct event event = event_plain("e", check, STATE_OK);
		event.ttl = EVENT_TTL_NEVER;
		prepared_make(&prepared, &event, 2, (struct moment){0, 0});
		assert_int_equal(engine_apply(burst->engine, &prepared, (struct moment){0, 0}),
			ENGINE_APPLIED);
		prepared_free(&prepared);
	}
}

/* Commits everything; returns the number of events. */
static uint64_t commit_all(struct burst *burst)
{
	struct commit *commit;
	uint64_t before = burst->pushed;

	while ((commit = outbox_take(burst->outbox, 0)) != NULL)
		outbox_applied(burst->outbox, commit);
	burst->pushed = outbox_done(burst->outbox).pushes;
	return burst->pushed - before;
}

/* Returns the largest number of repeats in one tick of an interval. All `count` are repeated once.
 */
static uint64_t largest_tick(struct burst *burst, int interval, int count)
{
	uint64_t max = 0, all = 0;

	for (int64_t tick = interval * TICKS + 1; tick <= (interval + 1) * TICKS; tick++) {
		const struct moment now = {tick * WHEEL_TICK, tick * WHEEL_TICK};

		engine_run(burst->engine, true, now);
		uint64_t pushed = commit_all(burst);
		max = pushed > max ? pushed : max;
		all += pushed;
	}
	assert_int_equal(all, count);
	return max;
}

static void a_few_checks_are_repeated_together(void **state)
{
	struct burst *burst = *state;

	post_many(burst, 60);
	assert_int_equal(commit_all(burst), 60);
	assert_int_equal(largest_tick(burst, 0, 60), 60);
}

/* Ten thousand at the same time are ten in a tick when spread, and stay spread. */
static void a_burst_is_spread_over_the_interval(void **state)
{
	struct burst *burst = *state;

	post_many(burst, 10000);
	assert_int_equal(commit_all(burst), 10000);
	for (int interval = 0; interval < 4; interval++)
		assert_between(largest_tick(burst, interval, 10000), 10, 120);
}

static void repeats_pause_at_a_full_commit_and_resume_after_it(void **state)
{
	const struct moment later = {2 * INTERVAL, 2 * INTERVAL};
	struct burst *burst = *state;
	uint64_t all = 0;

	post_many(burst, 2500);
	commit_all(burst);
	while (engine_next(burst->engine, true) <= later.monotonic) {
		engine_run(burst->engine, true, later);
		uint64_t pushed = outbox_watermarks(burst->outbox).pushes - burst->pushed;
		assert_between(pushed, 1, 1000);
		if (pushed == 1000)
			assert_int_equal(engine_next(burst->engine, true), NSEC_NEVER);
		all += commit_all(burst);
	}
	assert_int_equal(all, 2500);
}

/* Repeats are skipped while Redis is down, even behind a full commit. */
static void repeats_are_skipped_after_a_full_commit_as_well(void **state)
{
	const struct moment later = {2 * INTERVAL, 2 * INTERVAL};
	struct burst *burst = *state;

	post_many(burst, 2500);
	while (!outbox_full(burst->outbox)) /* the next commit */
		resp_add_text(outbox_push(burst->outbox), "x");
	engine_run(burst->engine, false, later);
	assert_true(engine_next(burst->engine, false) > later.monotonic);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_few_checks_are_repeated_together, burst_begin, burst_end),
		cmocka_unit_test_setup_teardown(
			a_burst_is_spread_over_the_interval, burst_begin, burst_end),
		cmocka_unit_test_setup_teardown(
			repeats_pause_at_a_full_commit_and_resume_after_it, burst_begin, burst_end),
		cmocka_unit_test_setup_teardown(
			repeats_are_skipped_after_a_full_commit_as_well, burst_begin, burst_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

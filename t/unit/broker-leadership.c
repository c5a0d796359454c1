/* SPDX-License-Identifier: MIT */
/* The broker clock over an outage, role changes after a look, and pauses of repeats. */
#include "t/unit/unit.h"

#include "httpbroker/delivery/status.h"
#include "httpbroker/redis/lease.h"

#include <string.h>

#define TOKEN "0123456789abcdef"
#define OTHER "fedcba9876543210"
#define SEC NSEC_PER_SEC

/* An observed free lease after the last commit of another broker: number 41, clock 60 s, wall 1000
 * s. */
static struct observed seen_make(enum lease_holder holder, const char *token, int64_t number)
{
	struct observed seen = {.holder = holder, .found = true};

	seen.last = (struct batch){.number = number, .clock = 60000, .wall = 1000000};
	memcpy(seen.last.token, token, sizeof seen.last.token);
	return seen;
}

static void assert_resumes_at(nsec wall, nsec grace, int64_t clock)
{
	const struct observed seen = seen_make(LEASE_NOBODYS, OTHER, 41);
	const struct moment now = {wall, 7 * SEC};
	struct leadership leadership;

	leadership_init(&leadership, TOKEN, grace);
	struct lease_write write = leadership_plan(&leadership, &seen, now);
	assert_int_equal(write.ours.clock, clock);
	assert_int_equal(write.ours.number, 42);
	assert_true(write.leave && write.begin);
	assert_int_equal(leadership_begin(&leadership), CHANGE_BECAME_ACTIVE);
}

static void the_broker_clock_pauses_for_the_grace_period_of_an_outage(void **state)
{
	(void)state;
	assert_resumes_at(1000 * SEC, 10 * SEC, 60000);
	assert_resumes_at(1010 * SEC, 10 * SEC, 60000);
	assert_resumes_at(1011 * SEC, 10 * SEC, 61000);
	assert_resumes_at(1100 * SEC, 0, 160000);
	assert_resumes_at(10 * SEC, 0, 60000); /* the clock was set back */
}

static void assert_turn(
	struct leadership leadership, const char *token, int64_t number, enum role_change turn)
{
	const struct observed seen = seen_make(LEASE_NOBODYS, token, number);

	leadership_plan(&leadership, &seen, (struct moment){1000 * SEC, 7 * SEC});
	assert_int_equal(leadership_begin(&leadership), turn);
}

static void the_observed_lease_determines_the_role_change(void **state)
{
	struct leadership leadership;

	(void)state;
	leadership_init(&leadership, TOKEN, 0);
	leadership.active = leadership.claimed = true;
	leadership.number = 50;
	assert_turn(leadership, TOKEN, 50, CHANGE_NONE);
	assert_turn(leadership, TOKEN, 49, CHANGE_DATA_LOST);
	assert_turn(leadership, OTHER, 49, CHANGE_DATA_LOST);
	assert_turn(leadership, OTHER, 51, CHANGE_BECAME_ACTIVE);
	assert_turn(leadership, TOKEN, 52, CHANGE_BECAME_ACTIVE);
	leadership.in_flight = true; /* 50 is in flight, 49 was acknowledged */
	assert_turn(leadership, TOKEN, 49, CHANGE_NONE);
	assert_turn(leadership, TOKEN, 50, CHANGE_NONE);
	assert_turn(leadership, TOKEN, 48, CHANGE_DATA_LOST);
}

/*
 * After a failover: another broker has gone on at the new master from less than what this one had
 * written to the former one. Its records count.
 */
static void another_broker_that_went_on_from_less_is_no_data_loss(void **state)
{
	struct observed seen = seen_make(LEASE_NOBODYS, OTHER, 49);
	struct leadership leadership;

	(void)state;
	leadership_init(&leadership, TOKEN, 0);
	leadership.active = leadership.claimed = true;
	leadership.number = 50;
	seen.left = true;
	leadership_plan(&leadership, &seen, (struct moment){1000 * SEC, 7 * SEC});
	assert_int_equal(leadership_begin(&leadership), CHANGE_BECAME_ACTIVE);
}

static void a_missing_or_lower_batch_is_one_data_loss(void **state)
{
	struct observed seen = seen_make(LEASE_ANOTHERS, OTHER, 41);
	struct leadership leadership;

	(void)state;
	leadership_init(&leadership, TOKEN, 0);
	assert_false(leadership_saw_loss(&leadership, &seen));
	assert_false(leadership_saw_loss(&leadership, &seen));
	seen.last.number = 40;
	assert_true(leadership_saw_loss(&leadership, &seen));
	assert_false(leadership_saw_loss(&leadership, &seen));
	seen.found = false;
	assert_true(leadership_saw_loss(&leadership, &seen));
	assert_false(leadership_saw_loss(&leadership, &seen));
}

static void only_a_new_process_takes_the_lease_of_its_address(void **state)
{
	struct observed seen = seen_make(LEASE_OF_OUR_PLACE, OTHER, 41);
	struct leadership leadership;

	(void)state;
	leadership_init(&leadership, TOKEN, 0);
	assert_true(leadership_may_take(&leadership, &seen)); /* this process is newer */
	leadership_begin(&leadership);
	assert_false(leadership_may_take(&leadership, &seen)); /* the other process is newer */
	seen.holder = LEASE_ANOTHERS;
	assert_false(leadership_may_take(&leadership, &seen));
	seen.holder = LEASE_OURS;
	assert_true(leadership_may_take(&leadership, &seen));
}

static void repeats_pause_above_the_limit_and_resume_below_nine_tenths(void **state)
{
	struct backpressure backpressure = {.max = 100, .interval = SEC};

	(void)state;
	assert_int_equal(backpressure_update(&backpressure, 100, 0), PRESSURE_SAME);
	assert_int_equal(backpressure_update(&backpressure, 101, 0), PRESSURE_PAUSES);
	assert_int_equal(backpressure_update(&backpressure, 500, 0), PRESSURE_SAME);
	assert_false(backpressure_asks(&backpressure, SEC - 1));
	assert_true(backpressure_asks(&backpressure, SEC));
	assert_false(backpressure_asks(&backpressure, SEC));
	assert_int_equal(backpressure_update(&backpressure, 90, SEC), PRESSURE_SAME);
	assert_int_equal(backpressure_update(&backpressure, 89, SEC), PRESSURE_RESUMES);
	assert_false(backpressure_asks(&backpressure, 100 * SEC));
}

#define INFO "# Memory\r\nmaxmemory_human:0B\r\nmaxmemory_policy:"

static void a_redis_with_an_eviction_policy_is_logged_once_each_way(void **state)
{
	struct eviction eviction = {0};
	char policy[EVICTION_POLICY];

	(void)state;
	assert_int_equal(eviction_update(&eviction, INFO "noeviction\r\nx:1\r\n", policy, SEC),
		EVICTION_SAME);
	assert_int_equal(eviction.ask_at, SEC + EVICTION_ASKED);
	assert_int_equal(eviction_update(&eviction, INFO "allkeys-lru\r\nx:1\r\n", policy, SEC),
		EVICTION_BEGINS);
	assert_string_equal(policy, "allkeys-lru");
	assert_int_equal(
		eviction_update(&eviction, INFO "volatile-ttl\r\n", policy, SEC), EVICTION_SAME);
	/* a Redis without the field, or that refuses INFO */
	assert_int_equal(eviction_update(&eviction, "", policy, SEC), EVICTION_SAME);
	assert_int_equal(eviction_update(&eviction, INFO "noeviction", policy, SEC), EVICTION_ENDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_broker_clock_pauses_for_the_grace_period_of_an_outage),
		cmocka_unit_test(the_observed_lease_determines_the_role_change),
		cmocka_unit_test(another_broker_that_went_on_from_less_is_no_data_loss),
		cmocka_unit_test(a_missing_or_lower_batch_is_one_data_loss),
		cmocka_unit_test(only_a_new_process_takes_the_lease_of_its_address),
		cmocka_unit_test(a_redis_with_an_eviction_policy_is_logged_once_each_way),
		cmocka_unit_test(repeats_pause_above_the_limit_and_resume_below_nine_tenths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

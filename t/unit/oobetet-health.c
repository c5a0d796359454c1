/* SPDX-License-Identifier: MIT */
/* What the probe worker reads in the broker's answers. */
#include "t/unit/unit.h"

#include "oobetet/probe/probe.h"

#include <string.h>

static const struct broker_reading unset = {.check = CHECK_UNKNOWN, .age = -1, .queue = -1};

static void health_is_read(void **state)
{
	struct broker_reading reading = unset;
	struct reason why;

	(void)state;
	assert_true(health_read("{\"healthy\": true, \"since\": 1, \"seconds\": 2, \"role\": "
				"\"active\", \"redis_up\": true, \"queue_length\": 12, "
				"\"repeats_paused\": true, \"pending\": 0}",
		200, &reading, &why));
	assert_true(reading.healthy && reading.redis && reading.paused);
	assert_int_equal(reading.queue, 12);
	/* without Redis, and without a queue */
	reading = unset;
	assert_true(health_read("{\"healthy\": false, \"role\": \"active\", \"redis_up\": false}",
		503, &reading, &why));
	assert_false(reading.healthy || reading.redis || reading.paused);
	assert_int_equal(reading.queue, -1);
	/* --server none */
	assert_true(health_read("{\"healthy\": true, \"role\": \"active\"}", 200, &reading, &why));
	assert_true(reading.redis);
}

static void an_answer_of_another_gives_no_reading(void **state)
{
	static const struct {
		const char *answer;
		long status;
		const char *why;
	} cases[] = {
		{"", 200, "HTTP 200, and the answer is not the broker's"},
		{"<html>", 404, "HTTP 404, and the answer is not the broker's"},
		{"[]", 200, "HTTP 200, and the answer is not the broker's"},
		{"{}", 200, "the answer is not the broker's"},
		{"{\"healthy\": 1, \"role\": \"active\"}", 200, "the answer is not the broker's"},
		{"{\"error\": \"no\"}", 401, "HTTP 401: probe_broker_token is missing or wrong"},
		{"{\"healthy\": false, \"role\": \"standby\"}", 503,
			"it is not the active broker (standby)"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct broker_reading reading = unset;
		struct reason why;

		assert_false(health_read(cases[i].answer, cases[i].status, &reading, &why));
		assert_string_equal(why.text, cases[i].why);
	}
}

static void the_check_is_read(void **state)
{
	struct broker_reading reading = unset;
	struct reason why;

	(void)state;
	assert_true(check_read("{\"web-01:Flapper\": {\"state\": \"unknown\", \"stale\": true, "
			       "\"age\": 900, \"reported\": \"OK\", \"received_age\": 412}}",
		200, &reading, &why));
	assert_int_equal(reading.check, CHECK_OK);
	assert_int_equal(reading.age, 412 * NSEC_PER_SEC);
	assert_true(check_read("{\"a:b\": {\"reported\": \"warning\", \"received_age\": 0}}", 200,
		&reading, &why));
	assert_int_equal(reading.check, CHECK_PROBLEM);
	reading = unset;
	assert_true(check_read("{}", 200, &reading, &why));
	assert_int_equal(reading.check, CHECK_UNKNOWN);
	assert_int_equal(reading.age, -1);
}

static void a_check_that_cannot_be_read_gives_no_reading(void **state)
{
	static const char *const answers[] = {"{\"a:b\": {\"reported\": \"ok\", \"age\": 1}}",
		"{\"a:b\": {\"reported\": \"ok\", \"received_age\": -1}}",
		"{\"a:b\": {\"reported\": \"ok\", \"received_age\": 9223372036854775807}}",
		"{\"a:b\": 1}", "null"};
	struct broker_reading reading = unset;
	struct reason why;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(answers); i++)
		assert_false(check_read(answers[i], 200, &reading, &why));
	assert_false(check_read("{\"error\": \"busy\"}", 503, &reading, &why));
	assert_string_equal(why.text, "HTTP 503 to GET /state");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(health_is_read),
		cmocka_unit_test(an_answer_of_another_gives_no_reading),
		cmocka_unit_test(the_check_is_read),
		cmocka_unit_test(a_check_that_cannot_be_read_gives_no_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

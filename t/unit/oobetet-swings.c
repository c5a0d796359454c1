/* SPDX-License-Identifier: MIT */
/* The delay from a change of the port to its message. */
#include "t/unit/unit.h"

#include "oobetet/watch/chain.h"
#include "oobetet/watch/readings.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define S NSEC_PER_SEC
#define GAP (15 * S)

static struct runs port;
static struct swings swings;

static int begin(void **state)
{
	(void)state;
	port = (struct runs){.count = 0};
	swings = (struct swings){.count = 0};
	return 0;
}

static void read_port(int value, nsec at)
{
	runs_add(&port, value, at, GAP);
	swings_read(&swings, &port, at, GAP);
}

static void a_message_is_paired_with_the_change_before_it(void **state)
{
	(void)state;
	read_port(PORT_OPEN, 100 * S);
	read_port(PORT_REFUSED, 110 * S);
	swings_hear(&swings, KIND_PROBLEM, 140 * S);
	assert_false(swings.known[KIND_PROBLEM]);
	read_port(PORT_REFUSED, 120 * S);
	assert_false(swings.known[KIND_PROBLEM]); /* a reading from before the message */
	read_port(PORT_REFUSED, 130 * S);
	read_port(PORT_REFUSED, 141 * S);
	assert_true(swings.known[KIND_PROBLEM]);
	assert_int_equal(swings.delay[KIND_PROBLEM], 35 * S);
	assert_false(swings.known[KIND_RECOVERY]);
	/* its repeats are of the same change */
	swings_hear(&swings, KIND_PROBLEM, 150 * S);
	read_port(PORT_REFUSED, 151 * S);
	assert_int_equal(swings.count, 1);
	read_port(PORT_OPEN, 160 * S);
	swings_hear(&swings, KIND_RECOVERY, 161 * S);
	read_port(PORT_OPEN, 170 * S);
	assert_int_equal(swings.delay[KIND_RECOVERY], 161 * S - 155500 * NSEC_PER_MSEC);
	assert_int_equal(swings.count, 2);
	assert_int_equal(swings.sum, 35 * S + 5500 * NSEC_PER_MSEC);
	assert_int_equal(swings.bucket[2], 1); /* above 5 s, up to 15 s */
	assert_int_equal(swings.bucket[4], 1);
}

/* A counter of the metrics does not go back; what was measured of the other port is forgotten. */
static void a_histogram_goes_on_at_another_port(void **state)
{
	static char one[] = "127.0.0.1:1", other[] = "127.0.0.1:2";
	const struct watch_config before = {.probe_flapper = one, .max_latency = 60 * S};
	const struct watch_config after = {.probe_flapper = other, .max_latency = 60 * S};
	struct chain chain, next;

	(void)state;
	chain_begin(&chain, &before, 0, 0);
	chain_begin(&next, &after, 0, 0);
	chain.swings = (struct swings){.known = {true},
		.delay = {S},
		.heard = {5 * S},
		.paired = {4 * S},
		.bucket = {3, 2},
		.count = 5,
		.sum = 7 * S};
	chain_carry(&next, &chain);
	assert_int_equal(next.swings.count, 5);
	assert_int_equal(next.swings.sum, 7 * S);
	assert_int_equal(next.swings.bucket[0], 3);
	assert_int_equal(next.swings.bucket[1], 2);
	assert_false(next.swings.known[0]);
	assert_int_equal(next.swings.heard[0], 0);
	assert_int_equal(next.swings.paired[0], 0);
}

/* The message can be faster than the probe. */
static void a_message_between_two_readings_is_of_the_change_between_them(void **state)
{
	(void)state;
	read_port(PORT_REFUSED, 80 * S);
	read_port(PORT_OPEN, 90 * S);
	read_port(PORT_OPEN, 100 * S);
	swings_hear(&swings, KIND_PROBLEM, 101 * S);
	read_port(PORT_REFUSED, 110 * S);
	assert_int_equal(swings.delay[KIND_PROBLEM], 0);
	assert_int_equal(swings.bucket[0], 1);
}

static void without_readings_nothing_is_known(void **state)
{
	(void)state;
	swings_hear(&swings, KIND_PROBLEM, 50 * S);
	read_port(PORT_REFUSED, 100 * S);
	assert_int_equal(swings.count, 0);
	/* a pause, in which the port may have changed at any time, or often */
	read_port(PORT_OPEN, 200 * S);
	swings_hear(&swings, KIND_RECOVERY, 201 * S);
	read_port(PORT_OPEN, 210 * S);
	assert_int_equal(swings.count, 0);
	swings_hear(&swings, KIND_HEARTBEAT, 211 * S);
	swings_hear(&swings, KIND_ACKNOWLEDGEMENT, 211 * S);
	read_port(PORT_OPEN, 220 * S);
	assert_int_equal(swings.count, 0);
}

/* A port of any period, a probe and a chain of any delay shorter than that. */
static void the_delay_is_as_exact_as_the_readings(void **state)
{
	(void)state;
	srand48(7);
	for (int run = 0; run < 300; run++) {
		nsec half = (30 + lrand48() % 100) * S, every = (1 + lrand48() % 10) * S;
		nsec delay = lrand48() % (half / S) * S + S / 3, start = 1000 * S;
		nsec heard = start + half;

		begin(NULL);
		for (nsec at = start; at < start + 20 * half; at += every) {
			bool open = (at - start) / half % 2 == 0;

			/* messages up to now, each `delay` after its change */
			for (; heard + delay < at; heard += half)
				swings_hear(&swings,
					(heard - start) / half % 2 == 0 ? KIND_RECOVERY
									: KIND_PROBLEM,
					heard + delay);
			read_port(open ? PORT_OPEN : PORT_REFUSED, at);
			for (int kind = 0; kind < SWING_KINDS; kind++)
				if (swings.known[kind])
					assert_true(llabs(swings.delay[kind] - delay) <= every);
		}
		assert_true(swings.count >= 15);
	}
}

/* ---- what max_delay and max_queue_age make of it ---- */

static const struct match flapper = {.check = "Flapper"};
static struct watch_config config;
static struct chain chain;
static char fault[200];

static void chain_start(void)
{
	config = (struct watch_config){.watched_check = "Flapper",
		.max_latency = 300 * S,
		.max_delay = 30 * S,
		.probe_flapper = "h:1"};
	chain_begin(&chain, &config, S, 1000 * S);
	for (nsec at = 1000 * S; at < 1060 * S; at += 5 * S)
		chain_port(&chain, PORT_OPEN, at);
}

static void port_is_closed(nsec from, nsec until)
{
	for (nsec at = from; at < until; at += 5 * S)
		chain_port(&chain, PORT_REFUSED, at);
}

static void a_message_is_not_late_if_the_port_was_not_read_meanwhile(void **state)
{
	(void)state;
	chain_start();
	port_is_closed(1060 * S, 1100 * S);
	chain_hear(&chain, &flapper, KIND_PROBLEM, "x", 1063 * S);
	assert_false(chain_fault(&chain, 1101 * S, fault, sizeof fault));
	chain_hear(&chain, &flapper, KIND_PROBLEM, "x", 1303 * S);
	assert_false(chain_fault(&chain, 1304 * S, fault, sizeof fault));
	assert_false(chain_fault_known(&chain, 1304 * S));
}

static void a_repeated_message_is_not_late(void **state)
{
	(void)state;
	chain_start();
	port_is_closed(1060 * S, 1065 * S);
	chain_hear(&chain, &flapper, KIND_PROBLEM, "x", 1063 * S);
	port_is_closed(1065 * S, 1125 * S);
	chain_hear(&chain, &flapper, KIND_PROBLEM, "x", 1123 * S);
	port_is_closed(1125 * S, 1130 * S);
	assert_false(chain_fault(&chain, 1126 * S, fault, sizeof fault));
}

static void a_late_message_is_a_fault(void **state)
{
	(void)state;
	chain_start();
	port_is_closed(1060 * S, 1115 * S);
	chain_hear(&chain, &flapper, KIND_PROBLEM, "x", 1110 * S);
	port_is_closed(1115 * S, 1120 * S);
	assert_true(chain_fault(&chain, 1116 * S, fault, sizeof fault));
}

static void queue_read(int64_t length, uint64_t oldest, nsec at)
{
	const struct queue_reading queue = {
		.length = length, .oldest = oldest, .taken = -1, .output = -1};

	readings_queue(&chain.readings, &queue, at, chain.gap);
}

static void a_queue_is_old_only_as_far_as_it_was_read(void **state)
{
	(void)state;
	config = (struct watch_config){.watched_check = "Flapper",
		.max_latency = 300 * S,
		.max_queue_age = 60 * S,
		.probe_redis = "h:1",
		.probe_queue = "events"};
	chain_begin(&chain, &config, S, 1000 * S);
	queue_read(0, 0, 1000 * S);
	queue_read(1, 7, 2000 * S);
	assert_false(chain_fault(&chain, 2001 * S, fault, sizeof fault));
	/* it moves, and is never empty */
	for (nsec at = 2005 * S; at < 2100 * S; at += 5 * S)
		queue_read(1, (uint64_t)(at / (10 * S)), at);
	assert_true(chain_fault(&chain, 2096 * S, fault, sizeof fault));
	assert_false(chain_fault_known(&chain, 3000 * S));
}

#define FLOOD 2000

/* Each would be searched from every quotation mark to its end. */
static void costly_write(char *text, size_t size)
{
	size_t used = (size_t)snprintf(text, size, "Problem: ");

	while (used + 7 < size)
		used += (size_t)snprintf(text + used, size - used, "\"x\" on ");
}

static void a_flood_costs_little_and_hides_nothing_for_long(void **state)
{
	static char costly[32768];
	char text[CHAIN_RANKED * 2];

	(void)state;
	costly_write(costly, sizeof costly);
	chain_start();
	clock_t began = clock();
	/* messages of a room, and lines with times of their own in any order */
	for (int i = 0; i < FLOOD; i++)
		chain_hear(&chain, &flapper, KIND_NONE, costly,
			i % 2 == 0 ? 1100 * S : 1000 * S + (i % 50) * S);
	/* without the limits it takes 7 s, with them a hundredth of one */
	assert_true(clock() - began < 2 * CLOCKS_PER_SEC);
	assert_int_equal(chain.others, FLOOD);
	chain_hear(&chain, &flapper, KIND_NONE, "Problem: \"Other\" on db is OK", 1100 * S);
	assert_memory_equal(chain.nearest, costly, 20);
	chain_hear(&chain, &flapper, KIND_NONE, "Problem: \"Flapper\" on db is OK", 1101 * S);
	assert_string_equal(chain.nearest, "Problem: \"Flapper\" on db is OK");
	/* a name that ends beyond the limit is no name */
	chain_start();
	memset(text, 'y', sizeof text);
	memcpy(text, "Problem: \"", 10);
	snprintf(text + CHAIN_RANKED, CHAIN_RANKED, "\" is Critical");
	chain_hear(&chain, &flapper, KIND_NONE, "Problem: no name", 1101 * S);
	chain_hear(&chain, &flapper, KIND_NONE, text, 1101 * S);
	assert_string_equal(chain.nearest, "Problem: no name");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_not_late_if_the_port_was_not_read_meanwhile),
		cmocka_unit_test(a_repeated_message_is_not_late),
		cmocka_unit_test(a_late_message_is_a_fault),
		cmocka_unit_test(a_queue_is_old_only_as_far_as_it_was_read),
		cmocka_unit_test(a_flood_costs_little_and_hides_nothing_for_long),
		cmocka_unit_test(a_histogram_goes_on_at_another_port),
		cmocka_unit_test_setup(a_message_is_paired_with_the_change_before_it, begin),
		cmocka_unit_test_setup(
			a_message_between_two_readings_is_of_the_change_between_them, begin),
		cmocka_unit_test_setup(without_readings_nothing_is_known, begin),
		cmocka_unit_test_setup(the_delay_is_as_exact_as_the_readings, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The memory used by requests. */
#include "t/unit/unit.h"

#include "httpbroker/http/held.h"

#include <string.h>

enum { KIB = 1024, MAX = 1024 * KIB };

static const char zeros[MAX];

static struct held *held;

static int held_begin(void **state)
{
	(void)state;
	held = held_new(MAX);
	return 0;
}

static int held_end(void **state)
{
	(void)state;
	assert_int_equal(held_total(held), 0);
	held_free(held);
	return 0;
}

/* Starts a body this number of seconds ago. */
static struct holding began(nsec seconds)
{
	return (struct holding){.begun = clock_coarse() - seconds * NSEC_PER_SEC};
}

static bool append(struct holding *holding, size_t length)
{
	return held_append(held, holding, zeros, length);
}

static void held_memory_is_counted(void **state)
{
	struct holding holding = {.bytes = 0};

	(void)state;
	assert_true(append(&holding, 10));
	assert_int_equal(held_total(held), 4 * KIB);
	assert_true(append(&holding, 4 * KIB));
	assert_int_equal(held_total(held), 8 * KIB);
	assert_int_equal(holding.body.length, 10 + 4 * KIB);
	assert_true(append(&holding, 64 * KIB));
	assert_int_equal(held_total(held), 128 * KIB);
	assert_true(held_complete(held, &holding));
	held_count(held, &holding, 100);
	assert_int_equal(held_total(held), 100);
	held_count(held, &holding, 2 * MAX);
	assert_int_equal(held_total(held), 2 * MAX);
	held_release(held, &holding);
}

static void the_slowest_large_body_is_dropped_first(void **state)
{
	struct holding slow = began(20), slower = began(100), fast = began(1), fourth = began(2);

	(void)state;
	assert_true(append(&slow, 256 * KIB));
	assert_true(append(&slower, 256 * KIB));
	assert_true(append(&fast, 256 * KIB));
	assert_int_equal(held_total(held), 768 * KIB);
	assert_true(append(&fourth, 128 * KIB));
	assert_true(slower.dropped);
	assert_null(slower.body.data);
	assert_false(slow.dropped);
	assert_int_equal(held_total(held), (256 + 256 + 128) * KIB);
	assert_false(append(&slower, 1));
	assert_false(held_complete(held, &slower));
	/* a body that is itself the slowest */
	struct holding slowest = began(1000);
	assert_false(append(&slowest, 256 * KIB));
	assert_false(append(&slowest, 1));
	assert_false(slow.dropped || fast.dropped || fourth.dropped);
	/* a complete body is not dropped */
	assert_true(held_complete(held, &slow));
	assert_true(held_complete(held, &fast));
	assert_false(append(&fourth, 512 * KIB));
	assert_int_equal(held_total(held), 512 * KIB);
	held_release(held, &slow);
	held_release(held, &fast);
	held_release(held, &slower);
	held_release(held, &slowest);
	held_release(held, &fourth);
}

static void space_is_reserved_for_small_bodies(void **state)
{
	struct holding large = began(1), small[17];
	size_t count = 0;

	(void)state;
	assert_true(append(&large, 768 * KIB));
	memset(small, 0, sizeof small);
	while (count < ARRAY_LENGTH(small) && append(&small[count], 64 * KIB))
		count++;
	assert_int_equal(count, 16); /* the large one was dropped */
	assert_true(large.dropped);
	assert_false(held_take(held, 1, false));
	assert_true(held_take(held, 1, true));
	held_give(held, 1);
	for (size_t i = 0; i < ARRAY_LENGTH(small); i++)
		held_release(held, &small[i]);
	held_release(held, &large);
}

static void documents_displace_slow_bodies(void **state)
{
	struct holding large = began(1);

	(void)state;
	assert_true(append(&large, 512 * KIB));
	assert_true(held_take(held, 512 * KIB, false));
	assert_false(large.dropped);
	assert_true(held_take(held, 64 * KIB, false));
	assert_true(large.dropped);
	held_give(held, 576 * KIB);
	held_release(held, &large);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(held_memory_is_counted, held_begin, held_end),
		cmocka_unit_test_setup_teardown(
			the_slowest_large_body_is_dropped_first, held_begin, held_end),
		cmocka_unit_test_setup_teardown(
			space_is_reserved_for_small_bodies, held_begin, held_end),
		cmocka_unit_test_setup_teardown(
			documents_displace_slow_bodies, held_begin, held_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The queue of checks: its order, as it grows and as it is taken from. */
#include "t/unit/unit.h"

#include "httpbroker/checks/fifo.h"

enum { MANY = 5000 };

static struct check checks[MANY];

static void an_empty_one_has_nothing(void **state)
{
	struct fifo fifo = {0};

	(void)state;
	assert_int_equal(fifo_length(&fifo), 0);
	assert_null(fifo_first(&fifo));
	assert_null(fifo_take(&fifo));
	fifo_append(&fifo, &checks[0]);
	assert_ptr_equal(fifo_first(&fifo), &checks[0]);
	assert_int_equal(fifo_length(&fifo), 1);
	assert_ptr_equal(fifo_take(&fifo), &checks[0]);
	assert_null(fifo_take(&fifo));
	assert_int_equal(fifo_length(&fifo), 0);
	fifo_free(&fifo);
}

/* Of three that come, `taken` go: it grows, or room at its front is used again. */
static void order_try(int taken)
{
	struct fifo fifo = {0};
	int first = 0;

	for (int next = 0; next < MANY; next++) {
		fifo_append(&fifo, &checks[next]);
		for (int i = 0; next % 3 == 2 && i < taken; i++)
			assert_ptr_equal(fifo_take(&fifo), &checks[first++]);
		assert_int_equal(fifo_length(&fifo), next + 1 - first);
		assert_ptr_equal(fifo_first(&fifo), first <= next ? &checks[first] : NULL);
	}
	while (first < MANY)
		assert_ptr_equal(fifo_take(&fifo), &checks[first++]);
	assert_null(fifo_take(&fifo));
	fifo_free(&fifo);
}

static void the_order_is_kept(void **state)
{
	(void)state;
	for (int taken = 0; taken <= 3; taken++)
		order_try(taken);
}

/* What is at the front is used again: memory is bounded by what waits. */
static void room_at_the_front_is_used_again(void **state)
{
	struct fifo fifo = {0};

	(void)state;
	for (int i = 0; i < 600; i++)
		fifo_append(&fifo, &checks[i]);
	for (int i = 0; i < 100 * MANY; i++) {
		fifo_append(&fifo, &checks[(600 + i) % MANY]);
		assert_ptr_equal(fifo_take(&fifo), &checks[i % MANY]);
	}
	assert_int_equal(fifo_length(&fifo), 600);
	assert_true(fifo.capacity <= 2000);
	fifo_free(&fifo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_one_has_nothing),
		cmocka_unit_test(the_order_is_kept),
		cmocka_unit_test(room_at_the_front_is_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

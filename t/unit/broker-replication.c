/* SPDX-License-Identifier: MIT */
/* With Sentinel: how long events are kept that a replica has confirmed. */
#include "t/unit/unit.h"

#include "httpbroker/delivery/accepted.h"

/* A commit after which `done` events are in the master, at this offset of its stream. */
static void commit(struct replication *replication, nsec now, uint64_t done, int64_t offset,
	size_t replicas, int64_t least)
{
	const struct role role = {offset, replicas, least};

	replication_update(replication, &role, &(struct watermarks){done, done}, now);
}

static uint64_t kept_from(const struct replication *replication)
{
	assert_int_equal(replication->kept_from.pushes, replication->kept_from.records);
	return replication->kept_from.pushes;
}

static void what_one_replica_confirms_is_not_kept(void **state)
{
	struct replication replication = {0};

	(void)state;
	assert_false(replication_keeps(&replication));
	commit(&replication, 1, 5, 100, 1, 90);
	assert_int_equal(kept_from(&replication), 5);
	commit(&replication, 2, 6, 200, 1, 90);
	assert_int_equal(kept_from(&replication), 6);
	assert_false(replication_keeps(&replication));
}

static void of_two_replicas_both_must_have_it(void **state)
{
	struct replication replication = {0};

	(void)state;
	commit(&replication, 1, 5, 100, 2, 90);
	assert_true(replication_keeps(&replication));
	assert_int_equal(kept_from(&replication), 0);
	commit(&replication, 2, 6, 200, 2, 99);
	assert_int_equal(kept_from(&replication), 0);
	commit(&replication, 3, 7, 300, 2, 100); /* what was done at 100 */
	assert_int_equal(kept_from(&replication), 5);
	commit(&replication, 4, 8, 400, 2, 400);
	assert_int_equal(kept_from(&replication), 7);
	replication_unmark(&replication); /* another master counts from elsewhere */
	commit(&replication, 5, 9, 50, 2, 1000);
	assert_int_equal(kept_from(&replication), 7);
	commit(&replication, 6, 9, 60, 2, 55);
	assert_int_equal(kept_from(&replication), 9);
	replication_reset(&replication);
	assert_int_equal(kept_from(&replication), 0);
}

/* As in a failover: the one that has left may be the next master. */
static void a_replica_that_has_left_is_waited_for(void **state)
{
	struct replication replication = {0};
	const nsec left = NSEC_PER_SEC;

	(void)state;
	commit(&replication, left - 1, 5, 100, 2, 100);
	commit(&replication, left, 6, 200, 1, 200);
	commit(&replication, left + REPLICATION_KEPT - 2, 7, 300, 1, 300);
	assert_int_equal(kept_from(&replication), 0);
	assert_true(replication_keeps(&replication));
	commit(&replication, left + REPLICATION_KEPT - 1, 8, 400, 1, 400);
	assert_int_equal(kept_from(&replication), 5);
	commit(&replication, left + REPLICATION_KEPT, 9, 500, 1, 500);
	assert_int_equal(kept_from(&replication), 9);
	assert_false(replication_keeps(&replication));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_one_replica_confirms_is_not_kept),
		cmocka_unit_test(of_two_replicas_both_must_have_it),
		cmocka_unit_test(a_replica_that_has_left_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

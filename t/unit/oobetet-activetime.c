/* SPDX-License-Identifier: MIT */
/* Active time: what counts while the process is stopped, starved or suspended. */
#include "t/unit/unit.h"

#include "oobetet/watch/rooms.h"
#include "oobetet/watch/watch.h"

#define SEC NSEC_PER_SEC
#define TICK (5 * SEC)
#define AWAKE 1000 /* seconds since some start-up */

static struct active_time awake(void)
{
	struct active_time active_time;

	active_time_begin(&active_time, TICK, AWAKE * SEC, AWAKE * SEC);
	return active_time;
}

static void active_time_runs_while_it_is_updated(void **state)
{
	struct active_time active_time = awake();

	(void)state;
	for (int i = 1; i < 100; i++)
		assert_int_equal(
			active_time_turn(&active_time, false, (AWAKE + 5 * i) * SEC + SEC / 2,
				(AWAKE + 5 * i) * SEC + SEC / 2),
			0);
	assert_int_equal(active_time_at(&active_time, (AWAKE + 495) * SEC), (AWAKE + 495) * SEC);
}

static void active_time_pauses_while_the_process_is_stopped(void **state)
{
	struct active_time active_time = awake();
	nsec now = (AWAKE + 402) * SEC;

	(void)state;
	active_time_turn(&active_time, false, (AWAKE + 2) * SEC, (AWAKE + 2) * SEC);
	assert_int_equal(active_time_turn(&active_time, false, now, now), 395 * SEC);
	assert_int_equal(active_time_at(&active_time, now), (AWAKE + 7) * SEC);
	assert_int_equal(active_time_at(&active_time, now + 2 * SEC), (AWAKE + 9) * SEC);
	/* messages received during the stop, and before it */
	assert_int_equal(active_time_at(&active_time, (AWAKE + 200) * SEC), (AWAKE + 7) * SEC);
	assert_int_equal(active_time_at(&active_time, (AWAKE + 1) * SEC), (AWAKE + 1) * SEC);
}

static void a_short_stop_is_detected_at_its_end(void **state)
{
	struct active_time active_time = awake();

	(void)state;
	assert_int_equal(active_time_turn(&active_time, true, (AWAKE + 3) * SEC, (AWAKE + 3) * SEC),
		3 * SEC);
	assert_int_equal(
		active_time_turn(&active_time, false, (AWAKE + 6) * SEC, (AWAKE + 6) * SEC), 0);
	assert_int_equal(active_time_at(&active_time, (AWAKE + 6) * SEC), (AWAKE + 3) * SEC);
}

static void active_time_runs_when_every_update_is_late(void **state)
{
	struct active_time active_time = awake();

	(void)state;
	for (nsec now = (AWAKE + 10) * SEC; now <= (AWAKE + 100) * SEC; now += 10 * SEC)
		active_time_turn(&active_time, false, now, now);
	assert_int_equal(active_time_at(&active_time, (AWAKE + 100) * SEC), (AWAKE + 50) * SEC);
}

static void a_suspension_is_not_counted_but_is_reported(void **state)
{
	struct active_time active_time = awake();

	(void)state;
	assert_int_equal(
		active_time_turn(&active_time, false, (AWAKE + 5) * SEC, (AWAKE + 3605) * SEC),
		3600 * SEC);
	assert_int_equal(active_time_at(&active_time, (AWAKE + 5) * SEC), (AWAKE + 5) * SEC);
	assert_int_equal(
		active_time_turn(&active_time, false, (AWAKE + 10) * SEC, (AWAKE + 3610) * SEC), 0);
}

static void only_the_latest_stops_are_stored(void **state)
{
	struct active_time active_time = awake();
	nsec now = AWAKE * SEC;

	(void)state;
	for (int i = 0; i < 3 * ACTIVE_TIME_GAPS; i++) {
		now += 2 * SEC;
		assert_int_equal(active_time_turn(&active_time, false, now, now), 0);
		now += 20 * SEC;
		assert_int_equal(active_time_turn(&active_time, false, now, now), 15 * SEC);
	}
	assert_int_equal(
		active_time_at(&active_time, now), (AWAKE + 7 * 3 * ACTIVE_TIME_GAPS) * SEC);
	for (int i = 0; i < ACTIVE_TIME_GAPS; i++)
		assert_int_equal(active_time_at(&active_time, now - 22 * i * SEC),
			(AWAKE + 7 * (3 * ACTIVE_TIME_GAPS - i)) * SEC);
}

/* The other watcher must wake up when this one crashes again and again. */
static void a_delayed_heartbeat_waits(void **state)
{
	char room[] = "ops@conference", *rooms[] = {room};
	const struct config config = {.rooms = {rooms, 1}};
	struct rooms *joined = rooms_new(&config, 0, 0);
	struct heartbeat heartbeat = {.rooms = joined, .interval = 10 * SEC};

	(void)state;
	assert_false(heartbeat_due(&heartbeat, SEC));
	heartbeat.next = 60 * SEC;
	rooms_set_joined(joined, room, "nick");
	assert_int_equal(heartbeat_deadline(&heartbeat), 60 * SEC);
	assert_false(heartbeat_due(&heartbeat, 60 * SEC - 1));
	assert_true(heartbeat_due(&heartbeat, 60 * SEC));
	assert_int_equal(heartbeat_deadline(&heartbeat), 70 * SEC);
	rooms_free(joined);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(active_time_runs_while_it_is_updated),
		cmocka_unit_test(active_time_pauses_while_the_process_is_stopped),
		cmocka_unit_test(a_short_stop_is_detected_at_its_end),
		cmocka_unit_test(active_time_runs_when_every_update_is_late),
		cmocka_unit_test(a_suspension_is_not_counted_but_is_reported),
		cmocka_unit_test(a_delayed_heartbeat_waits),
		cmocka_unit_test(only_the_latest_stops_are_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

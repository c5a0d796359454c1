/* SPDX-License-Identifier: MIT */
/* What the messages of workers mean: readings across a reload, and history of an absence. */
#include "t/unit/unit.h"

#include "common/log.h"
#include "oobetet/monitor.h"
#include "t/unit/oobetet-config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SEC NSEC_PER_SEC
#define START (100 * SEC)

static int worker_fd = -1; /* the worker's end */

pid_t selfexec_start(const struct selfexec *selfexec, const char *name, int *fd)
{
	int ends[2];

	(void)selfexec, (void)name;
	if (worker_fd >= 0)
		close(worker_fd);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*fd = ends[0];
	worker_fd = ends[1];
	return 0; /* there is no process to kill */
}

static void probe_says(struct monitor *monitor, const char *line, nsec now)
{
	struct message message;

	assert_int_equal(write(worker_fd, line, strlen(line)), (ssize_t)strlen(line));
	worker_exchange(monitor->workers.probe);
	while (worker_next(monitor->workers.probe, &message, now))
		dispatch_message(monitor, &message, now);
}

static int readings_of(const struct monitor *monitor, int watch)
{
	return monitor->watches.each[watch]->chain.readings.port.count;
}

static void readings_of_a_worker_that_ends_are_dropped(void **state)
{
	static const struct timing timing = {
		.alive = SEC, .timeout = 30 * SEC, .retry_min = SEC, .retry_max = 30 * SEC};
	struct monitor monitor = {.timing = timing};
	nsec now = START;

	(void)state;
	monitor.config = config_of("jabberid = o@x\npassword = secret\nrooms = a@x\n"
				   "[watch a]\nwatched_check = A\nprobe_flapper = a:1\n"
				   "[watch b]\nwatched_check = B\nprobe_flapper = b:1\n");
	for (int i = 0; i < 2; i++)
		monitor.watches.each[monitor.watches.count++] =
			watched_new(monitor.config->watch[i], "host", &timing, 1 + (uint64_t)i, 0);
	monitor.workers.probe = worker_new(SPEAKER_PROBE, NULL, &timing, 1);
	assert_int_equal(worker_tick(monitor.workers.probe, now), WORKER_STARTED);
	probe_says(&monitor, "port\t1\t100000000000\trefused\n", now);
	assert_int_equal(readings_of(&monitor, 1), 1);
	/* a reload: it is still asked to stop, and knows the watches as they were */
	worker_restart(monitor.workers.probe, &timing, now);
	probe_says(&monitor, "port\t0\t100500000000\trefused\n", now);
	probe_says(&monitor, "silent\t0\t100500000000\t1\n", now);
	assert_int_equal(readings_of(&monitor, 0), 0);
	assert_int_equal(monitor.watches.each[0]->chain.readings.probe[PROBE_BROKER].at, 0);
	/* the next one knows those of now */
	now += 2 * SEC;
	assert_int_equal(worker_tick(monitor.workers.probe, now), WORKER_LOST);
	assert_int_equal(worker_tick(monitor.workers.probe, now), WORKER_STARTED);
	probe_says(&monitor, "port\t0\t102000000000\trefused\n", now);
	assert_int_equal(readings_of(&monitor, 0), 1);
	worker_free(monitor.workers.probe);
	watches_free(&monitor.watches);
	config_free(monitor.config);
	close(worker_fd);
}

#define HOUR (3600 * SEC)

/* How long the watch has been silent, after this message of an absence in the room a@x. */
static nsec silence_after(nsec absence, nsec ahead)
{
	static const struct timing timing = {.alive = SEC};
	nsec now = clock_monotonic();
	struct monitor monitor = {.timing = timing};
	char stamp[MESSAGE_NUMBER], room[] = "a@x", nick[] = "nick", id[] = "",
				    text[] = "Problem: \"A\" on b is Critical";

	monitor.config = config_of("jabberid = o@x\npassword = secret\nrooms = a@x\n"
				   "watched_check = A\nwatched_entity = b\n");
	monitor.watches.each[monitor.watches.count++] =
		watched_new(monitor.config->watch[0], "host", &timing, 1, now - 10 * HOUR);
	monitor.rooms = rooms_new(monitor.config, 0, now - 10 * HOUR);
	rooms_set_joined(monitor.rooms, room, nick);
	rooms_left(monitor.rooms, room, "gone", now - absence);
	message_number_text(clock_wall() + ahead, stamp);
	dispatch_message(&monitor,
		&(struct message){.from = SPEAKER_XMPP,
			.type = MESSAGE_RECALLED,
			.field = {stamp, room, nick, text, id}},
		now);
	nsec silence = watch_silence(monitor.watches.each[0]->watch, KIND_PROBLEM, now);
	watches_free(&monitor.watches);
	rooms_free(monitor.rooms);
	config_free(monitor.config);
	return silence;
}

static void history_counts_at_its_stamp_unless_that_is_in_the_future(void **state)
{
	(void)state;
	assert_between(silence_after(HOUR, -600 * SEC), 599 * SEC, 601 * SEC);
	assert_between(silence_after(HOUR, SEC), -2 * SEC, 2 * SEC);
	/* it came at some time of the absence */
	assert_between(silence_after(HOUR, 2 * HOUR), HOUR - SEC, HOUR + SEC);
	/* older than the absence: it was heard before */
	assert_between(silence_after(HOUR, -2 * HOUR), 10 * HOUR - SEC, 10 * HOUR + SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readings_of_a_worker_that_ends_are_dropped),
		cmocka_unit_test(history_counts_at_its_stamp_unless_that_is_in_the_future),
	};
	log_open("test");
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* How long oobetet was away before a start, from its state file; made-up time. */
#include "t/unit/unit.h"

#include "common/log.h"
#include "oobetet/state/snapshot.h"
#include "t/unit/oobetet-config.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEC NSEC_PER_SEC
#define HOUR (3600 * SEC)

static char folder[] = "/tmp/oobetet-snapshot-XXXXXX";
static struct config *config;
static struct watches watches;
static struct snapshot snapshot;

/* A run that starts at `now`. Returns how long none ran before. */
static nsec run_begin(const struct timestamps *now)
{
	static const struct timing timing = {.ping = SEC, .answer = SEC, .retry_min = SEC};

	watches = (struct watches){.count = 1};
	watches.each[0] = watched_new(config->watch[0], "host", &timing, 1, now->active_time);
	return snapshot_begin(&snapshot, "state", &watches, SEC, now);
}

static void run_end(const struct timestamps *now)
{
	int status;

	assert_true(snapshot_write(&snapshot, now, true));
	pid_t writer = snapshot.statefile.writer.pid;
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_true(snapshot_ended(&snapshot, writer, status));
	close(snapshot.statefile.lock);
	snapshot_end(&snapshot);
	watches_free(&watches);
}

static void a_step_of_the_wall_clock_is_no_absence(void **state)
{
	struct timestamps now = {.active_time = SEC, .monotonic = SEC, .boot = SEC, .wall = HOUR};
	static const nsec steps[] = {HOUR, -HOUR / 2};

	(void)state;
	assert_int_equal(run_begin(&now), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
		run_end(&now);
		now.boot += 7 * SEC;
		now.monotonic += 7 * SEC;
		now.wall += steps[i] + 7 * SEC;
		assert_int_equal(run_begin(&now), 7 * SEC);
	}
	run_end(&now);
}

/* Such as for want of descriptors, or of permission: the file is not at fault. */
static void a_file_that_cannot_be_opened_is_left_as_it_is(void **state)
{
	struct timestamps now = {.active_time = SEC, .monotonic = SEC, .boot = SEC, .wall = HOUR};
	struct rlimit saved, low;

	(void)state;
	remove("state");
	run_begin(&now);
	run_end(&now);
	int lock = dup(STDERR_FILENO); /* the next number */
	close(lock);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &saved), 0);
	low = (struct rlimit){.rlim_cur = (rlim_t)lock + 1, .rlim_max = saved.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	run_begin(&now);
	setrlimit(RLIMIT_NOFILE, &saved);
	assert_int_equal(access("state.damaged", F_OK), -1);
	assert_true(snapshot_write(&snapshot, &now, true));
	assert_int_equal(snapshot.statefile.writer.pid, 0);
	close(snapshot.statefile.lock);
	snapshot_end(&snapshot);
	watches_free(&watches);
	now.boot += 7 * SEC;
	assert_int_equal(run_begin(&now), 7 * SEC);
	run_end(&now);
}

static int begin(void **state)
{
	(void)state;
	config = config_of("jabberid = o@x\npassword = secret\nrooms = ops@x\nmax_latency = 1m\n"
			   "watched_check = A\n");
	return mkdtemp(folder) == NULL || chdir(folder) != 0 ? -1 : 0;
}

static int end(void **state)
{
	(void)state;
	config_free(config);
	remove("state");
	remove("state.lock");
	return chdir("/") == 0 ? rmdir(folder) : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_of_the_wall_clock_is_no_absence),
		cmocka_unit_test(a_file_that_cannot_be_opened_is_left_as_it_is),
	};

	log_open("test");
	return cmocka_run_group_tests(tests, begin, end);
}

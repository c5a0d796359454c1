/* SPDX-License-Identifier: MIT */
/* The state file on the disk: obstacles to the writer, a disk that hangs, the lock. */
#include "t/unit/unit.h"

#include "common/signals.h"
#include "oobetet/state/statefile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEC NSEC_PER_SEC
#define LIMIT (5 * SEC)
#define TEST_TIMEOUT 60 /* seconds for all tests: a hanging test must end */

static char folder[] = "/tmp/oobetet-statefile-XXXXXX";
static struct statefile statefile;

/* ---- a simulated disk ---- */

static enum { WORKS, HANGS, SIGNALLED } disk;

int fsync(int fd)
{
	(void)fd;
	if (disk == HANGS)
		pause();
	if (disk == SIGNALLED) {
		kill(getpid(), SIGTERM);
		kill(getpid(), SIGINT);
	}
	return 0;
}

/* ---- a keeper of a new file ---- */

static int begin(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/oobetet-statefile-XXXXXX");
	if (mkdtemp(folder) == NULL || chdir(folder) != 0)
		return -1;
	disk = WORKS;
	statefile_begin(&statefile, "state", LIMIT);
	return 0;
}

static int end(void **state)
{
	(void)state;
	if (statefile.lock >= 0)
		close(statefile.lock);
	for (const char *const *name = (const char *const[]){"state", "state.new", "state.new-1",
		     "state.lock", NULL};
		*name != NULL; name++)
		remove(*name);
	return chdir("/") == 0 ? rmdir(folder) : -1;
}

static void save(const char *message_types)
{
	struct buffer text = {NULL, 0, 0};

	buffer_append_text(&text, message_types);
	assert_true(statefile_save(&statefile, &text, 1, SEC));
	buffer_free(&text);
}

/* Waits until the writer has exited and was reaped. */
static void await(void)
{
	int status;
	pid_t pid = waitpid(statefile.writer.pid, &status, 0);

	assert_int_equal(pid, statefile.writer.pid);
	assert_true(statefile_ended(&statefile, pid, status));
	assert_int_equal(statefile.writer.pid, 0);
}

static void file_is(const char *message_types)
{
	struct reason why;
	char *text = statefile_load(&statefile, &why);

	assert_non_null(text);
	assert_string_equal(text, message_types);
	free(text);
}

/* ---- tests ---- */

static void the_file_is_replaced_atomically(void **state)
{
	(void)state;
	save("one");
	await();
	file_is("one");
	save("two");
	await();
	file_is("two");
	assert_int_equal(statefile.writer.logged, 0);
	assert_int_equal(access("state.new", F_OK), -1);
}

static void other_files_at_the_temporary_name_are_not_opened(void **state)
{
	(void)state;
	assert_int_equal(mkfifo("state.new", 0600), 0);
	save("past a pipe");
	await();
	file_is("past a pipe");
	assert_int_equal(mkdir("state.new", 0700), 0);
	save("past a folder");
	await();
	file_is("past a folder");
	assert_int_equal(statefile.writer.logged, 0);
}

static void a_named_pipe_is_not_read(void **state)
{
	struct reason why;

	(void)state;
	assert_int_equal(mkfifo("state", 0600), 0);
	free(statefile_load(&statefile, &why));
}

static void a_hanging_writer_is_killed_and_reported(void **state)
{
	struct buffer more = {NULL, 0, 0};

	(void)state;
	disk = HANGS;
	save("never");
	assert_int_equal(writer_deadline(&statefile.writer), SEC + LIMIT);
	writer_tick(&statefile.writer, SEC + LIMIT - 1);
	assert_int_equal(statefile.writer.logged, 0);
	assert_false(statefile_save(&statefile, &more, 2, 2 * SEC));
	writer_tick(&statefile.writer, SEC + LIMIT);
	assert_int_equal(statefile.writer.logged, ETIMEDOUT);
	assert_int_equal(writer_deadline(&statefile.writer), NSEC_NEVER);
	await();
	assert_int_equal(statefile.writer.logged, ETIMEDOUT);
	assert_int_equal(statefile.kept, 0);
	disk = WORKS;
	save("again");
	await();
	file_is("again");
	assert_int_equal(statefile.writer.logged, 0);
	assert_int_equal(statefile.kept, 1);
}

/* ^C, or a supervisor that signals the process group */
static void the_writer_ignores_signals_to_the_group(void **state)
{
	(void)state;
	disk = SIGNALLED;
	save("written");
	await();
	file_is("written");
	assert_int_equal(statefile.writer.logged, 0);
}

static void a_file_size_limit_is_reported(void **state)
{
	struct rlimit unlimited, small;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
	small = (struct rlimit){.rlim_cur = 1, .rlim_max = unlimited.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	save("too much");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
	await();
	assert_int_equal(statefile.writer.logged, EFBIG);
}

/* Starts a process that locks the file and leaves `child` running. Returns its pid. */
static pid_t other_locks(pid_t *child)
{
	int ready[2];
	pid_t left = 0;

	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* when a test fails it goes with us */
		left = statefile_lock(&statefile, &left) == 0 ? fork() : -1;
		if (left == 0) {
			alarm(TEST_TIMEOUT); /* it outlives its parent: it must end itself */
			for (;;)
				pause();
		}
		if (write(ready[1], &left, sizeof left) == sizeof left)
			pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &left, sizeof left), sizeof left);
	assert_true(left > 0);
	*child = left;
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void a_locked_file_is_refused(void **state)
{
	pid_t holder = 0, child, other = other_locks(&child);

	(void)state;
	assert_int_equal(statefile_lock(&statefile, &holder), EBUSY);
	assert_int_equal(holder, other);
	kill(other, SIGKILL);
	assert_int_equal(waitpid(other, NULL, 0), other);
	/* its child, which may hang, does not hold the lock */
	assert_int_equal(statefile_lock(&statefile, &holder), 0);
	assert_int_equal(statefile_lock(&statefile, &holder), 0);
	kill(child, SIGKILL);
}

/* Another process may have locked the file meanwhile. */
static void a_file_without_a_lock_is_not_written(void **state)
{
	pid_t child, other = other_locks(&child);

	(void)state;
	save("mine");
	assert_int_equal(statefile.writer.pid, 0);
	assert_int_equal(statefile.writer.logged, EBUSY);
	kill(other, SIGKILL);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(other, NULL, 0), other);
	save("mine");
	await();
	file_is("mine");
	assert_int_equal(statefile.writer.logged, 0);
}

#define KEEPER_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		KEEPER_TEST(the_file_is_replaced_atomically),
		KEEPER_TEST(other_files_at_the_temporary_name_are_not_opened),
		KEEPER_TEST(a_named_pipe_is_not_read),
		KEEPER_TEST(a_hanging_writer_is_killed_and_reported),
		KEEPER_TEST(the_writer_ignores_signals_to_the_group),
		KEEPER_TEST(a_file_size_limit_is_reported),
		KEEPER_TEST(a_locked_file_is_refused),
		KEEPER_TEST(a_file_without_a_lock_is_not_written),
	};

	alarm(TEST_TIMEOUT);
	signals_catch((const int[]){SIGTERM, SIGINT, SIGHUP, SIGCHLD}, 4);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

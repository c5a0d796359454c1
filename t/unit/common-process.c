/* SPDX-License-Identifier: MIT */
/* Child processes that run a program of the user. */
#include "t/unit/unit.h"

#include "common/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Starts sh with this script, and nothing of ours but a pipe for its output, which it returns. */
static int shell_start(struct process *process, const char *script, struct process_plan plan)
{
	char sh[] = "sh", option[] = "-c", text[200];
	char *const argv[] = {sh, option, text, NULL};
	int out[2];

	snprintf(text, sizeof text, "%s", script);
	assert_true(process_pipe(out));
	plan.argv = argv;
	plan.out = out[1];
	assert_int_equal(process_start(process, &plan), 0);
	close(out[1]);
	return out[0];
}

static void process_await(struct process *process)
{
	for (int i = 0; i < 4000 && !process_ended(process); i++)
		usleep(5000);
	assert_true(process->ended);
}

/* Reads to the end, however long it takes to come. */
static void output_read(int fd, char *out, size_t size)
{
	size_t used = 0;
	ssize_t got;

	fcntl(fd, F_SETFL, 0);
	while ((got = read(fd, out + used, size - 1 - used)) > 0)
		used += (size_t)got;
	out[used] = '\0';
	close(fd);
}

static void a_process_gets_its_input_and_variables(void **state)
{
	const struct process_variable variables[] = {
		{"QN_SET", "new"}, {"QN_REMOVED", NULL}, {NULL, NULL}};
	struct process process;
	char written[256], end[64];

	(void)state;
	setenv("QN_SET", "old", 1);
	setenv("QN_REMOVED", "old", 1);
	setenv("QN_KEPT", "old", 1);
	setenv("NOTIFY_SOCKET", "/nowhere", 1);
	int in = process_input("a\nb\n", 4), other = fcntl(in, F_DUPFD, 20);
	int out = shell_start(&process,
		"cat; echo $QN_SET $QN_REMOVED $QN_KEPT $NOTIFY_SOCKET; ls /proc/self/fd; exit 3",
		(struct process_plan){.in = in, .err = -1, .variables = variables});
	close(in);
	close(other);
	output_read(out, written, sizeof written);
	/* 3 is what ls reads */
	assert_string_equal(written, "a\nb\nnew old\n0\n1\n2\n3\n");
	process_await(&process);
	assert_int_equal(kill(process.pid, 0), 0); /* not reaped yet */
	process_end_text(&process, end, sizeof end);
	assert_string_equal(end, "exit status 3");
	process_reap(&process);
	assert_int_equal(process.pid, 0);
	assert_false(process_ended(&process)); /* once */
	unsetenv("NOTIFY_SOCKET");
}

static void a_transparent_process_inherits_all(void **state)
{
	struct process process;
	char script[100], written[256];
	int other = open("/dev/null", O_RDONLY);

	(void)state;
	setenv("NOTIFY_SOCKET", "/nowhere", 1);
	snprintf(script, sizeof script, "echo $NOTIFY_SOCKET; readlink /proc/$$/fd/%d", other);
	int out = shell_start(
		&process, script, (struct process_plan){.in = -1, .err = -1, .transparent = true});
	close(other);
	output_read(out, written, sizeof written);
	assert_string_equal(written, "/nowhere\n/dev/null\n");
	process_await(&process);
	process_reap(&process);
	unsetenv("NOTIFY_SOCKET");
}

static void a_program_that_cannot_be_run_has_a_reason(void **state)
{
	char none[] = "/nonexistent/program", folder[] = "/";
	char *argv[] = {none, NULL};
	struct process_plan plan = {
		.argv = argv, .in = -1, .out = -1, .err = -1, .exec_is_awaited = true};
	struct process process;
	char written[256];
	int err[2];

	(void)state;
	assert_int_equal(process_start(&process, &plan), ENOENT);
	assert_int_equal(process.pid, 0);
	assert_false(process_ended(&process));
	argv[0] = folder;
	assert_int_equal(process_start(&process, &plan), EACCES);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left */
	plan.exec_is_awaited = false;
	assert_true(process_pipe(err));
	plan.err = err[1];
	assert_int_equal(process_start(&process, &plan), 0);
	close(err[1]);
	output_read(err[0], written, sizeof written);
	assert_string_equal(written, "cannot run /: Permission denied\n");
	process_await(&process);
	assert_int_equal(process.status, 126);
	process_reap(&process);
}

static void a_killed_process_ends_with_its_group(void **state)
{
	struct process process;
	char written[64], end[64];

	(void)state;
	int out = shell_start(&process, "sleep 1000 & echo started; wait",
		(struct process_plan){.in = -1, .err = -1});
	fcntl(out, F_SETFL, 0);
	assert_int_equal(read(out, written, 8), 8);
	assert_false(process_ended(&process));
	process_kill(&process);
	assert_true(process.killed);
	/* its child has the pipe as well: it is gone */
	output_read(out, written, sizeof written);
	process_await(&process);
	process_end_text(&process, end, sizeof end);
	assert_string_equal(end, "signal 9 (Killed)");
	process_reap(&process);
	process_kill(&process); /* nothing to kill */
	assert_false(processes_reap());
}

static void one_that_does_not_die_at_once_is_reaped_later(void **state)
{
	struct process process;

	(void)state;
	int out = shell_start(&process, "sleep 1000", (struct process_plan){.in = -1, .err = -1});
	pid_t pid = process.pid;
	process_reap(&process);
	assert_int_equal(process.pid, 0);
	assert_true(processes_reap());
	kill(-pid, SIGKILL);
	for (int i = 0; i < 4000 && processes_reap(); i++)
		usleep(5000);
	assert_false(processes_reap());
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	close(out);
}

static void a_pipe_of_a_process_does_not_block_us(void **state)
{
	char byte;
	int ends[2];

	(void)state;
	assert_true(process_pipe(ends));
	assert_int_equal(read(ends[0], &byte, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_gets_its_input_and_variables),
		cmocka_unit_test(a_transparent_process_inherits_all),
		cmocka_unit_test(a_program_that_cannot_be_run_has_a_reason),
		cmocka_unit_test(a_killed_process_ends_with_its_group),
		cmocka_unit_test(one_that_does_not_die_at_once_is_reaped_later),
		cmocka_unit_test(a_pipe_of_a_process_does_not_block_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

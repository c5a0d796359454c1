/* SPDX-License-Identifier: MIT */
/* A run of a listen_command: its process group, its keeper, its end. */
#include "t/unit/unit.h"

#include "common/clocks.h"
#include "common/process.h"
#include "common/signals.h"
#include "oobetet/listen/program.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 10000 /* milliseconds */

static bool kill_fails;
static pid_t signalled; /* last */

int kill(pid_t pid, int number)
{
	signalled = pid;
	return kill_fails ? 0 : (int)syscall(SYS_kill, pid, number);
}

static struct program shell_start(const char *script)
{
	char shell[] = "sh", option[] = "-c", copy[300];
	char *words[] = {shell, option, copy, NULL};
	struct program program;

	snprintf(copy, sizeof copy, "%s", script);
	assert_true(program_start(&program, words));
	return program;
}

/* The next line, without its newline, or what came before the end of the output. */
static void line_read(int fd, char *line, size_t size)
{
	size_t used = 0;

	while (used < size - 1) {
		struct pollfd output = {.fd = fd, .events = POLLIN};

		assert_int_equal(poll(&output, 1, PATIENCE), 1);
		if (read(fd, line + used, 1) != 1 || line[used] == '\n')
			break;
		used++;
	}
	line[used] = '\0';
}

static void end_await(struct program *program, const char *expected)
{
	nsec limit = clock_monotonic() + PATIENCE * NSEC_PER_MSEC;
	char text[100];

	while (!process_ended(&program->keeper)) {
		assert_true(clock_monotonic() < limit);
		usleep(2000);
	}
	process_end_text(&program->keeper, text, sizeof text);
	assert_string_equal(text, expected);
}

static bool lives(pid_t pid)
{
	char path[64], line[200] = "";

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return false;
	bool there = fgets(line, sizeof line, file) != NULL && strstr(line, ") Z") == NULL;
	fclose(file);
	return there;
}

static void death_await(pid_t pid)
{
	nsec limit = clock_monotonic() + PATIENCE * NSEC_PER_MSEC;

	while (lives(pid) && clock_monotonic() < limit)
		usleep(2000);
	assert_false(lives(pid));
}

/* No zombie stays. */
static void keepers_await(void)
{
	nsec limit = clock_monotonic() + PATIENCE * NSEC_PER_MSEC;

	while (processes_reap()) {
		assert_true(clock_monotonic() < limit);
		usleep(2000);
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* Starts a program that leaves a process of its group behind, whose pid it returns. */
static struct program group_start(pid_t *left)
{
	char line[20];
	struct program program = shell_start("sleep 1000 & echo $!; sleep 1000; sleep 1000");

	line_read(program.out, line, sizeof line);
	*left = (pid_t)strtol(line, NULL, 10);
	assert_true(*left > 0 && lives(*left));
	return program;
}

static void a_keeper_ends_as_its_program(void **state)
{
	struct program program = shell_start("exit 7");

	(void)state;
	end_await(&program, "exit status 7");
	program_end(&program);
	program = shell_start("kill -TERM $$");
	end_await(&program, "signal 15 (Terminated)");
	program_end(&program);
	keepers_await();
}

static void a_program_that_cannot_be_run_says_why_and_exits_with_127(void **state)
{
	char tail[] = "/nonexistent/tail", *words[] = {tail, NULL}, line[200];
	struct program program;

	(void)state;
	assert_true(program_start(&program, words));
	line_read(program.err, line, sizeof line);
	assert_string_equal(line, "cannot run /nonexistent/tail: No such file or directory");
	end_await(&program, "exit status 127");
	program_end(&program);
	assert_int_equal(program.out, -1);
	assert_int_equal(program.err, -1);
}

static void a_program_gets_no_descriptor_and_no_socket_of_the_supervisor(void **state)
{
	int leak = dup(STDERR_FILENO);
	char line[200];

	(void)state;
	setenv("NOTIFY_SOCKET", "/run/x", 1);
	setenv("WATCHDOG_USEC", "1", 1);
	struct program program = shell_start(
		"for n in 3 4 5 6 7 8 9 10; do [ ! -e /proc/$$/fd/$n ] || l=$n; done; "
		"echo leak $l. in $(readlink /proc/$$/fd/0) env $NOTIFY_SOCKET$WATCHDOG_USEC.");
	line_read(program.out, line, sizeof line);
	assert_string_equal(line, "leak . in /dev/null env .");
	program_end(&program);
	close(leak);
}

/* The keeper does not hold it open. */
static void the_end_of_its_output_is_noticed(void **state)
{
	char line[20];
	struct program program = shell_start("echo x; exec >/dev/null 2>&1; sleep 1000");

	(void)state;
	line_read(program.out, line, sizeof line);
	assert_string_equal(line, "x");
	line_read(program.out, line, sizeof line);
	line_read(program.err, line, sizeof line);
	assert_false(process_ended(&program.keeper));
	program_end(&program);
}

/* SIGTERM to the group ends the program; the keeper stays, to end as that does. */
static void a_signal_to_the_group_is_for_the_program(void **state)
{
	char line[20];
	struct program program =
		shell_start("trap 'exit 3' TERM; echo x; while :; do sleep 0.05; done");

	(void)state;
	line_read(program.out, line, sizeof line);
	process_signal(&program.keeper, SIGTERM);
	end_await(&program, "exit status 3");
	program_end(&program);
}

static void its_whole_group_is_killed(void **state)
{
	pid_t left;
	struct program program = group_start(&left);

	(void)state;
	program_end(&program);
	death_await(left);
	keepers_await();
}

static void its_whole_group_dies_with_the_monitor(void **state)
{
	int ends[2];
	pid_t left = 0;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid_t monitor = fork();
	if (monitor == 0) {
		group_start(&left);
		if (write(ends[1], &left, sizeof left) < 0)
			_exit(1);
		raise(SIGKILL);
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], &left, sizeof left), sizeof left);
	waitpid(monitor, NULL, 0);
	death_await(left);
	close(ends[0]);
}

static void a_keeper_that_does_not_die_is_reaped_later(void **state)
{
	struct program program = shell_start("exec sleep 1000");

	(void)state;
	kill_fails = true; /* as if the kernel held it */
	program_end(&program);
	assert_true(processes_reap());
	kill_fails = false;
	kill(signalled, SIGKILL);
	keepers_await();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_keeper_ends_as_its_program),
		cmocka_unit_test(a_program_that_cannot_be_run_says_why_and_exits_with_127),
		cmocka_unit_test(a_program_gets_no_descriptor_and_no_socket_of_the_supervisor),
		cmocka_unit_test(the_end_of_its_output_is_noticed),
		cmocka_unit_test(a_signal_to_the_group_is_for_the_program),
		cmocka_unit_test(its_whole_group_is_killed),
		cmocka_unit_test(its_whole_group_dies_with_the_monitor),
		cmocka_unit_test(a_keeper_that_does_not_die_is_reaped_later),
	};

	signals_catch((const int[]){SIGCHLD}, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

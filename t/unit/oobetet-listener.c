/* SPDX-License-Identifier: MIT */
/* The runs of a listen_command: real programs, made-up time. */
#include "t/unit/unit.h"

#include "common/log.h"
#include "common/signals.h"
#include "oobetet/listen/listener.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SEC NSEC_PER_SEC
#define WALL (1795170546 * SEC) /* less the monotonic clock, in these tests */
#define START (1000 * SEC)
#define PATIENCE 20000 /* milliseconds */

static struct listen_rules rules_of(const char *command, const char *format)
{
	return (struct listen_rules){.label = "",
		.command = command,
		.format = format,
		.silence = NSEC_NEVER,
		.retry_min = SEC,
		.retry_max = 30 * SEC};
}

static struct moment moment_of(nsec now)
{
	return (struct moment){.monotonic = now, .wall = WALL + now};
}

/* Sleeps until there is something to read, or a child has ended. */
static void output_await(const struct listener *listener)
{
	struct pollfd fds[LISTENER_POLLS];
	struct timespec limit = {.tv_nsec = 5 * NSEC_PER_MSEC};

	listener_poll(listener, fds);
	signals_poll(fds, LISTENER_POLLS, &limit);
}

/* The messages so far, and the last one. */
struct got {
	int count;
	nsec stamp;
	char nick[100], text[100];
};

static int turn(struct listener *listener, nsec now, struct got *got)
{
	struct heard heard;
	int count = 0;

	for (listener_tick(listener, now); listener_next(listener, moment_of(now), &heard);
		count++) {
		got->stamp = heard.stamp;
		snprintf(got->nick, sizeof got->nick, "%s", heard.nick);
		snprintf(got->text, sizeof got->text, "%s", heard.text);
	}
	got->count += count;
	return count;
}

/* Gives turns at `now` until there are so many. */
static bool messages_await(struct listener *listener, nsec now, int count, struct got *got)
{
	nsec limit = clock_monotonic() + PATIENCE * NSEC_PER_MSEC;

	while (clock_monotonic() < limit) {
		turn(listener, now, got);
		if (got->count >= count)
			return true;
		output_await(listener);
	}
	return false;
}

/* A remark of this program that has this part. */
static bool remark_has(const struct listener *listener, nsec now, const char *part)
{
	struct buffer remark = {0};

	listener_remark(listener, now, &remark);
	bool has = remark.data != NULL && strstr(remark.data, part) != NULL;
	buffer_free(&remark);
	return has;
}

static void remark_await(struct listener *listener, nsec now, const char *part)
{
	nsec limit = clock_monotonic() + PATIENCE * NSEC_PER_MSEC;
	struct got got = {0};

	while (!remark_has(listener, now, part) && clock_monotonic() < limit) {
		turn(listener, now, &got);
		output_await(listener);
	}
	if (!remark_has(listener, now, part)) {
		struct buffer remark = {0};

		listener_remark(listener, now, &remark);
		fail_msg("the remark is '%s', not '%s'", remark.data, part);
	}
}

/* Until all that is printed has been read: nothing more for 200 ms. */
static void silence_await(struct listener *listener, nsec now, struct got *got)
{
	for (int quiet = 0; quiet < 40; quiet++) {
		if (turn(listener, now, got) > 0)
			quiet = 0;
		output_await(listener);
	}
}

/* A file: a program that waits for it prints when the test has seen the time before. Children of
 * the test use the same one. */
static char gate[40];

/* Starts sh with the script `before`, which then waits for the gate, and `after`. */
static struct listener *gated_start(const char *before, const char *after, struct got *got)
{
	char command[600];

	unlink(gate);
	snprintf(command, sizeof command, "sh -c '%s until [ -e %s ]; do sleep 0.02; done; %s'",
		before, gate, after);
	struct listen_rules rules = rules_of(command, "text");
	struct listener *listener = listener_new(&rules, START);
	turn(listener, START, got);
	return listener;
}

/* The two seconds are over, and then the gate opens. */
static void gate_open(struct listener *listener)
{
	struct got none = {0};

	turn(listener, START + LISTEN_START, &none);
	assert_int_equal(none.count, 0);
	fclose(fopen(gate, "we"));
}

/* ---- which lines count ---- */

static void lines_of_the_first_two_seconds_do_not_count(void **state)
{
	struct got got = {0};

	(void)state;
	struct listener *listener = gated_start("echo old;", "echo new; exec sleep 100", &got);
	assert_false(listener_present(listener));
	/* `old` is printed now, `new` behind the gate */
	silence_await(listener, START + LISTEN_START - 1, &got);
	assert_int_equal(got.count, 0);
	assert_false(listener_present(listener));
	gate_open(listener);
	assert_true(listener_present(listener));
	assert_true(messages_await(listener, START + LISTEN_START, 1, &got));
	assert_string_equal(got.text, "new");
	assert_int_equal(got.count, 1);
	assert_true(got.stamp == START + LISTEN_START);
	listener_free(listener);
}

/* The monitor was stopped: what was printed first is read late. */
static void first_lines_that_are_read_late_do_not_count(void **state)
{
	struct listen_rules rules = rules_of("sh -c 'echo old; exec sleep 100'", "text");
	struct listener *listener = listener_new(&rules, START);
	struct got got = {0};

	(void)state;
	listener_tick(listener, START);
	struct pollfd fds[LISTENER_POLLS];
	listener_poll(listener, fds);
	assert_int_equal(poll(fds, 1, PATIENCE), 1);
	turn(listener, START + 500 * SEC, &got);
	assert_int_equal(got.count, 0);
	assert_true(listener_present(listener));
	listener_free(listener);
}

static void a_line_with_a_time_counts_at_that_time(void **state)
{
	char command[300];
	struct got got = {0};

	(void)state;
	/* 60 s before its start, 60 s after it, and without a time */
	snprintf(command, sizeof command,
		"printf '{\"t\":\"c\"}\\n{\"t\":\"b\",\"at\":%lld}\\n{\"t\":\"a\",\"n\":\"bot\",\"at\":"
		"%lld}\\n'",
		(long long)((WALL + START) / SEC + 60), (long long)((WALL + START) / SEC - 60));
	struct listen_rules rules = rules_of(command, "json text=t nick=n time=at");
	struct listener *listener = listener_new(&rules, START);
	assert_true(messages_await(listener, START + SEC, 1, &got));
	silence_await(listener, START + SEC, &got);
	assert_int_equal(got.count, 1);
	assert_string_equal(got.text, "a");
	assert_string_equal(got.nick, "bot");
	assert_true(got.stamp == START - 60 * SEC);
	listener_free(listener);
}

/* ---- absence ---- */

static void an_end_is_an_absence_with_status_and_last_error(void **state)
{
	struct listen_rules rules = rules_of(
		"sh -c 'echo first >&2; printf \"curl: \\033[1m(7)\\n\\n\" >&2; exit 7'", "text");
	struct listener *listener = listener_new(&rules, START);

	(void)state;
	remark_await(listener, START + 90 * SEC,
		"; listen_command has not been heard for 90 s (exit status 7: curl: (7))");
	/* the next run waits: 0.75 s at least */
	assert_between(
		listener_deadline(listener), START + 90 * SEC + SEC * 3 / 4, START + 91 * SEC);
	listener_free(listener);
}

static void a_program_that_cannot_be_run_says_why(void **state)
{
	struct listen_rules rules = rules_of("/nonexistent/tail -F x", "text");
	struct listener *listener = listener_new(&rules, START);

	(void)state;
	remark_await(listener, START,
		"(exit status 127: cannot run /nonexistent/tail: No such file or directory)");
	listener_free(listener);
	rules.command = "sh -c 'kill -TERM $$'";
	listener = listener_new(&rules, START);
	remark_await(listener, START, "(signal 15 (Terminated))");
	listener_free(listener);
}

static void restarts_back_off_and_a_long_run_resets_them(void **state)
{
	struct listen_rules rules = rules_of("true", "text");
	struct listener *listener = listener_new(&rules, START);
	nsec now = START, wait = 0;
	struct got got = {0};

	(void)state;
	for (int run = 0; run < 8; run++) {
		turn(listener, now, &got);
		/* the deadline of a run is the end of its start; that of a pause is the next start
		 */
		nsec started = now, limit = clock_monotonic() + PATIENCE * NSEC_PER_MSEC;
		while (remark_has(listener, now, "it has just started") &&
			clock_monotonic() < limit) {
			turn(listener, now, &got);
			output_await(listener);
		}
		while (listener_runs(listener))
			output_await(listener);
		turn(listener, now, &got);
		turn(listener, now, &got);
		wait = listener_deadline(listener) - started;
		now = listener_deadline(listener);
	}
	assert_between(wait, 30 * SEC * 3 / 4, 30 * SEC);
	/* this run is long */
	turn(listener, now, &got);
	while (listener_runs(listener))
		output_await(listener);
	now += 31 * SEC;
	turn(listener, now, &got);
	turn(listener, now, &got);
	assert_between(listener_deadline(listener) - now, SEC * 3 / 4, SEC);
	listener_free(listener);
}

static void silence_is_an_absence_until_the_next_line(void **state)
{
	struct listen_rules rules = rules_of("sh -c 'echo x; exec sleep 1000'", "text");
	rules.silence = 60 * SEC;
	struct listener *listener = listener_new(&rules, START);
	struct got got = {0};
	nsec now = START;

	(void)state;
	/* the line is read at 10 s, so that the limit is at 70 s */
	listener_tick(listener, now);
	struct pollfd fds[LISTENER_POLLS];
	listener_poll(listener, fds);
	assert_int_equal(poll(fds, 1, PATIENCE), 1);
	now += 10 * SEC;
	turn(listener, now, &got);
	assert_true(listener_present(listener));
	assert_true(listener_deadline(listener) == START + 70 * SEC);
	turn(listener, START + 70 * SEC - 1, &got);
	assert_true(listener_present(listener));
	now = START + 70 * SEC;
	remark_await(listener, now,
		"has not been heard for 60 s (it printed no line for 60 s and was killed)");
	listener_free(listener);
}

static void a_silent_restart_stays_absent(void **state)
{
	struct listen_rules rules = rules_of("sleep 1000", "text");
	rules.silence = 60 * SEC;
	struct listener *listener = listener_new(&rules, START);
	struct got got = {0};
	nsec now = START;

	(void)state;
	turn(listener, now, &got);
	now += 10 * SEC;
	turn(listener, now, &got);
	assert_true(listener_present(listener)); /* it may be silent for so long */
	now += 50 * SEC;
	remark_await(listener, now, "it printed no line");
	while (listener_runs(listener))
		output_await(listener);
	turn(listener, now, &got);
	turn(listener, now, &got);
	now += 2 * SEC;
	turn(listener, now, &got);
	assert_true(listener_runs(listener));
	now += 10 * SEC;
	turn(listener, now, &got);
	assert_true(remark_has(listener, now, "has not been heard for 72 s (it printed no line"));
	listener_free(listener);
}

static void a_program_that_closes_its_output_is_killed(void **state)
{
	struct listen_rules rules =
		rules_of("sh -c 'echo why >&2; exec sleep 1000 >/dev/null'", "text");
	struct listener *listener = listener_new(&rules, START);
	nsec limit = clock_monotonic() + PATIENCE * NSEC_PER_MSEC;
	struct got got = {0};

	(void)state;
	while (listener_deadline(listener) != START + SEC && clock_monotonic() < limit) {
		turn(listener, START, &got);
		output_await(listener);
	}
	assert_true(listener_runs(listener));
	remark_await(listener, START + SEC, "(it closed its standard output and was killed: why)");
	listener_free(listener);
}

/* ---- bounds ---- */

static long resident_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static void a_line_without_end_takes_no_memory(void **state)
{
	struct listen_rules rules = rules_of(
		"sh -c 'head -c 30000000 /dev/zero | tr \"\\\\0\" x; echo; echo end; exec sleep 100'",
		"text");
	struct listener *listener = listener_new(&rules, START);
	struct got got = {0};
	nsec now = START;
	long before = resident_kib();

	(void)state;
	/* not past its start before all has been read */
	nsec limit = clock_monotonic() + PATIENCE * NSEC_PER_MSEC;
	while (!listener_present(listener) && clock_monotonic() < limit) {
		now += LISTEN_PAUSE;
		turn(listener, now, &got);
		output_await(listener);
	}
	assert_true(listener_present(listener));
	assert_true(resident_kib() - before < 4096);
	listener_free(listener);
}

static void a_flood_is_held_up(void **state)
{
	struct listen_rules rules = rules_of("yes x", "text");
	struct listener *listener = listener_new(&rules, START);
	struct got got = {0};
	nsec now = START;
	long before = resident_kib();

	(void)state;
	turn(listener, now, &got);
	for (int turns = 0; turns < 200; turns++) {
		nsec limit = clock_monotonic() + PATIENCE * NSEC_PER_MSEC;
		struct pollfd fds[LISTENER_POLLS];

		/* each turn reads a thousand lines, then pauses */
		while (listener_deadline(listener) != now + LISTEN_PAUSE &&
			clock_monotonic() < limit) {
			turn(listener, now, &got);
			output_await(listener);
		}
		listener_poll(listener, fds);
		assert_int_equal(fds[0].fd, -1);
		assert_true(listener_deadline(listener) == now + LISTEN_PAUSE);
		now += LISTEN_PAUSE;
	}
	assert_true(remark_has(listener, now + SEC, "(it prints without a pause)"));
	/* its first lines were never all read */
	assert_int_equal(got.count, 0);
	assert_false(listener_present(listener));
	assert_true(resident_kib() - before < 4096);
	listener_free(listener);
}

static void a_flood_on_standard_error_is_held_up(void **state)
{
	struct listen_rules rules = rules_of("sh -c 'yes oops >&2'", "text");
	struct listener *listener = listener_new(&rules, START);
	nsec limit = clock_monotonic() + PATIENCE * NSEC_PER_MSEC;
	struct pollfd fds[LISTENER_POLLS];
	struct got got = {0};

	(void)state;
	do {
		turn(listener, START, &got);
		listener_poll(listener, fds);
		output_await(listener);
	} while (fds[1].fd >= 0 && clock_monotonic() < limit);
	assert_int_equal(fds[1].fd, -1);
	assert_true(listener_deadline(listener) == START + LISTEN_PAUSE);
	listener_free(listener);
}

/* ---- the process ---- */

static void a_program_is_asked_to_end(void **state)
{
	struct got got = {0};
	struct listener *listener = gated_start("trap \"echo bye >&2; exit 3\" TERM;",
		"echo x; while :; do sleep 0.05; done", &got);

	(void)state;
	gate_open(listener);
	assert_true(messages_await(listener, START + LISTEN_START, 1, &got));
	listener_shut_down(listener);
	remark_await(listener, START + 3 * SEC, "(exit status 3: bye)");
	assert_true(listener_deadline(listener) == NSEC_NEVER);
	listener_free(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_the_first_two_seconds_do_not_count),
		cmocka_unit_test(first_lines_that_are_read_late_do_not_count),
		cmocka_unit_test(a_line_with_a_time_counts_at_that_time),
		cmocka_unit_test(an_end_is_an_absence_with_status_and_last_error),
		cmocka_unit_test(a_program_that_cannot_be_run_says_why),
		cmocka_unit_test(restarts_back_off_and_a_long_run_resets_them),
		cmocka_unit_test(silence_is_an_absence_until_the_next_line),
		cmocka_unit_test(a_silent_restart_stays_absent),
		cmocka_unit_test(a_program_that_closes_its_output_is_killed),
		cmocka_unit_test(a_line_without_end_takes_no_memory),
		cmocka_unit_test(a_flood_is_held_up),
		cmocka_unit_test(a_flood_on_standard_error_is_held_up),
		cmocka_unit_test(a_program_is_asked_to_end),
	};

	signals_catch((const int[]){SIGCHLD}, 1);
	log_set_level(LOG_LEVEL_ERROR);
	snprintf(gate, sizeof gate, "oobetet-gate.%d", (int)getpid());
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(gate);
	return failed;
}

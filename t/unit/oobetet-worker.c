/* SPDX-License-Identifier: MIT */
/* The monitor's side of a worker. The process is a sleeping child; the test sends in its name. */
#include "t/unit/unit.h"

#include "oobetet/channel/command.h"
#include "oobetet/worker.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEC NSEC_PER_SEC
#define START (100 * SEC)

static const struct timing timing = {
	.alive = SEC, .timeout = 30 * SEC, .retry_min = SEC, .retry_max = 30 * SEC};

static int worker_fd = -1; /* the worker's end of the socket; -1: none */
static pid_t child;
static int starts;

pid_t selfexec_start(const struct selfexec *selfexec, const char *name, int *fd)
{
	int ends[2];

	(void)selfexec, (void)name;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	*fd = ends[0];
	worker_fd = ends[1];
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* it dies with a failing test */
		for (;;)
			pause();
	}
	starts++;
	return child;
}

/* The process that was signalled last. */
static pid_t signalled;

int kill(pid_t pid, int number)
{
	signalled = pid;
	return (int)syscall(SYS_kill, pid, number);
}

/* Shut down first: the child has a copy of the descriptor. */
static void worker_fd_close(void)
{
	shutdown(worker_fd, SHUT_RDWR);
	close(worker_fd);
	worker_fd = -1;
}

/* The child was ended by SIGKILL. */
static void assert_child_killed(void)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	if (worker_fd >= 0)
		worker_fd_close();
}

static void worker_sends(const char *line)
{
	assert_int_equal(write(worker_fd, line, strlen(line)), (ssize_t)strlen(line));
}

static struct worker *worker_begin(void)
{
	struct worker *worker = worker_new(SPEAKER_XMPP, NULL, &timing, 1);

	starts = 0;
	assert_int_equal(worker_tick(worker, START), WORKER_STARTED);
	assert_int_equal(worker_tick(worker, START), WORKER_NO_NEWS);
	return worker;
}

static void worker_finish(struct worker *worker)
{
	worker_free(worker);
	assert_child_killed();
}

/* Reads messages, none of which is returned to the caller. */
static void receive_nothing(struct worker *worker, nsec now)
{
	struct message message;

	worker_exchange(worker);
	assert_false(worker_next(worker, &message, now));
}

/* The worker is lost for this reason; returns when the next one is started. */
static nsec assert_lost(struct worker *worker, nsec now, const char *why)
{
	assert_int_equal(worker_deadline(worker), 0);
	assert_int_equal(worker_tick(worker, now), WORKER_LOST);
	assert_string_equal(worker_why(worker), why);
	assert_child_killed();
	assert_int_equal(worker_tick(worker, now), WORKER_NO_NEWS);
	nsec next = worker_deadline(worker);
	assert_int_equal(worker_tick(worker, next - 1), WORKER_NO_NEWS);
	assert_int_equal(worker_tick(worker, next), WORKER_STARTED);
	return next;
}

static void messages_about_itself_are_not_returned(void **state)
{
	struct worker *worker = worker_begin();
	struct message message;

	(void)state;
	worker_sends("alive\t5000000000\nonline\tus\nleft\troom\tkicked\nalive\t5000000000\n");
	assert_true(worker_exchange(worker));
	assert_true(worker_next(worker, &message, START));
	assert_int_equal(message.type, MESSAGE_LEFT);
	assert_string_equal(message.field[1], "kicked");
	assert_false(worker_next(worker, &message, START));
	assert_false(worker_exchange(worker));
	worker_finish(worker);
}

static void messages_wait_until_the_worker_reads_them(void **state)
{
	struct worker *worker = worker_begin();
	char line[40] = "";

	(void)state;
	assert_int_equal(worker_poll(worker).events, POLLIN);
	worker_send(worker, MESSAGE_SAY, FIELDS("1", "room", "a\tb"));
	assert_int_equal(worker_poll(worker).events, POLLIN | POLLOUT);
	worker_exchange(worker);
	assert_int_equal(worker_poll(worker).events, POLLIN);
	assert_int_equal(read(worker_fd, line, sizeof line - 1), 16);
	assert_string_equal(line, "say\t1\troom\ta\\tb\n");
	worker_finish(worker);
}

/* How many lines arrive at the worker, which reads them now. */
static int lines_arrived(struct worker *worker)
{
	char bytes[65536];
	int count = 0;
	ssize_t got;

	fcntl(worker_fd, F_SETFL, O_NONBLOCK);
	do {
		worker_exchange(worker);
		got = read(worker_fd, bytes, sizeof bytes);
		for (ssize_t i = 0; i < got; i++)
			count += bytes[i] == '\n';
	} while (got > 0);
	return count;
}

static void a_large_configuration_and_an_alarm_on_every_channel_arrive(void **state)
{
	struct worker *worker = worker_begin();
	char room[1000];

	(void)state;
	memset(room, 'x', sizeof room - 1);
	room[sizeof room - 1] = '\0';
	for (int i = 0; i < 3000; i++)
		worker_send(worker, MESSAGE_CONFIG, FIELDS("0", "rooms", room));
	worker_send(worker, MESSAGE_GO, FIELDS("0"));
	worker_send(worker, MESSAGE_MISSED, FIELDS("ops@x", "1"));
	for (int i = 0; i < WATCHES_MAX * LIST_MAX; i++)
		worker_send(worker, MESSAGE_SAY, FIELDS("id", "ops@x", room));
	assert_int_equal(lines_arrived(worker), 3002 + WATCHES_MAX * LIST_MAX);
	/* what a worker gets that does not read is bounded all the same */
	for (int i = 0; i < 40000; i++)
		worker_send(worker, MESSAGE_SAY, FIELDS("id", "ops@x", room));
	assert_between(lines_arrived(worker), 30000, 35000);
#ifdef __GLIBC__ /* the memory is given back; so much of it is a mapping of its own */
	assert_true(mallinfo2().hblkhd < 1024 * 1024);
#endif
	worker_finish(worker);
}

static void silence_beyond_the_announced_time_kills_the_worker(void **state)
{
	struct worker *worker = worker_begin();

	(void)state;
	assert_int_equal(worker_deadline(worker), START + timing.timeout);
	worker_sends("alive\t5000000000\n");
	receive_nothing(worker, START + SEC);
	assert_int_equal(worker_deadline(worker), START + 6 * SEC);
	worker_extend(worker, 10 * SEC);
	assert_int_equal(worker_tick(worker, START + 16 * SEC - 1), WORKER_NO_NEWS);
	assert_int_equal(worker_tick(worker, START + 16 * SEC), WORKER_LOST);
	assert_string_equal(worker_why(worker), "not responding, killed");
	assert_child_killed();
	/* the maximum is what a resolver needs */
	nsec next = worker_deadline(worker);
	assert_int_equal(worker_tick(worker, next), WORKER_STARTED);
	worker_sends("alive\t999000000000\n");
	receive_nothing(worker, next);
	assert_int_equal(worker_deadline(worker), next + TIMING_RESOLVER);
	worker_finish(worker);
}

static void runs_that_never_were_online_are_counted(void **state)
{
	struct worker *worker = worker_begin();
	nsec now = START;

	(void)state;
	assert_int_equal(worker_attempt(worker), 0);
	for (int i = 1; i <= 3; i++) {
		worker_sends("gone\tno way\n");
		receive_nothing(worker, now);
		now = assert_lost(worker, now, "no way");
		assert_int_equal(worker_attempt(worker), i);
	}
	worker_sends("online\tus\n");
	receive_nothing(worker, now);
	assert_string_equal(worker_why(worker), "");
	worker_fd_close();
	receive_nothing(worker, now);
	now = assert_lost(worker, now, "it ended without giving a reason");
	assert_int_equal(worker_attempt(worker), 0);
	worker_finish(worker);
}

static void restarts_back_off_unless_the_worker_ran_long(void **state)
{
	struct worker *worker = worker_begin();
	nsec now = START, waited = 0;

	(void)state;
	for (int i = 0; i < 10; i++) {
		worker_sends("online\tus\ngone\tno way\n");
		receive_nothing(worker, now);
		nsec next = assert_lost(worker, now, "no way");
		assert_true(next - now >= waited / 2);
		waited = next - now;
		now = next;
	}
	assert_between(waited, timing.retry_max * 3 / 4, timing.retry_max);
	worker_sends("online\tus\n");
	receive_nothing(worker, now);
	now += timing.retry_max + 1;
	worker_sends("gone\tno way\n");
	receive_nothing(worker, now);
	assert_between(assert_lost(worker, now, "no way") - now, SEC * 3 / 4, SEC);
	worker_finish(worker);
}

static void a_protocol_error_kills_the_worker(void **state)
{
	struct worker *worker = worker_begin();
	char much[IPC_LINE + 2];

	(void)state;
	worker_sends("hello\n");
	receive_nothing(worker, START);
	nsec now = assert_lost(worker, START, "protocol error (unknown type 'hello'), killed");
	memset(much, 'x', sizeof much - 1);
	much[sizeof much - 1] = '\0';
	worker_sends(much);
	worker_sends("\n");
	receive_nothing(worker, now);
	now = assert_lost(worker, now, "protocol error (line too long), killed");
	worker_sends("alive\tsoon\n");
	receive_nothing(worker, now);
	now = assert_lost(worker, now, "protocol error ('alive' without a number), killed");
	/* a message of the other worker; earlier messages still count */
	worker_sends("done\t1\nrefused\t2\tno\ndone\t3\n");
	struct message message;
	worker_exchange(worker);
	assert_true(worker_next(worker, &message, now));
	assert_int_equal(message.from, SPEAKER_XMPP);
	assert_string_equal(message.field[0], "1");
	assert_false(worker_next(worker, &message, now));
	assert_lost(worker, now, "protocol error ('refused' may not be sent by xmpp), killed");
	worker_finish(worker);
}

/* The number of lines in the log, which is standard error, that contain `line`. */
static int logged(const char *path, const char *line)
{
	char got[400];
	int count = 0;
	FILE *log = fopen(path, "re");

	assert_non_null(log);
	while (fgets(got, sizeof got, log) != NULL)
		count += strstr(got, line) != NULL;
	fclose(log);
	return count;
}

static void each_reason_is_logged_once_until_the_worker_recovers(void **state)
{
	static const char *const lines[] = {"gone\tone\n", "gone\ttwo\n"};
	static const char *const reasons[] = {"one", "two"};
	char path[] = "oobetet-worker.XXXXXX";
	int log = mkstemp(path), before = dup(STDERR_FILENO);
	struct worker *worker = worker_begin();
	nsec now = START;

	(void)state;
	dup2(log, STDERR_FILENO);
	for (int i = 0; i < 6; i++) {
		worker_sends(lines[i % 2]);
		receive_nothing(worker, now);
		now = assert_lost(worker, now, reasons[i % 2]);
	}
	int first = logged(path, "warning: xmpp: one; trying again");
	int second = logged(path, "warning: xmpp: two; trying again");
	worker_sends("online\tus\ngone\tone\n");
	receive_nothing(worker, now);
	assert_lost(worker, now, "one");
	int again = logged(path, "warning: xmpp: one; trying again");
	dup2(before, STDERR_FILENO);
	close(before);
	close(log);
	unlink(path);
	assert_int_equal(first, 1);
	assert_int_equal(second, 1);
	assert_int_equal(again, 2);
	worker_finish(worker);
}

static void an_exit_after_shut_down_is_no_failure(void **state)
{
	struct worker *worker = worker_begin();

	(void)state;
	worker_shut_down(worker);
	worker_exchange(worker);
	worker_sends("gone\tas you said\n");
	receive_nothing(worker, START);
	assert_string_equal(worker_why(worker), "");
	assert_child_killed();
	assert_int_equal(starts, 1);
	worker_free(worker);
}

static void a_worker_without_messages_makes_no_progress(void **state)
{
	struct worker *worker = worker_begin();
	nsec max = TIMING_RESOLVER + timing.timeout + timing.retry_max;

	(void)state;
	assert_true(worker_progresses(worker, START + max));
	assert_false(worker_progresses(worker, START + max + 1));
	worker_sends("alive\t1\n");
	receive_nothing(worker, START + SEC);
	assert_true(worker_progresses(worker, START + max + SEC));
	worker_finish(worker);
}

/* Its pid may be reused before end of file on the socket is read. */
static void a_reaped_process_is_not_signalled(void **state)
{
	struct worker *worker = worker_begin();

	(void)state;
	kill(child, SIGKILL);
	assert_child_killed();
	worker_reaped(worker, child);
	signalled = 0;
	receive_nothing(worker, START);
	assert_int_equal(worker_tick(worker, START), WORKER_LOST);
	assert_int_equal(signalled, 0);
	worker_free(worker);
}

/* After SIGHUP: the process is asked to stop; another is started at once, and that is no failure.
 */
static void a_restart_with_a_new_configuration_is_no_failure(void **state)
{
	struct worker *worker = worker_begin();
	char line[64] = "";

	(void)state;
	worker_sends("online\t\n");
	receive_nothing(worker, START);
	assert_true(worker_takes(worker));
	worker_restart(worker, &timing, START);
	assert_false(worker_takes(worker));
	worker_send(worker, MESSAGE_HEARTBEAT, NO_FIELDS);
	worker_exchange(worker);
	assert_true(read(worker_fd, line, sizeof line - 1) > 0);
	assert_string_equal(line, "stop\n");
	/* it is not given more time, whatever it says */
	worker_sends("alive\t30000000000\n");
	receive_nothing(worker, START);
	assert_int_equal(worker_tick(worker, START + SEC), WORKER_NO_NEWS);
	assert_int_equal(worker_tick(worker, START + 2 * SEC), WORKER_LOST);
	assert_child_killed();
	assert_int_equal(worker_tick(worker, START + 2 * SEC), WORKER_STARTED);
	assert_int_equal(worker_attempt(worker), 0);
	assert_true(worker_takes(worker));
	worker_finish(worker);
}

/* ---- the command ---- */

static const struct job job = {.id = "1",
	.event = "test",
	.watch = "",
	.name = "",
	.breach = "",
	.since = "",
	.key = "",
	.host = "",
	.text = "x"};

static pid_t child_unreaped(void)
{
	siginfo_t info = {.si_pid = 0};

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 ? info.si_pid : -1;
}

/* The shell has exited, its child has not. */
static void the_process_group_of_a_command_is_not_reused(void **state)
{
	struct command *command = command_new("sleep 60 &", "");
	struct outcome outcome;

	(void)state;
	assert_true(command_start(command, &job, START));
	while (command_runs(command))
		poll(NULL, 0, 1);
	pid_t shell = child_unreaped();
	assert_true(shell > 0);
	assert_false(command_tick(command, START, &outcome));
	assert_int_equal(child_unreaped(), shell);
	assert_true(command_tick(command, START + COMMAND_LIMIT, &outcome));
	assert_int_equal(signalled, -shell);
	assert_int_equal(outcome.answer, ANSWER_DONE);
	assert_int_equal(child_unreaped(), -1);
	/* the pid may be reused now */
	signalled = 0;
	command_free(command);
	assert_int_equal(signalled, 0);
}

static void a_finished_command_is_reaped(void **state)
{
	struct command *command = command_new("exit 3", "");
	struct outcome outcome;

	(void)state;
	assert_true(command_start(command, &job, START));
	while (!command_tick(command, START, &outcome)) {
		poll(NULL, 0, 1);
		command_runs(command);
	}
	assert_int_equal(outcome.answer, ANSWER_FAILED);
	assert_string_equal(outcome.why, "exit status 3");
	assert_int_equal(child_unreaped(), -1);
	command_free(command);
}

/* The command prints without a pause. */
static void pauses_expect(struct command *command, nsec now)
{
	nsec limit = clock_monotonic() + 20 * SEC;
	struct outcome outcome;

	for (int pauses = 0; pauses < 50; pauses++) {
		while (command_poll(command).fd >= 0 && clock_monotonic() < limit)
			assert_false(command_tick(command, now, &outcome));
		assert_int_equal(command_poll(command).fd, -1);
		assert_true(command_deadline(command) == now + COMMAND_PAUSE);
		now += COMMAND_PAUSE;
		assert_false(command_tick(command, now, &outcome));
	}
}

static void a_command_that_prints_without_a_pause_is_held_up(void **state)
{
	struct command *command = command_new("exec tr '\\0' x </dev/zero", "");
	nsec now = START, limit = clock_monotonic() + 20 * SEC;
	struct outcome outcome;

	(void)state;
	assert_true(command_start(command, &job, now));
	pauses_expect(command, now);
	/* the end of it is noticed all the same */
	now = START + COMMAND_LIMIT;
	while (!command_tick(command, now, &outcome) && clock_monotonic() < limit) {
		now += COMMAND_PAUSE;
		command_runs(command);
	}
	assert_int_equal(outcome.answer, ANSWER_FAILED);
	assert_string_equal(outcome.why, "it ran longer than 30 s and was killed");
	command_free(command);
}

static void what_a_command_leaves_running_is_held_up_too(void **state)
{
	struct command *command = command_new("tr '\\0' x </dev/zero &", "");
	struct outcome outcome;

	(void)state;
	assert_true(command_start(command, &job, START));
	while (command_runs(command))
		poll(NULL, 0, 1);
	pauses_expect(command, START);
	assert_true(command_tick(command, START + COMMAND_LIMIT, &outcome));
	assert_int_equal(outcome.answer, ANSWER_DONE);
	command_free(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_about_itself_are_not_returned),
		cmocka_unit_test(messages_wait_until_the_worker_reads_them),
		cmocka_unit_test(a_large_configuration_and_an_alarm_on_every_channel_arrive),
		cmocka_unit_test(silence_beyond_the_announced_time_kills_the_worker),
		cmocka_unit_test(runs_that_never_were_online_are_counted),
		cmocka_unit_test(restarts_back_off_unless_the_worker_ran_long),
		cmocka_unit_test(a_protocol_error_kills_the_worker),
		cmocka_unit_test(each_reason_is_logged_once_until_the_worker_recovers),
		cmocka_unit_test(an_exit_after_shut_down_is_no_failure),
		cmocka_unit_test(a_restart_with_a_new_configuration_is_no_failure),
		cmocka_unit_test(a_reaped_process_is_not_signalled),
		cmocka_unit_test(the_process_group_of_a_command_is_not_reused),
		cmocka_unit_test(a_finished_command_is_reaped),
		cmocka_unit_test(a_command_that_prints_without_a_pause_is_held_up),
		cmocka_unit_test(what_a_command_leaves_running_is_held_up_too),
		cmocka_unit_test(a_worker_without_messages_makes_no_progress),
	};

	/* a write to a dead child must not kill the test */
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

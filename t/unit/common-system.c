/* SPDX-License-Identifier: MIT */
/* The parts of common/ that touch the process: its log, its signals, its supervisor. */
#include "t/unit/unit.h"

#include "common/clocks.h"
#include "common/descriptors.h"
#include "common/log.h"
#include "common/ready.h"
#include "common/reason.h"
#include "common/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* While captured, stderr is the write end of a pipe. */
struct capture {
	int saved;
	int pipe[2];
};

static void capture_start(struct capture *capture)
{
	assert_int_equal(pipe(capture->pipe), 0);
	capture->saved = dup(STDERR_FILENO);
	dup2(capture->pipe[1], STDERR_FILENO);
}

/* Returns the captured output and restores stderr. */
static void capture_end(struct capture *capture, char *out, size_t size)
{
	dup2(capture->saved, STDERR_FILENO);
	close(capture->saved);
	close(capture->pipe[1]);
	ssize_t got = read(capture->pipe[0], out, size - 1);
	assert_true(got >= 0);
	out[got] = '\0';
	close(capture->pipe[0]);
}

static void log_writes_one_line_a_message(void **state)
{
	struct capture capture;
	char written[256];

	(void)state;
	capture_start(&capture);
	errno = ENOENT;
	log_warning("%s is %d", "this", 1);
	int after = errno;
	log_debug("not at this level");
	capture_end(&capture, written, sizeof written);
	assert_string_equal(written, "test: warning: this is 1\n");
	assert_int_equal(after, ENOENT);
}

static void log_masks_characters_that_could_forge_a_line(void **state)
{
	struct capture capture;
	char written[256];

	(void)state;
	capture_start(&capture);
	log_info("%s", "a\nb\x1b[31m\x7f\xc3\xa9");
	log_info("%s", "\xc2\x9b c1, \xff no UTF-8, \xe2\x82\xac, cut: \xe2\x82");
	log_info("%s", "\u202eleft\u2066 \u2028line \u0645\u06cc\u200c\u0634");
	capture_end(&capture, written, sizeof written);
	assert_string_equal(written, "test: info: a?b?[31m?\xc3\xa9\n"
				     "test: info: ?? c1, ? no UTF-8, \xe2\x82\xac, cut: ??\n"
				     "test: info: ???left??? ???line \u0645\u06cc\u200c\u0634\n");
}

static void log_cuts_a_line_that_is_too_long(void **state)
{
	static char text[10000], written[10000];
	struct capture capture;

	(void)state;
	memset(text, 'x', sizeof text - 1);
	capture_start(&capture);
	log_error("%s", text);
	capture_end(&capture, written, sizeof written);
	assert_true(strlen(written) <= 4096);
	assert_int_equal(written[strlen(written) - 1], '\n');
}

static void log_gives_the_journal_its_priorities(void **state)
{
	struct capture capture;
	struct stat status;
	char written[256], stream[64];

	(void)state;
	capture_start(&capture);
	fstat(STDERR_FILENO, &status);
	snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)status.st_dev,
		(uintmax_t)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_open("test");
	log_error("bad");
	capture_end(&capture, written, sizeof written);
	assert_string_equal(written, "<3>test: error: bad\n");
	/* the same variable, but stderr is something else: inherited from a service, then
	 * redirected */
	capture_start(&capture);
	log_open("test");
	log_error("bad");
	capture_end(&capture, written, sizeof written);
	unsetenv("JOURNAL_STREAM");
	assert_string_equal(written, "test: error: bad\n");
}

/* Returns the first free descriptor once logging is set up, in a child without standard streams. */
static int first_free_with_closed_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		close(fd);
	log_open("test");
	return open("/", O_RDONLY);
}

static void nothing_is_opened_in_place_of_stderr(void **state)
{
	int status;

	(void)state;
	pid_t child = fork();
	if (child == 0)
		_exit(first_free_with_closed_streams());
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) > STDERR_FILENO);
}

static void log_does_not_wait_for_a_blocked_reader(void **state)
{
	static char line[4000], written[200000];
	struct capture capture;

	(void)state;
	memset(line, 'x', sizeof line - 1);
	capture_start(&capture);
	log_never_wait();
	for (int i = 0; i < 100; i++) /* a pipe holds some sixteen of these */
		log_info("%s", line);
	assert_true(read(capture.pipe[0], written, sizeof written) > 10000);
	log_info("and on");
	capture_end(&capture, written, sizeof written);
	assert_non_null(strstr(written, "test: info: and on\ntest: warning: "));
	assert_non_null(strstr(written, " log lines were dropped: stderr did not accept them\n"));
}

/* The report did not fit behind the line that did. */
static void dropped_lines_are_counted_until_that_is_reported(void **state)
{
	static char line[4000], written[20000];
	struct capture capture;

	(void)state;
	memset(line, 'x', sizeof line - 1);
	capture_start(&capture);
	log_never_wait();
	assert_int_equal(fcntl(capture.pipe[1], F_SETPIPE_SZ, 8192), 8192); /* two of these */
	for (int i = 0; i < 5; i++)
		log_info("%s", line);
	assert_int_equal(read(capture.pipe[0], written, 4096), 4096);
	log_info("%s", line);
	assert_true(read(capture.pipe[0], written, sizeof written) > 4000);
	log_info("and on");
	capture_end(&capture, written, sizeof written);
	assert_non_null(strstr(written,
		"test: info: and on\n"
		"test: warning: 3 log lines were dropped: stderr did not accept them\n"));
}

static void syslog_gets_a_line_without_blocking(void **state)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int daemon = socket(AF_UNIX, SOCK_DGRAM, 0);
	char got[200], expected[80];

	(void)state;
	snprintf(name.sun_path, sizeof name.sun_path, "syslog-test.%d", (int)getpid());
	assert_int_equal(bind(daemon, (struct sockaddr *)&name, sizeof name), 0);
	assert_true(syslog_open(name.sun_path));
	assert_true(syslog_send(3, "test", "told"));
	ssize_t length = recv(daemon, got, sizeof got - 1, 0);
	assert_true(length > 0);
	got[length] = '\0';
	snprintf(expected, sizeof expected, " test[%d]: told", (int)getpid());
	assert_non_null(strstr(got, expected));
	assert_int_equal(strncmp(got, "<27>", 4), 0);
	int taken = 0;
	while (taken < 10000 && syslog_send(3, "test", "nobody reads this"))
		taken++;
	assert_between(taken, 1, 9999);
	close(daemon);
	assert_false(syslog_send(3, "test", "nobody is there"));
	unlink(name.sun_path);
}

static void readiness_is_reported_to_the_supervisor(void **state)
{
	char path[] = "/tmp/ready.XXXXXX", message[32] = "";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), ends[2];

	(void)state;
	assert_non_null(mkdtemp(path));
	snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(pipe(ends), 0);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	ready_announce(ends[1]);
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(recv(fd, message, sizeof message - 1, MSG_DONTWAIT), 7);
	assert_string_equal(message, "READY=1");
	/* s6's way: a newline, then the end */
	assert_int_equal(read(ends[0], message, sizeof message), 1);
	assert_int_equal(message[0], '\n');
	assert_int_equal(read(ends[0], message, sizeof message), 0);
	close(ends[0]);
	close(fd);
	unlink(address.sun_path);
	rmdir(path);
}

static void signals_arrive_only_while_waiting(void **state)
{
	static const int caught[] = {SIGUSR1, SIGTERM};
	struct timespec at_once = {0, 0};

	(void)state;
	signals_catch(caught, 2);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_false(signal_arrived(SIGUSR1));
	assert_int_equal(signals_poll(NULL, 0, &at_once), -1);
	assert_int_equal(errno, EINTR);
	assert_true(signal_arrived(SIGUSR1));
	assert_false(signal_arrived(SIGUSR1));
	assert_false(signal_arrived(SIGTERM));
	signals_restore();
}

/* A signal is seen even with a constant flow of input. */
static void signals_arrive_while_input_is_pending(void **state)
{
	static const int caught[] = {SIGUSR1};
	int ends[2];

	(void)state;
	signals_catch(caught, 1);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	raise(SIGUSR1);
	assert_false(signal_arrived(SIGUSR1));
	assert_int_equal(
		signals_poll(&(struct pollfd){.fd = ends[0], .events = POLLIN}, 1, NULL), 1);
	assert_true(signal_arrived(SIGUSR1));
	close(ends[0]);
	close(ends[1]);
	signals_restore();
}

/* More descriptors than may be open: ppoll(2) fails before it lets a signal through. */
static void signals_arrive_if_poll_fails(void **state)
{
	static const int caught[] = {SIGUSR1};
	const struct timespec a_while = {0, NSEC_PER_SEC / 20};
	struct pollfd fds[40];
	struct rlimit saved, low;
	nsec start = clock_monotonic();

	(void)state;
	memset(fds, 0xff, sizeof fds); /* -1: none */
	signals_catch(caught, 1);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &saved), 0);
	low = (struct rlimit){.rlim_cur = 30, .rlim_max = saved.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	raise(SIGUSR1);
	int ready = signals_poll(fds, 40, NULL);
	assert_true(signal_arrived(SIGUSR1));
	assert_int_equal(ready, -1);
	/* without a signal it waits: a loop must not spin */
	assert_int_equal(signals_poll(fds, 40, &a_while), -1);
	setrlimit(RLIMIT_NOFILE, &saved);
	assert_true(clock_monotonic() - start >= NSEC_PER_SEC / 20);
	signals_restore();
}

/* A process stopped during its wait and continued must not wait for the rest of the time. */
static void a_continued_process_wakes_up(void **state)
{
	const struct timespec a_while = {0, NSEC_PER_SEC / 10}, long_time = {10, 0};
	int status;

	(void)state;
	signals_catch(NULL, 0);
	pid_t child = fork();
	if (child == 0)
		_exit(signals_poll(NULL, 0, &long_time) != -1 || errno != EINTR);
	assert_true(child > 0);
	nanosleep(&a_while, NULL);
	kill(child, SIGSTOP);
	assert_int_equal(waitpid(child, &status, WUNTRACED), child);
	kill(child, SIGCONT);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	signals_restore();
}

static void the_descriptor_limit_rises_to_the_hard_limit(void **state)
{
	struct rlimit saved, low;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &saved), 0);
	low = (struct rlimit){.rlim_cur = 64, .rlim_max = saved.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	assert_int_equal(descriptors_allow(100), 100);
	assert_int_equal(descriptors_allow(50), 100);
	assert_int_equal(descriptors_allow(SIZE_MAX / 2), saved.rlim_max);
	setrlimit(RLIMIT_NOFILE, &saved);
}

static void reason_names_file_and_line(void **state)
{
	struct reason why;

	(void)state;
	assert_false(reason_set(&why, "%d is odd", 3));
	assert_false(reason_prefix(&why, "line %d", 7));
	assert_string_equal(why.text, "line 7: 3 is odd");
	for (int i = 0; i < 1000; i++)
		reason_prefix(&why, "deeper");
	assert_true(strlen(why.text) < sizeof why.text);
}

static int name_the_program(void **state)
{
	(void)state;
	log_open("test");
	return 0;
}

static void descriptors_from_a_number_on_are_closed_on_exec(void **state)
{
	int below = fcntl(0, F_DUPFD, 50), above = fcntl(0, F_DUPFD, 60);

	(void)state;
	assert_true(below >= 50 && below < 60 && above >= 60);
	descriptors_keep_from_exec(60);
	assert_int_equal(fcntl(below, F_GETFD), 0);
	assert_int_equal(fcntl(above, F_GETFD), FD_CLOEXEC);
	close(below);
	close(above);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(log_writes_one_line_a_message),
		cmocka_unit_test(log_masks_characters_that_could_forge_a_line),
		cmocka_unit_test(log_cuts_a_line_that_is_too_long),
		cmocka_unit_test(log_gives_the_journal_its_priorities),
		cmocka_unit_test(nothing_is_opened_in_place_of_stderr),
		cmocka_unit_test(log_does_not_wait_for_a_blocked_reader),
		cmocka_unit_test(descriptors_from_a_number_on_are_closed_on_exec),
		cmocka_unit_test(dropped_lines_are_counted_until_that_is_reported),
		cmocka_unit_test(syslog_gets_a_line_without_blocking),
		cmocka_unit_test(readiness_is_reported_to_the_supervisor),
		cmocka_unit_test(signals_arrive_only_while_waiting),
		cmocka_unit_test(signals_arrive_while_input_is_pending),
		cmocka_unit_test(signals_arrive_if_poll_fails),
		cmocka_unit_test(a_continued_process_wakes_up),
		cmocka_unit_test(the_descriptor_limit_rises_to_the_hard_limit),
		cmocka_unit_test(reason_names_file_and_line),
	};

	return cmocka_run_group_tests(tests, name_the_program, NULL);
}

/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/command.h"

#include "common/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FINISH_TIMEOUT 2000              /* milliseconds */
#define FINISH_MAX ((size_t)1024 * 1024) /* bytes: a full pipe, not what others add */

#define RELAY_HEAD ((size_t)32 * 1024) /* bytes kept of the beginning */
#define RELAY_TAIL ((size_t)32 * 1024) /* and of the end */
#define RELAY_CHUNK 4096               /* a pipe that poll(2) calls writable takes so many bytes */

/* One of the command's output pipes. */
struct relay {
	int from; /* the pipe, not blocking; -1: at its end */
	int to;   /* -1: the output is not passed on */
	struct kept kept;
	size_t start, end; /* of the bytes in `held` still to be passed on */
	char held[RELAY_CHUNK];
};

static void relay_start(struct relay *relay, int from, int to)
{
	*relay = (struct relay){.from = from, .to = to};
	fcntl(from, F_SETFL, fcntl(from, F_GETFL) | O_NONBLOCK);
}

/* What to poll for; its fd is -1: nothing. */
static struct pollfd relay_watch(const struct relay *relay)
{
	if (relay->start < relay->end)
		return (struct pollfd){.fd = relay->to, .events = POLLOUT};
	return (struct pollfd){.fd = relay->from, .events = POLLIN};
}

static void from_close(struct relay *relay)
{
	close(relay->from);
	relay->from = -1;
}

/* Keeps RELAY_TAIL bytes of a tail longer than `max`. */
static void tail_cut(struct kept *kept, size_t max)
{
	if (kept->tail.length <= max)
		return;
	buffer_consume(&kept->tail, kept->tail.length - RELAY_TAIL);
	kept->cut = true;
}

static void keep(struct kept *kept, const char *bytes, size_t length)
{
	size_t room = RELAY_HEAD - kept->head.length;
	size_t first = length < room ? length : room;

	buffer_append(&kept->head, bytes, first);
	buffer_append(&kept->tail, bytes + first, length - first);
	/* with slack: not each read moves it all */
	tail_cut(kept, 2 * RELAY_TAIL);
}

/* False: nothing to read now, or the end. */
static bool chunk_read(struct relay *relay)
{
	ssize_t got = read(relay->from, relay->held, RELAY_CHUNK);

	if (got > 0) {
		keep(&relay->kept, relay->held, (size_t)got);
		relay->start = 0;
		relay->end = relay->to >= 0 ? (size_t)got : 0;
	} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		from_close(relay);
	}
	return got > 0;
}

static void held_write(struct relay *relay)
{
	ssize_t wrote = write(relay->to, relay->held + relay->start, relay->end - relay->start);

	if (wrote > 0) {
		relay->start += (size_t)wrote;
	} else if (wrote < 0 && errno != EAGAIN && errno != EINTR) {
		relay->to = -1; /* its reader is gone; the output is still kept */
		relay->start = relay->end;
	}
}

static void relay_advance(struct relay *relay, short revents)
{
	if (revents == 0)
		return;
	if (relay->start < relay->end)
		held_write(relay);
	else if (relay->from >= 0)
		chunk_read(relay);
}

/* A blocked reader gets FINISH_TIMEOUT. */
static void held_finish(struct relay *relay)
{
	while (relay->start < relay->end) {
		struct pollfd out = {.fd = relay->to, .events = POLLOUT};

		if (poll(&out, 1, FINISH_TIMEOUT) <= 0) {
			relay->to = -1;
			relay->start = relay->end;
		} else {
			held_write(relay);
		}
	}
}

/* The command has ended: reads the rest of the pipe, and closes it even if others hold it. */
static void relay_finish(struct relay *relay)
{
	size_t max = FINISH_MAX;

	held_finish(relay);
	while (relay->from >= 0 && max >= RELAY_CHUNK && chunk_read(relay)) {
		max -= RELAY_CHUNK;
		held_finish(relay);
	}
	if (relay->from >= 0)
		from_close(relay);
	tail_cut(&relay->kept, RELAY_TAIL);
}

#define GROUP_AGAIN (20 * NSEC_PER_MSEC)

enum { OUT, ERR, STREAMS };

struct child {
	pid_t pid;
	int status; /* of waitpid(2) */
	bool ended;
	bool timed_out;
	bool killed;
	bool interrupted;
	nsec term_at; /* SIGTERM, then SIGKILL; monotonic */
	nsec kill_at;
	struct relay relays[STREAMS];
};

struct pipes {
	int stream[STREAMS][2];
	int failure[2]; /* errno of a failed exec; closed by a successful one */
};

static bool pipes_make(struct pipes *pipes)
{
	int *const ends[] = {pipes->stream[OUT], pipes->stream[ERR], pipes->failure};
	int made = 0;

	while (made < 3 && pipe2(ends[made], O_CLOEXEC) == 0)
		made++;
	if (made == 3)
		return true;
	while (made-- > 0) {
		close(ends[made][0]);
		close(ends[made][1]);
	}
	return false;
}

/* In the child. */
static _Noreturn void command_exec(char *const *argv, const struct pipes *pipes)
{
	setpgid(0, 0);
	signals_restore();
	if (dup2(pipes->stream[OUT][1], STDOUT_FILENO) >= 0 &&
		dup2(pipes->stream[ERR][1], STDERR_FILENO) >= 0)
		execvp(argv[0], argv);
	int error = errno;
	while (write(pipes->failure[1], &error, sizeof error) < 0 && errno == EINTR)
		;
	_exit(127);
}

/* 0, or errno of exec. */
static int failure_read(int fd)
{
	int error = 0;
	ssize_t got;

	do
		got = read(fd, &error, sizeof error);
	while (got < 0 && errno == EINTR);
	close(fd);
	return got == (ssize_t)sizeof error ? error : 0;
}

static int child_reap(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* 0, or errno. */
static int child_start(struct child *child, const struct command *command)
{
	struct pipes pipes = {0};

	if (!pipes_make(&pipes))
		return errno;
	child->pid = fork();
	int error = errno;
	if (child->pid == 0)
		command_exec(command->argv, &pipes);
	close(pipes.stream[OUT][1]);
	close(pipes.stream[ERR][1]);
	close(pipes.failure[1]);
	relay_start(&child->relays[OUT], pipes.stream[OUT][0], command->quiet ? -1 : STDOUT_FILENO);
	relay_start(&child->relays[ERR], pipes.stream[ERR][0], command->quiet ? -1 : STDERR_FILENO);
	if (child->pid < 0) {
		close(pipes.failure[0]);
		return error;
	}
	setpgid(child->pid, child->pid); /* parent and child both: whichever runs first */
	error = failure_read(pipes.failure[0]);
	if (error != 0)
		child_reap(child->pid);
	return error;
}

static void group_signal(const struct child *child, int signal)
{
	kill(-child->pid, signal);
	kill(-child->pid, SIGCONT); /* a stopped process must end as well */
}

static void signals_forward(struct child *child)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};

	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		if (signal_arrived(signals[i])) {
			group_signal(child, signals[i]);
			child->interrupted = true;
		}
}

static void limit_enforce(struct child *child, nsec now)
{
	if (now >= child->term_at) {
		child->timed_out = true;
		child->term_at = NSEC_NEVER;
		child->kill_at = now + COMMAND_KILL_AFTER;
		group_signal(child, SIGTERM);
	}
	if (now >= child->kill_at && !child->killed) {
		child->killed = true;
		group_signal(child, SIGKILL);
	}
}

/* Waits for the next event and handles it. */
static void wait_and_handle(struct child *child)
{
	nsec now = clock_monotonic();
	struct pollfd fds[STREAMS];
	struct timespec left;

	for (int i = 0; i < STREAMS; i++)
		fds[i] = relay_watch(&child->relays[i]);
	const struct timespec *timeout = clock_timeout(now,
		child->killed ? NSEC_NEVER : nsec_earlier(child->term_at, child->kill_at), &left);
	if (signals_poll(fds, STREAMS, timeout) >= 0)
		for (int i = 0; i < STREAMS; i++)
			relay_advance(&child->relays[i], fds[i].revents);
	signals_forward(child);
	(void)signal_arrived(SIGCHLD);
	child->ended = waitpid(child->pid, &child->status, WNOHANG) == child->pid;
	if (!child->ended)
		limit_enforce(child, clock_monotonic());
}

/* The command has ended; its children have until kill_at. They are not ours to wait for: poll. */
static void group_end(const struct child *child)
{
	struct timespec pause;
	nsec now;
	bool there;

	while ((there = kill(-child->pid, 0) == 0) && (now = clock_monotonic()) < child->kill_at)
		ppoll(NULL, 0, clock_timeout(now, now + GROUP_AGAIN, &pause), NULL);
	/* the id of a group that is gone may be reused */
	if (there)
		kill(-child->pid, SIGKILL);
}

static void child_wait(struct child *child, nsec limit)
{
	child->term_at = limit == NSEC_NEVER ? NSEC_NEVER : clock_monotonic() + limit;
	child->kill_at = NSEC_NEVER;
	while (!child->ended)
		wait_and_handle(child);
	if (child->timed_out)
		group_end(child);
	for (int i = 0; i < STREAMS; i++)
		relay_finish(&child->relays[i]);
}

static void end_set(struct command_result *result, const struct child *child)
{
	if (child->timed_out) {
		result->end = COMMAND_TIMED_OUT;
	} else if (WIFSIGNALED(child->status)) {
		result->end = COMMAND_SIGNALLED;
		result->value = WTERMSIG(child->status);
	} else {
		result->end = COMMAND_EXITED;
		result->value = WEXITSTATUS(child->status);
	}
}

void command_run(const struct command *command, struct command_result *result)
{
	nsec began = clock_monotonic();
	struct child child = {.relays = {{.from = -1, .to = -1}, {.from = -1, .to = -1}}};

	*result = (struct command_result){.end = COMMAND_NOT_RUN, .limit = command->limit};
	result->value = child_start(&child, command);
	if (result->value == 0) {
		child_wait(&child, command->limit);
		end_set(result, &child);
	} else {
		relay_finish(&child.relays[OUT]);
		relay_finish(&child.relays[ERR]);
	}
	result->took = clock_monotonic() - began;
	result->out = child.relays[OUT].kept;
	result->err = child.relays[ERR].kept;
	result->interrupted = child.interrupted;
}

int command_exit_code(const struct command_result *result)
{
	switch (result->end) {
	case COMMAND_EXITED:
		return result->value;
	case COMMAND_SIGNALLED:
		return 128 + result->value;
	case COMMAND_TIMED_OUT:
		return 124;
	default:
		return result->value == ENOENT ? 127 : 126;
	}
}

void command_result_free(struct command_result *result)
{
	buffer_free(&result->out.head);
	buffer_free(&result->out.tail);
	buffer_free(&result->err.head);
	buffer_free(&result->err.tail);
}

/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/command.h"

#include "common/descriptors.h"
#include "common/process.h"
#include "common/signals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
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
	struct process process; /* reaped at once: then `group` is its number */
	pid_t group;
	bool timed_out;
	bool interrupted;
	nsec term_at; /* SIGTERM, then SIGKILL; monotonic */
	nsec kill_at;
	struct relay relays[STREAMS];
};

/* 0, or errno. */
static int child_start(struct child *child, const struct command *command)
{
	int out[2], err[2];

	if (!process_pipe(out))
		return errno;
	if (!process_pipe(err)) {
		int error = errno;
		close(out[0]);
		close(out[1]);
		return error;
	}
	const struct process_plan plan = {.argv = command->argv,
		.in = -1,
		.out = out[1],
		.err = err[1],
		.transparent = true,
		.exec_is_awaited = true};
	int error = process_start(&child->process, &plan);
	close(out[1]);
	close(err[1]);
	relay_start(&child->relays[OUT], out[0],
		command->quiet ? -1 : descriptor_reopen_terminal(STDOUT_FILENO));
	relay_start(&child->relays[ERR], err[0],
		command->quiet ? -1 : descriptor_reopen_terminal(STDERR_FILENO));
	return error;
}

static void group_signal(const struct child *child, int signal)
{
	process_signal(&child->process, signal);
	process_signal(&child->process, SIGCONT); /* a stopped process must end as well */
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
	if (now >= child->kill_at && !child->process.killed)
		process_kill(&child->process);
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
		child->process.killed ? NSEC_NEVER : nsec_earlier(child->term_at, child->kill_at),
		&left);
	if (signals_poll(fds, STREAMS, timeout) >= 0)
		for (int i = 0; i < STREAMS; i++)
			relay_advance(&child->relays[i], fds[i].revents);
	signals_forward(child);
	(void)signal_arrived(SIGCHLD);
	if (!process_ended(&child->process))
		limit_enforce(child, clock_monotonic());
}

/* The command has ended; its children have until kill_at. They are not ours to wait for: poll. */
static void group_end(const struct child *child)
{
	struct timespec pause;
	nsec now;
	bool there;

	while ((there = kill(-child->group, 0) == 0) && (now = clock_monotonic()) < child->kill_at)
		ppoll(NULL, 0, clock_timeout(now, now + GROUP_AGAIN, &pause), NULL);
	/* the id of a group that is gone may be reused */
	if (there)
		kill(-child->group, SIGKILL);
}

static void child_wait(struct child *child, nsec limit)
{
	child->term_at = limit == NSEC_NEVER ? NSEC_NEVER : clock_monotonic() + limit;
	child->kill_at = NSEC_NEVER;
	while (!child->process.ended)
		wait_and_handle(child);
	child->group = child->process.pid;
	process_reap(&child->process);
	if (child->timed_out)
		group_end(child);
	for (int i = 0; i < STREAMS; i++)
		relay_finish(&child->relays[i]);
}

static void end_set(struct command_result *result, const struct child *child)
{
	if (child->timed_out) {
		result->end = COMMAND_TIMED_OUT;
	} else {
		result->end =
			child->process.code == CLD_EXITED ? COMMAND_EXITED : COMMAND_SIGNALLED;
		result->value = child->process.status;
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

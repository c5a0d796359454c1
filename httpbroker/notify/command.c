/* SPDX-License-Identifier: MIT */
/* The output that runs a command for each notification. */
#include "common/buffer.h"
#include "common/descriptors.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/process.h"
#include "httpbroker/notify/limits.h"
#include "httpbroker/notify/output.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

extern char **environ;

struct job {
	struct process process; /* without a pid: free */
	nsec limit;
	struct item *item; /* NULL: dropped */
};

#define PRINTED_WAIT NSEC_PER_SEC
#define PRINTED_PAUSE (NSEC_PER_SEC / 10)

enum {
	PIECE = 4096,    /* bytes; a pipe that poll(2) calls writable takes them */
	PIECES_MAX = 32, /* then a pause: what a command has left running may print without end */
};

/*
 * What the commands print, on its way to our standard error. If that has not been read for
 * PRINTED_WAIT, it is dropped: no notification waits for the reader of the log.
 */
struct printed {
	int pipe[2]; /* the commands have the second end */
	int to;
	struct buffer held;
	nsec blocked_since; /* monotonic; 0: the last write worked */
	nsec resume_at;     /* monotonic; before, nothing is read */
};

struct command {
	struct printed printed;
	char *const *argv;
	struct line_style style;
	unsigned jobs;
	struct job job[JOBS_MAX];
};

/* ---- what the commands print ---- */

static void printed_init(struct printed *printed)
{
	if (!process_pipe(printed->pipe))
		die(EX_OSERR, "no pipe: %s", strerror(errno));
	printed->to = descriptor_reopen_terminal(STDERR_FILENO);
}

/* False: there is nothing to be passed on now. */
static bool printed_read(struct printed *printed)
{
	if (printed->held.length > 0)
		return true;
	ssize_t got = read(printed->pipe[0], buffer_reserve(&printed->held, PIECE), PIECE);
	printed->held.length += got > 0 ? (size_t)got : 0;
	return got > 0;
}

/* False: it waits for the reader. */
static bool printed_write(struct printed *printed, nsec now)
{
	struct buffer *held = &printed->held;
	bool ready = descriptor_is_ready(printed->to, POLLOUT);
	ssize_t wrote = ready ? write(printed->to, held->data, held->length) : 0;

	if (wrote > 0) {
		buffer_consume(held, (size_t)wrote);
		printed->blocked_since = 0;
		return true;
	}
	if (printed->blocked_since == 0)
		printed->blocked_since = now;
	bool broken = wrote < 0 && errno != EAGAIN && errno != EINTR;
	if (!broken && now - printed->blocked_since < PRINTED_WAIT)
		return false;
	buffer_clear(held);
	return true;
}

static void printed_pass(struct printed *printed, nsec now)
{
	if (now < printed->resume_at)
		return;
	for (int i = 0; i < PIECES_MAX; i++)
		if (!printed_read(printed) || !printed_write(printed, now))
			return;
	printed->resume_at = now + PRINTED_PAUSE;
}

/* When it is to be passed on although no descriptor is ready. */
static nsec printed_deadline(const struct printed *printed, nsec now)
{
	if (now < printed->resume_at)
		return printed->resume_at;
	return printed->held.length > 0 ? printed->blocked_since + PRINTED_WAIT : NSEC_NEVER;
}

/* No command will be begun: passes on what is in the pipe. */
static void printed_end(struct printed *printed)
{
	struct pollfd to = {.fd = printed->to, .events = POLLOUT};

	for (int i = 0; i < PIECES_MAX && printed_read(printed); i++) {
		if (poll(&to, 1, (int)(PRINTED_WAIT / NSEC_PER_MSEC)) <= 0)
			break;
		printed_write(printed, clock_monotonic());
	}
	buffer_free(&printed->held);
	close(printed->pipe[0]);
	close(printed->pipe[1]);
}

/* ---- their runs ---- */

/* An inherited NOTIFY_* is not for the command. NOTIFY_SOCKET is for systemd until it runs. */
static void environment_clean(void)
{
	char **kept = environ;

	for (char **at = environ; *at != NULL; at++)
		if (strncmp(*at, "NOTIFY_", 7) != 0 || strncmp(*at, "NOTIFY_SOCKET=", 14) == 0)
			*kept++ = *at;
	*kept = NULL;
}

/* 0, or errno. */
static int job_start(struct job *job, const struct command *command,
	const struct notification *notification, int in)
{
	char since[NOTIFICATION_STAMP], key[NOTIFICATION_KEY];
	const struct process_variable variables[] = {
		{"NOTIFY_EVENT", notification_event(notification->kind)},
		{"NOTIFY_STATE", state_name(notification->state)},
		{"NOTIFY_ENTITY", notification->entity.bytes},
		{"NOTIFY_CHECK", notification->check.bytes},
		{"NOTIFY_SUMMARY",
			notification->summary.length > 0 ? notification->summary.bytes : ""},
		{"NOTIFY_SINCE", notification_stamp(notification->since, since)},
		{"NOTIFY_KEY", notification_key(notification, key)}, {"REDIS_PASSWORD", NULL},
		{NULL, NULL}};
	const struct process_plan plan = {.argv = command->argv,
		.variables = variables,
		.in = in,
		.out = command->printed.pipe[1],
		.err = command->printed.pipe[1],
		.exec_is_awaited = true};

	return process_start(&job->process, &plan);
}

/* False: there is no notification to begin with. */
static bool job_begin(struct output *output, struct job *job, nsec now)
{
	const struct command *command = output->self;
	struct notification notification;
	struct item *item = output_next(output, &notification, now);
	struct buffer line = {NULL, 0, 0};
	struct reason why;

	if (item == NULL)
		return false;
	notification_line(&command->style, &notification, &line);
	int in = process_input(line.data, line.length);
	int error = in < 0 ? errno : job_start(job, command, &notification, in);
	if (in >= 0)
		close(in);
	if (error > 0) {
		reason_set(&why, "cannot run %s: %s", command->argv[0], strerror(error));
		output_failed(output, item, why.text, now);
	} else {
		job->limit = now + COMMAND_LIMIT;
		job->item = item;
	}
	buffer_free(&line);
	json_decref(notification.document);
	return true;
}

static void job_end(struct output *output, struct job *job, nsec now)
{
	const struct process *process = &job->process;
	struct item *item = job->item;
	struct reason why;

	if (item == NULL)
		return;
	if (process->code == CLD_EXITED && process->status == 0) {
		output_delivered(output, item, now);
		return;
	}
	if (process->killed)
		reason_set(&why, "the command ran longer than 30 s and was killed");
	else
		process_end_text(process, why.text, sizeof why.text);
	output_failed(output, item, why.text, now);
}

static bool runs(const struct job *job)
{
	return job->process.pid != 0 && !job->process.killed;
}

static nsec work(struct output *output, struct moment now)
{
	struct command *command = output->self;
	nsec next = NSEC_NEVER;
	bool room = false;

	printed_pass(&command->printed, now.monotonic);
	for (unsigned i = 0; i < command->jobs; i++) {
		struct job *job = &command->job[i];

		if (process_ended(&job->process)) {
			printed_pass(&command->printed, now.monotonic);
			job_end(output, job, now.monotonic);
			process_reap(&job->process);
		}
		if (runs(job) && now.monotonic >= job->limit)
			process_kill(&job->process);
		while (job->process.pid == 0 && job_begin(output, job, now.monotonic))
			continue;
		if (runs(job))
			next = nsec_earlier(next, job->limit);
		room = room || job->process.pid == 0;
	}
	next = nsec_earlier(next, printed_deadline(&command->printed, now.monotonic));
	return room ? nsec_earlier(next, output_deadline(output, now.monotonic)) : next;
}

static size_t polled(const struct output *output, struct pollfd *fds, nsec now)
{
	const struct printed *printed = &((const struct command *)output->self)->printed;
	bool held = printed->held.length > 0;

	fds[0] = (struct pollfd){
		.fd = held ? printed->to : printed->pipe[0], .events = held ? POLLOUT : POLLIN};
	return now >= printed->resume_at;
}

static void reset(struct output *output)
{
	struct command *command = output->self;

	for (unsigned i = 0; i < command->jobs; i++) {
		struct job *job = &command->job[i];

		process_kill(&job->process);
		job->item = NULL;
	}
}

static void end(struct output *output)
{
	reset(output);
	printed_end(&((struct command *)output->self)->printed);
}

static const struct output_type type = {work, polled, NULL, reset, end};

struct output *command_output(char *const *argv, unsigned jobs, const struct line_style *style)
{
	struct command *command = memory_zeroed(1, sizeof *command);

	environment_clean();
	printed_init(&command->printed);
	command->argv = argv;
	command->jobs = jobs;
	command->style = *style;
	return output_new(&type, "command", command);
}

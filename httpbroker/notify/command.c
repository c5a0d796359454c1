/* SPDX-License-Identifier: MIT */
/* The output that runs a command for each notification. */
#include "common/log.h"
#include "common/memory.h"
#include "common/process.h"
#include "httpbroker/notify/limits.h"
#include "httpbroker/notify/output.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

struct job {
	struct process process; /* without a pid: free */
	nsec limit;
	struct item *item; /* NULL: dropped */
};

struct command {
	char *const *argv;
	struct line_style style;
	unsigned jobs;
	struct job job[JOBS_MAX];
};

/* An inherited NOTIFY_* is not for the command. NOTIFY_SOCKET is for systemd until it runs. */
static void environment_clean(void)
{
	char **kept = environ;

	for (char **at = environ; *at != NULL; at++)
		if (strncmp(*at, "NOTIFY_", 7) != 0 || strncmp(*at, "NOTIFY_SOCKET=", 14) == 0)
			*kept++ = *at;
	*kept = NULL;
}

/* 0, or errno. Its output goes to standard error. */
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
		.out = STDERR_FILENO,
		.err = -1,
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

	for (unsigned i = 0; i < command->jobs; i++) {
		struct job *job = &command->job[i];

		if (process_ended(&job->process)) {
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
	return room ? nsec_earlier(next, output_deadline(output, now.monotonic)) : next;
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

static const struct output_type type = {work, NULL, NULL, reset, reset};

struct output *command_output(char *const *argv, unsigned jobs, const struct line_style *style)
{
	struct command *command = memory_zeroed(1, sizeof *command);

	environment_clean();
	command->argv = argv;
	command->jobs = jobs;
	command->style = *style;
	return output_new(&type, "command", command);
}

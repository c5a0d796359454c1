/* SPDX-License-Identifier: MIT */
/* The output that runs a command for each notification. */
#include "common/descriptors.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/signals.h"
#include "httpbroker/notify/limits.h"
#include "httpbroker/notify/output.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct job {
	pid_t pid; /* of the command and its process group; 0: free */
	nsec limit;
	bool killed;
	struct item *item; /* NULL: dropped */
};

struct command {
	char *const *argv;
	struct line_style style;
	unsigned jobs;
	struct job job[JOBS_MAX];
};

/* Of ours, not for the command: for this process, or secret. */
static bool is_private(const char *variable)
{
	static const char *const names[] = {
		"NOTIFY_", "WATCHDOG_USEC=", "WATCHDOG_PID=", "REDIS_PASSWORD="};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strncmp(variable, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

enum { VARIABLES = 7 };

/* The environment; the first VARIABLES strings and the array are to be freed. */
static char **environment_make(const struct notification *notification)
{
	char since[NOTIFICATION_STAMP];
	size_t count = 0, used = VARIABLES;

	while (environ[count] != NULL)
		count++;
	char **made = memory_zeroed(VARIABLES + count + 1, sizeof *made);
	made[0] = memory_printed("NOTIFY_EVENT=%s", notification_event(notification->kind));
	made[1] = memory_printed("NOTIFY_STATE=%s", state_name(notification->state));
	made[2] = memory_printed(
		"NOTIFY_ENTITY=%.*s", (int)notification->entity.length, notification->entity.bytes);
	made[3] = memory_printed(
		"NOTIFY_CHECK=%.*s", (int)notification->check.length, notification->check.bytes);
	made[4] = memory_printed("NOTIFY_SUMMARY=%.*s", (int)notification->summary.length,
		notification->summary.bytes);
	made[5] = memory_printed("NOTIFY_SINCE=%s", notification_stamp(notification->since, since));
	made[6] = memory_printed("NOTIFY_KEY=%s", notification->key);
	for (size_t i = 0; i < count; i++)
		if (!is_private(environ[i]))
			made[used++] = environ[i];
	return made;
}

static void environment_free(char **made)
{
	for (size_t i = 0; i < VARIABLES; i++)
		free(made[i]);
	free(made);
}

/* A descriptor to read the line from: no pipe, so that no command can block us. -1: see errno. */
static int line_file(const struct buffer *line)
{
	int fd = memfd_create("notification", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, line->data, line->length) == (ssize_t)line->length &&
		lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* 0, or errno. Its output goes to standard error. */
static int spawn(struct job *job, char *const *argv, char *const *environment, int in)
{
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_t files;
	sigset_t usual;

	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_init(&files);
	sigfillset(&usual);
	posix_spawnattr_setflags(&attributes,
		POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigdefault(&attributes, &usual);
	posix_spawnattr_setsigmask(&attributes, signals_wait_mask());
	/* libcurl leaves its connections open for children */
	descriptors_keep_from_exec(STDERR_FILENO + 1);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
	int error = posix_spawnp(&job->pid, argv[0], &files, &attributes, argv, environment);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	if (error != 0)
		job->pid = 0;
	return error;
}

/* 0, or errno; -1: the item is no notification. */
static int job_start(
	struct command *command, struct job *job, const struct item *item, struct reason *why)
{
	struct notification notification;
	struct buffer line = {NULL, 0, 0};
	json_t *document = notification_decode(item->json, item->length, &notification, why);

	if (document == NULL)
		return -1;
	notification_line(&command->style, item->json, item->length, &line, why);
	char **environment = environment_make(&notification);
	int in = line_file(&line);
	int error = in < 0 ? errno : spawn(job, command->argv, environment, in);
	if (in >= 0)
		close(in);
	environment_free(environment);
	buffer_free(&line);
	json_decref(document);
	return error;
}

static void job_begin(struct output *output, struct job *job, struct item *item, nsec now)
{
	struct command *command = output->self;
	struct reason why;
	int error = job_start(command, job, item, &why);

	if (error < 0) {
		output_refused(output, item, why.text);
	} else if (error > 0) {
		reason_set(&why, "cannot run %s: %s", command->argv[0], strerror(error));
		output_failed(output, item, why.text, now);
	} else {
		*job = (struct job){job->pid, now + COMMAND_LIMIT, false, item};
	}
}

static void job_end(struct output *output, struct job *job, int status, nsec now)
{
	struct item *item = job->item;
	struct reason why;

	job->pid = 0;
	if (item == NULL)
		return;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		output_delivered(output, item, now);
		return;
	}
	if (job->killed)
		reason_set(&why, "the command ran longer than 30 s and was killed");
	else if (WIFSIGNALED(status))
		reason_set(&why, "the command was ended by signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		reason_set(&why, "the command's exit status is %d", WEXITSTATUS(status));
	output_failed(output, item, why.text, now);
}

static void work(struct output *output, struct moment now)
{
	struct command *command = output->self;
	struct item *item;
	int status;

	for (unsigned i = 0; i < command->jobs; i++) {
		struct job *job = &command->job[i];

		if (job->pid != 0 && waitpid(job->pid, &status, WNOHANG) == job->pid)
			job_end(output, job, status, now.monotonic);
		if (job->pid != 0 && now.monotonic >= job->limit && !job->killed) {
			job->killed = true;
			kill(-job->pid, SIGKILL);
		}
		while (job->pid == 0 && (item = output_next(output, now.monotonic)) != NULL)
			job_begin(output, job, item, now.monotonic);
	}
}

/* SIGCHLD wakes the loop. */
static size_t polled(const struct output *output, struct pollfd *fds, nsec now)
{
	(void)output;
	(void)fds;
	(void)now;
	return 0;
}

static nsec deadline(const struct output *output, nsec now)
{
	const struct command *command = output->self;
	nsec next = NSEC_NEVER;
	bool room = false;

	for (unsigned i = 0; i < command->jobs; i++) {
		const struct job *job = &command->job[i];

		room = room || job->pid == 0;
		if (job->pid != 0 && !job->killed)
			next = nsec_earlier(next, job->limit);
	}
	return room ? nsec_earlier(next, output_deadline(output, now)) : next;
}

static void reset(struct output *output)
{
	struct command *command = output->self;

	for (unsigned i = 0; i < command->jobs; i++) {
		struct job *job = &command->job[i];

		if (job->pid == 0)
			continue;
		kill(-job->pid, SIGKILL);
		job->killed = true;
		job->item = NULL;
	}
}

static void self_free(struct output *output)
{
	reset(output);
	free(output->self);
}

static const struct output_type type = {work, polled, deadline, NULL, reset, self_free};

struct output *command_output(char *const *argv, unsigned jobs, const struct line_style *style)
{
	struct command *command = memory_zeroed(1, sizeof *command);

	command->argv = argv;
	command->jobs = jobs;
	command->style = *style;
	return output_new(&type, "command", command);
}

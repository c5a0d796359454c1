/* SPDX-License-Identifier: MIT */
#include "oobetet/channel/command.h"

#include "common/lines.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/signals.h"
#include "oobetet/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_MAX 2000 /* bytes of a line that is logged */

struct command {
	char *line;          /* owned */
	char *label;         /* owned: how its log lines begin */
	char id[COMMAND_ID]; /* of the run; "": none */
	pid_t pid;           /* of the shell and its group; 0: none, or reaped */
	bool ended;          /* the shell; its number stays taken until it is reaped */
	int out;             /* its output; -1: closed */
	struct lines lines;
	int logged, dropped; /* lines */
	nsec limit;
	bool killed;
	enum answer answer;
	char why[COMMAND_WHY];
};

struct command *command_new(const char *line, const char *label)
{
	struct command *command = memory_zeroed(1, sizeof *command);

	command->line = memory_copied(line);
	command->label = memory_copied(label);
	command->out = -1;
	return command;
}

static void out_close(struct command *command)
{
	if (command->out < 0)
		return;
	close(command->out);
	command->out = -1;
	lines_free(&command->lines);
}

static bool is_over(const struct command *command)
{
	return (command->ended || command->pid == 0) && command->out < 0;
}

/* Reaps a killed shell, but does not wait for one that the kernel holds. */
static void shell_await(pid_t pid)
{
	const struct timespec pause = {.tv_nsec = NSEC_PER_MSEC};

	for (int i = 0; pid > 0 && i < 20 && waitpid(pid, NULL, WNOHANG) == 0; i++)
		nanosleep(&pause, NULL);
}

void command_free(struct command *command)
{
	if (command == NULL)
		return;
	if (!is_over(command) && !command->killed)
		kill(-command->pid, SIGKILL);
	shell_await(command->pid);
	out_close(command);
	free(command->line);
	free(command->label);
	free(command);
}

/* ---- in the child ---- */

static void environment_set(const struct job *job)
{
	setenv("OOBETET_EVENT", job->event, 1);
	setenv("OOBETET_WATCH", job->watch, 1);
	if (job->name[0] != '\0')
		setenv("OOBETET_WATCH_NAME", job->name, 1);
	else
		unsetenv("OOBETET_WATCH_NAME");
	setenv("OOBETET_BREACH", job->breach, 1);
	setenv("OOBETET_SINCE", job->since, 1);
	setenv("OOBETET_KEY", job->key, 1);
	setenv("OOBETET_HOST", job->host, 1);
}

static _Noreturn void shell_become(
	const char *line, const struct job *job, int in, int out, pid_t parent)
{
	setpgid(0, 0);
	signals_restore();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	environment_set(job);
	if (getppid() == parent && child_arrange(in, out, out))
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
	_exit(127);
}

/* ---- in the monitor ---- */

/* Returns the reading end of a pipe that holds the message; -1: see errno. */
static int message_pipe(const char *text)
{
	char line[NOTIFICATION_TEXT + 1];
	int ends[2], length = snprintf(line, sizeof line, "%s\n", text);

	if (length >= (int)sizeof line)
		length = (int)sizeof line - 1;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	/* an empty pipe takes a page at least: this does not block */
	ssize_t wrote = write(ends[1], line, (size_t)length);
	close(ends[1]);
	if (wrote == length)
		return ends[0];
	close(ends[0]);
	return -1;
}

/* command->pid < 0: it failed. */
static void shell_run(struct command *command, const struct job *job, int in, int out)
{
	pid_t parent = getpid();

	command->pid = fork();
	if (command->pid == 0)
		shell_become(command->line, job, in, out, parent);
	if (command->pid > 0)
		setpgid(command->pid, command->pid);
}

static bool shell_start(struct command *command, const struct job *job)
{
	int in = message_pipe(job->text), out[2];

	if (in < 0)
		return false;
	if (pipe2(out, O_CLOEXEC) != 0) {
		close(in);
		return false;
	}
	shell_run(command, job, in, out[1]);
	close(in);
	close(out[1]);
	command->out = out[0];
	fcntl(command->out, F_SETFL, O_NONBLOCK);
	lines_init(&command->lines, LINE_MAX);
	return command->pid > 0;
}

bool command_start(struct command *command, const struct job *job, nsec now)
{
	if (command->id[0] != '\0')
		return false;
	snprintf(command->id, sizeof command->id, "%s", job->id);
	command->logged = command->dropped = 0;
	command->limit = now + COMMAND_LIMIT;
	command->killed = command->ended = false;
	command->answer = ANSWER_FAILED;
	if (!shell_start(command, job)) {
		snprintf(command->why, sizeof command->why, "cannot start: %s", strerror(errno));
		command->pid = 0;
		out_close(command);
	}
	return true;
}

struct pollfd command_poll(const struct command *command)
{
	return (struct pollfd){.fd = command != NULL ? command->out : -1, .events = POLLIN};
}

nsec command_deadline(const struct command *command)
{
	if (command == NULL || command->id[0] == '\0')
		return NSEC_NEVER;
	if (is_over(command))
		return 0;
	return command->killed ? NSEC_NEVER : command->limit;
}

static void outcome_note(struct command *command, const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED && info->si_status == 0)
		command->answer = ANSWER_DONE;
	else if (command->killed)
		snprintf(command->why, sizeof command->why,
			"it ran longer than %d s and was killed",
			(int)(COMMAND_LIMIT / NSEC_PER_SEC));
	else
		child_end_text(info, command->why, sizeof command->why);
}

bool command_runs(struct command *command)
{
	siginfo_t info;

	if (command == NULL || command->pid == 0 || command->ended)
		return false;
	if (!child_ended(command->pid, &info))
		return true;
	command->ended = true;
	outcome_note(command, &info);
	return false;
}

static void lines_log(struct command *command)
{
	enum lines_result result;
	char *line;

	while ((result = lines_next(&command->lines, &line)) != LINES_NONE) {
		if (result == LINES_LINE && command->logged < COMMAND_LINES) {
			command->logged++;
			log_info("%salert_command: %s", command->label, line);
		} else {
			command->dropped++;
		}
	}
}

/* 64 KiB at most: poll(2) reports the rest. */
static void out_read(struct command *command)
{
	if (command->out < 0)
		return;
	enum lines_read_result result = lines_read(&command->lines, command->out);
	lines_log(command);
	if (result == LINES_END || result == LINES_ERROR)
		out_close(command);
}

/* Kills the shell, or the processes that it left. */
static void group_kill(struct command *command)
{
	if (command->ended)
		log_warning(
			"%salert_command: its background processes ran longer than %d s and were killed",
			command->label, (int)(COMMAND_LIMIT / NSEC_PER_SEC));
	command->killed = true;
	kill(-command->pid, SIGKILL);
	out_close(command);
}

static void shell_reap(struct command *command)
{
	if (command->pid > 0)
		waitpid(command->pid, NULL, 0);
	command->pid = 0;
}

bool command_tick(struct command *command, nsec now, struct outcome *outcome)
{
	if (command == NULL || command->id[0] == '\0')
		return false;
	out_read(command);
	if (!is_over(command) && !command->killed && now >= command->limit)
		group_kill(command);
	if (!is_over(command))
		return false;
	shell_reap(command);
	if (command->dropped > 0)
		log_warning("%salert_command: %d more lines of its output are not logged",
			command->label, command->dropped);
	*outcome = (struct outcome){.answer = command->answer};
	memcpy(outcome->id, command->id, sizeof outcome->id);
	memcpy(outcome->why, command->why, sizeof outcome->why);
	command->id[0] = '\0';
	return true;
}

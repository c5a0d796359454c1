/* SPDX-License-Identifier: MIT */
#include "oobetet/channel/command.h"

#include "common/lines.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX 2000 /* bytes of a line that is logged */

struct command {
	char *line;           /* owned */
	char *label;          /* owned: how its log lines begin */
	char id[COMMAND_ID];  /* of the run; "": none */
	struct process shell; /* reaped when the run is over */
	int out;              /* its output; -1: closed */
	struct lines lines;
	nsec read_at;        /* its output is not read before: it may never pause; 0: no limit */
	int logged, dropped; /* lines */
	nsec limit;
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
	command->read_at = 0;
	lines_free(&command->lines);
}

static bool is_over(const struct command *command)
{
	return (command->shell.ended || command->shell.pid == 0) && command->out < 0;
}

void command_free(struct command *command)
{
	if (command == NULL)
		return;
	if (!is_over(command) && !command->shell.killed)
		process_kill(&command->shell);
	process_reap(&command->shell);
	out_close(command);
	free(command->line);
	free(command->label);
	free(command);
}

/* 0, or errno. */
static int shell_run(struct command *command, const struct job *job, int in, int out)
{
	char shell[] = "/bin/sh", option[] = "-c";
	char *const argv[] = {shell, option, command->line, NULL};
	const struct process_variable variables[] = {{"OOBETET_EVENT", job->event},
		{"OOBETET_WATCH", job->watch},
		{"OOBETET_WATCH_NAME", job->name[0] != '\0' ? job->name : NULL},
		{"OOBETET_BREACH", job->breach}, {"OOBETET_SINCE", job->since},
		{"OOBETET_KEY", job->key}, {"OOBETET_HOST", job->host}, {NULL, NULL}};
	const struct process_plan plan = {.argv = argv,
		.variables = variables,
		.in = in,
		.out = out,
		.err = out,
		.dies_with_us = true};

	return process_start(&command->shell, &plan);
}

/* 0, or errno. */
static int shell_start(struct command *command, const struct job *job)
{
	char line[NOTIFICATION_TEXT + 1]; /* the message as a line: its standard input */
	int length = snprintf(line, sizeof line, "%s\n", job->text), out[2];
	int in = process_input(line, length < (int)sizeof line ? (size_t)length : sizeof line - 1);

	if (in < 0 || !process_pipe(out)) {
		int error = errno;
		if (in >= 0)
			close(in);
		return error;
	}
	int error = shell_run(command, job, in, out[1]);
	close(in);
	close(out[1]);
	command->out = out[0];
	lines_init(&command->lines, LINE_MAX);
	return error;
}

bool command_start(struct command *command, const struct job *job, nsec now)
{
	if (command->id[0] != '\0')
		return false;
	snprintf(command->id, sizeof command->id, "%s", job->id);
	command->logged = command->dropped = 0;
	command->limit = now + COMMAND_LIMIT;
	command->shell = (struct process){0};
	command->answer = ANSWER_FAILED;
	int error = shell_start(command, job);
	if (error != 0) {
		snprintf(command->why, sizeof command->why, "cannot start: %s", strerror(error));
		out_close(command);
	}
	return true;
}

struct pollfd command_poll(const struct command *command)
{
	bool none = command == NULL || command->read_at > 0;

	return (struct pollfd){.fd = none ? -1 : command->out, .events = POLLIN};
}

nsec command_deadline(const struct command *command)
{
	if (command == NULL || command->id[0] == '\0')
		return NSEC_NEVER;
	if (is_over(command))
		return 0;
	nsec kill_at = command->shell.killed ? NSEC_NEVER : command->limit;
	return command->read_at > 0 ? nsec_earlier(kill_at, command->read_at) : kill_at;
}

bool command_runs(struct command *command)
{
	if (command == NULL || command->shell.pid == 0 || command->shell.ended)
		return false;
	if (!process_ended(&command->shell))
		return true;
	if (command->shell.code == CLD_EXITED && command->shell.status == 0)
		command->answer = ANSWER_DONE;
	else if (command->shell.killed)
		snprintf(command->why, sizeof command->why,
			"it ran longer than %d s and was killed",
			(int)(COMMAND_LIMIT / NSEC_PER_SEC));
	else
		process_end_text(&command->shell, command->why, sizeof command->why);
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

/* Kills the shell, or the processes that it left. */
static void group_kill(struct command *command)
{
	if (command->shell.ended)
		log_warning(
			"%salert_command: its background processes ran longer than %d s and were killed",
			command->label, (int)(COMMAND_LIMIT / NSEC_PER_SEC));
	process_kill(&command->shell);
	out_close(command);
}

bool command_tick(struct command *command, nsec now, struct outcome *outcome)
{
	if (command == NULL || command->id[0] == '\0')
		return false;
	if (command->out >= 0 && now >= command->read_at) {
		/* 64 KiB at most: poll(2) reports the rest */
		enum lines_read_result result = lines_read(&command->lines, command->out);

		command->read_at = result == LINES_READ ? now + COMMAND_PAUSE : 0;
		lines_log(command);
		if (result == LINES_END || result == LINES_ERROR)
			out_close(command);
	}
	if (!is_over(command) && !command->shell.killed && now >= command->limit)
		group_kill(command);
	if (!is_over(command))
		return false;
	process_reap(&command->shell);
	if (command->dropped > 0)
		log_warning("%salert_command: %d more lines of its output are not logged",
			command->label, command->dropped);
	*outcome = (struct outcome){.answer = command->answer};
	memcpy(outcome->id, command->id, sizeof outcome->id);
	memcpy(outcome->why, command->why, sizeof outcome->why);
	command->id[0] = '\0';
	return true;
}

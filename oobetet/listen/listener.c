/* SPDX-License-Identifier: MIT */
#include "oobetet/listen/listener.h"

#include "common/backoff.h"
#include "common/duration.h"
#include "common/lines.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/random.h"
#include "common/utf8_clean.h"
#include "oobetet/listen/format.h"
#include "oobetet/listen/program.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WHY 300
#define ERROR_LINE 2000           /* bytes of a line of standard error that is logged */
#define ERROR_KEPT 200            /* bytes of its last line that an alarm names */
#define ERROR_READS 16            /* of 64 KiB, once it has ended */
#define EXIT_WAIT NSEC_PER_SEC    /* from the end of its output to its own */
#define FUTURE (2 * NSEC_PER_SEC) /* a time that is so far ahead is reported */

struct listener {
	char *label; /* how log lines begin */
	char **words;
	struct listen_format format;
	nsec silence;
	nsec retry_max;
	struct backoff backoff;
	uint32_t seed;
	nsec start_at; /* of the next run, while there is none */
	/* this run */
	struct program program;
	struct lines out, err;
	nsec started;
	nsec printed;          /* when its last line was; at first, its start */
	nsec read_at;          /* read nothing before; 0: it does not print too much */
	nsec errors_at;        /* the same of its standard error */
	nsec exit_by;          /* its output is closed: kill it then; NSEC_NEVER: it is not */
	int lines_left;        /* of this turn */
	int reads_left;        /* the same */
	bool past_start;       /* lines without a time count */
	bool killed;           /* by us; `why` is set */
	bool ended;            /* the keeper; its output may still be there to be read */
	bool too_long;         /* the line that has not ended yet was logged */
	char last[ERROR_KEPT]; /* line of its standard error */
	/* over all runs */
	bool shut_down;          /* it was asked to end: it is not started again */
	bool silent;             /* it was killed for that, and has printed nothing since */
	nsec absent;             /* since when it is not there to be heard; NSEC_NEVER: it is */
	char why[WHY];           /* of its last end */
	char logged[WHY];        /* the last `why` in the log; "": it has worked since */
	struct listen_line line; /* the last one */
	struct log_limit errors; /* its lines on standard error */
	struct log_limit faults; /* its lines that cannot be read */
};

struct listener *listener_new(const struct listen_rules *rules, nsec now)
{
	struct listener *listener = memory_zeroed(1, sizeof *listener);
	struct reason ignored;

	listener->label = memory_printed("%slisten_command", rules->label);
	listener->words = words_split(rules->command, &ignored);
	listen_format_parse(rules->format, &listener->format, &ignored);
	listener->silence = rules->silence;
	listener->retry_max = rules->retry_max;
	listener->backoff = (struct backoff){.min = rules->retry_min, .max = rules->retry_max};
	listener->seed = (uint32_t)random_seed();
	listener->program = (struct program){.out = -1, .err = -1};
	lines_init(&listener->out, LISTEN_LINE);
	lines_init(&listener->err, ERROR_LINE);
	listener->start_at = listener->absent = now;
	snprintf(listener->why, sizeof listener->why, "it has just started");
	return listener;
}

void listener_free(struct listener *listener)
{
	if (listener == NULL)
		return;
	program_end(&listener->program);
	lines_free(&listener->out);
	lines_free(&listener->err);
	free(listener->words);
	free(listener->label);
	free(listener);
}

void listener_rename(struct listener *listener, const char *label)
{
	if (listener == NULL)
		return;
	free(listener->label);
	listener->label = memory_printed("%slisten_command", label);
}

/* ---- its standard error ---- */

static void errors_log(struct listener *listener, nsec now)
{
	enum lines_result result;
	char *line, more[LOG_LIMIT_TEXT];
	unsigned long dropped;

	while ((result = lines_next(&listener->err, &line)) != LINES_NONE) {
		if (result == LINES_LINE && line[0] != '\0')
			utf8_clean_line(line, listener->last, sizeof listener->last);
		if (log_limit_pass(&listener->errors, now, &dropped))
			log_info("%s: %s%s", listener->label,
				result == LINES_LINE ? line : "(a line longer than 2000 bytes)",
				log_limit_text(dropped, more));
	}
}

/* Reads 64 KiB at most; true: there may be more. */
static bool errors_read(struct listener *listener, nsec now)
{
	if (listener->program.err < 0 || (now < listener->errors_at && !listener->ended))
		return false;
	enum lines_read_result result = lines_read(&listener->err, listener->program.err);
	errors_log(listener, now);
	if (result == LINES_END || result == LINES_ERROR)
		program_close(&listener->program.err);
	listener->errors_at = result == LINES_READ ? now + LISTEN_PAUSE : 0;
	return result == LINES_READ;
}

/* ---- a run ---- */

static void retry_plan(struct listener *listener, nsec now)
{
	if (!listener->shut_down && strcmp(listener->why, listener->logged) != 0) {
		memcpy(listener->logged, listener->why, sizeof listener->logged);
		log_warning("%s: %s; trying again", listener->label, listener->why);
	}
	listener->seed = listener->seed * 2654435761U + 1; /* Knuth's multiplicative hash */
	listener->start_at = now + backoff_wait(&listener->backoff, listener->seed);
	listener->absent = nsec_earlier(listener->absent, now);
}

static void run_start(struct listener *listener, nsec now)
{
	if (!program_start(&listener->program, listener->words)) {
		snprintf(listener->why, sizeof listener->why, "cannot start: %s", strerror(errno));
		retry_plan(listener, now);
		return;
	}
	listener->started = listener->printed = now;
	listener->read_at = listener->errors_at = 0;
	listener->exit_by = NSEC_NEVER;
	listener->past_start = listener->killed = listener->ended = listener->too_long = false;
	listener->last[0] = '\0';
	log_debug("%s: process group %d", listener->label, (int)listener->program.keeper.pid);
}

static void run_kill(struct listener *listener, const char *why)
{
	listener->killed = true;
	snprintf(listener->why, sizeof listener->why, "%s", why);
	process_signal(&listener->program.keeper, SIGKILL);
}

/* Notices that it has ended, and ends what it left. */
static void end_notice(struct listener *listener)
{
	if (listener->program.keeper.pid == 0 || listener->ended ||
		!process_ended(&listener->program.keeper))
		return;
	listener->ended = true;
	process_signal(&listener->program.keeper, SIGKILL);
	if (!listener->killed)
		process_end_text(&listener->program.keeper, listener->why, sizeof listener->why);
}

/* It has ended and its output has been read. */
static void run_finish(struct listener *listener, nsec now)
{
	for (int i = 0; i < ERROR_READS && errors_read(listener, now); i++)
		;
	program_end(&listener->program);
	lines_free(&listener->out);
	lines_init(&listener->out, LISTEN_LINE);
	lines_free(&listener->err);
	lines_init(&listener->err, ERROR_LINE);
	if (listener->last[0] != '\0') {
		size_t used = strlen(listener->why);

		snprintf(listener->why + used, sizeof listener->why - used, ": %s", listener->last);
	}
	if (now - listener->started > listener->retry_max) {
		backoff_reset(&listener->backoff);
		listener->logged[0] = '\0';
	}
	retry_plan(listener, now);
}

/* The earliest moment at which it is to be killed. */
static nsec kill_time(const struct listener *listener)
{
	if (listener->killed || listener->ended)
		return NSEC_NEVER;
	return nsec_earlier(listener->exit_by, listener->silence == NSEC_NEVER
						       ? NSEC_NEVER
						       : listener->printed + listener->silence);
}

static void limits_enforce(struct listener *listener, nsec now)
{
	char why[WHY], span[DURATION_TEXT];

	if (now < kill_time(listener))
		return;
	if (now >= listener->exit_by) {
		run_kill(listener, "it closed its standard output and was killed");
		return;
	}
	listener->silent = true;
	listener->absent = nsec_earlier(listener->absent, listener->printed);
	snprintf(why, sizeof why, "it printed no line for %s and was killed",
		duration_text(listener->silence, span));
	run_kill(listener, why);
}

void listener_tick(struct listener *listener, nsec now)
{
	if (listener == NULL)
		return;
	listener->lines_left = LISTEN_TURN_LINES;
	listener->reads_left = LISTEN_TURN_READS;
	if (listener->program.keeper.pid == 0) {
		if (!listener->shut_down && now >= listener->start_at)
			run_start(listener, now);
		return;
	}
	errors_read(listener, now);
	end_notice(listener);
	limits_enforce(listener, now);
	if (listener->ended && listener->exit_by == NSEC_NEVER)
		listener->exit_by = now + EXIT_WAIT;
	/* a process that left the group may hold the pipe */
	if (listener->ended && now >= listener->exit_by)
		program_close(&listener->program.out);
	if (listener->ended && listener->program.out < 0 && listener->read_at == 0)
		run_finish(listener, now);
}

nsec listener_deadline(const struct listener *listener)
{
	if (listener == NULL)
		return NSEC_NEVER;
	if (listener->program.keeper.pid == 0)
		return listener->shut_down ? NSEC_NEVER : listener->start_at;
	if (listener->ended)
		return listener->read_at;
	nsec deadline = kill_time(listener);
	if (listener->errors_at > 0)
		deadline = nsec_earlier(deadline, listener->errors_at);
	if (listener->read_at > 0)
		return nsec_earlier(deadline, listener->read_at);
	return listener->past_start || listener->program.out < 0
		       ? deadline
		       : nsec_earlier(deadline, listener->started + LISTEN_START);
}

void listener_poll(const struct listener *listener, struct pollfd fds[LISTENER_POLLS])
{
	bool none = listener == NULL;

	fds[0] = (struct pollfd){
		.events = POLLIN, .fd = none || listener->read_at > 0 ? -1 : listener->program.out};
	fds[1] = (struct pollfd){.events = POLLIN,
		.fd = none || listener->errors_at > 0 ? -1 : listener->program.err};
}

/* ---- its lines ---- */

static void present_update(struct listener *listener)
{
	if (!listener->past_start || listener->silent || listener->absent == NSEC_NEVER)
		return;
	listener->absent = NSEC_NEVER;
	log_info("%s: listening", listener->label);
}

static void fault_log(struct listener *listener, nsec now, const char *what, const char *why)
{
	char more[LOG_LIMIT_TEXT];
	unsigned long dropped;

	if (log_limit_pass(&listener->faults, now, &dropped))
		log_warning(
			"%s: %s%s%s", listener->label, what, why, log_limit_text(dropped, more));
}

/* Once for each such line: as soon as it is too long, for it may never end. */
static void long_line_log(struct listener *listener, nsec now)
{
	if (!listener->too_long)
		fault_log(listener, now, "a line is ignored: ", "it is longer than 32768 bytes");
	listener->too_long = listener->out.skipping;
}

/* Sets the time at which the last line counts; false: it does not. */
static bool line_counts(struct listener *listener, const struct moment *now, nsec *stamp)
{
	nsec time = listener->line.time;
	nsec age = time != NSEC_NEVER ? now->wall - time : 0;

	if (age < -FUTURE)
		fault_log(listener, now->monotonic, "a line's time is in the future, ",
			"and counts as now: do the clocks agree?");
	*stamp = age > 0 ? now->monotonic - age : now->monotonic;
	/* a time in the future proves as little as none */
	return listener->past_start || age > 0;
}

/* True: a message that counts. */
static bool line_take(
	struct listener *listener, char *line, const struct moment *now, struct heard *out)
{
	struct reason why;
	enum listen_result result =
		listen_line_read(&listener->format, line, &listener->line, &why);

	if (why.text[0] != '\0')
		fault_log(listener, now->monotonic, result == LINE_BAD ? "a line is ignored: " : "",
			why.text);
	*out = (struct heard){.nick = listener->line.nick, .text = listener->line.text};
	return result == LINE_MESSAGE && line_counts(listener, now, &out->stamp);
}

/* True: something was read. */
static bool out_read(struct listener *listener, nsec now)
{
	enum lines_read_result result = lines_read(&listener->out, listener->program.out);

	listener->reads_left--;
	if (result == LINES_END || result == LINES_ERROR ||
		(result == LINES_AGAIN && listener->ended)) {
		program_close(&listener->program.out);
		listener->exit_by = now + EXIT_WAIT;
		return result == LINES_END;
	}
	if (result == LINES_AGAIN && now - listener->started >= LISTEN_START) {
		listener->past_start = true;
		present_update(listener);
	}
	return result == LINES_READ;
}

bool listener_next(struct listener *listener, struct moment now, struct heard *out)
{
	char *line;

	if (listener == NULL || now.monotonic < listener->read_at)
		return false;
	listener->read_at = 0;
	while (listener->lines_left > 0 && listener->reads_left > 0) {
		enum lines_result result = lines_next(&listener->out, &line);

		if (result != LINES_NONE) {
			listener->printed = now.monotonic;
			listener->silent = false;
			present_update(listener);
		}
		switch (result) {
		case LINES_LINE:
			listener->lines_left--;
			if (line_take(listener, line, &now, out))
				return true;
			break;
		case LINES_TOO_LONG:
			long_line_log(listener, now.monotonic);
			break;
		case LINES_NONE:
			if (listener->out.skipping)
				long_line_log(listener, now.monotonic);
			if (listener->program.out < 0 || !out_read(listener, now.monotonic))
				return false;
		}
	}
	listener->read_at = now.monotonic + LISTEN_PAUSE;
	return false;
}

/* ---- the rest ---- */

void listener_extend(struct listener *listener, nsec away)
{
	if (listener == NULL)
		return;
	listener->started += away;
	listener->printed += away;
}

void listener_shut_down(struct listener *listener)
{
	if (listener == NULL)
		return;
	listener->shut_down = true;
	process_signal(&listener->program.keeper, SIGTERM);
}

bool listener_runs(struct listener *listener)
{
	if (listener == NULL || listener->program.keeper.pid == 0)
		return false;
	end_notice(listener);
	return !listener->ended;
}

bool listener_present(const struct listener *listener)
{
	return listener == NULL || listener->absent == NSEC_NEVER;
}

nsec listener_absence(const struct listener *listener, nsec now, const char **why)
{
	if (listener_present(listener))
		return 0;
	bool flooding = listener->program.keeper.pid != 0 && !listener->ended &&
			!listener->past_start && now - listener->started >= 2 * LISTEN_START;

	*why = flooding ? "it prints without a pause" : listener->why;
	return now > listener->absent ? now - listener->absent : 1;
}

void listener_remark(const struct listener *listener, nsec now, struct buffer *remarks)
{
	char span[DURATION_TEXT];
	const char *why;
	nsec absence = listener_absence(listener, now, &why);

	if (absence > 0)
		buffer_printf(remarks, "; listen_command has not been heard for %s (%s)",
			duration_text(absence / NSEC_PER_SEC * NSEC_PER_SEC, span), why);
}

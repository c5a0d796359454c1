/* SPDX-License-Identifier: MIT */
/*
 * The output of a monitoring plugin, parsed as its guidelines say
 * (https://www.monitoring-plugins.org/doc/guidelines.html, "Plugin Output for Nagios", and the
 * multi-line form of Nagios 3):
 *
 *     summary | performance data
 *     details, over several lines
 *     the last of them | performance data
 *     more performance data
 *
 * Each part is optional. Pure.
 */
#ifndef HTTPBROKER_SUBMIT_REPORT_H
#define HTTPBROKER_SUBMIT_REPORT_H

#include "common/buffer.h"
#include "httpbroker/submit/command.h"
#include "httpbroker/submit/event.h"

#include <stdint.h>

struct plugin_text {
	char *summary;          /* points into the parsed text, as does details */
	char *details;          /* lines; empty: none */
	struct buffer perfdata; /* owned; all of it, on one line */
};

/*
 * Parses `text` in place, into a plugin_text that is {0} or was used before. Leading blank lines
 * and blanks around a part are dropped.
 */
void plugin_split(char *text, struct plugin_text *out);

/* Nagios writes a newline as `\n` and a backslash as `\\`: reverts that in place. */
void plugin_unescape(char *text);

/* The state of an exit code: ok, warning, critical, unknown for 0 to 3; critical for others. */
const char *plugin_state(int64_t code);

/* A command's result as an event: the state and the texts. Pure. */

/* How an exit code becomes a state. */
enum exit_map {
	EXIT_MAP_PLUGIN, /* 0 to 3: ok, warning, critical, unknown; all else critical */
	EXIT_MAP_PLAIN,  /* 0: ok; all else critical */
};

struct report_rules {
	enum exit_map map;
	const char *timeout_state; /* of a command that timed out */
};

struct report {
	struct plugin_text parts; /* of a plugin's output; only perfdata is valid later */
	struct buffer line;       /* of the output, for the summary */
	struct buffer summary;
	struct buffer details;  /* the other lines */
	struct buffer perfdata; /* and the run time */
};

/*
 * With EXIT_MAP_PLUGIN the output is parsed by plugin_split(); if the state is not ok,
 * standard error is appended to the details. With EXIT_MAP_PLAIN the summary is the first line, or
 * the last one of a failure, of standard error if it has any; the details are the other lines of
 * both.
 *
 * Sets state, summary, details and perfdata of *fields, which then point into *report. That is {0}
 * before, and freed by report_free(). `name` is the command's.
 */
void report_make(struct report *report, const struct command_result *result,
	const struct report_rules *rules, const char *name, struct fields *fields);

void report_free(struct report *report);

#endif

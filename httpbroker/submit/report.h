/* SPDX-License-Identifier: MIT */
/* A command's result as an event: the state and the texts. Pure. */
#ifndef HTTPBROKER_SUBMIT_REPORT_H
#define HTTPBROKER_SUBMIT_REPORT_H

#include "httpbroker/submit/command.h"
#include "httpbroker/submit/event.h"
#include "httpbroker/submit/plugin.h"

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
 * With EXIT_MAP_PLUGIN the output is parsed as a plugin's (plugin.h); if the state is not ok,
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

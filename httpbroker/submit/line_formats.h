/* SPDX-License-Identifier: MIT */
/*
 * The formats in which each line is an event: a function each. A new one is a function here and a
 * line of the table in source.c.
 */
#ifndef HTTPBROKER_SUBMIT_LINE_FORMATS_H
#define HTTPBROKER_SUBMIT_LINE_FORMATS_H

#include "common/reason.h"
#include "httpbroker/submit/event.h"
#include "httpbroker/submit/report.h"

#define NSCA_MARK '\x17' /* ETB: ends a result of nsca within its line */

struct line_context {
	char delimiter;            /* between the fields of an nsca line */
	struct plugin_text *parts; /* room for the parts of the output */
	struct buffer *summary;    /* room for a summary that is not in the line */
};

/*
 * Parses the line in place into *fields, which then point into the line and the context. False:
 * the line is no event, and *why says why.
 */
typedef bool line_translate(
	char *line, const struct line_context *context, struct fields *fields, struct reason *why);

line_translate nagios_translate; /* Nagios's performance data */
line_translate nsca_translate;   /* the input of send_nsca */
line_translate extcmd_translate; /* external commands of Nagios */

#endif

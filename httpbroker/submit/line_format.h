/* SPDX-License-Identifier: MIT */
/*
 * The formats that are made of lines: each line is an event, and each format one function that
 * takes a line apart. A new one is one file and one line of the table in feed/feed.c.
 */
#ifndef HTTPBROKER_SUBMIT_LINE_FORMAT_H
#define HTTPBROKER_SUBMIT_LINE_FORMAT_H

#include "common/reason.h"
#include "httpbroker/submit/event.h"
#include "httpbroker/submit/plugin.h"

#define NSCA_MARK '\x17' /* ETB: ends a result of nsca within its line */

struct format_context {
	char delimiter;            /* between the fields of an nsca line */
	struct plugin_text *parts; /* to take output apart with; a draft may point into it */
	struct buffer *summary;    /* for one that is not in the line; as parts */
};

/*
 * Writes what the line says into *draft, which then points into the line and into the context:
 * both are taken apart in place. False: the line is no event, and *why says why not.
 */
typedef bool format_translate(char *line, const struct format_context *context,
	struct fields *fields, struct reason *why);

format_translate nagios_translate; /* what Nagios writes as performance data: nagios.c */
format_translate nsca_translate;   /* what is piped into send_nsca: nsca.c */
format_translate extcmd_translate; /* external commands of Nagios: extcmd.c */

#endif

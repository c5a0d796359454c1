/* SPDX-License-Identifier: MIT */
/* A check's result as a return code and the output of a plugin, in fields: nsca and extcmd. */
#ifndef HTTPBROKER_SUBMIT_LINE_FORMATS_H
#define HTTPBROKER_SUBMIT_LINE_FORMATS_H

#include "httpbroker/submit/line_format.h"

struct result {
	const char *host;
	const char *service; /* NULL: the result is the host's own */
	const char *code;    /* a whole number, with a sign and blanks around where there are any */
	char *output;        /* with `\n` for a newline; a bar and performance data behind it */
};

/* Reads a return code as Nagios does: with blanks around, and a sign. False: it is no number. */
bool result_code(const char *text, int64_t *code);

/*
 * Writes it into *draft. A service's code is a plugin's exit code, all others are unknown; a host
 * is up with 0 and down with any other, and its check is called HOST. A code that no plugin has is
 * named in the summary.
 */
bool result_translate(const struct result *result, const struct format_context *context,
	struct fields *fields, struct reason *why);

#endif

/* SPDX-License-Identifier: MIT */
/* A check's result as a return code and the output of a plugin, in fields: nsca and extcmd. */
#ifndef HTTPBROKER_SUBMIT_FORMATS_RESULT_H
#define HTTPBROKER_SUBMIT_FORMATS_RESULT_H

#include "httpbroker/submit/formats/format.h"

struct result {
	const char *host;
	const char *service; /* NULL: the result is the host's own */
	const char *code;    /* a whole number from 0 to 255 */
	char *output;        /* with `\n` for a newline; a bar and performance data behind it */
};

/*
 * Writes it into *draft. A service's code is a plugin's exit code; a host is up with 0 and down
 * with any other, and its check is called HOST.
 */
bool result_translate(const struct result *result, const struct format_context *context,
	struct draft *draft, struct reason *why);

#endif

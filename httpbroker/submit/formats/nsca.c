/* SPDX-License-Identifier: MIT */
/*
 * What is piped into send_nsca(1), fields between delimiters (a tab, unless told otherwise):
 *
 *     HOST SERVICE CODE OUTPUT
 *     HOST CODE OUTPUT
 *
 * OUTPUT has the rest of the line with its delimiters. What the older ones of these programs want
 * one a line, send_nsca 2.10 and nsca-ng want ETB between: both are understood.
 */
#include "httpbroker/submit/formats/result.h"

#include <string.h>

static bool is_code(const char *text)
{
	int64_t code;

	return result_code(text, &code);
}

/* One that a plugin may have. */
static bool is_exit_code(const char *text)
{
	int64_t code;

	return result_code(text, &code) && code >= 0 && code <= 255;
}

/* The next field, cut off at its delimiter; NULL if there is none. */
static char *field_next(char **rest, char delimiter)
{
	const char delimiters[] = {delimiter, '\0'};

	return *rest != NULL ? strsep(rest, delimiters) : NULL;
}

bool nsca_translate(
	char *line, const struct format_context *context, struct fields *fields, struct reason *why)
{
	char *rest = line;
	char *host = field_next(&rest, context->delimiter);
	char *second = field_next(&rest, context->delimiter);
	char *host_output = rest;
	struct result result = {.host = host, .code = second, .output = host_output};

	if (host_output == NULL)
		return reason_set(why, "fewer than three fields between delimiters");
	size_t length = strcspn(host_output, (const char[]){context->delimiter, '\0'});
	bool fourth = host_output[length] != '\0';
	host_output[length] = '\0';
	/* a host's output may hold delimiters, too: then the third field is no code, or a number
	 * that no plugin exits with */
	if (fourth && (is_exit_code(host_output) || !is_code(second)))
		result = (struct result){host, second, host_output, host_output + length + 1};
	else if (fourth)
		host_output[length] = context->delimiter;
	return result_translate(&result, context, fields, why);
}

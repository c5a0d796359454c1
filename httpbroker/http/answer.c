/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/answer.h"

#include "common/memory.h"
#include "httpbroker/events/jsontext.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { RETRY_AFTER = 5, ERROR_TEXT = 1024 };

/* A message may quote what a client sent, cut anywhere: then it is no UTF-8 any more. */
static json_t *string_make(const char *text)
{
	json_t *string = json_string(text);
	char *copy;

	if (string != NULL)
		return string;
	copy = memory_copied(text);
	for (char *c = copy; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	string = json_string(copy);
	free(copy);
	return string;
}

void response_string(struct buffer *out, const char *text)
{
	json_t *string = string_make(text);

	jsontext_string(out, json_string_value(string), json_string_length(string));
	json_decref(string);
}

void response_error(struct response *answer, unsigned status, const char *format, ...)
{
	char text[ERROR_TEXT];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	answer->status = status;
	answer->type = ANSWER_JSON;
	buffer_clear(&answer->body);
	buffer_append_text(&answer->body, "{\"error\": ");
	response_string(&answer->body, text);
	buffer_append_text(&answer->body, "}\n");
	answer_refuses(answer, text);
}

void answer_refuses(struct response *answer, const char *why)
{
	free(answer->why);
	answer->why = memory_copied(why);
}

void response_busy(struct response *answer, const char *why)
{
	response_error(answer, 503, "%s", why);
	answer->retry_after = RETRY_AFTER;
}

void response_free(struct response *answer)
{
	if (answer->stream != NULL)
		answer->stream->free(answer->stream);
	answer->stream = NULL;
	buffer_free(&answer->body);
	free(answer->why);
	answer->why = NULL;
}

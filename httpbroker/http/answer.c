/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/answer.h"

#include "common/memory.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { RETRY_AFTER = 5, ERROR_TEXT = 1024 };

/* A message may quote what a client sent, cut anywhere: then it is no UTF-8 any more. */
static json_t *string_make(char *text)
{
	json_t *string = json_string(text);

	if (string != NULL)
		return string;
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	return json_string(text);
}

void answer_error(struct answer *answer, unsigned status, const char *format, ...)
{
	char text[ERROR_TEXT];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	json_t *object = json_object();
	json_object_set_new(object, "error", string_make(text));
	char *body = json_dumps(object, 0);
	json_decref(object);
	answer->status = status;
	answer->type = ANSWER_JSON;
	buffer_clear(&answer->body);
	buffer_append_text(&answer->body, body != NULL ? body : "{}");
	buffer_append(&answer->body, "\n", 1);
	free(body);
}

void answer_busy(struct answer *answer, const char *why)
{
	answer_error(answer, 503, "%s", why);
	answer->retry_after = RETRY_AFTER;
}

void answer_free(struct answer *answer)
{
	if (answer->stream != NULL)
		answer->stream->free(answer->stream);
	answer->stream = NULL;
	buffer_free(&answer->body);
}

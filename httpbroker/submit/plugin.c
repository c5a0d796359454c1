/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/plugin.h"

#include <string.h>

#define BLANKS " \t\r\n\v\f"

/* `text` without blanks at both ends. */
static char *trim(char *text)
{
	char *end;

	text += strspn(text, BLANKS);
	end = text + strlen(text);
	while (end > text && strchr(BLANKS, end[-1]) != NULL)
		end--;
	*end = '\0';
	return text;
}

/* Details keep the indentation of their first line, and lose blank lines around them. */
static char *trim_lines(char *text)
{
	char *first = text + strspn(text, BLANKS);

	while (first > text && first[-1] != '\n')
		first--;
	trim(first);
	return first;
}

/* Appends the text's words on one line. */
static void perfdata_add(struct buffer *out, char *text)
{
	char *word;

	while ((word = strsep(&text, "\n\r\t")) != NULL) {
		word = trim(word);
		if (*word == '\0')
			continue;
		if (out->length > 0)
			buffer_append_text(out, " ");
		buffer_append_text(out, word);
	}
}

/* Cuts `text` at its first bar and moves what is behind it to the performance data. */
static void bar_cut(char *text, struct buffer *perfdata)
{
	char *bar = strchr(text, '|');

	if (bar == NULL)
		return;
	*bar = '\0';
	perfdata_add(perfdata, bar + 1);
}

void plugin_split(char *text, struct plugin_text *out)
{
	char *rest = text + strspn(text, BLANKS);
	char *first = strsep(&rest, "\n");

	buffer_clear(&out->perfdata);
	bar_cut(first, &out->perfdata);
	out->summary = trim(first);
	out->details = out->summary + strlen(out->summary);
	if (rest == NULL)
		return;
	bar_cut(rest, &out->perfdata);
	out->details = trim_lines(rest);
}

void plugin_unescape(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		if (text[0] == '\\' && (text[1] == 'n' || text[1] == '\\')) {
			text++;
			*to++ = *text == 'n' ? '\n' : '\\';
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

const char *plugin_state(int64_t code)
{
	static const char *const states[] = {"ok", "warning", "critical", "unknown"};

	return code >= 0 && code <= 3 ? states[code] : "critical";
}

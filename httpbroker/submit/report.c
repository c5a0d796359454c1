/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/report.h"

#include "common/duration.h"
#include "common/utf8.h"
#include "common/utf8_clean.h"
#include "httpbroker/limits.h"

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

#define OUTPUT_BLANKS " \t\n"
#define RUN_TIME_TEXT 64 /* bytes of ` run_time=…` at most */

static void text_trim(struct buffer *text)
{
	while (text->length > 0 && strchr(OUTPUT_BLANKS, text->data[text->length - 1]) != NULL)
		text->length--;
	text->data[text->length] = '\0';
}

static const char *state_of(const struct command_result *result, const struct report_rules *rules)
{
	if (result->end == COMMAND_TIMED_OUT)
		return rules->timeout_state;
	if (result->end != COMMAND_EXITED)
		return "critical";
	if (rules->map == EXIT_MAP_PLAIN)
		return result->value == 0 ? "ok" : "critical";
	return plugin_state(result->value);
}

static double seconds(nsec span)
{
	return (double)span / NSEC_PER_SEC;
}

/* Appends a sentence on the command's end. */
static void end_describe(struct buffer *out, const struct command_result *result, const char *name)
{
	char limit[DURATION_TEXT];

	switch (result->end) {
	case COMMAND_EXITED:
		buffer_printf(out, "%s: exit code %d after %.3f s", name, result->value,
			seconds(result->took));
		break;
	case COMMAND_SIGNALLED:
		buffer_printf(out, "%s: ended by signal %d (%s) after %.3f s", name, result->value,
			strsignal(result->value), seconds(result->took));
		break;
	case COMMAND_TIMED_OUT:
		buffer_printf(
			out, "%s: timed out after %s", name, duration_text(result->limit, limit));
		break;
	case COMMAND_NOT_RUN:
		buffer_printf(out, "%s: cannot be run: %s", name, strerror(result->value));
		break;
	}
}

/* Appends the kept output as text without trailing blanks, with a mark where some was cut. */
static void stream_text(const struct kept *kept, struct buffer *text)
{
	struct buffer bytes = {NULL, 0, 0};

	buffer_append(&bytes, kept->head.data, kept->head.length);
	if (kept->cut) {
		bytes.length = utf8_whole(bytes.data, bytes.length);
		buffer_append_text(&bytes, UTF8_ELLIPSIS);
	}
	if (kept->tail.length > 0) {
		size_t skip = kept->cut ? utf8_severed(kept->tail.data, kept->tail.length) : 0;
		buffer_append(&bytes, kept->tail.data + skip, kept->tail.length - skip);
	}
	buffer_append_text(text, "");
	utf8_clean_append(text, bytes.data, bytes.length, UTF8_LINES);
	buffer_free(&bytes);
	text_trim(text);
}

/* Appends `more` on a line of its own. */
static void lines_append(struct buffer *lines, const struct buffer *more)
{
	if (lines->length > 0 && more->length > 0)
		buffer_append_text(lines, "\n");
	buffer_append(lines, more->data, more->length);
}

/* Moves the first line to `line`. */
static void first_line_move(struct buffer *text, struct buffer *line)
{
	buffer_consume(text, strspn(text->data, OUTPUT_BLANKS));
	size_t length = strcspn(text->data, "\n");
	buffer_append(line, text->data, length);
	buffer_consume(text, text->data[length] == '\n' ? length + 1 : length);
	text_trim(line);
}

/* Moves the last line to `line`. */
static void last_line_move(struct buffer *text, struct buffer *line)
{
	const char *newline = strrchr(text->data, '\n');
	const char *last = newline != NULL ? newline + 1 : text->data;

	buffer_append_text(line, last + strspn(last, OUTPUT_BLANKS));
	text->length = (size_t)(last - text->data);
	text_trim(text);
}

/* A program prints the reason of a failure last, mostly on standard error. */
static void plain_split(struct report *report, struct buffer *out, struct buffer *err, bool failed)
{
	bool of_err = err->length > 0 && (failed || out->length == 0);
	struct buffer *output = of_err ? err : out;

	if (failed)
		last_line_move(output, &report->line);
	else
		first_line_move(output, &report->line);
	lines_append(&report->details, out);
	lines_append(&report->details, err);
}

/* A plugin prints to standard output; standard error may hold the reason of a failure. */
static void plugin_output_split(
	struct report *report, struct buffer *out, struct buffer *err, bool failed)
{
	struct plugin_text *parts = &report->parts;
	bool silent = out->length == 0;

	plugin_split(silent ? err->data : out->data, parts);
	buffer_append_text(&report->line, parts->summary);
	buffer_append_text(&report->details, parts->details);
	if (failed && !silent)
		lines_append(&report->details, err);
}

static void output_split(
	struct report *report, const struct command_result *result, enum exit_map map, bool failed)
{
	struct buffer out = {NULL, 0, 0}, err = {NULL, 0, 0};

	stream_text(&result->out, &out);
	stream_text(&result->err, &err);
	buffer_append_text(&report->line, "");
	buffer_append_text(&report->details, "");
	if (map == EXIT_MAP_PLAIN)
		plain_split(report, &out, &err, failed);
	else
		plugin_output_split(report, &out, &err, failed);
	/* the broker cuts longer details at their end, where the reason of a failure stands */
	utf8_shorten(&report->details, LIMIT_DETAILS);
	buffer_free(&out);
	buffer_free(&err);
}

/* Performance data that leaves no room for the run time is left out: both would be refused. */
static void run_time_add(struct report *report, nsec took)
{
	const struct buffer *own = &report->parts.perfdata;

	if (own->length > 0 && own->length <= LIMIT_PERFDATA - RUN_TIME_TEXT)
		buffer_printf(&report->perfdata, "%s ", own->data);
	buffer_printf(&report->perfdata, "run_time=%.3fs", seconds(took));
}

void report_make(struct report *report, const struct command_result *result,
	const struct report_rules *rules, const char *name, struct fields *fields)
{
	fields->state = state_of(result, rules);
	bool failed = result->end != COMMAND_EXITED || strcmp(fields->state, "ok") != 0;
	output_split(report, result, rules->map, failed);
	bool silent = report->line.length == 0 && report->details.length == 0 &&
		      report->parts.perfdata.length == 0;
	if (silent || result->end != COMMAND_EXITED)
		end_describe(&report->summary, result, name);
	if (report->summary.length > 0 && report->line.length > 0)
		buffer_append_text(&report->summary, ": ");
	buffer_append(&report->summary, report->line.data, report->line.length);
	if (!silent)
		run_time_add(report, result->took);
	fields->summary = report->summary.data;
	fields->details = report->details.data;
	fields->perfdata = report->perfdata.data;
}

void report_free(struct report *report)
{
	buffer_free(&report->parts.perfdata);
	buffer_free(&report->line);
	buffer_free(&report->summary);
	buffer_free(&report->details);
	buffer_free(&report->perfdata);
}

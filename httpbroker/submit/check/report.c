/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/check/report.h"

#include "common/duration.h"
#include "httpbroker/submit/event/utf8.h"

#include <string.h>

#define ELLIPSIS "\xe2\x80\xa6" /* U+2026 */

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

/* How it ended, in words, where its output does not tell; NULL where that is all there is to it. */
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

/* What it printed, as text; what it printed on standard error only if there is nothing else. */
static void output_take(struct report *report, const struct command_result *result)
{
	bool silent = result->out.length == 0;
	const struct buffer *said = silent ? &result->err : &result->out;

	size_t length =
		result->cut && !silent ? utf8_whole(said->data, said->length) : said->length;

	utf8_append_bytes(&report->output, said->data, length);
	if (result->cut && !silent)
		buffer_append_text(&report->output, ELLIPSIS);
	buffer_append_text(&report->output, "");
}

static void run_time_add(struct report *report, nsec took)
{
	const struct buffer *own = &report->parts.perfdata;

	if (own->length > 0)
		buffer_printf(&report->perfdata, "%s ", own->data);
	buffer_printf(&report->perfdata, "run_time=%.3fs", seconds(took));
}

void report_make(struct report *report, const struct command_result *result,
	const struct report_rules *rules, const char *name, struct draft *draft)
{
	const struct plugin_text *parts = &report->parts;

	output_take(report, result);
	plugin_split(report->output.data, &report->parts);
	bool silent = parts->summary[0] == '\0' && parts->details[0] == '\0' &&
		      parts->perfdata.length == 0;
	if (silent || result->end != COMMAND_EXITED)
		end_describe(&report->summary, result, name);
	if (!silent && report->summary.length > 0 && parts->summary[0] != '\0')
		buffer_printf(&report->summary, ": %s", parts->summary);
	if (!silent)
		run_time_add(report, result->took);
	draft->state = state_of(result, rules);
	draft->summary = report->summary.length > 0 ? report->summary.data : parts->summary;
	draft->details = parts->details;
	draft->perfdata = report->perfdata.data;
}

void report_free(struct report *report)
{
	buffer_free(&report->parts.perfdata);
	buffer_free(&report->output);
	buffer_free(&report->summary);
	buffer_free(&report->perfdata);
}

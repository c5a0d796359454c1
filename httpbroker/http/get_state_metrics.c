/* SPDX-License-Identifier: MIT */
/* GET /metrics/states: every check's state, for Prometheus, which wants a family in one block. */
#include "httpbroker/events/jsontext.h"
#include "httpbroker/http/exposition.h"
#include "httpbroker/http/scan.h"

enum { PASS_STATE, PASS_AGE, PASS_STALE, PASSES };

static const struct family {
	const char *name;
	const char *help;
} families[PASSES] = {
	[PASS_STATE] = {"httpbroker_check_state",
		"0 ok, 1 warning, 2 critical, 3 unknown; of a stale check what it is told as."},
	[PASS_AGE] = {"httpbroker_check_age_seconds", "Since the time of the last event."},
	[PASS_STALE] = {"httpbroker_check_stale", "Whether the time to live is over."},
};

static void family_begin(struct scan *scan)
{
	const struct family *family = &families[scan->pass];

	exposition_family(scan->out, family->name, EXPOSITION_GAUGE, family->help);
}

static int64_t figure_of(const struct scan *scan, const struct check *check)
{
	bool stale = check->deadline <= scan->now.monotonic;
	int64_t age = scan->now.wall / NSEC_PER_SEC - check->time;

	if (scan->pass == PASS_AGE)
		return age > 0 ? age : 0;
	if (scan->pass == PASS_STALE)
		return stale;
	return stale ? (int64_t)scan->broker->stale_as : check->state;
}

static void check_write(struct scan *scan, const struct check *check)
{
	struct buffer *out = scan->out;
	size_t check_name = (size_t)check->entity_length + 1;

	buffer_append_text(out, families[scan->pass].name);
	buffer_append_text(out, "{entity=");
	exposition_label(out, check->names, check->entity_length);
	buffer_append_text(out, ",check=");
	exposition_label(out, check->names + check_name, check->hh.keylen - check_name);
	buffer_append_text(out, "} ");
	jsontext_number(out, figure_of(scan, check));
	buffer_append_text(out, "\n");
}

static void family_end(struct scan *scan)
{
	(void)scan;
}

static const struct scan_form families_form = {PASSES, family_begin, check_write, family_end};

static struct submission *checks_begin(
	const struct broker *broker, struct request *request, struct response *answer)
{
	scan_answer(broker, request, &families_form, ANSWER_METRICS, answer);
	return NULL;
}

const struct route route_get_state_metrics = {
	.path = "/metrics/states", .method = "GET", .active_only = true, .begin = checks_begin};

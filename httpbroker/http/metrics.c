/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/metrics.h"

#include "httpbroker/checks/encode.h"
#include "httpbroker/delivery/delivery.h"
#include "httpbroker/http/get_state.h"
#include "httpbroker/http/health.h"
#include "httpbroker/http/routes.h"

#include <inttypes.h>

/* GET /metrics: the broker's own figures, for Prometheus. */

#define GAUGE(out, name, help, value) exposition_number(out, name, EXPOSITION_GAUGE, help, value)
#define COUNTER(out, name, help, value) \
	exposition_number(out, name, EXPOSITION_COUNTER, help, value)

static const char *format_name(unsigned format)
{
	return format < formats_count() ? format_at(format)->name : "none";
}

/* All there can be, from the start: what begins with 1 is no increase to Prometheus. */
static void events_write(struct buffer *out, const struct counters *counters, bool accepted,
	const char *name, const char *label)
{
	for (unsigned format = 0; format <= formats_count(); format++)
		for (unsigned outcome = 0; outcome < OUTCOMES; outcome++)
			if (outcome_is_accepted(outcome) == accepted)
				buffer_printf(out, "%s{format=\"%s\",%s=\"%s\"} %" PRIu64 "\n",
					name, format_name(format), label, outcome_name(outcome),
					counters_events(counters, format, outcome));
}

static void counters_write(struct buffer *out, const struct counters *counters)
{
	static const char accepted[] = "httpbroker_events_accepted_total";
	static const char refused[] = "httpbroker_events_refused_total";
	static const char dropped_field[] = "httpbroker_left_out_total";

	exposition_family(out, accepted, EXPOSITION_COUNTER,
		"Events that were accepted, and what became of them.");
	events_write(out, counters, true, accepted, "result");
	exposition_family(out, refused, EXPOSITION_COUNTER,
		"Events, or documents of which no event could be made, that were refused.");
	events_write(out, counters, false, refused, "reason");
	exposition_family(out, dropped_field, EXPOSITION_COUNTER,
		"Parts of accepted events that were left out or cut.");
	for (unsigned what = 0; what < DROPPED_FIELDS; what++)
		buffer_printf(out, "%s{what=\"%s\"} %" PRIu64 "\n", dropped_field,
			dropped_name(what), counters_dropped_total(counters, what));
}

static void redis_write(
	struct buffer *out, const struct delivery *delivery, const struct delivery_status *status)
{
	GAUGE(out, "httpbroker_redis_up", "Whether Redis takes what it is told.", status->redis_up);
	if (status->queue_length >= 0)
		GAUGE(out, "httpbroker_queue_length",
			"Events in the queue, when Redis told that last.", status->queue_length);
	GAUGE(out, "httpbroker_repeats_paused", "Whether the queue is too long for repeats.",
		status->repeats_paused);
	GAUGE(out, "httpbroker_pending_events", "Events that wait for Redis.",
		(int64_t)status->pending);
	COUNTER(out, "httpbroker_pushed_total",
		"Events in the queue that Redis has acknowledged, repeats included.",
		(int64_t)status->pushed);
	COUNTER(out, "httpbroker_repeats_total", "Events that repeat what was told before.",
		(int64_t)status->repeats);
	exposition_family(out, "httpbroker_handover_lost_total", EXPOSITION_COUNTER,
		"Events that another broker handed over and that changed nothing.");
	buffer_printf(out,
		"httpbroker_handover_lost_total{reason=\"older\"} %" PRIu64 "\n"
		"httpbroker_handover_lost_total{reason=\"unreadable\"} %" PRIu64 "\n",
		status->handed_older, status->handed_unreadable);
	exposition_histogram(out, "httpbroker_commit_duration_seconds",
		"From what is written to Redis to its acknowledgement.",
		delivery_commits(delivery));
}

static void state_counts_write(const struct counts *counts, struct buffer *out)
{
	GAUGE(out, "httpbroker_states", "Checks that are remembered.", (int64_t)counts->checks);
	GAUGE(out, "httpbroker_states_stale", "Checks whose time to live is over.",
		(int64_t)counts->stale);
	GAUGE(out, "httpbroker_states_stale_long",
		"Checks whose time to live has been over for more than 7 days.",
		(int64_t)counts->stale_long);
}

static struct submission *metrics_begin(
	const struct broker *broker, struct request *request, struct response *answer)
{
	static const char *const none[] = {NULL};
	const struct delivery_status status = delivery_status(broker->delivery);
	struct buffer *out = &answer->body;

	if (!query_check(&request->query, none, answer))
		return NULL;
	answer->status = 200;
	answer->type = ANSWER_METRICS;
	exposition_family(out, "httpbroker_build_info", EXPOSITION_GAUGE, "Which version this is.");
	buffer_printf(out, "httpbroker_build_info{version=\"%s\"} 1\n", PACKAGE_VERSION);
	counters_write(out, broker->counters);
	GAUGE(out, "httpbroker_active", "Whether this broker is the active one of its name.",
		status.role == DELIVERY_ACTIVE);
	if (!status.memory_only)
		redis_write(out, broker->delivery, &status);
	GAUGE(out, "httpbroker_held_bytes", "Memory that requests hold, all together.",
		(int64_t)held_total(broker->held));
	exposition_histogram(out, "httpbroker_request_duration_seconds",
		"From the end of a request to the beginning of its answer.",
		counters_requests(broker->counters));
	state_counts_answer(broker->checks, answer, state_counts_write);
	return NULL;
}

const struct route route_get_metrics = {
	.path = "/metrics", .method = "GET", .begin = metrics_begin};

/* GET /metrics/states: every check's state, for Prometheus, which wants a family in one block. */

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

void exposition_family(
	struct buffer *out, const char *name, enum exposition_type type, const char *help)
{
	static const char *const types[] = {"counter", "gauge", "histogram"};

	buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, types[type]);
}

void exposition_number(struct buffer *out, const char *name, enum exposition_type type,
	const char *help, int64_t value)
{
	exposition_family(out, name, type, help);
	buffer_printf(out, "%s %" PRId64 "\n", name, value);
}

static double seconds_of(uint64_t time)
{
	return (double)time / (double)NSEC_PER_SEC;
}

/* A count is of all up to its bound; the last bound of all is infinite. */
void exposition_histogram(
	struct buffer *out, const char *name, const char *help, const struct histogram *histogram)
{
	uint64_t count = 0;

	exposition_family(out, name, EXPOSITION_HISTOGRAM, help);
	for (unsigned i = 0; i < HISTOGRAM_BOUNDS; i++) {
		count += atomic_load_explicit(&histogram->counts[i], memory_order_relaxed);
		buffer_printf(out, "%s_bucket{le=\"%g\"} %" PRIu64 "\n", name,
			seconds_of((uint64_t)histogram_bound(i)), count);
	}
	count += atomic_load_explicit(&histogram->counts[HISTOGRAM_BOUNDS], memory_order_relaxed);
	buffer_printf(out, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, count);
	buffer_printf(out, "%s_sum %.9f\n%s_count %" PRIu64 "\n", name,
		seconds_of(atomic_load_explicit(&histogram->sum, memory_order_relaxed)), name,
		count);
}

static const char *escape_of(char c)
{
	return c == '\\' ? "\\\\" : c == '"' ? "\\\"" : c == '\n' ? "\\n" : NULL;
}

void exposition_label(struct buffer *out, const char *bytes, size_t length)
{
	size_t start = 0;

	buffer_append(out, "\"", 1);
	for (size_t i = 0; i < length; i++) {
		const char *escape = escape_of(bytes[i]);

		if (escape == NULL)
			continue;
		buffer_append(out, bytes + start, i - start);
		buffer_append_text(out, escape);
		start = i + 1;
	}
	buffer_append(out, bytes + start, length - start);
	buffer_append(out, "\"", 1);
}

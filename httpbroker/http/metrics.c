/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/metrics.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/prometheus.h"
#include "httpbroker/checks/encode.h"
#include "httpbroker/delivery/delivery.h"
#include "httpbroker/http/get_state.h"
#include "httpbroker/http/health.h"
#include "httpbroker/http/request.h"
#include "httpbroker/limits.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef _Atomic uint64_t counter;

struct counters {
	counter dropped[DROPPED_FIELDS];
	struct histogram requests;
	struct overload overload;
	counter events[]; /* OUTCOMES of each format, and of no format */
};

static const char *const outcome_names[OUTCOMES] = {
	[OUTCOME_DELIVERED] = "delivered",
	[OUTCOME_ACCEPTED] = "kept",
	[OUTCOME_OLDER] = "older",
	[OUTCOME_TEST] = "test",
	[OUTCOME_MERGED] = "merged",
	[OUTCOME_RETURNED] = "returned",
	[OUTCOME_NOTED] = "noted",
	[OUTCOME_UNDELIVERED] = "untold",
	[OUTCOME_TOO_LARGE] = "too_large",
	[OUTCOME_SYNTAX] = "syntax",
	[OUTCOME_SHAPE] = "shape",
	[OUTCOME_INVALID] = "invalid",
	[OUTCOME_FORBIDDEN] = "forbidden",
	[OUTCOME_FULL] = "full",
	[OUTCOME_LATER] = "later",
	[OUTCOME_STOPPING] = "stopping",
};

static const char *const dropped_names[DROPPED_FIELDS] = {
	[DROPPED_KEY] = "key",
	[DROPPED_PERFDATA] = "perfdata",
	[DROPPED_RECOVERY_DELAY] = "initial_recovery_delay",
	[DROPPED_SUMMARY] = "summary",
	[DROPPED_DETAILS] = "details",
};

const char *outcome_name(enum outcome outcome)
{
	return outcome_names[outcome];
}

bool outcome_is_success(enum outcome outcome)
{
	return outcome < OUTCOME_TOO_LARGE;
}

const char *dropped_name(enum dropped_field field)
{
	return dropped_names[field];
}

struct counters *counters_new(void)
{
	size_t events = (formats_count() + 1) * (size_t)OUTCOMES;

	return memory_zeroed(1, sizeof(struct counters) + events * sizeof(counter));
}

void counters_free(struct counters *counters)
{
	free(counters);
}

void counters_event(struct counters *counters, const struct format *format, enum outcome outcome,
	unsigned count)
{
	unsigned row = 0;

	while (row < formats_count() && format_at(row) != format)
		row++;
	atomic_fetch_add_explicit(
		&counters->events[row * (unsigned)OUTCOMES + outcome], count, memory_order_relaxed);
}

void counters_dropped(struct counters *counters, enum dropped_field field, unsigned count)
{
	atomic_fetch_add_explicit(&counters->dropped[field], count, memory_order_relaxed);
}

uint64_t counters_events(const struct counters *counters, unsigned format, enum outcome outcome)
{
	return atomic_load_explicit(
		&counters->events[format * (unsigned)OUTCOMES + outcome], memory_order_relaxed);
}

uint64_t counters_dropped_total(const struct counters *counters, enum dropped_field field)
{
	return atomic_load_explicit(&counters->dropped[field], memory_order_relaxed);
}

void counters_request(struct counters *counters, nsec took)
{
	histogram_add(&counters->requests, took);
}

enum overload_change overload_note(struct overload *overload, bool refused, nsec now)
{
	if (refused)
		return atomic_exchange(&overload->last, now) == 0 ? OVERLOAD_BEGINS : OVERLOAD_SAME;
	nsec last = atomic_load(&overload->last);
	if (last == 0 || now - last < OVERLOAD_QUIET)
		return OVERLOAD_SAME;
	return atomic_compare_exchange_strong(&overload->last, &last, 0) ? OVERLOAD_ENDS
									 : OVERLOAD_SAME;
}

void overload_update(struct counters *counters, bool refused)
{
	if (!refused && atomic_load(&counters->overload.last) == 0)
		return;
	switch (overload_note(&counters->overload, refused, clock_monotonic())) {
	case OVERLOAD_SAME:
		return;
	case OVERLOAD_BEGINS:
		log_warning("events are refused, 503: a limit is reached: checks (--max-states), "
			    "events that wait for Redis or the output (--max-pending) or memory "
			    "of requests (--max-held)");
		return;
	case OVERLOAD_ENDS:
		log_info("events are accepted again: no limit is reached any more");
	}
}

static void dropped_log(struct counters *counters, enum dropped_field field,
	const struct event *event, const char *words)
{
	counters_dropped(counters, field, 1);
	log_debug("%.*s:%.*s: %s", (int)event->entity.length, event->entity.bytes,
		(int)event->check.length, event->check.bytes, words);
}

void dropped_count(struct counters *counters, const struct event *event, int flapjack)
{
	if (event->unknown_keys > 0)
		counters_dropped(counters, DROPPED_KEY, event->unknown_keys);
	if (flapjack == 2 && event->perfdata.length > 0)
		dropped_log(counters, DROPPED_PERFDATA, event,
			"left out 'perfdata', which Flapjack 2 would exit on");
	if (flapjack == 1 && event->initial_recovery_delay != EVENT_NOT_GIVEN)
		dropped_log(counters, DROPPED_RECOVERY_DELAY, event,
			"left out 'initial_recovery_delay', which Flapjack 1 would reject");
	if (event->summary.length > LIMIT_SUMMARY)
		dropped_log(counters, DROPPED_SUMMARY, event, "cut the end of 'summary'");
	if (event->details.length > LIMIT_DETAILS)
		dropped_log(counters, DROPPED_DETAILS, event, "cut the end of 'details'");
}

#define CONTENT_METRICS "text/plain; version=0.0.4; charset=utf-8"

static double seconds_of(uint64_t time)
{
	return (double)time / (double)NSEC_PER_SEC;
}

/* A bucket counts everything up to its bound; the last bound is infinite. */
static void histogram_write(
	struct buffer *out, const char *name, const char *help, const struct histogram *histogram)
{
	uint64_t count = 0;

	prometheus_family(out, name, "histogram", help);
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

#define GAUGE(out, name, help, value) prometheus_single(out, name, "gauge", help, value)
#define COUNTER(out, name, help, value) prometheus_single(out, name, "counter", help, value)

/* Every label from the start, as 0: Prometheus sees no increase in a counter that begins with 1. */
static void events_write(struct buffer *out, const struct counters *counters, bool accepted,
	const char *name, const char *label)
{
	for (unsigned format = 0; format <= formats_count(); format++)
		for (unsigned outcome = 0; outcome < OUTCOMES; outcome++)
			if (outcome_is_success(outcome) == accepted)
				prometheus_number(out, name,
					PROMETHEUS_LABELS("format",
						format < formats_count() ? format_at(format)->name
									 : "none",
						label, outcome_name(outcome)),
					(int64_t)counters_events(counters, format, outcome));
}

static void counters_write(struct buffer *out, const struct counters *counters)
{
	static const char accepted[] = "httpbroker_events_accepted_total";
	static const char refused[] = "httpbroker_events_refused_total";
	static const char dropped[] = "httpbroker_left_out_total";

	prometheus_family(out, accepted, "counter", "Events that were accepted, by their outcome.");
	events_write(out, counters, true, accepted, "result");
	prometheus_family(out, refused, "counter",
		"Events, or documents without a readable event, that were refused.");
	events_write(out, counters, false, refused, "reason");
	prometheus_family(
		out, dropped, "counter", "Parts of accepted events that were left out or cut.");
	for (unsigned field = 0; field < DROPPED_FIELDS; field++)
		prometheus_number(out, dropped, PROMETHEUS_LABELS("what", dropped_name(field)),
			(int64_t)counters_dropped_total(counters, field));
}

/* With Redis or an output. */
static void pushes_write(struct buffer *out, const struct delivery_status *status)
{
	GAUGE(out, "httpbroker_repeats_paused",
		"Whether the queue is too long, or the output away, for repeats.",
		status->repeats_paused);
	GAUGE(out, "httpbroker_pending_events", "Events that wait for Redis or the output.",
		(int64_t)status->pending);
	COUNTER(out, "httpbroker_pushed_total",
		"Events that Redis has acknowledged or the output has taken, repeats included.",
		(int64_t)status->pushed);
	COUNTER(out, "httpbroker_repeats_total", "Events that repeat the last one of their check.",
		(int64_t)status->repeats);
}

static void redis_write(
	struct buffer *out, const struct delivery *delivery, const struct delivery_status *status)
{
	GAUGE(out, "httpbroker_redis_up", "Whether Redis is up and accepts commits.",
		status->redis_up);
	if (replication_is_known(status))
		GAUGE(out, "httpbroker_redis_replicated",
			"Whether a replica has what was written last.", status->replicated);
	if (status->queue_length >= 0)
		GAUGE(out, "httpbroker_queue_length", "Events in the queue, as of the last commit.",
			status->queue_length);
	pushes_write(out, status);
	prometheus_family(out, "httpbroker_handover_lost_total", "counter",
		"Events that another broker has handed over and that had no effect.");
	buffer_printf(out,
		"httpbroker_handover_lost_total{reason=\"older\"} %" PRIu64 "\n"
		"httpbroker_handover_lost_total{reason=\"unreadable\"} %" PRIu64 "\n",
		status->handed_older, status->handed_unreadable);
	histogram_write(out, "httpbroker_commit_duration_seconds",
		"From the write to Redis to its acknowledgement.", delivery_commits(delivery));
}

static void state_counts_write(const struct counts *counts, struct buffer *out)
{
	GAUGE(out, "httpbroker_states", "Checks that are remembered.", (int64_t)counts->checks);
	GAUGE(out, "httpbroker_states_stale", "Checks whose TTL has expired.",
		(int64_t)counts->stale);
	GAUGE(out, "httpbroker_states_stale_long", "Checks whose TTL expired more than 7 days ago.",
		(int64_t)counts->stale_long);
}

static struct submission *metrics_begin(struct request *request)
{
	static const char *const none[] = {NULL};
	const struct broker *broker = request->broker;
	const struct delivery_status status = delivery_status(broker->delivery);
	struct response *response = &request->response;
	struct buffer *out = &response->body;

	if (!query_check(&request->query, none, response))
		return NULL;
	response->status = 200;
	response->type = CONTENT_METRICS;
	prometheus_family(out, "httpbroker_build_info", "gauge", "Which version this is.");
	prometheus_number(
		out, "httpbroker_build_info", PROMETHEUS_LABELS("version", PACKAGE_VERSION), 1);
	counters_write(out, broker->counters);
	GAUGE(out, "httpbroker_active", "Whether this broker is the active one of its name.",
		status.role == DELIVERY_ACTIVE);
	if (!status.memory_only)
		redis_write(out, broker->delivery, &status);
	if (status.output) {
		GAUGE(out, "httpbroker_output_up", "Whether the output takes events.",
			status.output_up);
		pushes_write(out, &status);
	}
	GAUGE(out, "httpbroker_held_bytes", "Memory that all requests hold.",
		(int64_t)held_total(broker->held));
	histogram_write(out, "httpbroker_request_duration_seconds",
		"From the end of a request to the beginning of its response.",
		&broker->counters->requests);
	state_counts_stream(broker->checks, response, state_counts_write);
	return NULL;
}

const struct route route_get_metrics = {
	.path = "/metrics", .method = "GET", .begin = metrics_begin};

/* GET /metrics/states: every check's state, a pass for each family. */

enum { PASS_STATE, PASS_AGE, PASS_STALE, PASSES };

static const struct family {
	const char *name;
	const char *help;
} families[PASSES] = {
	[PASS_STATE] = {"httpbroker_check_state",
		"0 ok, 1 warning, 2 critical, 3 unknown; of a stale check the state that is reported."},
	[PASS_AGE] = {"httpbroker_check_age_seconds", "Since the time of the last event."},
	[PASS_STALE] = {"httpbroker_check_stale", "Whether the TTL has expired."},
};

static void family_begin(struct scan *scan)
{
	const struct family *family = &families[scan->pass];

	prometheus_family(scan->out, family->name, "gauge", family->help);
}

static int64_t figure_of(const struct scan *scan, const struct check *check)
{
	bool stale = check_is_expired(check, scan->now.monotonic);
	int64_t age = scan->now.wall / NSEC_PER_SEC - check->time;

	if (scan->pass == PASS_AGE)
		return age > 0 ? age : 0;
	if (scan->pass == PASS_STALE)
		return stale;
	return check_reported(check, scan->stale_as, scan->now.monotonic);
}

static void check_write(struct scan *scan, const struct check *check)
{
	struct buffer *out = scan->out;
	size_t check_name = (size_t)check->entity_length + 1;

	buffer_append_text(out, families[scan->pass].name);
	buffer_append_text(out, "{entity=");
	prometheus_label(out, check->names, check->entity_length);
	buffer_append_text(out, ",check=");
	prometheus_label(out, check->names + check_name, check->hh.keylen - check_name);
	buffer_append_text(out, "} ");
	jsontext_number(out, figure_of(scan, check));
	buffer_append_text(out, "\n");
}

static const struct scan_form families_form = {PASSES, family_begin, check_write, NULL};

static struct submission *checks_begin(struct request *request)
{
	scan_start(request, &families_form, CONTENT_METRICS, NULL);
	return NULL;
}

const struct route route_get_state_metrics = {
	.path = "/metrics/states", .method = "GET", .active_only = true, .begin = checks_begin};

/* SPDX-License-Identifier: MIT */
/* GET /metrics and GET /metrics/states. */
#include "common/prometheus.h"
#include "httpbroker/checks/encode.h"
#include "httpbroker/delivery/delivery.h"
#include "httpbroker/http/counters.h"
#include "httpbroker/http/health.h"
#include "httpbroker/http/held.h"
#include "httpbroker/http/routes.h"

#include <inttypes.h>
#include <stdatomic.h>

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
		counters_requests(broker->counters));
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

/* SPDX-License-Identifier: MIT */
/* GET /metrics: the broker's own figures, for Prometheus. */
#include "httpbroker/delivery/delivery.h"
#include "httpbroker/http/exposition.h"
#include "httpbroker/http/routes.h"
#include "httpbroker/http/tally.h"

#include <inttypes.h>

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

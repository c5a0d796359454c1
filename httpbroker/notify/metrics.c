/* SPDX-License-Identifier: MIT */
/* The metrics of httpbroker-notify: --metrics-file, and the same numbers in the log. */
#include "common/descriptors.h"
#include "common/memory.h"
#include "common/prometheus.h"
#include "httpbroker/notify/consumer.h"
#include "httpbroker/notify/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#define PREFIX "httpbroker_notify_"

static void outputs_append(const struct output *outputs, struct buffer *out)
{
	static const char *const families[][3] = {
		{PREFIX "delivered_total", "counter",
			"Notifications that the output has delivered."},
		{PREFIX "failures_total", "counter", "Attempts of the output that failed."},
		{PREFIX "dropped_total", "counter",
			"Notifications refused, or replaced by newer ones."},
		{PREFIX "waiting", "gauge", "Notifications that wait for the output."},
	};
	const struct output *output;

	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
		prometheus_family(out, families[i][0], families[i][1], families[i][2]);
		LL_FOREACH(outputs, output) {
			const uint64_t values[] = {output->delivered, output->failures,
				output->dropped + output->queue.thinned, output->queue.waiting};

			prometheus_number(out, families[i][0],
				PROMETHEUS_LABELS("output", output->name), (int64_t)values[i]);
		}
	}
}

static void metrics_text(
	const struct notify *notify, const struct consumer *consumer, struct buffer *out)
{
	bool active = consumer == NULL || consumer_runs(consumer, clock_monotonic());
	int64_t length = consumer != NULL ? consumer_queue_length(consumer) : -1;

	prometheus_single(out, PREFIX "active", "gauge",
		"1: it takes events; 0: another instance does, or Redis is away.", active);
	prometheus_single(out, PREFIX "events_total", "counter", "Events that were judged.",
		(int64_t)notify->events);
	prometheus_single(out, PREFIX "events_skipped_total", "counter",
		"Events that could not be read.", (int64_t)notify->skipped);
	prometheus_single(out, PREFIX "last_event_timestamp_seconds", "gauge",
		"Time of the last event; 0: none yet.", notify->event_time);
	prometheus_single(out, PREFIX "lag_seconds", "gauge",
		"Age of the last event when it was judged.", notify->lag);
	if (length >= 0)
		prometheus_single(out, PREFIX "queue_length", "gauge",
			"Events in the queue at the last transaction.", length);
	prometheus_single(out, PREFIX "problems", "gauge", "Checks that are not ok.",
		(int64_t)problems_count(&notify->judge.problems));
	prometheus_family(
		out, PREFIX "notifications_total", "counter", "Notifications by their event.");
	for (int kind = 0; kind < NOTIFICATION_KINDS; kind++)
		prometheus_number(out, PREFIX "notifications_total",
			PROMETHEUS_LABELS(
				"event", notification_event((enum notification_kind)kind)),
			(int64_t)notify->told[kind]);
	outputs_append(notify->outputs, out);
}

/* 0, or errno. */
static int file_write(const char *path, const struct buffer *text)
{
	char *draft = memory_printed("%s.new", path);

	unlink(draft); /* a pipe there would block */
	int fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	bool written = fd >= 0 && descriptor_write(fd, text->data, text->length) &&
		       rename(draft, path) == 0;
	int error = written ? 0 : errno;

	if (fd >= 0)
		close(fd);
	if (!written)
		unlink(draft);
	free(draft);
	return error;
}

void metrics_write(struct notify *notify, const struct consumer *consumer, const char *path)
{
	struct buffer text = {NULL, 0, 0};

	if (path == NULL)
		return;
	metrics_text(notify, consumer, &text);
	int error = file_write(path, &text);
	buffer_free(&text);
	if (error != 0 && !notify->metrics_fail)
		log_error("--metrics-file: cannot write %s: %s; it is tried again every 10 s", path,
			strerror(error));
	else if (error == 0 && notify->metrics_fail)
		log_info("--metrics-file: %s is written again", path);
	notify->metrics_fail = error != 0;
}

void metrics_log(const struct notify *notify, const struct consumer *consumer)
{
	const struct output *output;
	struct buffer waiting = {NULL, 0, 0};
	uint64_t told = 0;

	for (int kind = 0; kind < NOTIFICATION_KINDS; kind++)
		told += notify->told[kind];
	LL_FOREACH(notify->outputs, output)
		buffer_printf(&waiting, "; output %s: %" PRIu64 " delivered, %zu waiting%s",
			output->name, output->delivered, output->queue.waiting,
			output->failing_since != 0 ? ", failing" : "");
	log_info("%s; events: %" PRIu64 ", skipped: %" PRIu64 ", notifications: %" PRIu64
		 ", problems: %zu%s",
		consumer != NULL ? consumer_role(consumer) : "reading standard input",
		notify->events, notify->skipped, told, problems_count(&notify->judge.problems),
		waiting.data);
	buffer_free(&waiting);
}

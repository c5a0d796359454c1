/* SPDX-License-Identifier: MIT */
#include "common/memory.h"
#include "httpbroker/notify/consumer.h"
#include "httpbroker/notify/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "httpbroker_notify_"

static void family(struct buffer *out, const char *name, const char *type, const char *help)
{
	buffer_printf(
		out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

static void single(
	struct buffer *out, const char *name, const char *type, const char *help, int64_t value)
{
	family(out, name, type, help);
	buffer_printf(out, PREFIX "%s %" PRId64 "\n", name, value);
}

/* A label's value, escaped. */
static void name_append(struct buffer *out, const char *name)
{
	for (; *name != '\0'; name++) {
		if (*name == '"' || *name == '\\')
			buffer_append(out, "\\", 1);
		buffer_append(out, name, 1);
	}
}

static void outputs_append(const struct notify *notify, struct buffer *out)
{
	static const char *const families[][3] = {
		{"delivered_total", "counter", "Notifications that the output has delivered."},
		{"failures_total", "counter", "Attempts of the output that failed."},
		{"dropped_total", "counter", "Notifications refused, or replaced by newer ones."},
		{"waiting", "gauge", "Notifications that wait for the output."},
	};

	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
		family(out, families[i][0], families[i][1], families[i][2]);
		for (size_t j = 0; j < notify->output_count; j++) {
			const struct output *output = notify->outputs[j];
			const uint64_t values[] = {output->delivered, output->failures,
				output->dropped + queue_thinned(output->queue),
				queue_waiting(output->queue)};

			buffer_printf(out, PREFIX "%s{output=\"", families[i][0]);
			name_append(out, output->name);
			buffer_printf(out, "\"} %" PRIu64 "\n", values[i]);
		}
	}
}

static void metrics_text(const struct notify *notify, struct buffer *out)
{
	const struct consumer *consumer = notify->consumer;

	single(out, "active", "gauge",
		"1: it takes events; 0: another instance does, or Redis is away.",
		consumer == NULL || consumer_runs(consumer, clock_monotonic()));
	single(out, "events_total", "counter", "Events that were judged.", (int64_t)notify->events);
	single(out, "events_skipped_total", "counter", "Events that could not be read.",
		(int64_t)notify->skipped);
	single(out, "last_event_timestamp_seconds", "gauge", "Time of the last event; 0: none yet.",
		notify->event_time);
	single(out, "lag_seconds", "gauge", "Age of the last event when it was judged.",
		notify->lag);
	if (consumer != NULL && consumer_queue_length(consumer) >= 0)
		single(out, "queue_length", "gauge", "Events in the queue at the last transaction.",
			consumer_queue_length(consumer));
	single(out, "problems", "gauge", "Checks that are not ok.",
		(int64_t)problems_count(notify->problems));
	family(out, "notifications_total", "counter", "Notifications by their event.");
	for (int kind = 0; kind < NOTIFICATION_KINDS; kind++)
		buffer_printf(out, PREFIX "notifications_total{event=\"%s\"} %" PRIu64 "\n",
			notification_event((enum notification_kind)kind), notify->told[kind]);
	outputs_append(notify, out);
}

static bool file_write(const char *path, const struct buffer *text)
{
	char *draft = memory_printed("%s.new", path);
	int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool written = fd >= 0 && write(fd, text->data, text->length) == (ssize_t)text->length;

	if (fd >= 0)
		close(fd);
	written = written && rename(draft, path) == 0;
	free(draft);
	return written;
}

void metrics_write(struct notify *notify, const char *path)
{
	struct buffer text = {NULL, 0, 0};

	if (path == NULL)
		return;
	metrics_text(notify, &text);
	bool written = file_write(path, &text);
	buffer_free(&text);
	if (!written && !notify->metrics_fail)
		log_error("--metrics-file: cannot write %s: %s; it is tried again every 10 s", path,
			strerror(errno));
	else if (written && notify->metrics_fail)
		log_info("--metrics-file: %s is written again", path);
	notify->metrics_fail = !written;
}

void metrics_log(const struct notify *notify)
{
	const struct consumer *consumer = notify->consumer;
	struct buffer waiting = {NULL, 0, 0};
	uint64_t told = 0;

	for (int kind = 0; kind < NOTIFICATION_KINDS; kind++)
		told += notify->told[kind];
	for (size_t i = 0; i < notify->output_count; i++) {
		const struct output *output = notify->outputs[i];

		buffer_printf(&waiting, "; output %s: %" PRIu64 " delivered, %zu waiting%s",
			output->name, output->delivered, queue_waiting(output->queue),
			output->failing_since != 0 ? ", failing" : "");
	}
	log_info("%s; events: %" PRIu64 ", skipped: %" PRIu64 ", notifications: %" PRIu64
		 ", problems: %zu%s",
		consumer != NULL ? consumer_role(consumer) : "reading standard input",
		notify->events, notify->skipped, told, problems_count(notify->problems),
		waiting.data);
	buffer_free(&waiting);
}

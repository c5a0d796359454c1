/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/intake.h"

#include "common/log.h"

/* Bytes read at a stop: a full pipe. */
#define STOP_READ_MAX ((size_t)1024 * 1024)

/* Moves the source's events into the queue. */
static void events_queue(struct intake *intake, struct results *results)
{
	struct source *source = intake->source;
	struct queued event = {.arrived = clock_wall()};
	enum feed_result result;
	struct feed_item item;
	struct reason why;

	while ((result = source_next(source, &item, &why)) != FEED_NONE) {
		event.origin = (struct origin){source_file(source), item.line};
		if (result == FEED_BAD) {
			results_unreadable(results, &event.origin, &why);
			continue;
		}
		event.timeless = item.timeless;
		queue_append(&intake->queue, &event, item.json, item.length);
	}
	intake->ended = source_fd(source) < 0;
}

void intake_begin(struct intake *intake, struct results *results)
{
	if (intake->source != NULL)
		events_queue(intake, results);
	else
		intake->ended = true;
}

bool intake_endless(const struct intake *intake)
{
	return intake->source != NULL && source_endless(intake->source);
}

bool intake_wanted(struct intake *intake)
{
	bool endless = intake_endless(intake);
	bool full = intake->queue.bytes >= (endless ? INTAKE_MAX_ENDLESS : INTAKE_MAX);

	bool one = intake->queue.count == 1;

	if (intake->ended)
		return false;
	if (endless && full && !intake->full)
		log_warning("%zu event%s wait%s: %s is not read until the broker accepts some",
			intake->queue.count, one ? "" : "s", one ? "s" : "",
			source_name(intake->source));
	if (endless && !full && intake->full)
		log_info("%s is read again", source_name(intake->source));
	intake->full = full;
	return !full;
}

int intake_fd(const struct intake *intake)
{
	return source_fd(intake->source);
}

size_t intake_read(struct intake *intake, struct results *results)
{
	size_t got = source_read(intake->source);

	events_queue(intake, results);
	return got;
}

void intake_stop(struct intake *intake, struct results *results)
{
	size_t got = 0;

	while (!intake->ended && got < STOP_READ_MAX && source_ready(intake->source))
		got += intake_read(intake, results);
	if (intake->ended)
		return;
	intake->cut = !source_endless(intake->source);
	source_stop(intake->source);
	events_queue(intake, results);
}

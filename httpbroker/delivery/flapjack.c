/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/flapjack.h"

#include "httpbroker/checks/encode.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TIME_KEY ",\"time\":"

struct stamp {
	char bytes[sizeof TIME_KEY + JSONTEXT_NUMBER + 1];
	size_t length;
};

/* The end of an event: `,"time":1429505587}`. */
static struct stamp stamp_make(int64_t time)
{
	struct stamp stamp = {TIME_KEY, sizeof TIME_KEY - 1};

	stamp.length += jsontext_digits(stamp.bytes + stamp.length, time);
	stamp.bytes[stamp.length++] = '}';
	return stamp;
}

void flapjack_event(struct resp_list *queue, struct text event, int64_t time)
{
	struct stamp stamp = stamp_make(time);

	resp_begin(queue, event.length + stamp.length);
	buffer_append(&queue->bytes, event.bytes, event.length);
	buffer_append(&queue->bytes, stamp.bytes, stamp.length);
	resp_end(queue);
}

void flapjack_check(struct resp_list *queue, const struct check *check, int64_t time)
{
	const struct encoded *encoded = &check->encoded;
	struct stamp stamp = stamp_make(time);
	char head[ENCODED_HEAD_MAX];
	size_t length = check_head(check, head);

	resp_begin(queue, length + encoded->length + stamp.length);
	buffer_append(&queue->bytes, head, length);
	buffer_append(&queue->bytes, encoded->bytes, encoded->length);
	buffer_append(&queue->bytes, stamp.bytes, stamp.length);
	resp_end(queue);
}

/* Seconds since the event: its ttl, and the time since that was over. */
static int64_t age_of(const struct check *check, struct moment now)
{
	if (check->run.limit > 0) /* the deadline is the run's */
		return now.wall / NSEC_PER_SEC - check->time;
	return check->ttl + (now.monotonic - check->deadline) / NSEC_PER_SEC;
}

static size_t summary_write(char *out, size_t size, const struct check *check, struct moment now)
{
	if (check_overruns(check, now.monotonic))
		return (size_t)snprintf(out, size,
			"httpbroker: The run has not ended (its limit is %" PRId32 "s)",
			check->run.limit);
	return (size_t)snprintf(out, size,
		"httpbroker: Cached state is stale (%" PRId64 "s old, should be < %" PRId32 "s)",
		age_of(check, now), check->ttl);
}

const char *flapjack_stale_word(enum state state)
{
	static const char *const words[] = {
		[STATE_OK] = "OK",
		[STATE_WARNING] = "WARNING",
		[STATE_CRITICAL] = "CRITICAL",
		[STATE_UNKNOWN] = "UNKNOWN",
	};

	return words[state];
}

void flapjack_stale(
	struct resp_list *queue, const struct check *check, enum state state, struct moment now)
{
	struct stamp stamp = stamp_make(now.wall / NSEC_PER_SEC);
	const struct encoded *encoded = &check->encoded;
	size_t held = encoded->length - encoded->tail;
	char head[ENCODED_HEAD_MAX], middle[192];
	size_t head_length = check_head(check, head);

	size_t length = (size_t)snprintf(middle, sizeof middle, ",\"state\":\"%s\",\"summary\":\"",
		flapjack_stale_word(state));
	length += summary_write(middle + length, sizeof middle - length - 1, check, now);
	middle[length++] = '"';
	resp_begin(queue, head_length + length + held + stamp.length);
	buffer_append(&queue->bytes, head, head_length);
	buffer_append(&queue->bytes, middle, length);
	buffer_append(&queue->bytes, encoded->bytes + encoded->tail, held);
	buffer_append(&queue->bytes, stamp.bytes, stamp.length);
	resp_end(queue);
}

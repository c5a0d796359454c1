/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/post.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"
#include "httpbroker/checks/encode.h"
#include "httpbroker/http/counters.h"
#include "httpbroker/limits.h"
#include "httpbroker/sns/message.h"

#include <stdlib.h>
#include <string.h>

struct post *post_new(struct counters *counters)
{
	struct post *post = memory_zeroed(1, sizeof *post);

	post->counters = counters;
	post->submission.items = &post->first;
	post->capacity = 1;
	return post;
}

void post_clear(struct post *post)
{
	struct submission *submission = &post->submission;

	for (size_t i = 0; i < submission->count; i++) {
		if (submission->items[i].submitted)
			prepared_free(&submission->items[i].prepared);
		free(submission->items[i].why);
	}
	submission->count = post->submitted = 0;
}

void post_free(struct post *post)
{
	post_clear(post);
	sns_message_free(post->message);
	if (post->submission.items != &post->first)
		free(post->submission.items);
	free(post);
}

static void post_grow(struct post *post)
{
	struct submission *submission = &post->submission;
	bool first = submission->items == &post->first;

	post->capacity = first ? 16 : 2 * post->capacity;
	submission->items = memory_resized(
		first ? NULL : submission->items, post->capacity * sizeof post->first);
	if (first)
		submission->items[0] = post->first;
}

struct item *post_add(struct post *post)
{
	struct submission *submission = &post->submission;

	if (submission->count == LIMIT_BATCH) {
		post->overflows = true;
		return NULL;
	}
	if (submission->count == post->capacity)
		post_grow(post);
	struct item *item = &submission->items[submission->count++];
	memset(item, 0, sizeof *item);
	return item;
}

size_t post_bytes(const struct post *post)
{
	const struct submission *submission = &post->submission;
	size_t bytes = post->capacity * sizeof post->first;

	for (size_t i = 0; i < submission->count; i++)
		bytes += submission->items[i].prepared.event.length;
	return bytes;
}

static enum outcome outcome_of(enum submission_result submission, enum engine_result result)
{
	if (submission == SUBMISSION_DROPPED)
		return OUTCOME_STOPPING;
	if (result == ENGINE_FULL)
		return OUTCOME_FULL;
	if (result == ENGINE_OLDER)
		return OUTCOME_OLDER;
	if (result == ENGINE_IGNORED)
		return OUTCOME_UNDELIVERED;
	return submission == SUBMISSION_ACCEPTED ? OUTCOME_ACCEPTED : OUTCOME_DELIVERED;
}

static void outcomes_set(struct post *post)
{
	const struct submission *submission = &post->submission;
	bool full = false;

	if (post->submitted == 0)
		return;
	for (size_t i = 0; i < submission->count; i++) {
		struct item *item = &submission->items[i];

		if (!item->submitted)
			continue;
		item->outcome = outcome_of(submission->result, item->result);
		full |= item->outcome == OUTCOME_FULL;
		if (item->outcome == OUTCOME_STOPPING)
			item->why = memory_copied(submission->why);
	}
	overload_update(post->counters, full);
}

/* Items in a row with the same format and outcome are counted at once. */
static void outcomes_count(const struct post *post)
{
	const struct submission *submission = &post->submission;
	unsigned same = 0;

	for (size_t i = 0; i < submission->count; i++) {
		const struct item *item = &submission->items[i];

		same++;
		if (i + 1 < submission->count && item[1].outcome == item->outcome &&
			item[1].format == item->format)
			continue;
		counters_event(post->counters, item->format, item->outcome, same);
		same = 0;
	}
}

/* The accepted event as the original echoed it, in the original's order of keys. */
static void echo_append(struct buffer *out, const struct prepared *prepared)
{
	buffer_append_text(
		out, state_lasts(prepared->state) ? "Caching state: " : "Sending event: ");
	buffer_append(out, prepared->event.bytes, prepared->event.length);
	buffer_append_text(out, ",\"time\":");
	jsontext_number(out, prepared->time);
	buffer_append_text(out, ",\"ttl\":");
	jsontext_number(out, prepared->ttl);
	buffer_append_text(out, "}\n");
}

static bool is_echoed(const struct item *item)
{
	return item->outcome == OUTCOME_DELIVERED || item->outcome == OUTCOME_ACCEPTED;
}

static const char *outcome_words(const struct item *item)
{
	switch (item->outcome) {
	case OUTCOME_OLDER:
		return "a newer event of this check is cached";
	case OUTCOME_TEST:
		return "a test of the channel: no check is made of it";
	case OUTCOME_MERGED:
		return "the same document has a worse alert of this check, which is used";
	case OUTCOME_RETURNED:
		return "httpbroker-notify has sent this alert: no check is made of it";
	case OUTCOME_UNDELIVERED:
		return "not delivered: this broker is without Redis";
	case OUTCOME_FULL:
		return item->why != NULL
			       ? item->why
			       : "too many checks (--max-states), or events that wait for "
				 "Redis or the output (--max-pending)";
	default:
		return item->why;
	}
}

/* A retry may succeed. */
static bool outcome_is_busy(enum outcome outcome)
{
	return outcome == OUTCOME_FULL || outcome == OUTCOME_STOPPING;
}

static void one_respond(const struct item *item, struct response *response)
{
	if (is_echoed(item)) {
		response->status = item->outcome == OUTCOME_ACCEPTED ? 202 : 200;
		response->type = CONTENT_TEXT;
		echo_append(&response->body, &item->prepared);
	} else if (outcome_is_success(item->outcome)) {
		response->status = 200;
		response->type = CONTENT_JSON;
		buffer_append_text(&response->body, "{\"kept\": false, \"reason\": ");
		response_string(&response->body, outcome_words(item));
		buffer_append_text(&response->body, "}\n");
	} else if (outcome_is_busy(item->outcome)) {
		response_busy(response, outcome_words(item));
	} else {
		response_error(response, item->outcome == OUTCOME_FORBIDDEN ? 403 : 400, "%s",
			outcome_words(item));
	}
}

struct total {
	size_t accepted, refused; /* as the list says it: accepted are all successes */
	bool in_memory;           /* some are OUTCOME_ACCEPTED */
	bool busy;                /* some may be accepted on a retry */
	bool status_only;         /* and come from a service that reads nothing but the status */
	bool forbidden;           /* all refusals are the token's */
	const char *first;        /* the reason of the first refusal */
};

static struct total total_of(const struct submission *submission)
{
	struct total total = {.forbidden = true};

	for (size_t i = 0; i < submission->count; i++) {
		const struct item *item = &submission->items[i];

		if (outcome_is_success(item->outcome)) {
			total.accepted++;
			total.in_memory |= item->outcome == OUTCOME_ACCEPTED;
			continue;
		}
		if (total.refused++ == 0)
			total.first = outcome_words(item);
		total.busy |= outcome_is_busy(item->outcome);
		total.status_only |= outcome_is_busy(item->outcome) && item->format != NULL &&
				     item->format->many;
		total.forbidden &= item->outcome == OUTCOME_FORBIDDEN;
	}
	return total;
}

/* 503 where nothing is accepted and a retry of the whole may succeed. */
static unsigned status_of(const struct total *total)
{
	if (total->status_only) /* such a service takes any 2xx for success, and retries all */
		return 503;
	if (total->accepted > 0 && total->refused > 0)
		return 207;
	if (total->refused == 0)
		return total->in_memory ? 202 : 200;
	if (total->busy)
		return 503;
	return total->forbidden ? 403 : 400;
}

static void number_append(struct buffer *out, const char *key, uint32_t number)
{
	buffer_append_text(out, key);
	jsontext_number(out, number);
}

/* The value of `result` in a list. */
static const char *result_word(enum outcome outcome)
{
	if (outcome_is_success(outcome))
		return outcome_name(outcome);
	return outcome_is_busy(outcome) ? "busy" : "refused";
}

static void item_append(struct buffer *out, const struct item *item)
{
	number_append(out, "{\"index\":", item->index);
	if (item->line > 0)
		number_append(out, ",\"line\":", item->line);
	if (item->format != NULL && item->format->many)
		number_append(out, ",\"part\":", item->part);
	buffer_append_text(out, ",\"result\":\"");
	buffer_append_text(out, result_word(item->outcome));
	buffer_append_text(out, "\"");
	if (!outcome_is_success(item->outcome)) {
		buffer_append_text(out, ",\"error\":");
		response_string(out, outcome_words(item));
	}
	buffer_append_text(out, "}");
}

static void list_respond(const struct submission *submission, struct response *response)
{
	struct buffer *out = &response->body;
	struct total total = total_of(submission);
	unsigned status = status_of(&total);
	struct reason why;

	if (status == 503) {
		response_busy(response, ""); /* for its headers */
	} else if (total.refused > 0) {
		reason_set(&why, "%zu of %zu event%s refused, the first: %s", total.refused,
			submission->count, number_plural(submission->count), total.first);
		response_reason(response, why.text);
	}
	response->status = status;
	response->type = CONTENT_JSON;
	buffer_clear(out);
	buffer_append_text(out, "{");
	if (total.accepted == 0) {
		reason_set(&why, "none of %zu: %s", total.refused, total.first);
		buffer_append_text(out, "\"error\":");
		response_string(out, why.text);
		buffer_append_text(out, ",");
	}
	buffer_printf(out, "\"accepted\":%zu,\"refused\":%zu,\"events\":[\n", total.accepted,
		total.refused);
	for (size_t i = 0; i < submission->count; i++) {
		item_append(out, &submission->items[i]);
		buffer_append_text(out, i + 1 < submission->count ? ",\n" : "\n]}\n");
	}
}

/* Each without its newline. */
static void echoes_log(const struct submission *submission)
{
	struct buffer echo = {NULL, 0, 0};

	for (size_t i = 0; i < submission->count; i++) {
		if (!is_echoed(&submission->items[i]))
			continue;
		buffer_clear(&echo);
		echo_append(&echo, &submission->items[i].prepared);
		log_debug("%.*s", (int)echo.length - 1, echo.data);
	}
	buffer_free(&echo);
}

void post_respond(struct post *post, struct response *response)
{
	outcomes_set(post);
	outcomes_count(post);
	if (log_enabled(LOG_LEVEL_DEBUG))
		echoes_log(&post->submission);
	if (post->one)
		one_respond(&post->submission.items[0], response);
	else
		list_respond(&post->submission, response);
}

/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/post.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"
#include "httpbroker/checks/encode.h"
#include "httpbroker/limits.h"

#include <stdlib.h>
#include <string.h>

struct post *post_new(struct counters *counters)
{
	struct post *post = memory_zeroed(1, sizeof *post);

	post->counters = counters;
	post->items = &post->first_item;
	post->submission.prepared = &post->first_posting;
	post->submission.answers = &post->first_answer;
	post->capacity = 1;
	return post;
}

void post_clear(struct post *post)
{
	struct submission *submission = &post->submission;

	for (size_t i = 0; i < submission->count; i++)
		prepared_free(&submission->prepared[i]);
	for (size_t i = 0; i < post->count; i++)
		free(post->items[i].why);
	submission->count = post->count = 0;
}

void post_free(struct post *post)
{
	struct submission *submission = &post->submission;

	post_clear(post);
	sns_message_free(post->message);
	if (post->items != &post->first_item) {
		free(post->items);
		free(submission->prepared);
		free(submission->answers);
	}
	free(post);
}

/* Like memory_resized(), but for the first one, which is no block of its own. */
static void *array_grow(void *array, void *first, size_t size, size_t capacity)
{
	if (array != first)
		return memory_resized(array, capacity * size);
	return memcpy(memory_zeroed(capacity, size), first, size);
}

static void post_grow(struct post *post)
{
	struct submission *submission = &post->submission;
	size_t capacity = post->capacity = post->capacity == 1 ? 16 : 2 * post->capacity;

	post->items = array_grow(post->items, &post->first_item, sizeof post->first_item, capacity);
	submission->prepared = array_grow(
		submission->prepared, &post->first_posting, sizeof post->first_posting, capacity);
	submission->answers = array_grow(
		submission->answers, &post->first_answer, sizeof post->first_answer, capacity);
}

struct item *post_add(
	struct post *post, const struct format *format, struct place place, uint32_t part)
{
	if (post->count == LIMIT_BATCH) {
		post->overflows = true;
		return NULL;
	}
	if (post->count == post->capacity)
		post_grow(post);
	struct item *item = &post->items[post->count++];
	*item = (struct item){.place = place, .part = part, .format = format};
	return item;
}

struct prepared *post_submit(struct post *post)
{
	post->items[post->count - 1].submitted = true;
	return &post->submission.prepared[post->submission.count++];
}

static enum outcome outcome_of(enum submission_result result, enum engine_result answer)
{
	if (result == SUBMISSION_DROPPED)
		return OUTCOME_STOPPING;
	if (answer == ENGINE_FULL)
		return OUTCOME_FULL;
	if (answer == ENGINE_OLDER)
		return OUTCOME_OLDER;
	if (answer == ENGINE_IGNORED)
		return OUTCOME_UNTOLD;
	return result == SUBMISSION_ACCEPTED ? OUTCOME_KEPT : OUTCOME_DELIVERED;
}

/* Those of one format and fate that follow each other are counted at once. */
static void items_count(const struct post *post)
{
	unsigned same = 0;

	for (size_t i = 0; i < post->count; i++) {
		const struct item *item = &post->items[i];

		same++;
		if (i + 1 < post->count && item[1].outcome == item->outcome &&
			item[1].format == item->format)
			continue;
		counters_event(post->counters, item->format, item->outcome, same);
		same = 0;
	}
}

size_t post_bytes(const struct post *post)
{
	const struct submission *submission = &post->submission;
	size_t bytes = post->capacity * (sizeof post->first_item + sizeof post->first_posting);

	for (size_t i = 0; i < submission->count; i++)
		bytes += submission->prepared[i].encoded.length;
	return bytes;
}

void post_settle(struct post *post)
{
	const struct submission *submission = &post->submission;
	size_t answered = 0;
	bool crowded = false;

	for (size_t i = 0; i < post->count; i++) {
		struct item *item = &post->items[i];

		if (!item->submitted)
			continue;
		item->outcome = outcome_of(submission->result, submission->answers[answered++]);
		crowded |= item->outcome == OUTCOME_FULL;
		if (item->outcome == OUTCOME_STOPPING)
			item->why = memory_copied(submission->why);
	}
	if (answered > 0)
		overload_update(post->counters, crowded);
	items_count(post);
}

/* The event as it was taken: what the original answered, in the original's order. */
static void echo_append(struct buffer *out, const struct prepared *prepared)
{
	buffer_append_text(
		out, state_lasts(prepared->state) ? "Caching state: " : "Sending event: ");
	buffer_append(out, prepared->encoded.bytes, prepared->encoded.length);
	buffer_append_text(out, ",\"time\":");
	jsontext_number(out, prepared->time);
	buffer_append_text(out, ",\"ttl\":");
	jsontext_number(out, prepared->ttl);
	buffer_append_text(out, "}\n");
}

static void echo_log(const struct prepared *prepared)
{
	struct buffer echo = {NULL, 0, 0};

	echo_append(&echo, prepared);
	log_debug("%.*s", (int)echo.length - 1, echo.data);
	buffer_free(&echo);
}

static void taken_log(const struct post *post)
{
	size_t submitted = 0;

	for (size_t i = 0; i < post->count; i++) {
		const struct item *item = &post->items[i];

		if (item->outcome == OUTCOME_DELIVERED || item->outcome == OUTCOME_KEPT)
			echo_log(&post->submission.prepared[submitted]);
		submitted += item->submitted;
	}
}

static const char *outcome_words(const struct item *item)
{
	switch (item->outcome) {
	case OUTCOME_OLDER:
		return "a newer event of this check is cached";
	case OUTCOME_TEST:
		return "a test of the channel: no check is made of it";
	case OUTCOME_MERGED:
		return "an alert as bad of the same check speaks for it";
	case OUTCOME_UNTOLD:
		return "there is nobody to be told of it: this broker is without Redis";
	case OUTCOME_FULL:
		return item->why != NULL
			       ? item->why
			       : "too many checks (--max-states), or events that wait for "
				 "Redis (--max-pending)";
	default:
		return item->why;
	}
}

static bool outcome_is_busy(enum outcome outcome)
{
	return outcome == OUTCOME_FULL || outcome == OUTCOME_STOPPING;
}

static void entry_not_answer(const struct item *item, struct response *response)
{
	response->status = 200;
	response->type = CONTENT_JSON;
	buffer_append_text(&response->body, "{\"kept\": false, \"reason\": ");
	response_string(&response->body, outcome_words(item));
	buffer_append_text(&response->body, "}\n");
}

static void one_answer(const struct post *post, struct response *response)
{
	const struct item *item = &post->items[0];

	if (item->outcome == OUTCOME_DELIVERED || item->outcome == OUTCOME_KEPT) {
		response->status = item->outcome == OUTCOME_KEPT ? 202 : 200;
		response->type = CONTENT_TEXT;
		echo_append(&response->body, &post->submission.prepared[0]);
	} else if (outcome_is_accepted(item->outcome)) {
		entry_not_answer(item, response);
	} else if (outcome_is_busy(item->outcome)) {
		response_busy(response, outcome_words(item));
	} else {
		response_error(response, item->outcome == OUTCOME_FORBIDDEN ? 403 : 400, "%s",
			outcome_words(item));
	}
}

/* What the items of a batch come to. */
struct total {
	size_t accepted, refused;
	bool kept;         /* some only in memory */
	bool busy;         /* some might be taken later */
	bool unread;       /* and are of a service that reads nothing but the status */
	bool forbidden;    /* all those that were refused, by the token */
	const char *first; /* why the first one was refused */
};

static struct total total_of(const struct post *post)
{
	struct total total = {.forbidden = true};

	for (size_t i = 0; i < post->count; i++) {
		const struct item *item = &post->items[i];

		if (outcome_is_accepted(item->outcome)) {
			total.accepted++;
			total.kept |= item->outcome == OUTCOME_KEPT;
			continue;
		}
		if (total.refused++ == 0)
			total.first = outcome_words(item);
		total.busy |= outcome_is_busy(item->outcome);
		total.unread |= outcome_is_busy(item->outcome) && item->format != NULL &&
				item->format->many;
		total.forbidden &= item->outcome == OUTCOME_FORBIDDEN;
	}
	return total;
}

/* While anything of it could be taken later, a batch of which nothing was taken may come again. */
static unsigned status_of(const struct total *total)
{
	if (total->unread) /* it sends all of them again, and takes any 2xx for success */
		return 503;
	if (total->accepted > 0 && total->refused > 0)
		return 207;
	if (total->refused == 0)
		return total->kept ? 202 : 200;
	if (total->busy)
		return 503;
	return total->forbidden ? 403 : 400;
}

static const char *result_word(enum outcome outcome)
{
	return outcome_is_accepted(outcome) ? outcome_name(outcome)
	       : outcome_is_busy(outcome)   ? "busy"
					    : "refused";
}

static void number_append(struct buffer *out, const char *key, uint32_t number)
{
	buffer_append_text(out, key);
	jsontext_number(out, number);
}

static void item_append(struct buffer *out, const struct item *item)
{
	number_append(out, "{\"index\":", item->place.index);
	if (item->place.line > 0)
		number_append(out, ",\"line\":", item->place.line);
	if (item->format != NULL && item->format->many)
		number_append(out, ",\"part\":", item->part);
	buffer_append_text(out, ",\"result\":\"");
	buffer_append_text(out, result_word(item->outcome));
	buffer_append_text(out, "\"");
	if (!outcome_is_accepted(item->outcome)) {
		buffer_append_text(out, ",\"error\":");
		response_string(out, outcome_words(item));
	}
	buffer_append_text(out, "}");
}

static void error_append(struct buffer *out, const struct total *total)
{
	struct reason why;

	reason_set(&why, "none of %zu: %s", total->refused, total->first);
	buffer_append_text(out, "\"error\":");
	response_string(out, why.text);
	buffer_append_text(out, ",");
}

static void refused_tell(const struct total *total, struct response *response)
{
	size_t count = total->refused + total->accepted;
	struct reason why;

	reason_set(&why, "%zu of %zu event%s refused, the first: %s", total->refused, count,
		number_plural(count), total->first);
	response_reason(response, why.text);
}

static void list_answer(const struct post *post, struct response *response)
{
	struct buffer *out = &response->body;
	struct total total = total_of(post);

	if (status_of(&total) == 503)
		response_busy(response, ""); /* for its headers */
	else if (total.refused > 0)
		refused_tell(&total, response);
	response->status = status_of(&total);
	response->type = CONTENT_JSON;
	buffer_clear(out);
	buffer_append_text(out, "{");
	if (total.accepted == 0)
		error_append(out, &total);
	buffer_printf(out, "\"accepted\":%zu,\"refused\":%zu,\"events\":[\n", total.accepted,
		total.refused);
	for (size_t i = 0; i < post->count; i++) {
		item_append(out, &post->items[i]);
		buffer_append_text(out, i + 1 < post->count ? ",\n" : "\n]}\n");
	}
}

void post_respond(const struct post *post, struct response *response)
{
	if (log_enabled(LOG_LEVEL_DEBUG))
		taken_log(post);
	if (post->one)
		one_answer(post, response);
	else
		list_answer(post, response);
}

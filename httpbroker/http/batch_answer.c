/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/batch_answer.h"

#include "common/log.h"
#include "common/number.h"
#include "httpbroker/events/jsontext.h"

/* The event as it was taken: what the original answered, in the original's order. */
static void echo_append(struct buffer *out, const struct posting *posting)
{
	buffer_append_text(
		out, condition_lasts(posting->condition) ? "Caching state: " : "Sending event: ");
	buffer_append(out, posting->wire.bytes, posting->wire.length);
	buffer_append_text(out, ",\"time\":");
	jsontext_number(out, posting->time);
	buffer_append_text(out, ",\"ttl\":");
	jsontext_number(out, posting->ttl);
	buffer_append_text(out, "}\n");
}

static void echo_log(const struct posting *posting)
{
	struct buffer echo = {NULL, 0, 0};

	echo_append(&echo, posting);
	log_debug("%.*s", (int)echo.length - 1, echo.data);
	buffer_free(&echo);
}

static void taken_log(const struct batch *batch)
{
	size_t submitted = 0;

	for (size_t i = 0; i < batch->count; i++) {
		const struct item *item = &batch->items[i];

		if (item->fate == FATE_DELIVERED || item->fate == FATE_KEPT)
			echo_log(&batch->submission.postings[submitted]);
		submitted += item->submitted;
	}
}

static const char *fate_words(const struct item *item)
{
	switch (item->fate) {
	case FATE_OLDER:
		return "a newer event of this check is cached";
	case FATE_TEST:
		return "a test of the channel: no check is made of it";
	case FATE_MERGED:
		return "an alert as bad of the same check speaks for it";
	case FATE_UNTOLD:
		return "there is nobody to be told of it: this broker is without Redis";
	case FATE_FULL:
		return item->why != NULL
			       ? item->why
			       : "too many checks (--max-states), or events that wait for "
				 "Redis (--max-pending)";
	default:
		return item->why;
	}
}

static bool fate_is_busy(enum fate fate)
{
	return fate == FATE_FULL || fate == FATE_STOPPING;
}

static void kept_not_answer(const struct item *item, struct answer *answer)
{
	answer->status = 200;
	answer->type = ANSWER_JSON;
	buffer_append_text(&answer->body, "{\"kept\": false, \"reason\": ");
	answer_string(&answer->body, fate_words(item));
	buffer_append_text(&answer->body, "}\n");
}

static void one_answer(const struct batch *batch, struct answer *answer)
{
	const struct item *item = &batch->items[0];

	if (item->fate == FATE_DELIVERED || item->fate == FATE_KEPT) {
		answer->status = item->fate == FATE_KEPT ? 202 : 200;
		answer->type = ANSWER_TEXT;
		echo_append(&answer->body, &batch->submission.postings[0]);
	} else if (fate_is_accepted(item->fate)) {
		kept_not_answer(item, answer);
	} else if (fate_is_busy(item->fate)) {
		answer_busy(answer, fate_words(item));
	} else {
		answer_error(
			answer, item->fate == FATE_FORBIDDEN ? 403 : 400, "%s", fate_words(item));
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

static struct total total_of(const struct batch *batch)
{
	struct total total = {.forbidden = true};

	for (size_t i = 0; i < batch->count; i++) {
		const struct item *item = &batch->items[i];

		if (fate_is_accepted(item->fate)) {
			total.accepted++;
			total.kept |= item->fate == FATE_KEPT;
			continue;
		}
		if (total.refused++ == 0)
			total.first = fate_words(item);
		total.busy |= fate_is_busy(item->fate);
		total.unread |=
			fate_is_busy(item->fate) && item->format != NULL && item->format->many;
		total.forbidden &= item->fate == FATE_FORBIDDEN;
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

static const char *result_word(enum fate fate)
{
	return fate_is_accepted(fate) ? fate_name(fate) : fate_is_busy(fate) ? "busy" : "refused";
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
	buffer_append_text(out, result_word(item->fate));
	buffer_append_text(out, "\"");
	if (!fate_is_accepted(item->fate)) {
		buffer_append_text(out, ",\"error\":");
		answer_string(out, fate_words(item));
	}
	buffer_append_text(out, "}");
}

static void error_append(struct buffer *out, const struct total *total)
{
	struct reason why;

	reason_set(&why, "none of %zu: %s", total->refused, total->first);
	buffer_append_text(out, "\"error\":");
	answer_string(out, why.text);
	buffer_append_text(out, ",");
}

static void refused_tell(const struct total *total, struct answer *answer)
{
	size_t count = total->refused + total->accepted;
	struct reason why;

	reason_set(&why, "%zu of %zu event%s refused, the first: %s", total->refused, count,
		number_plural(count), total->first);
	answer_refuses(answer, why.text);
}

static void list_answer(const struct batch *batch, struct answer *answer)
{
	struct buffer *out = &answer->body;
	struct total total = total_of(batch);

	if (status_of(&total) == 503)
		answer_busy(answer, ""); /* for its headers */
	else if (total.refused > 0)
		refused_tell(&total, answer);
	answer->status = status_of(&total);
	answer->type = ANSWER_JSON;
	buffer_clear(out);
	buffer_append_text(out, "{");
	if (total.accepted == 0)
		error_append(out, &total);
	buffer_printf(out, "\"accepted\":%zu,\"refused\":%zu,\"events\":[\n", total.accepted,
		total.refused);
	for (size_t i = 0; i < batch->count; i++) {
		item_append(out, &batch->items[i]);
		buffer_append_text(out, i + 1 < batch->count ? ",\n" : "\n]}\n");
	}
}

void batch_answer(const struct batch *batch, struct answer *answer)
{
	if (log_enabled(LOG_LEVEL_DEBUG))
		taken_log(batch);
	if (batch->one)
		one_answer(batch, answer);
	else
		list_answer(batch, answer);
}

/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/delivery/answer.h"

#include "common/memory.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Statuses that say something of the moment or of us, not of the event: the broker's, and a proxy's
 * in between. */
static const long passing[] = {401, 407, 408, 429, 502, 503, 504};

static enum outcome outcome_of(long status)
{
	if (status == 200 || status == 202)
		return OUTCOME_ACCEPTED;
	for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
		if (status == passing[i])
			return OUTCOME_AWAY;
	return OUTCOME_REFUSED;
}

/* The answer's words: those of {"error": "…"}, else its first line. */
static void words_of(const json_t *json, const char *body, struct reason *words)
{
	const char *error = json_string_value(json_object_get(json, "error"));

	if (error != NULL)
		reason_set(words, "%s", error);
	else if (!json_is_array(json_object_get(json, "events")))
		reason_set(words, "%.*s", (int)strcspn(body, "\r\n"), body);
}

static void why_set(struct answer *answer, long status, const struct reason *words)
{
	if (words->text[0] != '\0')
		reason_set(&answer->why, "%s (HTTP %ld)", words->text, status);
	else
		reason_set(&answer->why, "HTTP %ld", status);
}

static enum outcome result_outcome(const json_t *item)
{
	const char *result = json_string_value(json_object_get(item, "result"));

	if (result != NULL && strcmp(result, "busy") == 0)
		return OUTCOME_AWAY;
	return result == NULL || strcmp(result, "refused") == 0 ? OUTCOME_REFUSED
								: OUTCOME_ACCEPTED;
}

static void verdict_set(struct verdict *verdict, enum outcome outcome, const char *why)
{
	free(verdict->why);
	verdict->outcome = outcome;
	verdict->why = why != NULL ? memory_copied(why) : NULL;
}

/* A document of several events has several items: the worst of them speaks for it. */
static void verdict_add(struct answer *answer, const json_t *item)
{
	const json_t *index = json_object_get(item, "index");
	const char *error = json_string_value(json_object_get(item, "error"));
	enum outcome outcome = result_outcome(item);

	if (!json_is_integer(index) || json_integer_value(index) < 0 ||
		(size_t)json_integer_value(index) >= answer->count)
		return;
	struct verdict *verdict = &answer->verdicts[json_integer_value(index)];
	if (verdict->outcome != OUTCOME_PENDING && outcome <= verdict->outcome)
		return;
	verdict_set(verdict, outcome,
		outcome == OUTCOME_ACCEPTED ? NULL
		: error != NULL             ? error
					    : "without a reason");
}

/* What the answer does not mention it has not accepted. */
static void verdicts_complete(struct answer *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		if (answer->verdicts[i].outcome == OUTCOME_PENDING)
			verdict_set(&answer->verdicts[i], OUTCOME_REFUSED,
				"the answer does not mention it");
}

static void verdicts_read(struct answer *answer, const json_t *items, size_t count)
{
	const json_t *item;
	size_t i;

	answer->verdicts = memory_zeroed(count, sizeof *answer->verdicts);
	answer->count = count;
	json_array_foreach(items, i, item) {
		verdict_add(answer, item);
	}
	verdicts_complete(answer);
}

void answer_judge(long status, const char *body, size_t count, struct answer *answer)
{
	struct reason words = {""};
	json_t *json = NULL;

	*answer = (struct answer){.outcome = outcome_of(status)};
	answer->by_content = status == 400 || status == 413;
	answer->by_token = status == 401 || status == 407;
	if (answer->outcome != OUTCOME_ACCEPTED && body != NULL) {
		json = json_loads(body, 0, NULL);
		words_of(json, body, &words);
	}
	why_set(answer, status, &words);
	const json_t *items = json_object_get(json, "events");
	if (answer->outcome == OUTCOME_REFUSED && json_is_array(items) && count > 0)
		verdicts_read(answer, items, count);
	json_decref(json);
}

void answer_clear(struct answer *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		free(answer->verdicts[i].why);
	free(answer->verdicts);
	answer->verdicts = NULL;
	answer->count = 0;
}

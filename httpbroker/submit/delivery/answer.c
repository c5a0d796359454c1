/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/delivery/answer.h"

#include <jansson.h>
#include <string.h>

/* Statuses that say something of the moment, not of the event: ours, and a proxy's in between. */
static const long passing[] = {408, 429, 502, 503, 504};

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
static void words_of(const char *body, struct reason *words)
{
	json_t *json = json_loads(body, 0, NULL);
	const char *error = json_string_value(json_object_get(json, "error"));

	if (error != NULL)
		reason_set(words, "%s", error);
	else
		reason_set(words, "%.*s", (int)strcspn(body, "\r\n"), body);
	json_decref(json);
}

enum outcome answer_judge(long status, const char *body, struct reason *why)
{
	enum outcome outcome = outcome_of(status);
	struct reason words = {""};

	if (outcome != OUTCOME_ACCEPTED && body != NULL)
		words_of(body, &words);
	if (words.text[0] != '\0')
		reason_set(why, "%s (HTTP %ld)", words.text, status);
	else
		reason_set(why, "HTTP %ld", status);
	return outcome;
}

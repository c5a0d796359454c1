/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/response.h"

#include "common/memory.h"
#include "common/secret.h"

#include <ctype.h>
#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* How the broker's answers begin that say what was done. */
static const char *const done[] = {
	"Caching state: ", "Sending event: ", "SNS: ", "{\"kept\": ", "{\"forgotten\": ", NULL};

/* How the broker's words begin that blame the URL's parameters. */
static const char *const of_the_url[] = {"?", "the query has ", "there is no parameter ", NULL};

static bool begins(const char *text, const char *const *beginnings)
{
	while (*beginnings != NULL && strncmp(text, *beginnings, strlen(*beginnings)) != 0)
		beginnings++;
	return *beginnings != NULL;
}

static bool is_list(const json_t *json)
{
	return json_is_array(json_object_get(json, "events"));
}

/* Of many events all were taken. */
static bool is_clean_list(const char *body)
{
	static const char begin[] = "{\"accepted\":", rest[] = ",\"refused\":0,\"events\":[";

	if (strncmp(body, begin, sizeof begin - 1) != 0)
		return false;
	body += sizeof begin - 1;
	body += strspn(body, "0123456789");
	return strncmp(body, rest, sizeof rest - 1) == 0;
}

/* The list is not taken apart: it is of hundreds of events, and behind it the next ones wait. */
static bool is_success(long status, const char *body)
{
	return (status == 200 || status == 202) && (begins(body, done) || is_clean_list(body));
}

/* The words of {"error": "…"}; NULL: it is another's answer. */
static const char *error_of(const json_t *json)
{
	return json_string_value(json_object_get(json, "error"));
}

static bool blames_content(const json_t *json)
{
	const char *error = error_of(json);

	return error != NULL && !begins(error, of_the_url);
}

/* Of what was posted 404 says nothing, only of the URL. */
static enum outcome failure_of(long status, const json_t *json, bool posted)
{
	switch (status) {
	case 207:
		return is_list(json) ? OUTCOME_REFUSED : OUTCOME_AWAY;
	case 400:
	case 403:
		return blames_content(json) ? OUTCOME_REFUSED : OUTCOME_AWAY;
	case 404:
		return blames_content(json) && !posted ? OUTCOME_REFUSED : OUTCOME_AWAY;
	case 413:
		return OUTCOME_REFUSED;
	default:
		return OUTCOME_AWAY;
	}
}

/* The first line of the text, to be freed. It is masked before anybody cuts it: half a secret is
 * not found. */
static char *line_masked(const char *text, char *const *secrets)
{
	char *line = memory_printed("%.*s", (int)strcspn(text, "\r\n"), text);

	for (; *secrets != NULL; secrets++)
		secret_mask(line, *secrets);
	return line;
}

/* The answer's words: those of {"error": "…"}, else its first line, and that it is another's. */
static void words_of(
	const json_t *json, const char *body, char *const *secrets, struct reason *words)
{
	const char *error = error_of(json);
	char *line = line_masked(error != NULL ? error : body, secrets);

	if (error != NULL)
		reason_set(words, "%s", line);
	else if (!is_list(json))
		reason_set(words, "not httpbroker's answer%s%s", line[0] != '\0' ? ": " : "", line);
	free(line);
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

	if (result == NULL || strcmp(result, "busy") == 0)
		return OUTCOME_AWAY;
	return strcmp(result, "refused") == 0 ? OUTCOME_REFUSED : OUTCOME_ACCEPTED;
}

/* Takes `why`, which is to be freed. */
static void verdict_set(struct verdict *verdict, enum outcome outcome, char *why)
{
	free(verdict->why);
	verdict->outcome = outcome;
	verdict->why = why;
}

/* A document of several events has several items: the worst of them speaks for it. */
static void verdict_add(struct answer *answer, const json_t *item, char *const *secrets)
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
		outcome == OUTCOME_ACCEPTED
			? NULL
			: line_masked(error != NULL ? error : "without a reason", secrets));
}

/* What the answer does not mention was neither accepted nor refused. */
static void verdicts_complete(struct answer *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		if (answer->verdicts[i].outcome == OUTCOME_PENDING)
			verdict_set(&answer->verdicts[i], OUTCOME_AWAY,
				memory_copied("the answer does not mention it"));
}

static void verdicts_read(
	struct answer *answer, const json_t *items, size_t count, char *const *secrets)
{
	const json_t *item;
	size_t i;

	answer->verdicts = memory_zeroed(count, sizeof *answer->verdicts);
	answer->count = count;
	json_array_foreach(items, i, item) {
		verdict_add(answer, item, secrets);
	}
	verdicts_complete(answer);
}

static void failure_judge(
	long status, const char *body, size_t count, char *const *secrets, struct answer *answer)
{
	json_t *json = json_loads(body, 0, NULL);
	struct reason words = {""};

	answer->outcome = failure_of(status, json, count > 0);
	answer->by_content = status == 400 || status == 413;
	answer->by_token = status == 401 || status == 407;
	answer->by_broker = status == 503 && error_of(json) != NULL;
	words_of(json, body, secrets, &words);
	why_set(answer, status, &words);
	if (answer->outcome == OUTCOME_REFUSED && is_list(json) && count > 0)
		verdicts_read(answer, json_object_get(json, "events"), count, secrets);
	json_decref(json);
}

void answer_judge(
	long status, const char *body, size_t count, char *const *secrets, struct answer *answer)
{
	const char *text = body != NULL ? body : "";

	*answer = (struct answer){.outcome = OUTCOME_ACCEPTED};
	if (is_success(status, text))
		reason_set(&answer->why, "HTTP %ld", status);
	else
		failure_judge(status, text, count, secrets, answer);
}

void answer_clear(struct answer *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		free(answer->verdicts[i].why);
	free(answer->verdicts);
	answer->verdicts = NULL;
	answer->count = 0;
}

#define ELLIPSIS "\xe2\x80\xa6" /* U+2026; its size counts the NUL */

const char *quoted_input(const char *text, char out[QUOTED_INPUT_SIZE])
{
	size_t used = 0;

	for (; *text != '\0' && used < QUOTED_INPUT_SIZE - sizeof ELLIPSIS; text++) {
		if (!isspace((unsigned char)*text))
			out[used++] = *text;
		else if (used > 0 && out[used - 1] != ' ')
			out[used++] = ' ';
	}
	out[used] = '\0';
	if (*text == '\0')
		return out;
	/* a character that was cut in two is dropped */
	while (used > 0 && ((unsigned char)*text & 0xc0) == 0x80) {
		text--;
		used--;
	}
	memcpy(out + used, ELLIPSIS, sizeof ELLIPSIS);
	return out;
}

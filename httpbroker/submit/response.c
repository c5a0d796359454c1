/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/response.h"

#include "common/memory.h"
#include "common/secret.h"
#include "common/utf8.h"
#include "common/utf8_clean.h"

#include <ctype.h>
#include <jansson.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The beginnings of the broker's texts of success. */
static const char *const done[] = {
	"Caching state: ", "Sending event: ", "SNS: ", "{\"kept\": ", "{\"forgotten\": ", NULL};

/* The beginnings of the broker's errors about the URL's parameters. */
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

/* All of many events were accepted. */
static bool is_clean_list(const char *body)
{
	static const char begin[] = "{\"accepted\":", rest[] = ",\"refused\":0,\"events\":[";

	if (strncmp(body, begin, sizeof begin - 1) != 0)
		return false;
	body += sizeof begin - 1;
	body += strspn(body, "0123456789");
	return strncmp(body, rest, sizeof rest - 1) == 0;
}

/* A list of hundreds of events is not parsed: the next ones wait. */
static bool is_success(long status, const char *body)
{
	return (status == 200 || status == 202) && (begins(body, done) || is_clean_list(body));
}

/* The text of {"error": "…"}; NULL: not the broker's response. */
static const char *error_of(const json_t *json)
{
	return json_string_value(json_object_get(json, "error"));
}

static bool blames_content(const json_t *json)
{
	const char *error = error_of(json);

	return error != NULL && !begins(error, of_the_url);
}

/* For a POST, 404 is about the URL, not about the events. */
static enum response_result failure_of(long status, const json_t *json, bool posted)
{
	switch (status) {
	case 207:
		return is_list(json) ? RESPONSE_REFUSED : RESPONSE_AWAY;
	case 400:
	case 403:
		return blames_content(json) ? RESPONSE_REFUSED : RESPONSE_AWAY;
	case 404:
		return blames_content(json) && !posted ? RESPONSE_REFUSED : RESPONSE_AWAY;
	case 413:
		return RESPONSE_REFUSED;
	default:
		return RESPONSE_AWAY;
	}
}

/* The first line of the text, to be freed. It is masked before it is cut: half a secret is not
 * found. */
static char *line_masked(const char *text, char *const *secrets)
{
	char *line = memory_printed("%.*s", (int)strcspn(text, "\r\n"), text);

	for (; *secrets != NULL; secrets++)
		secret_mask(line, *secrets);
	return line;
}

/* The text of {"error": "…"}, else the first line of a foreign response, and the status. */
static void why_set(struct response *response, long status, const json_t *json, const char *body,
	char *const *secrets)
{
	const char *error = error_of(json);
	char *line = line_masked(error != NULL ? error : body, secrets);
	struct reason *why = &response->why;

	if (error == NULL && is_list(json))
		reason_set(why, "HTTP %ld", status);
	else if (error != NULL)
		reason_set(why, "%s (HTTP %ld)", line, status);
	else
		reason_set(why, "not httpbroker's answer%s%s (HTTP %ld)",
			line[0] != '\0' ? ": " : "", line, status);
	free(line);
}

static enum response_result entry_result(const json_t *json)
{
	const char *result = json_string_value(json_object_get(json, "result"));

	if (result == NULL || strcmp(result, "busy") == 0)
		return RESPONSE_AWAY;
	return strcmp(result, "refused") == 0 ? RESPONSE_REFUSED : RESPONSE_ACCEPTED;
}

/* A document of several events has several results: the worst counts. */
static void item_read(struct response *response, const json_t *json, char *const *secrets)
{
	const json_t *index = json_object_get(json, "index");
	const char *error = json_string_value(json_object_get(json, "error"));
	enum response_result result = entry_result(json);

	if (!json_is_integer(index) || json_integer_value(index) < 0 ||
		(size_t)json_integer_value(index) >= response->count)
		return;
	struct response_item *item = &response->items[json_integer_value(index)];
	if (item->result != RESPONSE_PENDING && result <= item->result)
		return;
	item->result = result;
	free(item->why);
	item->why = result != RESPONSE_ACCEPTED
			    ? line_masked(error != NULL ? error : "without a reason", secrets)
			    : NULL;
}

static void items_read(
	struct response *response, const json_t *list, size_t count, char *const *secrets)
{
	const json_t *json;
	size_t i;

	response->items = memory_zeroed(count, sizeof *response->items);
	response->count = count;
	json_array_foreach(list, i, json) {
		item_read(response, json, secrets);
	}
	for (i = 0; i < count; i++)
		if (response->items[i].result == RESPONSE_PENDING)
			response->items[i] = (struct response_item){
				RESPONSE_AWAY, memory_copied("the answer does not mention it")};
}

static void failure_read(long status, const char *body, size_t count, char *const *secrets,
	struct response *response)
{
	json_t *json = json_loads(body, 0, NULL);

	response->result = failure_of(status, json, count > 0);
	response->bad_content = status == 400 || status == 413;
	response->unauthorized = status == 401 || status == 407;
	response->broker_busy = status == 503 && error_of(json) != NULL;
	why_set(response, status, json, body, secrets);
	if (response->result == RESPONSE_REFUSED && is_list(json) && count > 0)
		items_read(response, json_object_get(json, "events"), count, secrets);
	json_decref(json);
}

void response_read(long status, const char *body, size_t count, char *const *secrets,
	struct response *response)
{
	const char *text = body != NULL ? body : "";

	*response = (struct response){.result = RESPONSE_ACCEPTED};
	if (is_success(status, text))
		reason_set(&response->why, "HTTP %ld", status);
	else
		failure_read(status, text, count, secrets, response);
}

void response_clear(struct response *response)
{
	for (size_t i = 0; i < response->count; i++)
		free(response->items[i].why);
	free(response->items);
	response->items = NULL;
	response->count = 0;
}

const char *quoted_input(const char *text, char out[QUOTED_INPUT_SIZE])
{
	size_t used = 0;

	for (; *text != '\0' && used < QUOTED_INPUT_SIZE - sizeof UTF8_ELLIPSIS; text++) {
		if (!isspace((unsigned char)*text))
			out[used++] = *text;
		else if (used > 0 && out[used - 1] != ' ')
			out[used++] = ' ';
	}
	out[used] = '\0';
	if (*text == '\0')
		return out;
	/* an incomplete character is dropped */
	memcpy(out + utf8_whole(out, used), UTF8_ELLIPSIS, sizeof UTF8_ELLIPSIS);
	return out;
}

#define RETRY_FIRST (100 * NSEC_PER_MSEC)
#define RETRY_SLOWEST (5 * NSEC_PER_SEC)

void outage_init(struct outage *outage, nsec retry_limit)
{
	*outage = (struct outage){
		.retry_limit = retry_limit, .backoff = {.min = RETRY_FIRST, .max = RETRY_SLOWEST}};
}

static nsec give_up_at(const struct outage *outage)
{
	return outage->retry_limit == NSEC_NEVER ? NSEC_NEVER : outage->since + outage->retry_limit;
}

bool outage_failed(struct outage *outage, nsec now, uint32_t chance)
{
	bool first = !outage->away;

	if (first)
		outage->since = now;
	outage->away = true;
	outage->given_up = now >= give_up_at(outage);
	outage->retry_at = now + backoff_wait(&outage->backoff, chance);
	/* the last attempt is at the end of the time, not some seconds before */
	if (now < give_up_at(outage) && outage->retry_at > give_up_at(outage))
		outage->retry_at = give_up_at(outage);
	return first;
}

const char *outage_plan(const struct outage *outage, const char *spool, char out[OUTAGE_TEXT])
{
	char retry_limit[DURATION_TEXT];

	out[0] = '\0';
	if (outage->retry_limit == NSEC_NEVER)
		snprintf(out, OUTAGE_TEXT, "; retrying until it works");
	else if (!outage->given_up && spool != NULL)
		snprintf(out, OUTAGE_TEXT, "; retrying, after %s events go to %s",
			duration_text(outage->retry_limit, retry_limit), spool);
	else if (!outage->given_up)
		snprintf(out, OUTAGE_TEXT, "; retrying for %s",
			duration_text(outage->retry_limit, retry_limit));
	return out;
}

void outage_end_retries(struct outage *outage)
{
	outage->retry_limit = 0;
}

bool outage_over(struct outage *outage)
{
	bool was_away = outage->away;

	outage->away = false;
	outage->given_up = false;
	outage->retry_at = 0;
	backoff_reset(&outage->backoff);
	return was_away;
}

void outage_set_limit(struct outage *outage, nsec now, nsec retry_limit)
{
	outage->retry_limit = retry_limit;
	outage->since = now;
	outage->retry_at = now;
	backoff_reset(&outage->backoff);
}

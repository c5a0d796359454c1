/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/query.h"

#include "common/buffer.h"
#include "common/log.h"
#include "httpbroker/client/transfer.h"
#include "httpbroker/submit/response.h"

#include <stdlib.h>
#include <string.h>

#define SILENCE_LIMIT 15L /* seconds without a byte of the answer */

enum { CODE_UNKNOWN = 3, REFUSAL_MAX = 16384 };

/* One request. */
struct asking {
	CURL *easy;
	struct rows *rows;
	struct buffer refusal; /* the body of a status other than 200 */
	struct reason why;     /* the rows cannot be added; empty: they can */
};

static size_t answer_read(char *bytes, size_t size, size_t count, void *data)
{
	struct asking *asking = data;
	size_t length = size * count, room = REFUSAL_MAX - asking->refusal.length;
	long status = 0;

	curl_easy_getinfo(asking->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status == 200)
		return rows_add(asking->rows, bytes, length, &asking->why) ? length : 0;
	buffer_append(&asking->refusal, bytes, length < room ? length : room);
	return length;
}

static bool is_exact(const char *glob)
{
	return glob != NULL && strpbrk(glob, "*?[\\") == NULL;
}

static void parameter_append(struct buffer *query, const char *name, const char *value)
{
	char *encoded = curl_easy_escape(NULL, value, 0);

	buffer_printf(query, "%s%s=%s", query->length > 0 ? "&" : "", name, encoded);
	curl_free(encoded);
}

/* Names without a wildcard are selected by the broker. An empty query does no harm. */
static char *url_of(const struct query *query, const struct target *target)
{
	struct buffer text = {NULL, 0, 0};

	if (is_exact(query->entity))
		parameter_append(&text, "entity", query->entity);
	if (is_exact(query->check))
		parameter_append(&text, "check", query->check);
	if (query->state != NULL)
		parameter_append(&text, "state", query->state);
	char *url = target_url_with(target, text.length > 0 ? text.data : "");
	buffer_free(&text);
	return url;
}

static void easy_set_up(const struct query *query, struct asking *asking, const char *url)
{
	CURL *easy = asking->easy;
	long limit = query->limit == NSEC_NEVER ? 0 : (long)(query->limit / NSEC_PER_MSEC);

	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, answer_read);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, asking);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, limit);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, SILENCE_LIMIT);
}

/* Whether there is a complete list; else *why. */
static bool answer_check(struct asking *asking, CURLcode code, const struct target *target,
	const char *error, struct reason *why)
{
	struct response response;
	long status = 0;

	curl_easy_getinfo(asking->easy, CURLINFO_RESPONSE_CODE, &status);
	if (asking->why.text[0] != '\0')
		return reason_set(why, "%s", asking->why.text);
	if (code != CURLE_OK)
		return reason_set(why, "%s", *error != '\0' ? error : curl_easy_strerror(code));
	if (status == 200)
		return rows_finish(asking->rows, why);
	response_read(status, asking->refusal.data, 1, target->secrets, &response);
	reason_set(why, "%s", response.why.text);
	response_clear(&response);
	return false;
}

/* The rows; NULL, and *why. */
static struct rows *target_ask(
	const struct query *query, const struct target *target, struct reason *why)
{
	struct asking asking = {.easy = target->easy, .rows = rows_new(query, why)};
	char error[CURL_ERROR_SIZE] = "";

	if (asking.rows == NULL)
		return NULL;
	char *url = url_of(query, target);
	easy_set_up(query, &asking, url);
	curl_easy_setopt(target->easy, CURLOPT_ERRORBUFFER, error);
	CURLcode code = curl_easy_perform(target->easy);
	bool complete = answer_check(&asking, code, target, error, why);
	curl_easy_setopt(target->easy, CURLOPT_ERRORBUFFER, NULL);
	free(url);
	buffer_free(&asking.refusal);
	if (complete)
		return asking.rows;
	rows_free(asking.rows);
	return NULL;
}

/* A plugin reports its own failure on standard output. */
static int failure_print(const struct query *query, const struct reason *why, FILE *out)
{
	if (query->json)
		log_error("%s", why->text);
	else
		fprintf(out, "UNKNOWN: %s\n", why->text);
	return CODE_UNKNOWN;
}

int query_run(const struct query *query, const struct sender *sender, FILE *out)
{
	struct reason why = {""}, before;
	struct rows *rows = NULL;
	int code = CODE_UNKNOWN;

	for (size_t i = 0; rows == NULL && sender_target(sender, i) != NULL; i++) {
		const struct target *target = sender_target(sender, i);

		before = why;
		rows = target_ask(query, target, &why);
		if (rows == NULL)
			reason_prefix(&why, "%s%s%s", before.text,
				before.text[0] != '\0' ? "; " : "", target->shown);
	}
	if (rows == NULL)
		return failure_print(query, &why, out);
	bool printed = rows_print(rows, out, &code, &why);
	rows_free(rows);
	return printed ? code : failure_print(query, &why, stderr);
}

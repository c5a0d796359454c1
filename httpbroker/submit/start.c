/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/start.h"

#include "common/buffer.h"
#include "common/log.h"
#include "common/utf8.h"
#include "httpbroker/client/transfer.h"
#include "httpbroker/submit/response.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT (5 * NSEC_PER_SEC) /* of all brokers together */
#define STATE_PATH "/state"

enum { ANSWER_MAX = 16384 };

static size_t answer_append(char *bytes, size_t size, size_t count, void *data)
{
	struct buffer *answer = data;
	size_t room = ANSWER_MAX - answer->length;

	buffer_append(answer, bytes, size * count < room ? size * count : room);
	return size * count;
}

static void name_append(struct buffer *path, const char *name)
{
	struct buffer clean = {NULL, 0, 0}; /* as in events (event.h) */

	utf8_clean_append(&clean, name, strlen(name), UTF8_ONE_LINE);
	char *encoded = curl_easy_escape(NULL, clean.data, (int)clean.length);
	buffer_printf(path, "/%s", encoded);
	curl_free(encoded);
	buffer_free(&clean);
}

/* The target's URL with the ping's path instead of /state at its end. False: it has another end. */
static bool url_set(CURL *easy, const struct target *target, const struct start *start)
{
	CURLU *parts = curl_url();
	struct buffer path = {NULL, 0, 0};
	char *given = NULL, limit[64];

	curl_url_set(parts, CURLUPART_URL, target->url, 0);
	curl_url_get(parts, CURLUPART_PATH, &given, 0);
	size_t before = given != NULL ? strlen(given) - strlen(STATE_PATH) : 0;
	bool known = given != NULL && strlen(given) >= strlen(STATE_PATH) &&
		     strcmp(given + before, STATE_PATH) == 0;
	if (known) {
		buffer_append(&path, given, before);
		buffer_append_text(&path, "/ping");
		name_append(&path, start->entity);
		name_append(&path, start->check);
		buffer_append_text(&path, "/start");
		curl_url_set(parts, CURLUPART_PATH, path.data, 0);
		snprintf(limit, sizeof limit, "limit=%" PRId64 "ms", start->limit / NSEC_PER_MSEC);
		if (start->limit != NSEC_NEVER)
			curl_url_set(parts, CURLUPART_QUERY, limit, CURLU_APPENDQUERY);
	}
	curl_free(given);
	given = NULL;
	curl_url_get(parts, CURLUPART_URL, &given, 0);
	curl_easy_setopt(easy, CURLOPT_URL, given);
	curl_free(given);
	curl_url_cleanup(parts);
	buffer_free(&path);
	return known;
}

/* The sender uses the target's own handle, with other settings. */
static void target_ping(const struct start *start, const struct target *target, nsec left,
	struct response *response)
{
	CURL *easy = curl_easy_duphandle(target->easy);
	struct buffer answer = {NULL, 0, 0};
	long status = 0;

	*response = (struct response){.result = RESPONSE_AWAY};
	if (!url_set(easy, target, start)) {
		response->result = RESPONSE_REFUSED;
		reason_set(&response->why, "--start needs a URL that ends in %s", STATE_PATH);
		curl_easy_cleanup(easy);
		return;
	}
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, answer_append);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(left / NSEC_PER_MSEC) + 1);
	CURLcode code = curl_easy_perform(easy);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	if (code != CURLE_OK)
		reason_set(&response->why, "%s", curl_easy_strerror(code));
	else if ((status == 200 || status == 202) && answer.length == 2 &&
		 memcmp(answer.data, "OK", 2) == 0)
		response->result = RESPONSE_ACCEPTED;
	else if (status == 200 || status == 202) /* a page of a proxy */
		reason_set(&response->why, "HTTP %ld, but not a broker's answer", status);
	else
		response_read(status, answer.data, 1, target->secrets, response);
	buffer_free(&answer);
	curl_easy_cleanup(easy);
}

void start_send(const struct start *start, const struct sender *sender)
{
	nsec end = clock_monotonic() + LIMIT, left = LIMIT;
	enum response_result result = RESPONSE_AWAY;
	const struct target *target;

	for (size_t i = 0;
		(target = sender_target(sender, i)) != NULL && result == RESPONSE_AWAY && left > 0;
		i++) {
		struct response response;

		target_ping(start, target, left, &response);
		result = response.result;
		if (result != RESPONSE_ACCEPTED)
			log_warning("%s: the start of the run is not reported: %s", target->shown,
				response.why.text);
		response_clear(&response);
		left = end - clock_monotonic();
	}
}

/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/submit.h"

#include "common/buffer.h"
#include "common/log.h"
#include "common/random.h"
#include "common/signals.h"
#include "common/utf8_clean.h"
#include "httpbroker/submit/rows.h"
#include "httpbroker/submit/sender.h"

#include <inttypes.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define SLOW_LIMIT 15L                 /* seconds that an answer to --query may be slower than */
#define SLOWEST 64L                    /* bytes a second */
#define START_LIMIT (5 * NSEC_PER_SEC) /* of all brokers together */
#define STATE_PATH "/state"

enum { CODE_UNKNOWN = 3, ANSWER_MAX = 16384 };

static void encoded_append(struct buffer *out, const char *text)
{
	char *encoded = curl_easy_escape(NULL, text, 0);

	buffer_append_text(out, encoded);
	curl_free(encoded);
}

static void parameter_append(struct buffer *query, const char *key, const char *value)
{
	buffer_printf(query, "%s%s=", query->length > 0 ? "&" : "", key);
	encoded_append(query, value);
}

/* As in events (event.h). To be freed. */
static char *name_cleaned(const char *name)
{
	struct buffer clean = {NULL, 0, 0};

	utf8_clean_append(&clean, name, strlen(name), UTF8_ONE_LINE);
	return clean.data;
}

/* A request to one broker, without the queue's sender. */
struct asking {
	CURL *easy;
	struct rows *rows;    /* of a list of checks; NULL: none is asked for */
	struct buffer answer; /* the beginning of any other answer */
	long status;
	struct reason why; /* there is no answer, or no list; empty: there is */
};

static size_t answer_read(char *bytes, size_t size, size_t count, void *data)
{
	struct asking *asking = data;
	size_t length = size * count, room = ANSWER_MAX - asking->answer.length;
	long status = 0;

	curl_easy_getinfo(asking->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status == 200 && asking->rows != NULL)
		return rows_add(asking->rows, bytes, length, &asking->why) ? length : 0;
	buffer_append(&asking->answer, bytes, length < room ? length : room);
	return length;
}

/* 0: no limit. False, and asking->why: there is no answer. */
static bool ask(struct asking *asking, const char *url, long limit_ms)
{
	char error[CURL_ERROR_SIZE] = "";
	CURL *easy = asking->easy;

	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, answer_read);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, asking);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, limit_ms);
	CURLcode code = curl_easy_perform(easy);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &asking->status);
	if (code != CURLE_OK && asking->why.text[0] == '\0')
		reason_set(&asking->why, "%s", error[0] != '\0' ? error : curl_easy_strerror(code));
	return code == CURLE_OK;
}

static bool is_exact(const char *glob)
{
	return glob != NULL && strpbrk(glob, "*?[\\") == NULL;
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

/* The rows; NULL, and *why. */
static struct rows *target_query(
	const struct query *query, const struct target *target, struct reason *why)
{
	struct asking asking = {.easy = target->easy, .rows = rows_new(query, why)};
	struct response response = {.result = RESPONSE_AWAY};
	bool listed = false;

	if (asking.rows == NULL)
		return NULL;
	char *url = url_of(query, target);
	curl_easy_setopt(asking.easy, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(asking.easy, CURLOPT_LOW_SPEED_LIMIT, SLOWEST);
	curl_easy_setopt(asking.easy, CURLOPT_LOW_SPEED_TIME, SLOW_LIMIT);
	bool answered = ask(&asking, url,
		query->limit == NSEC_NEVER ? 0 : (long)(query->limit / NSEC_PER_MSEC));
	if (answered && asking.status == 200) {
		listed = rows_finish(asking.rows, &asking.why);
	} else if (answered) {
		response_read(asking.status, asking.answer.data, 1, target->secrets, &response);
		asking.why = response.why;
		response_clear(&response);
	}
	free(url);
	buffer_free(&asking.answer);
	if (listed)
		return asking.rows;
	*why = asking.why;
	rows_free(asking.rows);
	return NULL;
}

/* A plugin reports its own failure on standard output. */
static int failure_print(const struct query *query, const struct reason *why, FILE *out)
{
	struct buffer text = {NULL, 0, 0};

	plugin_append(&text, why->text);
	if (query->json)
		log_error("%s", text.data);
	else
		fprintf(out, "UNKNOWN: %s\n", text.data);
	buffer_free(&text);
	return CODE_UNKNOWN;
}

int query_run(const struct options *options, const struct sender *sender)
{
	const struct fields *given = &options->event;
	const struct query query = {
		given->entity, given->check, given->state, options->timeout, options->json};
	struct reason why = {""}, before;
	struct rows *rows = NULL;
	int code = CODE_UNKNOWN;

	setlocale(LC_CTYPE, "C.UTF-8"); /* of the broker's texts, whatever the user's is */
	for (size_t i = 0; rows == NULL && sender_target(sender, i) != NULL; i++) {
		const struct target *target = sender_target(sender, i);

		before = why;
		rows = target_query(&query, target, &why);
		if (rows == NULL)
			reason_prefix(&why, "%s%s%s", before.text,
				before.text[0] != '\0' ? "; " : "", target->shown);
	}
	if (rows == NULL)
		return failure_print(&query, &why, stdout);
	bool printed = rows_print(rows, stdout, &code, &why);
	rows_free(rows);
	return printed ? code : failure_print(&query, &why, stderr);
}

static void name_append(struct buffer *path, const char *name)
{
	char *clean = name_cleaned(name);

	buffer_append_text(path, "/");
	encoded_append(path, clean);
	free(clean);
}

/* The target's URL with the ping's path instead of /state at its end, to be freed by curl_free();
 * NULL: it has another end. */
static char *ping_url(const struct target *target, const struct start *start)
{
	CURLU *parts = curl_url();
	struct buffer path = {NULL, 0, 0};
	char *given = NULL, *url = NULL, limit[64];

	curl_url_set(parts, CURLUPART_URL, target->url, 0);
	curl_url_get(parts, CURLUPART_PATH, &given, 0);
	const char *end = given != NULL ? strrchr(given, '/') : NULL;
	if (end != NULL && strcmp(end, STATE_PATH) == 0) {
		buffer_append(&path, given, (size_t)(end - given));
		buffer_append_text(&path, "/ping");
		name_append(&path, start->entity);
		name_append(&path, start->check);
		buffer_append_text(&path, "/start");
		curl_url_set(parts, CURLUPART_PATH, path.data, 0);
		snprintf(limit, sizeof limit, "limit=%" PRId64 "ms", start->limit / NSEC_PER_MSEC);
		if (start->limit != NSEC_NEVER)
			curl_url_set(parts, CURLUPART_QUERY, limit, CURLU_APPENDQUERY);
		curl_url_get(parts, CURLUPART_URL, &url, 0);
	}
	curl_free(given);
	curl_url_cleanup(parts);
	buffer_free(&path);
	return url;
}

/* The sender uses the target's own handle, with other settings. */
static void target_ping(const struct start *start, const struct target *target, nsec left,
	struct response *response)
{
	struct asking asking = {.easy = curl_easy_duphandle(target->easy)};
	char *url = ping_url(target, start);

	*response = (struct response){.result = RESPONSE_AWAY};
	curl_easy_setopt(asking.easy, CURLOPT_POSTFIELDS, "");
	if (url == NULL) {
		response->result = RESPONSE_REFUSED;
		reason_set(&response->why, "--start needs a URL that ends in %s", STATE_PATH);
	} else if (!ask(&asking, url, (long)(left / NSEC_PER_MSEC) + 1)) {
		response->why = asking.why;
	} else if (asking.status != 200 && asking.status != 202) {
		response_read(asking.status, asking.answer.data, 1, target->secrets, response);
	} else if (asking.answer.length == 2 && memcmp(asking.answer.data, "OK", 2) == 0) {
		response->result = RESPONSE_ACCEPTED;
	} else { /* a page of a proxy */
		reason_set(&response->why, "HTTP %ld, but not a broker's answer", asking.status);
	}
	curl_free(url);
	buffer_free(&asking.answer);
	curl_easy_cleanup(asking.easy);
}

void start_send(const struct start *start, const struct sender *sender)
{
	nsec end = clock_monotonic() + START_LIMIT;
	struct response response = {.result = RESPONSE_AWAY};
	const struct target *target;

	for (size_t i = 0; (target = sender_target(sender, i)) != NULL; i++) {
		nsec left = end - clock_monotonic();

		if (response.result != RESPONSE_AWAY || left <= 0)
			return;
		target_ping(start, target, left, &response);
		if (response.result != RESPONSE_ACCEPTED)
			log_warning("%s: the start of the run is not reported: %s", target->shown,
				response.why.text);
		response_clear(&response);
	}
}

static void name_parameter_append(struct buffer *query, const char *key, const char *name)
{
	char *clean = name_cleaned(name);

	parameter_append(query, key, clean);
	free(clean);
}

/* For a check, or for all of `entity` where `check` is NULL. To be freed. */
static char *forget_query(const char *entity, const char *check)
{
	struct buffer query = {NULL, 0, 0};

	name_parameter_append(&query, "entity", entity);
	if (check != NULL)
		name_parameter_append(&query, "check", check);
	return query.data;
}

/* Waits for the response or the next retry. */
static enum response_result wait_and_handle(
	struct sender *sender, const struct outage *outage, struct response *response)
{
	struct pollfd fds[TRANSFER_FDS];
	struct timespec left;
	nfds_t count = sender_watch(sender, fds);
	nsec until = sender_busy(sender) ? sender_deadline(sender) : outage->retry_at;

	signals_poll(fds, count, clock_timeout(clock_monotonic(), until, &left));
	if (!sender_busy(sender))
		return RESPONSE_PENDING;
	return sender_advance(sender, clock_monotonic(), response);
}

/* RESPONSE_AWAY: no response within the limit. */
static enum response_result delete_send(struct sender *sender, const struct request *request,
	struct outage *outage, struct response *response)
{
	enum response_result result = RESPONSE_PENDING;
	char plan[OUTAGE_TEXT];

	while (result == RESPONSE_PENDING && !outage->given_up && !stop_signalled()) {
		if (!sender_busy(sender) && clock_monotonic() >= outage->retry_at)
			sender_start(sender, request);
		result = wait_and_handle(sender, outage, response);
		if (result != RESPONSE_AWAY)
			continue;
		if (response->unauthorized)
			outage_end_retries(outage);
		if (outage_failed(outage, clock_monotonic(), random_number()))
			sender_failure_log(sender, response, outage_plan(outage, NULL, plan));
		response_clear(response);
		result = RESPONSE_PENDING;
	}
	return result == RESPONSE_PENDING ? RESPONSE_AWAY : result;
}

static int forget_send(const struct submit_parts *parts, const char *query)
{
	const struct request request = {.query = query};
	struct response response = {.result = RESPONSE_PENDING};
	struct outage outage;

	outage_init(&outage, parts->retry_limit);
	enum response_result result = delete_send(parts->sender, &request, &outage, &response);
	if (result == RESPONSE_AWAY)
		log_error("%s: nothing was forgotten", sender_urls(parts->sender));
	else if (result == RESPONSE_REFUSED)
		log_error("%s", response.why.text);
	else if (parts->verbose)
		log_info("forgotten (%s)", response.why.text);
	response_clear(&response);
	return result == RESPONSE_ACCEPTED ? 0
	       : result == RESPONSE_AWAY   ? EX_UNAVAILABLE
					   : EX_DATAERR;
}

int forget_run(const struct options *options, const struct submit_parts *parts)
{
	char *query = forget_query(options->event.entity, options->event.check);
	int code = options->dry_run ? dryrun_forget(sender_url(parts->sender), query)
				    : forget_send(parts, query);

	free(query);
	return code;
}

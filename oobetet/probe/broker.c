/* SPDX-License-Identifier: MIT */
/*
 * The broker: GET /health, then GET /state of the watched check (httpbroker-http(7)), each over a
 * connection of its own: so a connection that was made, and no answer, means that the machine is
 * there and the broker is not.
 */
#include "oobetet/probe/probe.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/secret.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>

#define ANSWER_MAX (64 * 1024) /* bytes */
#define WHY 160

struct broker {
	CURLM *multi;
	const struct watch_config *watch;
	char *base; /* owned; the URL without its last path */
	struct curl_slist *headers;
	CURL *easy;      /* in progress, or NULL */
	bool asks_state; /* it is the second request */
	CURLcode result; /* of the last one, once `done` */
	bool done;
	struct buffer answer;
	struct broker_reading reading;
	char error[CURL_ERROR_SIZE];
};

/* The URL to which results are posted will do as well. */
static char *base_of(const char *url)
{
	size_t length = strlen(url);

	while (length > 0 && url[length - 1] == '/')
		length--;
	if (length > 6 && strncmp(url + length - 6, "/state", 6) == 0)
		length -= 6;
	return memory_printed("%.*s", (int)length, url);
}

static void *broker_new(const struct watch_config *watch, CURLM *multi)
{
	if (watch->probe_broker == NULL)
		return NULL;
	struct broker *broker = memory_zeroed(1, sizeof *broker);
	broker->multi = multi;
	broker->watch = watch;
	broker->base = base_of(watch->probe_broker);
	if (watch->probe_broker_token != NULL) {
		char *header =
			memory_printed("Authorization: Bearer %s", watch->probe_broker_token);

		broker->headers = curl_slist_append(NULL, header);
		secret_free(header);
	}
	return broker;
}

static void request_end(struct broker *broker)
{
	if (broker->easy == NULL)
		return;
	curl_multi_remove_handle(broker->multi, broker->easy);
	curl_easy_cleanup(broker->easy);
	broker->easy = NULL;
	buffer_clear(&broker->answer);
}

static void broker_free(void *state)
{
	struct broker *broker = state;

	request_end(broker);
	buffer_free(&broker->answer);
	curl_slist_free_all(broker->headers);
	free(broker->base);
	free(broker);
}

/* ---- requests ---- */

static size_t on_answer(char *bytes, size_t size, size_t count, void *user)
{
	struct broker *broker = user;
	size_t length = size * count;

	if (broker->answer.length + length > ANSWER_MAX)
		return 0; /* an error */
	buffer_append(&broker->answer, bytes, length);
	return length;
}

static void request_start(struct probe_run *run, const char *url)
{
	struct broker *broker = run->state;
	CURL *easy = broker->easy = curl_easy_init();

	if (easy == NULL)
		die(EX_OSERR, "out of memory");
	broker->done = false;
	broker->error[0] = '\0';
	buffer_clear(&broker->answer);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, run);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, broker->headers);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "oobetet/" PACKAGE_VERSION);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, broker);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, broker->error);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");   /* a proxy would answer in its place */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* as in http/main.c */
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
	curl_multi_add_handle(broker->multi, easy);
}

static void broker_start(struct probe_run *run, nsec now)
{
	struct broker *broker = run->state;
	char *url = memory_printed("%s/health", broker->base);

	(void)now;
	request_end(broker);
	broker->asks_state = false;
	broker->reading = (struct broker_reading){.check = CHECK_UNKNOWN, .age = -1, .queue = -1};
	request_start(run, url);
	free(url);
}

/* Of `ENTITY:CHECK` in one name, the entity ends at the first colon. */
static void state_ask(struct probe_run *run)
{
	struct broker *broker = run->state;
	const char *check = broker->watch->watched_check, *entity = broker->watch->watched_entity;
	int length = entity != NULL ? (int)strlen(entity) : (int)strcspn(check, ":");

	if (entity == NULL) {
		entity = check;
		check += length + (check[length] == ':');
	}
	char *entity_text = curl_easy_escape(NULL, entity, length);
	char *check_text = curl_easy_escape(NULL, check, 0);
	char *url = memory_printed(
		"%s/state?entity=%s&check=%s", broker->base, entity_text, check_text);
	request_end(broker);
	broker->asks_state = true;
	request_start(run, url);
	curl_free(entity_text);
	curl_free(check_text);
	free(url);
}

/* ---- what an answer says: pure ---- */

/* NULL: no JSON object; see the reason. */
static json_t *object_read(const char *answer, long status, struct reason *why)
{
	json_t *root = json_loads(answer, JSON_REJECT_DUPLICATES, NULL);

	if (status == 401 || status == 403)
		reason_set(why, "HTTP %ld: probe_broker_token is missing or wrong", status);
	else if (!json_is_object(root))
		reason_set(why, "HTTP %ld, and the answer is not the broker's", status);
	else
		return root;
	json_decref(root);
	return NULL;
}

static bool health_take(const json_t *root, struct broker_reading *out, struct reason *why)
{
	const json_t *healthy = json_object_get(root, "healthy");
	const json_t *redis = json_object_get(root, "redis_up");
	const json_t *queue = json_object_get(root, "queue_length");
	const char *role = json_string_value(json_object_get(root, "role"));

	if (!json_is_boolean(healthy) || role == NULL)
		return reason_set(why, "the answer is not the broker's");
	if (strcmp(role, "active") != 0)
		return reason_set(why, "it is not the active broker (%.40s)", role);
	out->healthy = json_is_true(healthy);
	out->redis = redis == NULL || json_is_true(redis); /* with --server none there is none */
	out->paused = json_is_true(json_object_get(root, "repeats_paused"));
	out->queue = json_is_integer(queue) ? json_integer_value(queue) : -1;
	return true;
}

bool health_read(const char *answer, long status, struct broker_reading *out, struct reason *why)
{
	json_t *root = object_read(answer, status, why);
	bool taken = root != NULL && health_take(root, out, why);

	json_decref(root);
	return taken;
}

/* The one check that was asked for. */
static bool check_take(const json_t *check, struct broker_reading *out, struct reason *why)
{
	const char *state = json_string_value(json_object_get(check, "reported"));
	const json_t *age = json_object_get(check, "received_age");

	if (state == NULL || !json_is_integer(age) || json_integer_value(age) < 0 ||
		json_integer_value(age) > INT64_MAX / NSEC_PER_SEC)
		return reason_set(why, "the answer is not the broker's, or of an old version");
	out->check = strcasecmp(state, "ok") == 0 ? CHECK_OK : CHECK_PROBLEM;
	out->age = json_integer_value(age) * NSEC_PER_SEC;
	return true;
}

bool check_read(const char *answer, long status, struct broker_reading *out, struct reason *why)
{
	json_t *root = object_read(answer, status, why);
	const json_t *first = json_object_iter_value(json_object_iter(root));
	bool taken = false;

	if (root != NULL && status != 200)
		reason_set(why, "HTTP %ld to GET /state", status);
	else if (root != NULL && first == NULL)
		taken = true; /* {}: the broker does not know it */
	else if (root != NULL)
		taken = check_take(first, out, why);
	json_decref(root);
	return taken;
}

/* ---- readings ---- */

/* No answer from the broker: why? */
static void failure_report(struct probe_run *run)
{
	struct broker *broker = run->state;
	const char *const secrets[] = {broker->watch->probe_broker_token, NULL};
	curl_off_t connected = 0;
	long error = 0;
	char why[WHY];

	curl_easy_getinfo(broker->easy, CURLINFO_OS_ERRNO, &error);
	curl_easy_getinfo(broker->easy, CURLINFO_CONNECT_TIME_T, &connected);
	bool refused = broker->result == CURLE_COULDNT_CONNECT && error == ECONNREFUSED;
	if (refused || (!broker->done && connected > 0)) {
		probe_silent(run);
		return;
	}
	const char *text = curl_easy_strerror(broker->result);
	if (!broker->done)
		text = "timed out";
	else if (broker->error[0] != '\0')
		text = broker->error;
	secret_clean_line(text, secrets, why, sizeof why);
	probe_blind(run, broker->result == CURLE_COULDNT_CONNECT && error == ENETUNREACH, why);
}

static void reading_report(struct probe_run *run)
{
	static const char *const checks[] = {"ok", "problem", "unknown"};
	struct broker *broker = run->state;
	const struct broker_reading *reading = &broker->reading;
	char flags[4] = {reading->healthy ? 'h' : '-', reading->redis ? 'r' : '-',
		reading->paused ? 'p' : '-', '\0'};
	char age[MESSAGE_NUMBER] = "", queue[MESSAGE_NUMBER] = "";

	if (reading->age >= 0)
		message_number_text(reading->age, age);
	if (reading->queue >= 0)
		message_number_text(reading->queue, queue);
	probe_report(run, MESSAGE_BROKER, FIELDS(flags, checks[reading->check], age, queue));
}

/* A gateway answers that the broker behind it does not. */
static bool is_gateway(long status)
{
	return status == 502 || status == 504;
}

/* False: the answer gave a reading of its own. */
static bool answer_take(struct probe_run *run, long status)
{
	struct broker *broker = run->state;
	const char *answer = broker->answer.length > 0 ? broker->answer.data : "";
	struct reason why;

	if (is_gateway(status)) {
		probe_silent(run);
		return false;
	}
	bool good = broker->asks_state ? check_read(answer, status, &broker->reading, &why)
				       : health_read(answer, status, &broker->reading, &why);
	if (!good)
		probe_blind(run, false, why.text);
	return good;
}

static bool broker_step(struct probe_run *run)
{
	struct broker *broker = run->state;
	long status = 0;

	if (!broker->done)
		return false;
	if (broker->result != CURLE_OK) {
		failure_report(run);
		request_end(broker);
		return true;
	}
	curl_easy_getinfo(broker->easy, CURLINFO_RESPONSE_CODE, &status);
	if (!answer_take(run, status)) {
		request_end(broker);
		return true;
	}
	if (!broker->asks_state) {
		state_ask(run);
		return false;
	}
	request_end(broker);
	reading_report(run);
	return true;
}

static void broker_expire(struct probe_run *run)
{
	failure_report(run);
	request_end(run->state);
}

void broker_request_done(struct probe_run *run, CURLcode result)
{
	struct broker *broker = run->state;

	broker->done = true;
	broker->result = result;
}

const struct probe_type broker_probe = {
	PROBE_BROKER, broker_new, broker_free, broker_start, broker_step, broker_expire, NULL};

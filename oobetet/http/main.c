/* SPDX-License-Identifier: MIT */
/* The http worker: its loop, its messages with the monitor, and the requests in progress. */
#include "oobetet/ipc.h"

#include "common/buffer.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/secret.h"
#include "common/utf8_clean.h"
#include "oobetet/http/pagerduty.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define REQUESTS_MAX WATCHES_MAX /* in progress; the monitor needs one for each watch */
#define CONNECTIONS_MAX 12       /* to one host; further requests wait for these */
#define ANSWER_MAX 1024          /* bytes: enough for an error message */
#define FAULT 300                /* bytes of a text that says what failed */

/* ---- a request ---- */

/* One HTTP request of the curl multi handle: it posts JSON, or fetches. */
struct request {
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	char *id;                         /* the caller's name for it */
	const struct watch_config *watch; /* the caller's; NULL: of none */
	char *body;                       /* NULL: nothing is posted */
	struct buffer answer;             /* untrusted; its first 1024 bytes */
	long status;                      /* of the answer; 0: there was none */
	char error[CURL_ERROR_SIZE];      /* why there was none, by curl */
};

/* Reads the rest of a long answer, too: to stop would make the request fail. */
static size_t on_answer(char *bytes, size_t size, size_t count, void *user)
{
	struct request *request = user;
	size_t there = size * count;
	size_t room = ANSWER_MAX - request->answer.length;

	buffer_append(&request->answer, bytes, there < room ? there : room);
	return there;
}

/* Starts a POST of `body`, which it owns and wipes; NULL: a GET. It fails after `limit`. */
static struct request *request_start(
	CURLM *multi, const char *url, const char *id, char *body, nsec limit)
{
	struct request *request = memory_zeroed(1, sizeof *request);
	CURL *easy = curl_easy_init();

	if (easy == NULL)
		die(EX_OSERR, "out of memory");
	request->multi = multi;
	request->easy = easy;
	request->headers = curl_slist_append(NULL, "Content-Type: application/json");
	request->headers = curl_slist_append(request->headers, "Expect:");
	request->id = memory_copied(id);
	request->body = body;
	curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	if (request->body != NULL) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
		curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
	}
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "oobetet/" PACKAGE_VERSION);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(limit / NSEC_PER_MSEC));
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->error);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* without it a name server that does not answer stalls the process (curl 7.88) */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	/*
	 * One copy of the system's authorities for all connections of the multi handle, in place of
	 * a megabyte each. libcurl shares a file of authorities, but no directory; where it has
	 * both, they are the same ones.
	 */
	if (curl_version_info(CURLVERSION_NOW)->cainfo != NULL) {
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
		curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 60L);
	}
	curl_multi_add_handle(multi, easy);
	return request;
}

/* A request that is done, with status or error set; the caller frees it. NULL: none is. */
static struct request *request_done(CURLM *multi)
{
	struct request *request = NULL;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
		if (message->data.result == CURLE_OK)
			curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &request->status);
		else if (request->error[0] == '\0')
			snprintf(request->error, sizeof request->error, "%s",
				curl_easy_strerror(message->data.result));
		error_unmeasured(request->error);
		buffer_append(&request->answer, "", 1); /* for those who read it as a string */
		return request;
	}
	return NULL;
}

static void request_free(struct request *request)
{
	curl_multi_remove_handle(request->multi, request->easy);
	curl_easy_cleanup(request->easy);
	curl_slist_free_all(request->headers);
	buffer_free(&request->answer);
	if (request->body != NULL)
		explicit_bzero(request->body, strlen(request->body));
	free(request->body);
	free(request->id);
	free(request);
}

/* ---- messages of the monitor, and the answers to them ---- */

struct http {
	struct ipc *ipc;
	struct config *config;
	struct timing timing;
	CURLM *multi;
	struct request *requests[REQUESTS_MAX]; /* in progress; NULL: a free slot */
	struct request *heartbeat;              /* in progress, or NULL */
	char heartbeat_fault[FAULT];            /* as last logged; "": none */
	bool online;                            /* a server has answered */
	bool stopping;
};

static struct request **slot_of(struct http *http, const struct request *request)
{
	for (int i = 0; i < REQUESTS_MAX; i++)
		if (http->requests[i] == request)
			return &http->requests[i];
	return NULL;
}

/* The watch of an index that the monitor sent; NULL: it has no PagerDuty. */
static const struct watch_config *watch_at(const struct http *http, const char *index)
{
	const struct watch_config *watch;
	int64_t number;

	if (!message_number(index, &number) || number >= http->config->watch_count)
		return NULL;
	watch = http->config->watch[number];
	return watch->pagerduty_contact != NULL ? watch : NULL;
}

static struct integration integration_of(const struct watch_config *watch)
{
	return (struct integration){
		watch->pagerduty_api, watch->pagerduty_contact, watch->pagerduty_severity};
}

static void post(struct http *http, const char *id, const char *index, const struct event *event)
{
	const struct watch_config *watch = watch_at(http, index);
	struct request **slot = slot_of(http, NULL);

	if (slot == NULL || watch == NULL) {
		const char *why = watch == NULL ? "this watch has no pagerduty_contact"
						: "too many requests in progress";

		ipc_send(http->ipc, MESSAGE_FAILED, FIELDS(id, why));
		return;
	}
	const struct integration integration = integration_of(watch);
	*slot = request_start(http->multi, watch->pagerduty_url, id,
		pagerduty_body(&integration, event), http->timing.request);
	(*slot)->watch = watch;
}

static void messages_read(struct http *http)
{
	const char *heartbeat_url = http->config->heartbeat_url;
	struct message message;

	while (ipc_next(http->ipc, &message)) {
		char *const *field = message.field;

		if (message.type == MESSAGE_TRIGGER)
			post(http, field[0], field[1],
				&(struct event){.key = field[2],
					.since = field[3],
					.source = field[4],
					.component = field[5],
					.text = field[6],
					.details = field[7]});
		else if (message.type == MESSAGE_RESOLVE)
			post(http, field[0], field[1], &(struct event){.key = field[2]});
		else if (message.type == MESSAGE_HEARTBEAT && http->heartbeat == NULL &&
			 heartbeat_url != NULL)
			http->heartbeat = request_start(
				http->multi, heartbeat_url, "", NULL, http->timing.request);
		else if (message.type == MESSAGE_STOP)
			http->stopping = true;
	}
}

/* Where an answer redirects to, but its path, which may be secret; false: nowhere. */
static bool redirection_explain(const struct request *request, char *out, size_t size)
{
	const char *url = NULL;
	size_t length;

	curl_easy_getinfo(request->easy, CURLINFO_REDIRECT_URL, &url);
	if (url == NULL || strstr(url, "://") == NULL)
		return false;
	const char *host = url_host(url, &length);
	char *text = memory_printed("HTTP %ld: it redirects to %.*s://%.*s, which is not followed",
		request->status, (int)strcspn(url, ":"), url, (int)length, host);
	utf8_clean_line(text, out, size);
	free(text);
	return true;
}

static void event_done(struct http *http, const struct request *request)
{
	const struct integration integration = integration_of(request->watch);
	const char *const secrets[] = {integration.key, NULL};
	const char *answer = request->answer.data;
	char fault[FAULT], where[FAULT - 30];
	enum message_type type = pagerduty_result(integration.version, request->status, answer);

	if (type == MESSAGE_DONE) {
		ipc_send(http->ipc, type, FIELDS(request->id));
		return;
	}
	if (request->status == 0)
		secret_clean_line(request->error, secrets, fault, sizeof fault);
	else if (redirection_explain(request, where, sizeof where))
		snprintf(fault, sizeof fault, "%s: set pagerduty_url", where);
	else
		pagerduty_explain(&integration, request->status, answer, fault, sizeof fault);
	ipc_send(http->ipc, type, FIELDS(request->id, fault));
}

/* Logs a fault when it begins or changes, and when it ends. */
static void heartbeat_done(struct http *http, const struct request *request)
{
	char fault[FAULT] = "";

	if (request->status == 0)
		utf8_clean_line(request->error, fault, sizeof fault);
	else if (!redirection_explain(request, fault, sizeof fault) &&
		 (request->status < 200 || request->status > 299))
		snprintf(fault, sizeof fault, "HTTP %ld", request->status);
	if (fault[0] == '\0' && http->heartbeat_fault[0] != '\0')
		log_info("heartbeat_url is fetched again");
	else if (fault[0] != '\0' && strcmp(fault, http->heartbeat_fault) != 0)
		log_error("heartbeat_url cannot be fetched: %s; trying again", fault);
	memcpy(http->heartbeat_fault, fault, sizeof fault);
	http->heartbeat = NULL;
}

static void requests_finish(struct http *http)
{
	struct request *request;

	while ((request = request_done(http->multi)) != NULL) {
		bool heartbeat = request == http->heartbeat;

		if (!http->online && request->status != 0) {
			char *what = heartbeat ? memory_copied("heartbeat_url answers")
					       : url_shown(request->watch->pagerduty_url);

			http->online = true;
			ipc_send(http->ipc, MESSAGE_ONLINE, FIELDS(what));
			free(what);
		}
		if (heartbeat) {
			heartbeat_done(http, request);
		} else {
			event_done(http, request);
			*slot_of(http, request) = NULL;
		}
		request_free(request);
	}
}

static void http_worker_run(struct http *http)
{
	struct curl_waitfd ipc = {.fd = IPC_FD, .events = CURL_WAIT_POLLIN};
	int running;

	ipc_send(http->ipc, MESSAGE_ONLINE, FIELDS("")); /* ready, but no server has answered */
	messages_read(http); /* which may have come with the configuration */
	while (!ipc_closed(http->ipc) && !http->stopping) {
		ipc_live(http->ipc, clock_monotonic(), http->timing.alive, http->timing.timeout);
		ipc.revents = 0;
		curl_multi_poll(
			http->multi, &ipc, 1, (int)(http->timing.alive / NSEC_PER_MSEC), NULL);
		if (ipc.revents != 0)
			ipc_listen(http->ipc);
		messages_read(http);
		curl_multi_perform(http->multi, &running);
		requests_finish(http);
	}
}

int http_main(void)
{
	struct http http = {.ipc = ipc_open("http")};

	http.config = ipc_configuration(http.ipc);
	if (http.config != NULL) {
		http.timing = timing_of(http.config->max_latency);
		curl_global_init(CURL_GLOBAL_DEFAULT);
		http.multi = curl_multi_init();
		if (http.multi == NULL)
			die(EX_OSERR, "out of memory");
		curl_multi_setopt(http.multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)CONNECTIONS_MAX);
		http_worker_run(&http);
		for (int i = 0; i < REQUESTS_MAX; i++)
			if (http.requests[i] != NULL)
				request_free(http.requests[i]);
		if (http.heartbeat != NULL)
			request_free(http.heartbeat);
		curl_multi_cleanup(http.multi);
		curl_global_cleanup();
		config_free(http.config);
	}
	ipc_free(http.ipc);
	return 0;
}

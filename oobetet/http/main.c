/* SPDX-License-Identifier: MIT */
/* The http worker: its loop, its messages with the monitor, and the requests in progress. */
#include "oobetet/ipc.h"

#include "common/log.h"
#include "common/secret.h"
#include "common/utf8.h"
#include "oobetet/http/pagerduty.h"
#include "oobetet/http/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define REQUESTS_MAX WATCHES_MAX /* in progress; the monitor needs one for each watch */
#define CONNECTIONS_MAX 12       /* to one host; further requests wait for these */
#define FAULT 300                /* bytes of a text that says what failed */

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
		ipc_send(http->ipc, MESSAGE_FAILED,
			FIELDS(id, watch == NULL ? "this watch has no pagerduty_contact"
						 : "too many requests in progress"));
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

static void event_done(struct http *http, const struct request *request)
{
	const struct integration integration = integration_of(request->watch);
	const char *const secrets[] = {integration.key, NULL};
	const char *answer = request->answer.data;
	char fault[FAULT];
	enum message_type type = pagerduty_result(integration.version, request->status, answer);

	if (type == MESSAGE_DONE) {
		ipc_send(http->ipc, type, FIELDS(request->id));
		return;
	}
	if (request->status == 0)
		secret_clean_line(request->error, secrets, fault, sizeof fault);
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
	else if (request->status < 200 || request->status > 299)
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
			http->online = true;
			ipc_send(http->ipc, MESSAGE_ONLINE,
				FIELDS(heartbeat ? "heartbeat_url answers"
						 : request->watch->pagerduty_url));
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

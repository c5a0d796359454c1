/* SPDX-License-Identifier: MIT */
#include "oobetet/http/main.h"

#include "common/log.h"
#include "common/secret.h"
#include "common/utf8.h"
#include "oobetet/http/pagerduty.h"
#include "oobetet/http/request.h"
#include "oobetet/ipc.h"
#include "oobetet/timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define REQUESTS_MAX 16 /* at once; the main process needs one for each watch */
#define FAULT 300       /* bytes of a text that says what failed */

struct http {
	struct ipc *ipc;
	struct config *config;
	struct integration integration;
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

static void post(struct http *http, const char *id, const struct event *event)
{
	struct request **slot = slot_of(http, NULL);

	if (slot == NULL)
		ipc_send(http->ipc, MESSAGE_FAILED, FIELDS(id, "too many requests in progress"));
	else
		*slot = request_start(http->multi, http->config->pagerduty_url, id,
			pagerduty_body(&http->integration, event), http->timing.request);
}

static void messages_read(struct http *http)
{
	const char *heartbeat_url = http->config->heartbeat_url;
	struct message message;

	while (ipc_next(http->ipc, &message)) {
		char *const *field = message.field;

		if (message.type == MESSAGE_TRIGGER)
			post(http, field[0],
				&(struct event){.key = field[1],
					.since = field[2],
					.source = field[3],
					.component = field[4],
					.text = field[5]});
		else if (message.type == MESSAGE_RESOLVE)
			post(http, field[0], &(struct event){.key = field[1]});
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
	const struct integration *integration = &http->integration;
	const char *const secrets[] = {integration->key, NULL};
	const char *answer = request->answer.data;
	char fault[FAULT];
	enum message_type type = pagerduty_result(integration->version, request->status, answer);

	if (type == MESSAGE_DONE) {
		ipc_send(http->ipc, type, FIELDS(request->id));
		return;
	}
	if (request->status == 0)
		secret_clean_line(request->error, secrets, fault, sizeof fault);
	else
		pagerduty_explain(integration, request->status, answer, fault, sizeof fault);
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
						 : http->config->pagerduty_url));
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

static void http_worker_free(struct http *http)
{
	for (int i = 0; i < REQUESTS_MAX; i++)
		if (http->requests[i] != NULL)
			request_free(http->requests[i]);
	if (http->heartbeat != NULL)
		request_free(http->heartbeat);
	curl_multi_cleanup(http->multi);
	curl_global_cleanup();
	config_free(http->config);
}

int http_main(void)
{
	struct http http = {.ipc = ipc_open("http")};

	http.config = ipc_configuration(http.ipc);
	if (http.config != NULL) {
		http.timing = timing_of(http.config->max_latency);
		http.integration = (struct integration){http.config->pagerduty_api,
			http.config->pagerduty_contact, http.config->pagerduty_severity};
		curl_global_init(CURL_GLOBAL_DEFAULT);
		http.multi = curl_multi_init();
		if (http.multi == NULL)
			die(EX_OSERR, "out of memory");
		http_worker_run(&http);
		http_worker_free(&http);
	}
	ipc_free(http.ipc);
	return 0;
}

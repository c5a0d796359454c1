/* SPDX-License-Identifier: MIT */
#include "oobetet/http/main.h"

#include "common/log.h"
#include "oobetet/http/pagerduty.h"
#include "oobetet/http/request.h"
#include "oobetet/ipc.h"
#include "oobetet/text.h"
#include "oobetet/timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define REQUESTS_MAX 16 /* under way at once; the clock has one a watch */
#define OUTCOME 300     /* bytes of what came of a request */

struct http {
	struct ipc *ipc;
	struct config *config;
	struct integration integration;
	struct timing timing;
	CURLM *multi;
	struct request *requests[REQUESTS_MAX]; /* under way; NULL: a free place */
	struct request *heartbeat;              /* the same */
	char heartbeat_fault[OUTCOME];          /* as logged last; "": it arrives */
	bool online;                            /* somebody has answered */
	bool stopping;
};

static struct request **place_of(struct http *http, const struct request *request)
{
	for (int i = 0; i < REQUESTS_MAX; i++)
		if (http->requests[i] == request)
			return &http->requests[i];
	return NULL;
}

static void post(struct http *http, const char *id, const struct page *page)
{
	struct request **place = place_of(http, NULL);

	if (place == NULL) {
		ipc_say(http->ipc, MESSAGE_FAILED, FIELDS(id, "too many requests are under way"));
		return;
	}
	*place = request_start(http->multi, http->config->pagerduty_url, id,
		pagerduty_body(&http->integration, page), http->timing.request);
}

/* One that is under way still is as good as the next. */
static void heartbeat_fetch(struct http *http)
{
	if (http->heartbeat == NULL && http->config->heartbeat_url != NULL)
		http->heartbeat = request_start(
			http->multi, http->config->heartbeat_url, "", NULL, http->timing.request);
}

static void word_take(struct http *http, const struct message *message)
{
	char *const *field = message->field;

	if (message->type == MESSAGE_TRIGGER)
		post(http, field[0],
			&(struct page){.key = field[1],
				.since = field[2],
				.source = field[3],
				.component = field[4],
				.text = field[5]});
	else if (message->type == MESSAGE_RESOLVE)
		post(http, field[0], &(struct page){.key = field[1]});
	else if (message->type == MESSAGE_HEARTBEAT)
		heartbeat_fetch(http);
	else if (message->type == MESSAGE_STOP)
		http->stopping = true;
}

static void words_take(struct http *http)
{
	struct message message;

	while (ipc_next(http->ipc, &message))
		word_take(http, &message);
}

/* What came of a request, in words. Returns out. */
static char *outcome_write(const struct http *http, const struct request *request, char *out)
{
	long status = request_status(request);
	const char *const secrets[] = {http->integration.key, NULL};

	if (status == 0)
		text_of_peer(request_error(request), secrets, out, OUTCOME);
	else
		pagerduty_explain(
			&http->integration, status, request_answer(request), out, OUTCOME);
	return out;
}

static void answer_tell(struct http *http, const struct request *request)
{
	char outcome[OUTCOME];
	enum message_type type = pagerduty_judge(
		http->integration.version, request_status(request), request_answer(request));

	if (type == MESSAGE_DONE)
		ipc_say(http->ipc, type, FIELDS(request_id(request)));
	else
		ipc_say(http->ipc, type,
			FIELDS(request_id(request), outcome_write(http, request, outcome)));
}

/* Nobody waits for it: what is wrong is logged, once, and when that is over. */
static void heartbeat_judge(struct http *http)
{
	long status = request_status(http->heartbeat);
	char fault[OUTCOME] = "";

	if (status == 0)
		text_clean_line(request_error(http->heartbeat), fault, sizeof fault);
	else if (status < 200 || status > 299)
		snprintf(fault, sizeof fault, "HTTP %ld", status);
	if (fault[0] == '\0' && http->heartbeat_fault[0] != '\0')
		log_info("heartbeat_url is fetched again");
	else if (fault[0] != '\0' && strcmp(fault, http->heartbeat_fault) != 0)
		log_error("heartbeat_url cannot be fetched: %s; trying again", fault);
	memcpy(http->heartbeat_fault, fault, sizeof fault);
}

/* The first answer of all, whatever it says. */
static void online_tell(struct http *http, const struct request *request)
{
	if (http->online || request_status(request) == 0)
		return;
	http->online = true;
	ipc_say(http->ipc, MESSAGE_ONLINE,
		FIELDS(request == http->heartbeat ? "heartbeat_url answers"
						  : http->config->pagerduty_url));
}

static void answers_take(struct http *http)
{
	struct request *request;

	while ((request = request_done(http->multi)) != NULL) {
		online_tell(http, request);
		if (request == http->heartbeat) {
			heartbeat_judge(http);
			http->heartbeat = NULL;
		} else {
			answer_tell(http, request);
			*place_of(http, request) = NULL;
		}
		request_free(request);
	}
}

static void http_worker_run(struct http *http)
{
	struct curl_waitfd clock = {.fd = IPC_FD, .events = CURL_WAIT_POLLIN};
	int running;

	ipc_say(http->ipc, MESSAGE_ONLINE, FIELDS("")); /* ready, and nobody has answered yet */
	words_take(http); /* what came in one piece with the configuration */
	while (!ipc_closed(http->ipc) && !http->stopping) {
		ipc_live(http->ipc, clock_monotonic(), http->timing.alive, http->timing.timeout);
		clock.revents = 0;
		curl_multi_poll(
			http->multi, &clock, 1, (int)(http->timing.alive / NSEC_PER_MSEC), NULL);
		if (clock.revents != 0)
			ipc_listen(http->ipc);
		words_take(http);
		curl_multi_perform(http->multi, &running);
		answers_take(http);
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

/* SPDX-License-Identifier: MIT */
#include "oobetet/pager/pager.h"

#include "common/log.h"
#include "oobetet/line/link.h"
#include "oobetet/pace.h"
#include "oobetet/pager/pagerduty.h"
#include "oobetet/pager/request.h"
#include "oobetet/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define REQUESTS_MOST 16 /* under way at once; the clock has one a watch */
#define OUTCOME 300      /* bytes of what came of a request */

struct pager {
	struct link *link;
	struct config *config;
	struct integration integration;
	struct pace pace;
	CURLM *multi;
	struct request *requests[REQUESTS_MOST]; /* under way; NULL: a free place */
	struct request *heartbeat;               /* the same */
	char heartbeat_fault[OUTCOME];           /* as logged last; "": it arrives */
	bool online;                             /* somebody has answered */
	bool stopping;
};

static struct request **place_of(struct pager *pager, const struct request *request)
{
	for (int i = 0; i < REQUESTS_MOST; i++)
		if (pager->requests[i] == request)
			return &pager->requests[i];
	return NULL;
}

static void post(struct pager *pager, const char *id, const struct page *page)
{
	struct request **place = place_of(pager, NULL);

	if (place == NULL) {
		link_say(pager->link, WORD_FAILED, FIELDS(id, "too many requests are under way"));
		return;
	}
	*place = request_start(pager->multi, pager->config->pagerduty_url, id,
		pagerduty_body(&pager->integration, page), pager->pace.request);
}

/* One that is under way still is as good as the next. */
static void heartbeat_fetch(struct pager *pager)
{
	if (pager->heartbeat == NULL && pager->config->heartbeat_url != NULL)
		pager->heartbeat = request_start(
			pager->multi, pager->config->heartbeat_url, "", NULL, pager->pace.request);
}

static void word_take(struct pager *pager, const struct message *message)
{
	char *const *field = message->field;

	if (message->word == WORD_TRIGGER)
		post(pager, field[0],
			&(struct page){.key = field[1],
				.since = field[2],
				.source = field[3],
				.component = field[4],
				.text = field[5]});
	else if (message->word == WORD_RESOLVE)
		post(pager, field[0], &(struct page){.key = field[1]});
	else if (message->word == WORD_BEAT)
		heartbeat_fetch(pager);
	else if (message->word == WORD_STOP)
		pager->stopping = true;
}

static void words_take(struct pager *pager)
{
	struct message message;

	while (link_next(pager->link, &message))
		word_take(pager, &message);
}

/* What came of a request, in words. Returns out. */
static char *outcome_write(const struct pager *pager, const struct request *request, char *out)
{
	long status = request_status(request);
	const char *const secrets[] = {pager->integration.key, NULL};

	if (status == 0)
		text_of_peer(request_error(request), secrets, out, OUTCOME);
	else
		pagerduty_explain(
			&pager->integration, status, request_answer(request), out, OUTCOME);
	return out;
}

static void answer_tell(struct pager *pager, const struct request *request)
{
	char outcome[OUTCOME];
	enum word word = pagerduty_judge(
		pager->integration.version, request_status(request), request_answer(request));

	if (word == WORD_DONE)
		link_say(pager->link, word, FIELDS(request_id(request)));
	else
		link_say(pager->link, word,
			FIELDS(request_id(request), outcome_write(pager, request, outcome)));
}

/* Nobody waits for it: what is wrong is logged, once, and when that is over. */
static void heartbeat_judge(struct pager *pager)
{
	long status = request_status(pager->heartbeat);
	char fault[OUTCOME] = "";

	if (status == 0)
		text_clean_line(request_error(pager->heartbeat), fault, sizeof fault);
	else if (status < 200 || status > 299)
		snprintf(fault, sizeof fault, "HTTP %ld", status);
	if (fault[0] == '\0' && pager->heartbeat_fault[0] != '\0')
		log_info("heartbeat_url is fetched again");
	else if (fault[0] != '\0' && strcmp(fault, pager->heartbeat_fault) != 0)
		log_error("heartbeat_url cannot be fetched: %s; trying again", fault);
	memcpy(pager->heartbeat_fault, fault, sizeof fault);
}

/* The first answer of all, whatever it says. */
static void online_tell(struct pager *pager, const struct request *request)
{
	if (pager->online || request_status(request) == 0)
		return;
	pager->online = true;
	link_say(pager->link, WORD_ONLINE,
		FIELDS(request == pager->heartbeat ? "heartbeat_url answers"
						   : pager->config->pagerduty_url));
}

static void answers_take(struct pager *pager)
{
	struct request *request;

	while ((request = request_done(pager->multi)) != NULL) {
		online_tell(pager, request);
		if (request == pager->heartbeat) {
			heartbeat_judge(pager);
			pager->heartbeat = NULL;
		} else {
			answer_tell(pager, request);
			*place_of(pager, request) = NULL;
		}
		request_free(request);
	}
}

static void pager_run(struct pager *pager)
{
	struct curl_waitfd clock = {.fd = PROTOCOL_FD, .events = CURL_WAIT_POLLIN};
	int running;

	link_say(pager->link, WORD_ONLINE, FIELDS("")); /* ready, and nobody has answered yet */
	words_take(pager); /* what came in one piece with the configuration */
	while (!link_closed(pager->link) && !pager->stopping) {
		link_live(pager->link, clock_monotonic(), pager->pace.alive, pager->pace.patience);
		clock.revents = 0;
		curl_multi_poll(
			pager->multi, &clock, 1, (int)(pager->pace.alive / NSEC_PER_MSEC), NULL);
		if (clock.revents != 0)
			link_listen(pager->link);
		words_take(pager);
		curl_multi_perform(pager->multi, &running);
		answers_take(pager);
	}
}

static void pager_free(struct pager *pager)
{
	for (int i = 0; i < REQUESTS_MOST; i++)
		if (pager->requests[i] != NULL)
			request_free(pager->requests[i]);
	if (pager->heartbeat != NULL)
		request_free(pager->heartbeat);
	curl_multi_cleanup(pager->multi);
	curl_global_cleanup();
	config_free(pager->config);
}

int pager_main(void)
{
	struct pager pager = {.link = link_open("pager")};

	pager.config = link_configuration(pager.link);
	if (pager.config != NULL) {
		pager.pace = pace_of(pager.config->max_latency);
		pager.integration = (struct integration){pager.config->pagerduty_api,
			pager.config->pagerduty_contact, pager.config->pagerduty_severity};
		curl_global_init(CURL_GLOBAL_DEFAULT);
		pager.multi = curl_multi_init();
		if (pager.multi == NULL)
			die(EX_OSERR, "out of memory");
		pager_run(&pager);
		pager_free(&pager);
	}
	link_free(pager.link);
	return 0;
}

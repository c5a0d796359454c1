/* SPDX-License-Identifier: MIT */
#include "oobetet/pager/pager.h"

#include "common/log.h"
#include "oobetet/line/link.h"
#include "oobetet/pace.h"
#include "oobetet/pager/pagerduty.h"
#include "oobetet/pager/request.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define REQUESTS_MOST 16 /* under way at once; the clock has one a watch */
#define OUTCOME 300      /* bytes of what came of a request */

struct pager {
	struct link *link;
	struct config *config;
	struct pace pace;
	CURLM *multi;
	struct request *requests[REQUESTS_MOST]; /* under way; NULL: a free place */
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
		pagerduty_body(pager->config->pagerduty_contact, page), pager->pace.request);
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
	else if (message->word == WORD_STOP)
		pager->stopping = true;
}

static void words_take(struct pager *pager)
{
	struct message message;

	link_listen(pager->link);
	while (link_next(pager->link, &message))
		word_take(pager, &message);
}

/* A server may well repeat the key that it does not like. */
static void secret_mask(char *text, const char *secret)
{
	size_t length = strlen(secret);

	while ((text = strstr(text, secret)) != NULL && length > 0) {
		memset(text, '*', length);
		text += length;
	}
}

static void answer_tell(struct pager *pager, const struct request *request)
{
	char outcome[OUTCOME];

	request_outcome(request, outcome, sizeof outcome);
	secret_mask(outcome, pager->config->pagerduty_contact);
	enum word word = pagerduty_judge(request_status(request));
	if (word == WORD_DONE)
		link_say(pager->link, word, FIELDS(request_id(request)));
	else
		link_say(pager->link, word, FIELDS(request_id(request), outcome));
}

static void answers_take(struct pager *pager)
{
	struct request *request;

	while ((request = request_done(pager->multi)) != NULL) {
		answer_tell(pager, request);
		*place_of(pager, request) = NULL;
		request_free(request);
	}
}

static void pager_run(struct pager *pager)
{
	struct curl_waitfd clock = {.fd = PROTOCOL_FD, .events = CURL_WAIT_POLLIN};
	int running;

	link_say(pager->link, WORD_ONLINE, FIELDS(pager->config->pagerduty_url));
	while (!link_closed(pager->link) && !pager->stopping) {
		link_live(pager->link, clock_monotonic(), pager->pace.alive, pager->pace.patience);
		clock.revents = 0;
		curl_multi_poll(
			pager->multi, &clock, 1, (int)(pager->pace.alive / NSEC_PER_MSEC), NULL);
		if (clock.revents != 0)
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

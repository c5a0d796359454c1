/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/sender.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"
#include "httpbroker/submit/spool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* Bytes kept of a response; the rest is dropped. A batch's has a line for each event. */
#define RESPONSE_MAX ((size_t)4 * 1024 * 1024)

/* The broker answers within 5 s even when its Redis hangs; a proxy and a slow line add to that. */
#define REQUEST_LIMIT_MS 15000L
#define SLOWEST_LINE 16 /* bytes of a body that one millisecond is added for */

struct sender {
	struct target *targets[SENDER_TARGETS];
	size_t targets_count;
	size_t current;        /* index of the current target */
	size_t failed;         /* targets that failed in this round */
	unsigned busy_targets; /* a bit each: 503 in the first round */
	bool last_round;       /* the second, of the busy ones */
	struct transfer *transfer;
	struct curl_slist *headers; /* of a POST */
	struct curl_slist *prefer;  /* of a request in the last round */
	const struct request *request;
	struct reason failures; /* of the targets that failed */
};

struct sender *sender_new(void)
{
	struct sender *sender = memory_zeroed(1, sizeof *sender);

	sender->transfer = transfer_new(RESPONSE_MAX);
	sender->headers = transfer_json_headers();
	sender->prefer = curl_slist_append(transfer_json_headers(), "Prefer: respond-async");
	return sender;
}

bool sender_add(struct sender *sender, const char *url, const struct target_options *options,
	struct reason *why)
{
	struct target *target;

	if (sender->targets_count == SENDER_TARGETS)
		return reason_set(why, "'%s': there are %d others already", url, SENDER_TARGETS);
	target = target_new(url, options, why);
	if (target == NULL)
		return false;
	sender->targets[sender->targets_count++] = target;
	return true;
}

struct target *sender_target(const struct sender *sender, size_t number)
{
	return number < sender->targets_count ? sender->targets[number] : NULL;
}

static struct target *current(const struct sender *sender)
{
	return sender->targets[sender->current];
}

const char *sender_url(const struct sender *sender)
{
	return current(sender)->shown;
}

const char *sender_urls(const struct sender *sender)
{
	return sender->targets_count == 1 ? sender_url(sender) : "every broker";
}

void sender_failure_log(
	const struct sender *sender, const struct response *response, const char *next)
{
	const char *what = sender->request->body != NULL ? "events" : "the request";

	if (sender->targets_count > 1)
		log_warning("no broker accepts %s: %s%s", what, response->why.text, next);
	else if (response->unreachable)
		log_warning(
			"%s cannot be reached: %s%s", sender_url(sender), response->why.text, next);
	else
		log_warning("%s does not accept %s: %s%s", sender_url(sender), what,
			response->why.text, next);
}

bool sender_busy(const struct sender *sender)
{
	return transfer_is_busy(sender->transfer);
}

static void post_set_up(const struct sender *sender)
{
	const struct target *target = current(sender);

	curl_easy_setopt(target->easy, CURLOPT_URL, target->url);
	curl_easy_setopt(target->easy, CURLOPT_HTTPHEADER,
		sender->last_round ? sender->prefer : sender->headers);
	curl_easy_setopt(
		target->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)sender->request->length);
	curl_easy_setopt(target->easy, CURLOPT_POSTFIELDS, sender->request->body);
}

static void delete_set_up(const struct sender *sender)
{
	const struct target *target = current(sender);
	char *url = target_url_with(target, sender->request->query);

	curl_easy_setopt(target->easy, CURLOPT_URL, url);
	curl_easy_setopt(target->easy, CURLOPT_CUSTOMREQUEST, "DELETE");
	curl_easy_setopt(
		target->easy, CURLOPT_HTTPHEADER, sender->last_round ? sender->prefer : NULL);
	free(url);
}

/* Sends the request to the current target. */
static void request_start(struct sender *sender)
{
	if (sender->request->body != NULL)
		post_set_up(sender);
	else
		delete_set_up(sender);
	curl_easy_setopt(current(sender)->easy, CURLOPT_TIMEOUT_MS,
		REQUEST_LIMIT_MS + (long)(sender->request->length / SLOWEST_LINE));
	transfer_start(sender->transfer, current(sender)->easy);
}

void sender_start(struct sender *sender, const struct request *request)
{
	sender->request = request;
	sender->failed = 0;
	sender->busy_targets = 0;
	sender->last_round = false;
	sender->failures.text[0] = '\0';
	request_start(sender);
}

nfds_t sender_watch(const struct sender *sender, struct pollfd *fds)
{
	return transfer_poll(sender->transfer, fds);
}

nsec sender_deadline(const struct sender *sender)
{
	return transfer_deadline(sender->transfer);
}

/* For a UNIX socket, libcurl's own text names port 80 of localhost. */
static const char *failure_words(const struct sender *sender, CURLcode code)
{
	long error = 0;

	curl_easy_getinfo(current(sender)->easy, CURLINFO_OS_ERRNO, &error);
	if (current(sender)->local && code == CURLE_COULDNT_CONNECT && error != 0)
		return strerror((int)error);
	return transfer_error(sender->transfer, code);
}

static void transfer_result(const struct sender *sender, CURLcode code, struct response *response)
{
	long status = 0;

	if (code != CURLE_OK) {
		*response = (struct response){.result = RESPONSE_AWAY, .unreachable = true};
		reason_set(&response->why, "%s", failure_words(sender, code));
		return;
	}
	/* too long to be parsed: the response for a single document is shorter */
	if (transfer_response(sender->transfer)->length == RESPONSE_MAX &&
		sender->request->documents > 1) {
		*response = (struct response){.result = RESPONSE_REFUSED, .bad_content = true};
		reason_set(&response->why, "the answer is longer than %zu bytes", RESPONSE_MAX);
		return;
	}
	curl_easy_getinfo(current(sender)->easy, CURLINFO_RESPONSE_CODE, &status);
	response_read(status, transfer_response(sender->transfer)->data, sender->request->documents,
		current(sender)->secrets, response);
}

/* Adds the current target's failure to the list. */
static void failure_note(struct sender *sender, const struct reason *why)
{
	struct reason before = sender->failures;

	if (sender->targets_count == 1)
		sender->failures = *why;
	else
		reason_set(&sender->failures, "%s%s%s: %s", before.text,
			before.text[0] != '\0' ? "; " : "", sender_url(sender), why->text);
}

/* Switches to the next target. False: none is left. */
static bool target_next(struct sender *sender)
{
	do {
		sender->current = (sender->current + 1) % sender->targets_count;
		if (++sender->failed == sender->targets_count) {
			if (sender->last_round || sender->busy_targets == 0)
				return false;
			sender->last_round = true;
			sender->failed = 0;
		}
	} while (sender->last_round && (sender->busy_targets & 1u << sender->current) == 0);
	return true;
}

/* Tries the next target. The reasons reported are those of the first round. */
static enum response_result target_failed(struct sender *sender, struct response *response)
{
	if (!sender->last_round)
		failure_note(sender, &response->why);
	if (response->broker_busy)
		sender->busy_targets |= 1u << sender->current;
	if (target_next(sender)) {
		request_start(sender);
		return RESPONSE_PENDING;
	}
	response->why = sender->failures;
	response->unreachable = response->unreachable && !sender->last_round;
	response->unauthorized = response->unauthorized && sender->targets_count == 1;
	return RESPONSE_AWAY;
}

enum response_result sender_advance(struct sender *sender, nsec now, struct response *response)
{
	CURLcode code;

	if (!transfer_step(sender->transfer, now, &code))
		return RESPONSE_PENDING;
	transfer_result(sender, code, response);
	return response->result == RESPONSE_AWAY ? target_failed(sender, response)
						 : response->result;
}

void sender_free(struct sender *sender)
{
	transfer_free(sender->transfer);
	for (size_t i = 0; i < sender->targets_count; i++)
		target_free(sender->targets[i]);
	curl_slist_free_all(sender->headers);
	curl_slist_free_all(sender->prefer);
	free(sender);
}

const char *origin_text(const struct origin *origin, const char *end, char out[ORIGIN_TEXT])
{
	const char *file = origin->file != NULL ? origin->file : "";

	out[0] = '\0';
	if (origin->line > 0)
		snprintf(out, ORIGIN_TEXT, "%s%sline %" PRIu64 "%s", file,
			*file != '\0' ? ": " : "", origin->line, end);
	return out;
}

void results_unreadable(
	struct results *results, const struct origin *origin, const struct reason *why)
{
	char text[ORIGIN_TEXT];

	log_error("%s%s", origin_text(origin, ": ", text), why->text);
	results->refused++;
}

static void results_add(struct results *results, const struct queued *event,
	enum response_result result, const char *why)
{
	char text[ORIGIN_TEXT], beginning[QUOTED_INPUT_SIZE];

	if (result == RESPONSE_REFUSED) {
		log_error("%s%s: %s", origin_text(&event->origin, ": ", text), why,
			quoted_input(event->json, beginning));
		results->refused++;
		return;
	}
	if (results->verbose)
		log_info("%saccepted (%s)", origin_text(&event->origin, ": ", text), why);
	results->accepted++;
}

void results_undelivered(const struct queue *queue, const char *brokers, bool whole)
{
	const struct origin *first = &queue->first->origin;
	char text[ORIGIN_TEXT];

	log_error("%s accepted no more: %zu event%s not delivered%s%s%s", brokers, queue->count,
		number_plural(queue->count), first->line > 0 ? ", from " : "",
		origin_text(first, " on", text), whole ? "" : "; what follows was not read");
}

void batch_send(struct batch *batch, struct queue *queue, size_t max, struct sender *sender)
{
	batch->queue = queue;
	batch->count = batch_fill(&batch->body, queue, batch->singly > 0 ? 1 : max, clock_wall());
	batch->request = (struct request){
		.body = batch->body.data, .length = batch->body.length, .documents = batch->count};
	sender_start(sender, &batch->request);
}

bool batch_split(struct batch *batch, const struct response *response)
{
	if (response->result != RESPONSE_REFUSED || !response->bad_content ||
		response->items != NULL || batch->count == 1)
		return false;
	batch->singly = batch->count;
	return true;
}

static enum response_result result_of(const struct response *response, size_t index)
{
	return response->items != NULL ? response->items[index].result : response->result;
}

static const char *why_of(const struct response *response, size_t index)
{
	const char *why = response->items != NULL ? response->items[index].why : NULL;

	return why != NULL ? why : response->why.text;
}

bool batch_partly_sent(const struct batch *batch, const struct response *response)
{
	for (size_t i = 0; i < batch->count; i++)
		if (result_of(response, i) == RESPONSE_AWAY)
			return true;
	return false;
}

void batch_settle(struct batch *batch, const struct response *response, struct results *results,
	struct spool *spool)
{
	struct queue *queue = batch->queue;
	struct queued *before = NULL;

	for (size_t i = 0; i < batch->count; i++) {
		struct queued *event = before != NULL ? before->next : queue->first;
		enum response_result result = result_of(response, i);

		if (result == RESPONSE_AWAY) {
			before = event;
			continue;
		}
		results_add(results, event, result, why_of(response, i));
		if (spool != NULL)
			spool_settle(spool, event);
		queue_drop(queue, before);
		if (batch->singly > 0)
			batch->singly--;
	}
}

void batch_clear(struct batch *batch)
{
	buffer_free(&batch->body);
}

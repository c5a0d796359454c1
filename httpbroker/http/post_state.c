/* SPDX-License-Identifier: MIT */
/*
 * POST /state: one event, or many; every document is translated, every event checked by the ACL. A
 * message of Amazon SNS is verified before its content is used in the same way.
 */
#include "httpbroker/http/post.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/http/auth.h"
#include "httpbroker/http/counters.h"
#include "httpbroker/http/routes.h"
#include "httpbroker/limits.h"
#include "httpbroker/sns/envelope.h"
#include "httpbroker/sns/message.h"

#include <string.h>
#include <strings.h>

/* Collects a request's items. */
struct collector {
	struct event_sink sink; /* first: a sink is cast to this */
	struct request *request;
	struct post *post; /* of the request */
	struct format_context context;
	struct moment now;
	struct position position;    /* of the current document */
	uint32_t part;               /* how many items the current document has so far */
	const struct format *format; /* of the last document; NULL: not recognised */
	json_t *message;             /* the last document that is a message of SNS; owned */
};

static struct item *item_add(struct collector *collector)
{
	struct item *item = post_add(collector->post);

	if (item == NULL)
		return NULL;
	item->index = collector->position.index;
	item->line = collector->position.line;
	item->part = collector->part++;
	return item;
}

static void item_refuse(struct collector *collector, enum outcome outcome, const struct reason *why)
{
	struct item *item = item_add(collector);

	if (item == NULL)
		return;
	item->outcome = outcome;
	item->why = memory_copied(why->text);
}

static void event_refuse(struct event_sink *sink, const struct reason *why)
{
	item_refuse((struct collector *)sink, OUTCOME_INVALID, why);
}

static void event_pass(struct event_sink *sink, enum skipped why)
{
	static const enum outcome outcomes[] = {
		[SKIPPED_TEST] = OUTCOME_TEST,
		[SKIPPED_MERGED] = OUTCOME_MERGED,
		[SKIPPED_RETURNED] = OUTCOME_RETURNED,
	};
	struct item *item = item_add((struct collector *)sink);

	if (item != NULL)
		item->outcome = outcomes[why];
}

static void event_add(struct event_sink *sink, const struct event *given)
{
	struct collector *collector = (struct collector *)sink;
	const struct acl *acl = collector->request->grant.acl;
	int flapjack = collector->context.flapjack;
	struct event event = *given;
	struct reason why;

	if (event.former_check.bytes != NULL &&
		!acl_allows(acl, flapjack, event.former_entity, event.former_check))
		event.former_check = (struct text){NULL, 0};
	if (!acl_check(acl, flapjack, event.entity, event.check, &why)) {
		item_refuse(collector, OUTCOME_FORBIDDEN, &why);
		return;
	}
	struct item *item = item_add(collector);
	if (item == NULL)
		return;
	item->submitted = true;
	collector->post->submitted++;
	prepared_make(&item->prepared, &event, flapjack, collector->now);
	dropped_count(collector->post->counters, &event, flapjack);
}

/* False: the post overflows. */
static bool document_collect(
	struct collector *collector, json_t *document, struct position position)
{
	const struct post *post = collector->post;
	size_t first = post->submission.count;

	collector->position = position;
	collector->part = 0;
	collector->format = format_translate(document, &collector->context, &collector->sink);
	for (size_t i = first; i < post->submission.count; i++) {
		post->submission.items[i].format = collector->format;
		if (collector->format == NULL)
			post->submission.items[i].outcome = OUTCOME_SHAPE;
	}
	if (collector->format == &format_sns && collector->message == NULL)
		collector->message = json_incref(document);
	return !post->overflows;
}

static bool document_visit(struct body_visitor *visitor, json_t *document, struct position position)
{
	return document_collect(visitor->owner, document, position);
}

static enum outcome fault_outcome(enum body_fault fault)
{
	return fault == BODY_LARGE  ? OUTCOME_TOO_LARGE
	       : fault == BODY_FULL ? OUTCOME_FULL
				    : OUTCOME_SYNTAX;
}

static bool line_refuse(struct body_visitor *visitor, enum body_fault fault,
	const struct reason *why, struct position position)
{
	struct collector *collector = visitor->owner;

	collector->position = position;
	collector->part = 0;
	item_refuse(collector, fault_outcome(fault), why);
	return !collector->post->overflows;
}

/* `?ttl=DURATION`; 0: not given. False: a 400. */
static bool ttl_read(struct request *request, int32_t *out)
{
	static const char *const known[] = {"ttl", NULL};
	const char *text = query_get(&request->query, "ttl");
	struct reason why;
	nsec ttl = 0;

	if (!query_check(&request->query, known, &request->response))
		return false;
	if (text != NULL &&
		!duration_parse(text, NSEC_PER_SEC, INT32_MAX * NSEC_PER_SEC, &ttl, &why)) {
		response_error(&request->response, 400, "?ttl: %s", why.text);
		return false;
	}
	*out = (int32_t)((ttl + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
	return true;
}

/* False: the query is wrong, and there is a response. */
static bool collector_init(struct collector *collector, struct request *request)
{
	struct moment now = moment_now();

	*collector = (struct collector){
		.sink = {event_add, event_refuse, event_pass},
		.request = request,
		.post = request->data,
		.context = {.flapjack = request->broker->flapjack,
			.now = now.wall / NSEC_PER_SEC,
			.millis = (int16_t)(now.wall % NSEC_PER_SEC / NSEC_PER_MSEC),
			.heartbeats = request->broker->heartbeats},
		.now = now,
	};
	return ttl_read(request, &collector->context.ttl);
}

/* The request's submission; NULL, and the response: no item is submitted. */
static struct submission *post_submission(struct request *request)
{
	struct post *post = request->data;

	if (post->submitted > 0)
		return &post->submission;
	post_respond(post, &request->response);
	return NULL;
}

/* Adds the events of one document. */
static struct submission *post_document(struct request *request, json_t *document)
{
	struct collector collector;

	if (!collector_init(&collector, request))
		return NULL;
	document_collect(&collector, document, (struct position){0, 0});
	json_decref(collector.message);
	return post_submission(request);
}

/* In the fetcher's thread. */
static void certificate_fetched(void *owner)
{
	request_resume(owner);
}

/* Replaces the items by the message. */
static void post_sns_begin(struct request *request, json_t *document)
{
	struct post *post = request->data;

	post_clear(post);
	post->message =
		sns_message_new(request->broker->sns, document, certificate_fetched, request);
}

/* The message holds no event. Log lines are limited: anybody can post what looks like a message. */
static struct submission *message_respond(
	struct request *request, enum sns_message_step step, const struct reason *why)
{
	static struct log_limit limit;
	struct response *response = &request->response;
	struct reason refusal;

	switch (step) {
	case SNS_MESSAGE_DONE:
		log_limited(&limit, clock_monotonic(), log_info, "SNS: %s", why->text);
		counters_event(request->broker->counters, &format_sns, OUTCOME_NOTED, 1);
		response->status = 200;
		response->type = CONTENT_TEXT;
		buffer_printf(&response->body, "SNS: %s\n", why->text);
		break;
	case SNS_MESSAGE_LATER:
		log_limited(&limit, clock_monotonic(), log_warning, "SNS: not verified yet: %s",
			why->text);
		request_refuse(request, &format_sns, OUTCOME_LATER, why->text);
		break;
	default: /* request.c logs it */
		reason_set(&refusal, "SNS: %s", why->text);
		request_refuse(request, &format_sns, OUTCOME_FORBIDDEN, refusal.text);
		break;
	}
	return NULL;
}

/* The message is verified: its text is an alarm, an event in our own format, or neither. */
static struct submission *content_submit(struct request *request)
{
	const struct post *post = request->data;
	struct text text = sns_message_text(post->message);
	struct submission *submission;
	json_error_t error;
	struct reason why;
	json_t *content = body_document(text.bytes, text.length, JSON_REJECT_DUPLICATES, &error);

	if (json_object_get(content, "entity") != NULL || format_cloudwatch.matches(content)) {
		submission = post_document(request, content);
	} else {
		reason_set(&why, "the message is no alarm: %.*s",
			text.length > 200 ? 200 : (int)text.length, text.bytes);
		submission = message_respond(request, SNS_MESSAGE_DONE, &why);
	}
	json_decref(content);
	return submission;
}

/* Verifies, as far as that is possible without waiting. */
static struct submission *post_sns_resume(struct request *request)
{
	const struct post *post = request->data;
	struct reason why = {""};
	enum sns_message_step step = sns_message_continue(post->message, moment_now(), &why);

	if (step == SNS_MESSAGE_EVENT)
		return content_submit(request);
	if (step != SNS_MESSAGE_WAITING)
		return message_respond(request, step, &why);
	request->waits = true;
	return NULL;
}

/* The response to what the message held is filled. */
static void post_sns_end(struct request *request)
{
	const struct post *post = request->data;
	unsigned status = request->response.status;

	if (status == 200 || status == 202)
		sns_message_accepted(post->message, clock_monotonic());
}

/* Newline-delimited JSON. */
static bool has_lines(const struct request *request)
{
	static const char type[] = "application/x-ndjson";
	const char *given = request->headers[HEADER_CONTENT_TYPE];

	if (given == NULL || strncasecmp(given, type, sizeof type - 1) != 0)
		return false;
	return strchr("; \t", given[sizeof type - 1]) != NULL; /* its end as well */
}

/* False: the whole body is refused. */
static bool body_collect(struct collector *collector)
{
	struct request *request = collector->request;
	const struct buffer *body = &request->holding.body;
	struct body_visitor visitor = {document_visit, line_refuse, collector, BODY_NO_JSON};
	struct post *post = collector->post;
	struct reason why;
	enum outcome outcome;
	enum body_kind kind =
		body_read(body->data, body->length, has_lines(request), &visitor, &why);

	post->one = kind == BODY_ONE && (collector->format == NULL || !collector->format->many);
	if (kind == BODY_BROKEN) {
		outcome = fault_outcome(visitor.fault);
	} else if (post->overflows) {
		outcome = OUTCOME_TOO_LARGE;
		reason_set(&why, "there are more than %d events in the body", LIMIT_BATCH);
	} else if (post->submission.count == 0) {
		outcome = OUTCOME_SHAPE;
		reason_set(&why, "the batch is empty: there is no event in it");
	} else {
		return true;
	}
	request_refuse(request, NULL, outcome, why.text);
	return false;
}

static struct submission *post_state_begin(struct request *request)
{
	struct post *post = request->data = post_new(request->broker->counters);
	struct collector collector;
	const char *raw = request->headers[HEADER_SNS_RAW_DELIVERY];

	if (raw != NULL && strcasecmp(raw, "true") == 0 &&
		request->grant.acl == NULL) { /* without an envelope, and so without a signature */
		request_refuse(
			request, NULL, OUTCOME_FORBIDDEN, "SNS's raw delivery needs a token");
		return NULL;
	}
	if (!collector_init(&collector, request))
		return NULL;
	bool collected = body_collect(&collector);
	buffer_free(&request->holding.body); /* not to be held while it waits for Redis */
	if (collected && post->one && collector.message != NULL)
		post_sns_begin(request, collector.message);
	json_decref(collector.message);
	request->bytes = post_bytes(post);
	if (post->message != NULL)
		return post_sns_resume(request);
	return collected ? post_submission(request) : NULL;
}

static void post_state_end(struct request *request)
{
	struct post *post = request->data;

	post_respond(post, &request->response);
	if (post->message != NULL)
		post_sns_end(request);
}

static void post_state_free(struct request *request)
{
	if (request->data != NULL)
		post_free(request->data);
}

const struct route route_post_state = {
	.path = "/state",
	.method = "POST",
	.begin = post_state_begin,
	.end = post_state_end,
	.free = post_state_free,
	.resume = post_sns_resume,
};

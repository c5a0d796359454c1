/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/post_state.h"

#include "common/duration.h"
#include "common/memory.h"
#include "httpbroker/http/post.h"
#include "httpbroker/http/post_sns.h"
#include "httpbroker/limits.h"

#include <string.h>
#include <strings.h>

static struct item *item_next(struct collector *collector)
{
	return post_add(collector->post, NULL, collector->place, collector->part++);
}

static void item_refuse(struct collector *collector, enum outcome outcome, const struct reason *why)
{
	struct item *item = item_next(collector);

	if (item == NULL)
		return;
	item->outcome = outcome;
	item->why = memory_copied(why->text);
}

static void event_refuse(struct event_sink *sink, const struct reason *why)
{
	item_refuse((struct collector *)sink, OUTCOME_INVALID, why);
}

static void event_pass(struct event_sink *sink, enum passed why)
{
	struct item *item = item_next((struct collector *)sink);

	if (item != NULL)
		item->outcome = why == PASSED_TEST ? OUTCOME_TEST : OUTCOME_MERGED;
}

static bool is_permitted(const struct collector *collector, struct text entity, struct text check)
{
	return acl_allows(collector->acl, collector->broker->flapjack, entity, check);
}

/* Whether it is the entity itself, or the one that the check's colon makes. */
static void forbidden_explain(
	const struct collector *collector, const struct event *event, struct reason *why)
{
	reason_set(why, "this token may not write '%.64s'", event->entity.bytes);
	if (is_permitted(collector, event->entity, (struct text){NULL, 0}))
		reason_set(why,
			"this token may not write '%.64s:%.64s': its check's name has a colon, up to "
			"which it may be an entity's",
			event->entity.bytes, event->check.bytes);
}

static void event_take(struct event_sink *sink, const struct event *given)
{
	struct collector *collector = (struct collector *)sink;
	const struct broker *broker = collector->broker;
	struct event copy = *given, *event = &copy;
	struct reason why;

	if (event->former_check.bytes != NULL &&
		!is_permitted(collector, event->former_entity, event->former_check))
		event->former_check = (struct text){NULL, 0};
	if (!is_permitted(collector, event->entity, event->check)) {
		forbidden_explain(collector, event, &why);
		item_refuse(collector, OUTCOME_FORBIDDEN, &why);
		return;
	}
	if (item_next(collector) == NULL)
		return;
	prepared_make(post_submit(collector->post), event, broker->flapjack, collector->now);
	dropped_count(broker->counters, event, broker->flapjack);
}

bool collector_document(struct collector *collector, json_t *document, struct place place)
{
	struct post *post = collector->post;
	size_t first = post->count;

	collector->place = place;
	collector->part = 0;
	collector->format = format_translate(document, &collector->context, &collector->sink);
	for (size_t i = first; i < post->count; i++) {
		post->items[i].format = collector->format;
		if (collector->format == NULL)
			post->items[i].outcome = OUTCOME_SHAPE;
	}
	if (collector->format == &format_sns && collector->message == NULL)
		collector->message = json_incref(document);
	return !post->overflows;
}

bool collector_refuse(struct collector *collector, enum outcome outcome, const struct reason *why,
	struct place place)
{
	collector->place = place;
	collector->part = 0;
	item_refuse(collector, outcome, why);
	return !collector->post->overflows;
}

/* `?ttl=DURATION`; 0: not given. */
static bool ttl_read(const struct query *query, int32_t *out, struct response *response)
{
	static const char *const known[] = {"ttl", NULL};
	const char *text = query_get(query, "ttl");
	struct reason why;
	nsec ttl = 0;

	if (!query_check(query, known, response))
		return false;
	if (text != NULL &&
		!duration_parse(text, NSEC_PER_SEC, INT32_MAX * NSEC_PER_SEC, &ttl, &why)) {
		response_error(response, 400, "?ttl: %s", why.text);
		return false;
	}
	*out = (int32_t)((ttl + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
	return true;
}

bool collector_begin(struct collector *collector, struct request *request)
{
	const struct broker *broker = request->broker;
	struct moment now = moment_now();

	*collector = (struct collector){
		.sink = {event_take, event_refuse, event_pass},
		.broker = broker,
		.acl = request->grant.acl,
		.context = {.flapjack = broker->flapjack,
			.now = now.wall / NSEC_PER_SEC,
			.millis = (int16_t)(now.wall % NSEC_PER_SEC / NSEC_PER_MSEC)},
		.now = now,
		.post = request->data,
	};
	return ttl_read(&request->query, &collector->context.ttl, &request->response);
}

void collector_end(struct collector *collector)
{
	json_decref(collector->message);
}

/* POST /state: an event, or many. */

static bool document_take(struct body_visitor *visitor, json_t *document, struct place place)
{
	return collector_document(visitor->owner, document, place);
}

static enum outcome outcome_of(enum body_fault fault)
{
	return fault == BODY_LARGE  ? OUTCOME_TOO_LARGE
	       : fault == BODY_FULL ? OUTCOME_FULL
				    : OUTCOME_SYNTAX;
}

static bool line_refuse(struct body_visitor *visitor, enum body_fault fault,
	const struct reason *why, struct place place)
{
	return collector_refuse(visitor->owner, outcome_of(fault), why, place);
}

static bool says_lines(const struct request *request)
{
	static const char type[] = "application/x-ndjson";
	const char *said = request->header(request, "Content-Type");

	if (said == NULL || strncasecmp(said, type, sizeof type - 1) != 0)
		return false;
	return strchr("; \t", said[sizeof type - 1]) != NULL; /* its end as well */
}

/* Fills the post from the body. False: the whole body is refused. */
static bool body_collect(struct collector *collector, struct request *request)
{
	struct body_visitor visitor = {document_take, line_refuse, collector, BODY_NO_JSON};
	struct post *post = collector->post;
	struct reason why;
	enum body_kind kind = body_read(request->holding.body.data, request->holding.body.length,
		says_lines(request), &visitor, &why);

	post->one = kind == BODY_ONE && (collector->format == NULL || !collector->format->many);
	if (kind == BODY_BROKEN) {
		request_refuse(request, NULL, outcome_of(visitor.fault), why.text);
		return false;
	}
	if (post->overflows)
		reason_set(&why, "there are more than %d events in the body", LIMIT_BATCH);
	else if (post->count == 0)
		reason_set(&why, "the batch is empty: there is no event in it");
	else
		return true;
	request_refuse(
		request, NULL, post->overflows ? OUTCOME_TOO_LARGE : OUTCOME_SHAPE, why.text);
	return false;
}

struct submission *post_submission(struct request *request)
{
	struct post *post = request->data;

	if (post->submission.count > 0)
		return &post->submission;
	post_settle(post);
	post_respond(post, &request->response);
	return NULL;
}

static struct submission *post_state_begin(struct request *request)
{
	struct post *post = request->data = post_new(request->broker->counters);
	struct collector collector;

	if (post_sns_is_raw(request) && request->grant.acl == NULL) {
		request_refuse(
			request, NULL, OUTCOME_FORBIDDEN, "SNS's raw delivery needs a token");
		return NULL;
	}
	if (!collector_begin(&collector, request))
		return NULL;
	bool collected = body_collect(&collector, request);
	buffer_free(&request->holding.body); /* not to be held while it waits for Redis */
	if (collected && post->one && collector.message != NULL)
		post_sns_begin(request, collector.message);
	collector_end(&collector);
	request->bytes = post_bytes(post);
	if (post->message != NULL)
		return post_sns_go(request);
	return collected ? post_submission(request) : NULL;
}

static void post_state_end(struct request *request)
{
	struct post *post = request->data;

	post_settle(post);
	post_respond(post, &request->response);
	if (post->message != NULL)
		post_sns_end(post, &request->response);
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
	.resume = post_sns_go,
};

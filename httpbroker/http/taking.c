/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/taking.h"

#include "common/duration.h"
#include "common/memory.h"
#include "httpbroker/sns/envelope.h"

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
static bool ttl_read(const struct query *query, int32_t *out, struct response *answer)
{
	static const char *const known[] = {"ttl", NULL};
	const char *text = query_get(query, "ttl");
	struct reason why;
	nsec ttl = 0;

	if (!query_check(query, known, answer))
		return false;
	if (text != NULL &&
		!duration_parse(text, NSEC_PER_SEC, INT32_MAX * NSEC_PER_SEC, &ttl, &why)) {
		response_error(answer, 400, "?ttl: %s", why.text);
		return false;
	}
	*out = (int32_t)((ttl + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
	return true;
}

bool collector_begin(struct collector *collector, const struct broker *broker,
	const struct request *request, struct post *post, struct response *answer)
{
	struct moment now = moment_now();

	*collector = (struct collector){
		.sink = {event_take, event_refuse, event_pass},
		.broker = broker,
		.acl = request->acl,
		.context = {.flapjack = broker->flapjack,
			.now = now.wall / NSEC_PER_SEC,
			.millis = (int16_t)(now.wall % NSEC_PER_SEC / NSEC_PER_MSEC)},
		.now = now,
		.post = post,
	};
	return ttl_read(&request->query, &collector->context.ttl, answer);
}

void collector_end(struct collector *collector)
{
	json_decref(collector->message);
}

/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/taking.h"

#include "common/duration.h"
#include "common/memory.h"
#include "httpbroker/sns/envelope.h"

static struct item *item_next(struct taking *taking)
{
	return batch_add(taking->batch, NULL, taking->place, taking->part++);
}

static void item_refuse(struct taking *taking, enum fate fate, const struct reason *why)
{
	struct item *item = item_next(taking);

	if (item == NULL)
		return;
	item->fate = fate;
	item->why = memory_copied(why->text);
}

static void event_refuse(struct intake *intake, const struct reason *why)
{
	item_refuse((struct taking *)intake, FATE_INVALID, why);
}

static void event_pass(struct intake *intake, enum passed why)
{
	struct item *item = item_next((struct taking *)intake);

	if (item != NULL)
		item->fate = why == PASSED_TEST ? FATE_TEST : FATE_MERGED;
}

static bool is_permitted(const struct taking *taking, struct text entity, struct text check)
{
	return permit_allows(taking->permit, taking->broker->flapjack, entity, check);
}

/* Whether it is the entity itself, or the one that the check's colon makes. */
static void forbidden_explain(
	const struct taking *taking, const struct event *event, struct reason *why)
{
	reason_set(why, "this token may not write '%.64s'", event->entity.bytes);
	if (is_permitted(taking, event->entity, (struct text){NULL, 0}))
		reason_set(why,
			"this token may not write '%.64s:%.64s': its check's name has a colon, up to "
			"which it may be an entity's",
			event->entity.bytes, event->check.bytes);
}

static void event_take(struct intake *intake, const struct event *given)
{
	struct taking *taking = (struct taking *)intake;
	const struct broker *broker = taking->broker;
	struct event copy = *given, *event = &copy;
	struct reason why;

	if (event->former_check.bytes != NULL &&
		!is_permitted(taking, event->former_entity, event->former_check))
		event->former_check = (struct text){NULL, 0};
	if (!is_permitted(taking, event->entity, event->check)) {
		forbidden_explain(taking, event, &why);
		item_refuse(taking, FATE_FORBIDDEN, &why);
		return;
	}
	if (item_next(taking) == NULL)
		return;
	posting_make(batch_submit(taking->batch), event, broker->flapjack, taking->now);
	left_out_count(broker->counters, event, broker->flapjack);
}

bool taking_document(struct taking *taking, json_t *document, struct place place)
{
	struct batch *batch = taking->batch;
	size_t first = batch->count;

	taking->place = place;
	taking->part = 0;
	taking->format = format_translate(document, &taking->context, &taking->intake);
	for (size_t i = first; i < batch->count; i++) {
		batch->items[i].format = taking->format;
		if (taking->format == NULL)
			batch->items[i].fate = FATE_SHAPE;
	}
	if (taking->format == &format_sns && taking->letter == NULL)
		taking->letter = json_incref(document);
	return !batch->overflows;
}

bool taking_refuse(
	struct taking *taking, enum fate fate, const struct reason *why, struct place place)
{
	taking->place = place;
	taking->part = 0;
	item_refuse(taking, fate, why);
	return !taking->batch->overflows;
}

/* `?ttl=DURATION`; 0: not given. */
static bool ttl_read(const struct query *query, int32_t *out, struct answer *answer)
{
	static const char *const known[] = {"ttl", NULL};
	const char *text = query_get(query, "ttl");
	struct reason why;
	nsec ttl = 0;

	if (!query_check(query, known, answer))
		return false;
	if (text != NULL &&
		!duration_parse(text, NSEC_PER_SEC, INT32_MAX * NSEC_PER_SEC, &ttl, &why)) {
		answer_error(answer, 400, "?ttl: %s", why.text);
		return false;
	}
	*out = (int32_t)((ttl + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
	return true;
}

bool taking_begin(struct taking *taking, const struct broker *broker, const struct request *request,
	struct batch *batch, struct answer *answer)
{
	struct moment now = moment_now();

	*taking = (struct taking){
		.intake = {event_take, event_refuse, event_pass},
		.broker = broker,
		.permit = request->permit,
		.context = {.flapjack = broker->flapjack,
			.now = now.wall / NSEC_PER_SEC,
			.millis = (int16_t)(now.wall % NSEC_PER_SEC / NSEC_PER_MSEC)},
		.now = now,
		.batch = batch,
	};
	return ttl_read(&request->query, &taking->context.ttl, answer);
}

void taking_end(struct taking *taking)
{
	json_decref(taking->letter);
}

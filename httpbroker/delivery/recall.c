/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/recall.h"

#include "httpbroker/delivery/record.h"
#include "httpbroker/events/jsontext.h"
#include "httpbroker/formats/format.h"
#include "httpbroker/formats/values.h"

#include <string.h>

static json_t *json_read(struct blob blob, struct reason *why)
{
	json_error_t error;
	json_t *document = json_loadb(blob.bytes, blob.length, JSON_REJECT_DUPLICATES, &error);

	if (document == NULL)
		reason_set(why, "its JSON, column %d: %s", error.column, error.text);
	return document;
}

/* Takes the one event of a document, and makes a posting of it. */
struct recaller {
	struct event_sink sink; /* first, so that it is an intake */
	const struct recall *recall;
	const struct record_field *field; /* whose record it is; NULL: it is no record */
	const struct record *record;
	const json_t *formerly; /* the check's former names; NULL: none */
	uint16_t fraction;      /* of the event's time, as written beside it */
	struct prepared *out;
	struct reason *why;
	bool sound;
};

static nsec deadline_of(int64_t deadline, nsec clock)
{
	nsec out;

	if (deadline == RECORD_NEVER ||
		__builtin_sub_overflow(deadline * NSEC_PER_MSEC, clock, &out))
		return NSEC_NEVER;
	return out;
}

static bool record_check(
	const struct record_field *field, const struct event *event, struct reason *why)
{
	const struct text entity = {field->entity, field->entity_length};
	const struct text check = {field->check, field->check_length};

	if (!state_lasts(event->state))
		return reason_set(why, "its state is none that lasts");
	return (text_equals(event->entity, entity) && text_equals(event->check, check)) ||
	       reason_set(why, "its JSON is of another check");
}

/* Time, time to live and deadline are those that a record has beside its JSON. */
static bool record_make(const struct recaller *recaller, const struct event *given)
{
	const struct recall *recall = recaller->recall;
	struct event event = *given;

	if (!record_check(recaller->field, given, recaller->why))
		return false;
	event.time = recaller->record->time;
	event.fraction = recaller->fraction;
	event.ttl = recaller->record->ttl;
	prepared_make(recaller->out, &event, recall->flapjack, recall->now);
	recaller->out->deadline = deadline_of(recaller->record->deadline, recall->clock);
	return true;
}

/* Whether both names are there; only what this program has written is ever looked for. */
static bool names_read(
	const json_t *object, struct text *entity, struct text *check, struct reason *why)
{
	return value_text(object, "entity", entity, why) &&
	       value_text(object, "check", check, why) &&
	       event_name_check("entity", *entity, why) && event_name_check("check", *check, why);
}

static void event_take(struct event_sink *sink, const struct event *given)
{
	struct recaller *recaller = (struct recaller *)sink;
	const struct recall *recall = recaller->recall;
	struct event event = *given;
	struct reason ignored;

	if (recaller->record != NULL) {
		recaller->sound = record_make(recaller, given);
		return;
	}
	if (event.fraction == 0) /* else the time was not taken as it was given */
		event.fraction = recaller->fraction;
	if (!names_read(recaller->formerly, &event.former_entity, &event.former_check, &ignored))
		event.former_check = (struct text){NULL, 0};
	prepared_make(recaller->out, &event, recall->flapjack, recall->now);
	recaller->sound = true;
}

static void event_refuse(struct event_sink *sink, const struct reason *why)
{
	*((struct recaller *)sink)->why = *why;
}

/* Whether it says so of a check; if it is sound, the posting is made. */
static bool forgotten_take(struct recaller *recaller, const json_t *document)
{
	const json_t *time = json_object_get(document, "forgotten");
	struct event event;

	if (time == NULL || recaller->record != NULL)
		return false;
	event_init(&event);
	recaller->sound = names_read(document, &event.entity, &event.check, recaller->why) &&
			  (value_whole(time, 0, EVENT_TIME_IN_MILLISECONDS, &event.time) ||
				  reason_set(recaller->why, "'forgotten' is no time"));
	if (recaller->sound)
		prepared_make_forgotten(recaller->out, event.entity, event.check,
			(struct instant){event.time, recaller->fraction});
	return true;
}

/* What is no key of an event is taken out. */
static void additions_take(struct recaller *recaller, json_t *document, json_t **formerly)
{
	int64_t millis;

	if (value_whole(json_object_get(document, "millis"), 0, 999, &millis))
		recaller->fraction = (uint16_t)(millis + 1);
	*formerly = json_incref(json_object_get(document, "formerly"));
	recaller->formerly = *formerly;
	json_object_del(document, "millis");
	json_object_del(document, "formerly");
}

static bool json_recall(struct recaller *recaller, struct blob json)
{
	const struct format_context context = {
		.flapjack = recaller->recall->flapjack,
		.now = recaller->recall->now.wall / NSEC_PER_SEC,
		.stored = true,
		.millis = (int16_t)(recaller->recall->now.wall % NSEC_PER_SEC / NSEC_PER_MSEC),
	};
	json_t *document = json_read(json, recaller->why);

	if (document == NULL)
		return false;
	reason_set(recaller->why, "it is no event");
	recaller->sink = (struct event_sink){event_take, event_refuse, NULL};
	json_t *formerly;
	additions_take(recaller, document, &formerly);
	if (!forgotten_take(recaller, document) && json_is_object(document))
		format_flapjack.translate(document, &context, &recaller->sink);
	json_decref(formerly);
	json_decref(document);
	return recaller->sound;
}

bool decode_record(const struct recall *recall, struct blob field, struct blob value,
	struct prepared *out, struct record *record, struct reason *why)
{
	struct record_field names;
	struct recaller recaller = {
		.recall = recall, .field = &names, .record = record, .out = out, .why = why};

	if (!record_field_read(field.bytes, field.length, &names, why) ||
		!record_read(value.bytes, value.length, record, why))
		return false;
	return json_recall(&recaller, (struct blob){record->json, record->json_length});
}

bool decode_event(
	const struct recall *recall, struct blob json, struct prepared *out, struct reason *why)
{
	struct recaller recaller = {.recall = recall, .out = out, .why = why};

	return json_recall(&recaller, json);
}

static void names_write(struct buffer *out, const struct names *names)
{
	size_t check = names->entity_length + 1u;

	buffer_append_text(out, "{\"entity\":");
	jsontext_string(out, names->bytes, names->entity_length);
	buffer_append_text(out, ",\"check\":");
	jsontext_string(out, names->bytes + check, names->length - check);
}

static void millis_write(struct buffer *out, uint16_t fraction)
{
	if (fraction == 0)
		return;
	buffer_append_text(out, ",\"millis\":");
	jsontext_number(out, fraction - 1);
}

static void forgotten_write(struct buffer *out, const struct prepared *prepared)
{
	names_write(out, &prepared->names);
	buffer_append_text(out, ",\"forgotten\":");
	jsontext_number(out, prepared->time);
	millis_write(out, prepared->fraction);
	buffer_append(out, "}", 1);
}

void decode_write(struct buffer *out, const struct prepared *prepared)
{
	if (prepared->forgotten) {
		forgotten_write(out, prepared);
		return;
	}
	buffer_append(out, prepared->encoded.bytes, prepared->encoded.length);
	buffer_append_text(out, ",\"time\":");
	jsontext_number(out, prepared->time);
	millis_write(out, prepared->fraction);
	buffer_append_text(out, ",\"ttl\":");
	jsontext_number(out, prepared->ttl);
	if (prepared->former != NULL) {
		buffer_append_text(out, ",\"formerly\":");
		names_write(out, &prepared->former->names);
		buffer_append(out, "}", 1);
	}
	buffer_append(out, "}", 1);
}

/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/record.h"

#include "common/number.h"
#include "httpbroker/checks/encode.h"
#include "httpbroker/checks/event.h"
#include "httpbroker/formats/format.h"
#include "httpbroker/formats/json.h"

#include <string.h>

#define RECORD_VERSION "1"
#define NONE "-" /* in place of a word */

void record_field_write(struct resp_list *fields, const struct check *check)
{
	resp_begin(fields, check->hh.keylen);
	size_t separator = fields->bytes.length + check->entity_length;
	buffer_append(&fields->bytes, check->names, check->hh.keylen);
	fields->bytes.data[separator] = RECORD_SEPARATOR;
	resp_end(fields);
}

#define MILLIS_KEY ",\"millis\":"
#define SINCE_KEY ",\"since\":"
#define RUN_KEY ",\"run\":["

enum { RUN_VALUES = 4 };
_Static_assert(RECORD_RUN_TEXT >= sizeof RUN_KEY + RUN_VALUES * JSONTEXT_NUMBER, "too small");

enum { HEAD = 192 }; /* bytes that hold what stands before the JSON, or at its end */

struct head {
	char bytes[HEAD];
	size_t length;
};

static void head_word(struct head *head, const char *word)
{
	size_t length = strlen(word);

	memcpy(head->bytes + head->length, word, length);
	head->length += length;
	head->bytes[head->length++] = ' ';
}

static void head_number(struct head *head, int64_t number)
{
	head->length += jsontext_digits(head->bytes + head->length, number);
	head->bytes[head->length++] = ' ';
}

size_t record_run_write(char *out, const struct run *run, bool start)
{
	const int64_t values[] = {run->limit, run->id, run->before, start};
	size_t length = sizeof RUN_KEY - 1;

	if (!start && run->limit == 0 && run->id == 0)
		return 0;
	memcpy(out, RUN_KEY, length);
	for (size_t i = 0; i < RUN_VALUES; i++) {
		length += jsontext_digits(out + length, values[i]);
		out[length++] = i + 1 < RUN_VALUES ? ',' : ']';
	}
	return length;
}

/* A key of the JSON, `,"KEY":`, and its number. */
static void tail_number(struct head *tail, const char *key, int64_t number)
{
	size_t length = strlen(key);

	memcpy(tail->bytes + tail->length, key, length);
	tail->length += length;
	tail->length += jsontext_digits(tail->bytes + tail->length, number);
}

/* The end of the JSON; earlier releases leave out a key that they do not know. */
static struct head tail_make(const struct check *check)
{
	struct head tail = {.length = 0};

	if (check->fraction > 0)
		tail_number(&tail, MILLIS_KEY, check->fraction - 1);
	if (check->since > 0)
		tail_number(&tail, SINCE_KEY, check->since);
	tail.length += record_run_write(tail.bytes + tail.length, &check->run, false);
	tail.bytes[tail.length++] = '}';
	return tail;
}

/* Without printf(3), which took most of the time. */
void record_write(
	struct resp_list *fields, const struct check *check, bool unpushed, int64_t deadline)
{
	const struct encoded *encoded = &check->encoded;
	const struct head tail = tail_make(check);
	struct head head = {.length = 0};
	char event_head[ENCODED_HEAD_MAX];
	size_t event_head_length = check_head(check, event_head);

	head_word(&head, RECORD_VERSION);
	head_number(&head, check->time);
	head_number(&head, check->ttl);
	head_word(&head, unpushed ? NONE : state_name(check->sent));
	if (deadline != RECORD_NEVER)
		head_number(&head, deadline);
	else
		head_word(&head, NONE);
	record_field_write(fields, check);
	resp_begin(fields, head.length + event_head_length + encoded->length + tail.length);
	buffer_append(&fields->bytes, head.bytes, head.length);
	buffer_append(&fields->bytes, event_head, event_head_length);
	buffer_append(&fields->bytes, encoded->bytes, encoded->length);
	buffer_append(&fields->bytes, tail.bytes, tail.length);
	resp_end(fields);
}

enum { WORD = 24 }; /* longer than any word before the JSON */

/* Reads the word up to the next blank. */
static bool word_read(const char **at, const char *end, char out[WORD], struct reason *why)
{
	const char *blank = memchr(*at, ' ', (size_t)(end - *at));
	size_t length = blank != NULL ? (size_t)(blank - *at) : WORD;

	if (length >= WORD)
		return reason_set(why, "it is cut short, or no record at all");
	memcpy(out, *at, length);
	out[length] = '\0';
	*at = blank + 1;
	return strlen(out) == length || reason_set(why, "a NUL is among its words");
}

static bool number_read(const char **at, const char *end, int64_t min, int64_t max, int64_t *out,
	struct reason *why)
{
	char word[WORD];

	return word_read(at, end, word, why) && number_parse(word, min, max, out, why);
}

static bool version_read(const char **at, const char *end, struct reason *why)
{
	char word[WORD];

	if (!word_read(at, end, word, why))
		return false;
	return strcmp(word, RECORD_VERSION) == 0 ||
	       reason_set(why, "its version is '%s', not %s", word, RECORD_VERSION);
}

/* Reads NONE, if it is next. */
static bool none_read(const char **at, const char *end)
{
	size_t length = sizeof NONE; /* with the blank */

	if ((size_t)(end - *at) < length || memcmp(*at, NONE " ", length) != 0)
		return false;
	*at += length;
	return true;
}

static bool sent_read(const char **at, const char *end, struct record *out, struct reason *why)
{
	char word[WORD];
	bool known;

	out->unpushed = none_read(at, end);
	if (out->unpushed)
		return true;
	if (!word_read(at, end, word, why))
		return false;
	return (state_read(word, strlen(word), &out->sent, &known) && state_lasts(out->sent)) ||
	       reason_set(why, "'%s' is no state", word);
}

static bool deadline_read(const char **at, const char *end, int64_t *out, struct reason *why)
{
	*out = RECORD_NEVER;
	return none_read(at, end) || number_read(at, end, 0, INT64_MAX / NSEC_PER_MSEC, out, why);
}

bool record_read(const char *value, size_t length, struct record *out, struct reason *why)
{
	const char *at = value, *end = value + length;
	int64_t ttl;

	if (!version_read(&at, end, why) ||
		!number_read(&at, end, 0, INT64_MAX / NSEC_PER_SEC, &out->time, why) ||
		!number_read(&at, end, INT32_MIN, INT32_MAX, &ttl, why) ||
		!sent_read(&at, end, out, why) || !deadline_read(&at, end, &out->deadline, why))
		return false;
	out->ttl = (int32_t)ttl;
	out->json = at;
	out->json_length = (size_t)(end - at);
	return true;
}

bool record_field_read(
	const char *field, size_t length, struct record_field *out, struct reason *why)
{
	const char *separator = memchr(field, RECORD_SEPARATOR, length);

	if (separator == NULL || separator == field || separator == field + length - 1)
		return reason_set(why, "it is not two names with U+001F between them");
	*out = (struct record_field){
		.entity = field,
		.entity_length = (size_t)(separator - field),
		.check = separator + 1,
		.check_length = length - (size_t)(separator - field) - 1,
	};
	return true;
}

static json_t *json_read(struct blob blob, struct reason *why)
{
	json_error_t error;
	json_t *document = json_loadb(blob.bytes, blob.length, JSON_REJECT_DUPLICATES, &error);

	if (document == NULL)
		reason_set(why, "its JSON, column %d: %s", error.column, error.text);
	return document;
}

/* Prepares the one event of a document. */
struct decoder {
	struct event_sink sink; /* first: a sink is cast to this */
	const struct decode_context *context;
	const struct record_field *field; /* whose record it is; NULL: it is no record */
	const struct record *record;
	json_t *formerly;  /* the check's former names; owned; NULL: none */
	uint16_t fraction; /* of the event's time, as written beside it */
	bool start;        /* of a run */
	struct run run;
	int64_t since;
	struct prepared *out;
	struct reason *why;
	bool sound;
};

/*
 * At most the whole of the ttl, or of the run's limit, from now: if the key with the broker clock
 * was lost, the clock begins at 0, and all deadlines would be far away.
 */
static nsec deadline_of(const struct decoder *decoder)
{
	const struct decode_context *context = decoder->context;
	const struct record *record = decoder->record;
	int64_t whole = decoder->run.limit > 0 ? decoder->run.limit : record->ttl;
	nsec out;

	if (record->deadline == RECORD_NEVER ||
		__builtin_sub_overflow(record->deadline * NSEC_PER_MSEC, context->clock, &out))
		return NSEC_NEVER;
	if (whole < 0)
		return out;
	return nsec_earlier(out, context->now.monotonic + whole * NSEC_PER_SEC);
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

/* An event from Redis was received earlier: at its time, as far as is known. */
static int32_t received_of(const struct event *event, struct moment now)
{
	int64_t received = (now.monotonic - now.wall) / NSEC_PER_SEC + event->time;

	return (int32_t)(received < INT32_MIN ? INT32_MIN : received);
}

/* Time, ttl and deadline are the record's. */
static bool record_prepare(const struct decoder *decoder, const struct event *given)
{
	const struct decode_context *context = decoder->context;
	struct event event = *given;

	if (!record_check(decoder->field, given, decoder->why))
		return false;
	event.time = decoder->record->time;
	event.fraction = decoder->fraction;
	event.ttl = decoder->record->ttl;
	prepared_make(decoder->out, &event, context->flapjack, context->now);
	decoder->out->received = received_of(&event, context->now);
	decoder->out->run = decoder->run;
	decoder->out->since = decoder->since;
	decoder->out->deadline = deadline_of(decoder);
	return true;
}

/* Whether both names are there. */
static bool names_read(
	const json_t *object, struct text *entity, struct text *check, struct reason *why)
{
	return value_text(object, "entity", entity, why) &&
	       value_text(object, "check", check, why) &&
	       event_name_check("entity", *entity, why) && event_name_check("check", *check, why);
}

static void event_decode(struct event_sink *sink, const struct event *given)
{
	struct decoder *decoder = (struct decoder *)sink;
	const struct decode_context *context = decoder->context;
	struct event event = *given;
	struct reason ignored;

	if (decoder->record != NULL) {
		decoder->sound = record_prepare(decoder, given);
		return;
	}
	if (event.fraction == 0) /* else the event's time was replaced */
		event.fraction = decoder->fraction;
	if (!names_read(decoder->formerly, &event.former_entity, &event.former_check, &ignored))
		event.former_check = (struct text){NULL, 0};
	if (decoder->start && state_lasts(event.state)) {
		prepared_make_start(
			decoder->out, &event, decoder->run, context->flapjack, context->now);
	} else {
		prepared_make(decoder->out, &event, context->flapjack, context->now);
		decoder->out->run.id = decoder->run.id;
	}
	decoder->out->received = received_of(&event, context->now);
	decoder->sound = true;
}

static void event_reject(struct event_sink *sink, const struct reason *why)
{
	*((struct decoder *)sink)->why = *why;
}

/* Whether the document is of a check to be forgotten; if it is valid, *out is set. */
static bool forgotten_decode(struct decoder *decoder, const json_t *document)
{
	const json_t *time = json_object_get(document, "forgotten");
	struct event event;

	if (time == NULL || decoder->record != NULL)
		return false;
	event_init(&event);
	decoder->sound = names_read(document, &event.entity, &event.check, decoder->why) &&
			 (value_whole(time, 0, EVENT_TIME_IN_MILLISECONDS, &event.time) ||
				 reason_set(decoder->why, "'forgotten' is no time"));
	if (decoder->sound)
		prepared_make_forgotten(decoder->out, event.entity, event.check,
			(struct instant){event.time, decoder->fraction});
	return true;
}

static void run_read(struct decoder *decoder, const json_t *run)
{
	static const int64_t max[RUN_VALUES] = {INT32_MAX, UINT32_MAX, RUN_BEFORE_OVERRUN, 1};
	int64_t values[RUN_VALUES];

	for (size_t i = 0; i < RUN_VALUES; i++)
		if (!value_whole(json_array_get(run, i), 0, max[i], &values[i]))
			return;
	decoder->run = (struct run){(int32_t)values[0], (uint32_t)values[1], (uint8_t)values[2]};
	decoder->start = values[3] == 1;
}

/* Reads the keys that are not of an event, and takes them out. */
static void additions_read(struct decoder *decoder, json_t *document)
{
	static const char *const keys[] = {"millis", "since", "run", "formerly"};
	int64_t millis;

	if (value_whole(json_object_get(document, "millis"), 0, 999, &millis))
		decoder->fraction = (uint16_t)(millis + 1);
	value_whole(
		json_object_get(document, "since"), 0, EVENT_TIME_IN_MILLISECONDS, &decoder->since);
	run_read(decoder, json_object_get(document, "run"));
	decoder->formerly = json_incref(json_object_get(document, "formerly"));
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		json_object_del(document, keys[i]);
}

static bool json_decode(struct decoder *decoder, struct blob json)
{
	const struct format_context context = {
		.flapjack = decoder->context->flapjack,
		.now = decoder->context->now.wall / NSEC_PER_SEC,
		.stored = true,
		.millis = (int16_t)(decoder->context->now.wall % NSEC_PER_SEC / NSEC_PER_MSEC),
	};
	json_t *document = json_read(json, decoder->why);

	if (document == NULL)
		return false;
	reason_set(decoder->why, "it is no event");
	decoder->sink = (struct event_sink){event_decode, event_reject, NULL};
	additions_read(decoder, document);
	if (!forgotten_decode(decoder, document) && json_is_object(document))
		format_apply(&format_flapjack, document, &context, &decoder->sink);
	json_decref(decoder->formerly);
	json_decref(document);
	return decoder->sound;
}

bool decode_record(const struct decode_context *context, struct blob field, struct blob value,
	struct prepared *out, struct record *record, struct reason *why)
{
	struct record_field names;
	struct decoder decoder = {
		.context = context, .field = &names, .record = record, .out = out, .why = why};

	if (!record_field_read(field.bytes, field.length, &names, why) ||
		!record_read(value.bytes, value.length, record, why))
		return false;
	return json_decode(&decoder, (struct blob){record->json, record->json_length});
}

bool decode_event(const struct decode_context *context, struct blob json, struct prepared *out,
	struct reason *why)
{
	struct decoder decoder = {.context = context, .out = out, .why = why};

	return json_decode(&decoder, json);
}

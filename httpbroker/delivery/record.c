/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/record.h"

#include "common/number.h"
#include "httpbroker/events/condition.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define RECORD_VERSION "1"

void record_field_write(struct resp_list *fields, const struct state *state)
{
	size_t separator = fields->bytes.length;

	resp_begin(fields, state->hh.keylen);
	separator = fields->bytes.length + state->entity_length;
	buffer_append(&fields->bytes, state->names, state->hh.keylen);
	fields->bytes.data[separator] = RECORD_SEPARATOR;
	resp_end(fields);
}

void record_write(struct resp_list *fields, const struct state *state, int64_t deadline)
{
	const struct wire *wire = &state->wire;
	char head[128], ends[24] = "-";

	if (deadline != RECORD_NEVER)
		snprintf(ends, sizeof ends, "%" PRId64, deadline);
	size_t length = (size_t)snprintf(head, sizeof head,
		RECORD_VERSION " %" PRId64 " %" PRId32 " %s %s ", state->time, state->ttl,
		condition_name(state->sent), ends);
	record_field_write(fields, state);
	resp_begin(fields, length + wire->length + 1);
	buffer_append(&fields->bytes, head, length);
	buffer_append(&fields->bytes, wire->bytes, wire->length);
	buffer_append(&fields->bytes, "}", 1);
	resp_end(fields);
}

enum { WORD = 24 }; /* longer than any word before the JSON */

/* Takes the word up to the next blank. */
static bool word_take(const char **at, const char *end, char out[WORD], struct reason *why)
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

static bool number_take(const char **at, const char *end, int64_t min, int64_t max, int64_t *out,
	struct reason *why)
{
	char word[WORD];

	return word_take(at, end, word, why) && number_parse(word, min, max, out, why);
}

static bool version_take(const char **at, const char *end, struct reason *why)
{
	char word[WORD];

	if (!word_take(at, end, word, why))
		return false;
	return strcmp(word, RECORD_VERSION) == 0 ||
	       reason_set(why, "its version is '%s', not %s", word, RECORD_VERSION);
}

static bool sent_take(const char **at, const char *end, enum condition *out, struct reason *why)
{
	char word[WORD];
	bool known;

	if (!word_take(at, end, word, why))
		return false;
	return (condition_read(word, strlen(word), out, &known) && condition_lasts(*out)) ||
	       reason_set(why, "'%s' is no state", word);
}

static bool deadline_take(const char **at, const char *end, int64_t *out, struct reason *why)
{
	if (end - *at >= 2 && memcmp(*at, "- ", 2) == 0) {
		*at += 2;
		*out = RECORD_NEVER;
		return true;
	}
	return number_take(at, end, 0, INT64_MAX / NSEC_PER_MSEC, out, why);
}

bool record_read(const char *value, size_t length, struct record *out, struct reason *why)
{
	const char *at = value, *end = value + length;
	int64_t ttl;

	if (!version_take(&at, end, why) ||
		!number_take(&at, end, 0, INT64_MAX / NSEC_PER_SEC, &out->time, why) ||
		!number_take(&at, end, INT32_MIN, INT32_MAX, &ttl, why) ||
		!sent_take(&at, end, &out->sent, why) ||
		!deadline_take(&at, end, &out->deadline, why))
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

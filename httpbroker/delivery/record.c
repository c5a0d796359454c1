/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/record.h"

#include "common/number.h"
#include "httpbroker/events/condition.h"
#include "httpbroker/events/jsontext.h"

#include <string.h>

#define RECORD_VERSION "1"
#define NONE "-" /* a word that stands for nothing */

void record_field_write(struct resp_list *fields, const struct check *check)
{
	size_t separator = fields->bytes.length;

	resp_begin(fields, check->hh.keylen);
	separator = fields->bytes.length + check->entity_length;
	buffer_append(&fields->bytes, check->names, check->hh.keylen);
	fields->bytes.data[separator] = RECORD_SEPARATOR;
	resp_end(fields);
}

#define MILLIS_KEY ",\"millis\":"

enum { HEAD = 128 }; /* bytes that hold what stands before the JSON, or at its end */

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

/* The end of the JSON, which a release that does not know this key leaves out. */
static struct head tail_make(const struct check *check)
{
	struct head tail = {.length = 0};

	if (check->fraction > 0) {
		memcpy(tail.bytes, MILLIS_KEY, sizeof MILLIS_KEY - 1);
		tail.length = sizeof MILLIS_KEY - 1;
		tail.length += jsontext_digits(tail.bytes + tail.length, check->fraction - 1);
	}
	tail.bytes[tail.length++] = '}';
	return tail;
}

/* Without printf(3), which took most of the time: there is one for every event. */
void record_write(struct resp_list *fields, const struct check *check, bool owed, int64_t deadline)
{
	const struct encoded *encoded = &check->encoded;
	const struct head tail = tail_make(check);
	struct head head = {.length = 0};

	head_word(&head, RECORD_VERSION);
	head_number(&head, check->time);
	head_number(&head, check->ttl);
	head_word(&head, owed ? NONE : state_name(check->sent));
	if (deadline != RECORD_NEVER)
		head_number(&head, deadline);
	else
		head_word(&head, NONE);
	record_field_write(fields, check);
	resp_begin(fields, head.length + encoded->length + tail.length);
	buffer_append(&fields->bytes, head.bytes, head.length);
	buffer_append(&fields->bytes, encoded->bytes, encoded->length);
	buffer_append(&fields->bytes, tail.bytes, tail.length);
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

/* Whether the next word is that nothing is there, which is taken then. */
static bool none_take(const char **at, const char *end)
{
	size_t length = sizeof NONE; /* with the blank */

	if ((size_t)(end - *at) < length || memcmp(*at, NONE " ", length) != 0)
		return false;
	*at += length;
	return true;
}

static bool sent_take(const char **at, const char *end, struct record *out, struct reason *why)
{
	char word[WORD];
	bool known;

	out->owed = none_take(at, end);
	if (out->owed)
		return true;
	if (!word_take(at, end, word, why))
		return false;
	return (state_read(word, strlen(word), &out->sent, &known) && state_lasts(out->sent)) ||
	       reason_set(why, "'%s' is no state", word);
}

static bool deadline_take(const char **at, const char *end, int64_t *out, struct reason *why)
{
	*out = RECORD_NEVER;
	return none_take(at, end) || number_take(at, end, 0, INT64_MAX / NSEC_PER_MSEC, out, why);
}

bool record_read(const char *value, size_t length, struct record *out, struct reason *why)
{
	const char *at = value, *end = value + length;
	int64_t ttl;

	if (!version_take(&at, end, why) ||
		!number_take(&at, end, 0, INT64_MAX / NSEC_PER_SEC, &out->time, why) ||
		!number_take(&at, end, INT32_MIN, INT32_MAX, &ttl, why) ||
		!sent_take(&at, end, out, why) || !deadline_take(&at, end, &out->deadline, why))
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

/* SPDX-License-Identifier: MIT */
#include "httpbroker/formats/values.h"

#include "common/number.h"
#include "httpbroker/formats/jsonpool.h"

#include <string.h>
#include <strings.h>

const char *value_kind(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	default:
		return "true, false or null";
	}
}

bool value_refuse(const char *name, const json_t *value, struct reason *why)
{
	char *shown = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);
	struct reason expected = *why;

	reason_set(why, "'%s' is %.64s, not %s", name, shown != NULL ? shown : "unreadable",
		expected.text);
	jsonpool_give(shown);
	return false;
}

bool value_is_deep(json_t *value, unsigned max)
{
	const char *key;
	json_t *inner;
	size_t i;

	if (!json_is_object(value) && !json_is_array(value))
		return false;
	if (max == 0)
		return true;
	json_object_foreach(value, key, inner)
		if (value_is_deep(inner, max - 1))
			return true;
	json_array_foreach(value, i, inner)
		if (value_is_deep(inner, max - 1))
			return true;
	return false;
}

bool value_whole(const json_t *value, int64_t min, int64_t max, int64_t *out)
{
	struct reason ignored;
	bool digits = json_is_string(value) &&
		      strlen(json_string_value(value)) == json_string_length(value) &&
		      number_parse(json_string_value(value), min, max, out, &ignored);

	if (json_is_integer(value))
		*out = json_integer_value(value);
	return digits || (json_is_integer(value) && *out >= min && *out <= max);
}

/* The value at `key`; NULL if nothing is said there. */
static const json_t *value_given(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_null(value) ? NULL : value;
}

static bool string_take(const char *key, const json_t *value, struct text *out, struct reason *why)
{
	if (!json_is_string(value)) {
		reason_set(why, "a string");
		return value_refuse(key, value, why);
	}
	*out = (struct text){json_string_value(value), json_string_length(value)};
	return true;
}

bool value_text(const json_t *object, const char *key, struct text *out, struct reason *why)
{
	const json_t *value = value_given(object, key);

	return value == NULL || string_take(key, value, out, why);
}

#define KEPT "" /* the key in a document under which text_keep() keeps its strings */

struct text text_keep(json_t *document, const char *bytes, size_t length)
{
	json_t *kept = json_object_get(document, KEPT);
	json_t *string = json_stringn(bytes, length);

	if (!json_is_array(kept)) {
		kept = json_array();
		json_object_set_new(document, KEPT, kept);
	}
	if (string == NULL || json_array_append_new(kept, string) != 0)
		return (struct text){NULL, 0};
	return (struct text){json_string_value(string), json_string_length(string)};
}

struct text value_shown(json_t *document, const json_t *value)
{
	struct text text = {NULL, 0};

	if (value == NULL || json_is_null(value) ||
		(json_is_string(value) && json_string_length(value) == 0))
		return text;
	if (json_is_string(value))
		return (struct text){json_string_value(value), json_string_length(value)};
	char *shown = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
	if (shown != NULL)
		text = text_keep(document, shown, strlen(shown));
	jsonpool_give(shown);
	return text;
}

bool value_object(const json_t *object, const char *key, const json_t **out, struct reason *why)
{
	*out = value_given(object, key);
	if (*out == NULL || json_is_object(*out))
		return true;
	reason_set(why, "an object");
	return value_refuse(key, *out, why);
}

void value_milliseconds(const json_t *object, const char *key, int64_t *out)
{
	const json_t *value = value_given(object, key);
	int64_t given;

	if (value == NULL || !value_whole(value, 0, INT64_MAX, &given))
		return;
	while (given >= EVENT_TIME_IN_MILLISECONDS)
		given /= 1000;
	*out = given;
}

bool text_equals(struct text a, struct text b)
{
	return a.bytes != NULL && b.bytes != NULL && a.length == b.length &&
	       memcmp(a.bytes, b.bytes, a.length) == 0;
}

bool text_is(struct text text, const char *word)
{
	return text.bytes != NULL && text.length == strlen(word) &&
	       strncasecmp(text.bytes, word, text.length) == 0;
}

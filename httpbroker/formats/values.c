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

bool value_is_deep(json_t *value, unsigned most)
{
	const char *key;
	json_t *inner;
	size_t i;

	if (!json_is_object(value) && !json_is_array(value))
		return false;
	if (most == 0)
		return true;
	json_object_foreach(value, key, inner)
		if (value_is_deep(inner, most - 1))
			return true;
	json_array_foreach(value, i, inner)
		if (value_is_deep(inner, most - 1))
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

bool value_first(const json_t *object, const char *key, struct text *out, struct reason *why)
{
	const json_t *value = value_given(object, key);

	if (json_is_array(value))
		value = json_array_get(value, 0); /* NULL if it is empty */
	return value == NULL || string_take(key, value, out, why);
}

bool value_object(const json_t *object, const char *key, const json_t **out, struct reason *why)
{
	*out = value_given(object, key);
	if (*out == NULL || json_is_object(*out))
		return true;
	reason_set(why, "an object");
	return value_refuse(key, *out, why);
}

bool value_milliseconds(const json_t *object, const char *key, int64_t *out, struct reason *why)
{
	const json_t *value = value_given(object, key);
	int64_t given;

	if (value == NULL)
		return true;
	if (!value_whole(value, 0, INT64_MAX, &given)) {
		reason_set(why, "milliseconds since 1970");
		return value_refuse(key, value, why);
	}
	*out = given >= EVENT_TIME_IN_MILLISECONDS ? given / 1000 : given;
	return true;
}

bool text_is(struct text text, const char *word)
{
	return text.bytes != NULL && text.length == strlen(word) &&
	       strncasecmp(text.bytes, word, text.length) == 0;
}

/* SPDX-License-Identifier: MIT */
#include "t/tools/fields.h"

#include <regex.h>
#include <string.h>

static const struct field *field_find(const struct field *fields, const char *name)
{
	for (; fields->name != NULL; fields++)
		if (strcmp(fields->name, name) == 0)
			return fields;
	return NULL;
}

bool fields_check(json_t *object, const struct field *fields, struct reason *why)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) {
		const struct field *field = field_find(fields, name);

		if (field == NULL)
			return reason_set(why, "'%s' is not a documented key", name);
		if (!field->check(value, field, why))
			return reason_prefix(why, "'%s'", name);
	}
	for (; fields->name != NULL; fields++)
		if (fields->required && json_object_get(object, fields->name) == NULL)
			return reason_set(why, "'%s' is missing", fields->name);
	return true;
}

static size_t characters_in(const char *utf8)
{
	size_t count = 0;

	for (; *utf8 != '\0'; utf8++)
		count += ((unsigned char)*utf8 & 0xC0) != 0x80;
	return count;
}

static bool pattern_matches(const char *pattern, const char *text)
{
	regex_t expression;

	if (regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	bool matches = regexec(&expression, text, 0, NULL, 0) == 0;
	regfree(&expression);
	return matches;
}

bool text_check(json_t *value, const struct field *field, struct reason *why)
{
	const char *text = json_string_value(value);

	if (text == NULL)
		return reason_set(why, "must be a string");
	if (field->required && *text == '\0')
		return reason_set(why, "is empty");
	if (field->most > 0 && characters_in(text) > field->most)
		return reason_set(why, "has %zu characters, at most %zu are allowed",
			characters_in(text), field->most);
	if (field->pattern != NULL && !pattern_matches(field->pattern, text))
		return reason_set(why, "'%s' is not a documented value", text);
	return true;
}

bool object_check(json_t *value, const struct field *field, struct reason *why)
{
	if (!json_is_object(value))
		return reason_set(why, "must be an object");
	return field->inner == NULL || fields_check(value, field->inner, why);
}

bool array_check(json_t *value, const struct field *field, struct reason *why)
{
	if (!json_is_array(value))
		return reason_set(why, "must be an array");
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!object_check(json_array_get(value, i), field, why))
			return reason_prefix(why, "element %zu", i);
	return true;
}

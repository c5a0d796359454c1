/* SPDX-License-Identifier: MIT */
#include "t/tools/enqueue.h"

#include <regex.h>
#include <stddef.h>
#include <string.h>

struct field {
	const char *name;
	bool required;
	bool (*check)(json_t *value, const struct field *field, struct reason *why);
	size_t most;               /* of a text: characters; 0: no limit */
	const char *pattern;       /* of a text: extended regular expression; NULL: any */
	const struct field *inner; /* of an object, or of each object in an array */
};

static const struct field *field_find(const struct field *fields, const char *name)
{
	for (; fields->name != NULL; fields++)
		if (strcmp(fields->name, name) == 0)
			return fields;
	return NULL;
}

static bool fields_check(json_t *object, const struct field *fields, struct reason *why)
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

static bool text_check(json_t *value, const struct field *field, struct reason *why)
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

static bool object_check(json_t *value, const struct field *field, struct reason *why)
{
	if (!json_is_object(value))
		return reason_set(why, "must be an object");
	return field->inner == NULL || fields_check(value, field->inner, why);
}

static bool array_check(json_t *value, const struct field *field, struct reason *why)
{
	if (!json_is_array(value))
		return reason_set(why, "must be an array");
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!object_check(json_array_get(value, i), field, why))
			return reason_prefix(why, "element %zu", i);
	return true;
}

#define ISO_8601                                                                      \
	"^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\\.[0-9]+)?" \
	"(Z|[+-][0-9]{2}:?[0-9]{2})$"

static const struct field payload_fields[] = {
	{.name = "summary", .required = true, .check = text_check, .most = 1024},
	{.name = "source", .required = true, .check = text_check},
	{.name = "severity",
		.required = true,
		.check = text_check,
		.pattern = "^(critical|error|warning|info)$"},
	{.name = "timestamp", .check = text_check, .pattern = ISO_8601},
	{.name = "component", .check = text_check},
	{.name = "group", .check = text_check},
	{.name = "class", .check = text_check},
	{.name = "custom_details", .check = object_check},
	{.name = NULL},
};

static const struct field link_fields[] = {
	{.name = "href", .required = true, .check = text_check},
	{.name = "text", .check = text_check},
	{.name = NULL},
};

static const struct field image_fields[] = {
	{.name = "src", .required = true, .check = text_check},
	{.name = "href", .check = text_check},
	{.name = "alt", .check = text_check},
	{.name = NULL},
};

static const struct field event_fields[] = {
	{.name = "routing_key",
		.required = true,
		.check = text_check,
		.pattern = "^[0-9A-Za-z]{32}$"},
	{.name = "event_action",
		.required = true,
		.check = text_check,
		.pattern = "^(trigger|acknowledge|resolve)$"},
	{.name = "dedup_key", .check = text_check, .most = 255},
	{.name = "payload", .check = object_check, .inner = payload_fields},
	{.name = "links", .check = array_check, .inner = link_fields},
	{.name = "images", .check = array_check, .inner = image_fields},
	{.name = "client", .check = text_check},
	{.name = "client_url", .check = text_check},
	{.name = NULL},
};

bool enqueue_check(json_t *event, struct reason *why)
{
	static const struct field whole = {
		.name = "event", .required = true, .check = object_check, .inner = event_fields};

	if (!object_check(event, &whole, why))
		return false;
	const char *action = json_string_value(json_object_get(event, "event_action"));
	const char *needed = strcmp(action, "trigger") == 0 ? "payload" : "dedup_key";
	if (json_object_get(event, needed) == NULL)
		return reason_set(why, "'%s' is missing, which %s needs", needed, action);
	return true;
}

/* SPDX-License-Identifier: MIT */
#include "t/tools/enqueue.h"

#include "t/tools/fields.h"

#include <stddef.h>
#include <string.h>

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
	static const struct field top_level = {
		.name = "event", .required = true, .check = object_check, .inner = event_fields};

	if (!object_check(event, &top_level, why))
		return false;
	const char *action = json_string_value(json_object_get(event, "event_action"));
	const char *needed = strcmp(action, "trigger") == 0 ? "payload" : "dedup_key";
	if (json_object_get(event, needed) == NULL)
		return reason_set(why, "'%s' is missing, which %s needs", needed, action);
	return true;
}

static const struct field context_fields[] = {
	{.name = "type", .required = true, .check = text_check, .pattern = "^(link|image)$"},
	{.name = "href", .check = text_check},
	{.name = "text", .check = text_check},
	{.name = "src", .check = text_check},
	{.name = "alt", .check = text_check},
	{.name = NULL},
};

static const struct field generic_fields[] = {
	{.name = "service_key", .required = true, .check = text_check, .pattern = "^[0-9a-f]{32}$"},
	{.name = "event_type",
		.required = true,
		.check = text_check,
		.pattern = "^(trigger|acknowledge|resolve)$"},
	{.name = "incident_key", .check = text_check, .most = 255},
	{.name = "description", .check = text_check, .most = 1024},
	{.name = "details", .check = object_check},
	{.name = "client", .check = text_check},
	{.name = "client_url", .check = text_check},
	{.name = "contexts", .check = array_check, .inner = context_fields},
	{.name = NULL},
};

bool generic_check(json_t *event, struct reason *why)
{
	static const struct field top_level = {
		.name = "event", .required = true, .check = object_check, .inner = generic_fields};

	if (!object_check(event, &top_level, why))
		return false;
	const char *type = json_string_value(json_object_get(event, "event_type"));
	const char *needed = strcmp(type, "trigger") == 0 ? "description" : "incident_key";
	if (json_object_get(event, needed) == NULL)
		return reason_set(why, "'%s' is missing, which %s needs", needed, type);
	return true;
}

/* SPDX-License-Identifier: MIT */
/*
 * An event of Sensu Go, as its handlers receive it: the result of a check of an entity. It never
 * goes stale: handlers mostly receive changes only, and Sensu watches a check's own ttl.
 *
 * https://docs.sensu.io/sensu-go/latest/observability-pipeline/observe-events/events/
 */
#include "httpbroker/formats/format.h"
#include "httpbroker/formats/json.h"
#include "httpbroker/limits.h"

#include <string.h>

static const json_t *metadata_of(const json_t *document, const char *key)
{
	return json_object_get(json_object_get(document, key), "metadata");
}

static bool sensu_matches(const json_t *document)
{
	return json_is_object(metadata_of(document, "check")) ||
	       json_is_object(metadata_of(document, "entity"));
}

/* The status is the exit code of a plugin. */
static bool sensu_state(const json_t *check, struct text *out, struct reason *why)
{
	static const char *const words[] = {"ok", "warning", "critical", "unknown"};
	const json_t *given = json_object_get(check, "status");
	int64_t status = 0; /* Sensu omits 0 */

	if (given != NULL && !value_whole(given, INT32_MIN, UINT32_MAX, &status)) {
		reason_set(why, "a whole number");
		return value_refuse("check.status", given, why);
	}
	*out = text_literal(words[status >= 0 && status <= 3 ? status : 3]);
	return true;
}

/* An entity's name is unique only in its namespace. */
static bool names_read(
	json_t *document, const json_t *check, struct event *event, struct reason *why)
{
	const json_t *entity = metadata_of(document, "entity");
	const json_t *metadata = json_object_get(check, "metadata");
	struct label space = {
		"namespace", value_shown(document, json_object_get(metadata, "namespace"))};
	struct text name = value_shown(document, json_object_get(entity, "name"));

	if (space.value.bytes == NULL)
		space.value = value_shown(document, json_object_get(entity, "namespace"));
	if (name.bytes == NULL) /* as the agent's own interface writes it */
		name = value_shown(document, json_object_get(check, "proxy_entity_name"));
	event->entity = name_fit(document, name);
	if (event->entity.bytes == NULL)
		return reason_set(why, "this event of Sensu has no entity");
	name = value_shown(document, json_object_get(metadata, "name"));
	if (name.bytes == NULL)
		return reason_set(why, "this event of Sensu has no check's name");
	bool elsewhere = space.value.bytes != NULL && !text_is(space.value, "default");
	event->check =
		elsewhere ? name_labelled(document, name, &space, 1) : name_fit(document, name);
	return event->check.bytes != NULL || reason_set(why, "the check's name is empty");
}

/* The first line is the summary; with Nagios's metric format, performance data follows `|`. */
static void output_read(const json_t *check, struct event *event)
{
	const char *format = json_string_value(json_object_get(check, "output_metric_format"));
	struct text output = value_string(json_object_get(check, "output"));

	if (output.bytes == NULL)
		return;
	const char *newline = memchr(output.bytes, '\n', output.length);
	size_t first = newline != NULL ? (size_t)(newline - output.bytes) : output.length;
	event->summary = (struct text){output.bytes, first};
	if (first + 1 < output.length)
		event->details = (struct text){newline + 1, output.length - first - 1};
	const char *bar = memchr(output.bytes, '|', first);
	if (bar == NULL || format == NULL || strcmp(format, "nagios_perfdata") != 0)
		return;
	event->summary.length = (size_t)(bar - output.bytes);
	struct text perfdata = {bar + 1, first - event->summary.length - 1};
	if (perfdata.length <= LIMIT_PERFDATA)
		event->perfdata = perfdata;
}

static bool sensu_read(json_t *document, struct event *event, struct reason *why)
{
	const json_t *check = json_object_get(document, "check");

	if (!json_is_object(check))
		return reason_set(why, "this event of Sensu has no check, only metrics");
	if (!sensu_state(check, &event->state_text, why) ||
		!names_read(document, check, event, why))
		return false;
	output_read(check, event);
	value_milliseconds(document, "timestamp", &event->time);
	return true;
}

const struct format format_sensu = {
	.name = "sensu",
	.ttl = EVENT_TTL_NEVER,
	.matches = sensu_matches,
	.read = sensu_read,
};

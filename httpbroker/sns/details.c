/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/details.h"

static bool is_shown(const json_t *value)
{
	return json_is_number(value) || alarm_text(value).bytes != NULL;
}

static void value_append(struct buffer *out, const json_t *value)
{
	if (json_is_string(value))
		buffer_append(out, json_string_value(value), json_string_length(value));
	else if (json_is_integer(value))
		buffer_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		buffer_printf(out, "%g", json_real_value(value));
}

/* A part begins, apart from what is there already; NULL: it has no label. */
static void part_begin(struct buffer *out, const char *separator, const char *label)
{
	buffer_append_text(out, out->length > 0 ? separator : "");
	if (label == NULL)
		return;
	buffer_append_text(out, label);
	buffer_append_text(out, ": ");
}

static void part_append(
	struct buffer *out, const char *separator, const char *label, const json_t *value)
{
	if (!is_shown(value))
		return;
	part_begin(out, separator, label);
	value_append(out, value);
}

static void line_append(struct buffer *out, const char *label, const json_t *value)
{
	part_append(out, "\n", label, value);
}

static void dimensions_append(struct buffer *out, const char *separator, const json_t *dimensions)
{
	json_t *list = (json_t *)(uintptr_t)dimensions; /* jansson's iterators take no const */

	for (size_t i = 0; i < json_array_size(dimensions); i++) {
		const json_t *each = json_array_get(dimensions, i);
		const char *name = json_string_value(json_object_get(each, "name"));

		if (name != NULL)
			part_append(out, separator, name, json_object_get(each, "value"));
	}
	for (void *each = json_object_iter(list); each != NULL;
		each = json_object_iter_next(list, each))
		part_append(
			out, separator, json_object_iter_key(each), json_object_iter_value(each));
}

/* One of several: an expression, or a metric with its dimensions. */
static void metric_append(struct buffer *out, const json_t *metric, const struct alarm_words *words)
{
	const json_t *expression = json_object_get(metric, words->expression);
	const json_t *measured =
		json_object_get(json_object_get(metric, words->stat), words->metric);
	struct buffer what = {0};

	part_append(&what, "", NULL, expression);
	part_append(&what, "", NULL, json_object_get(measured, words->namespace));
	part_append(&what, " ", NULL, json_object_get(measured, words->name));
	dimensions_append(&what, ", ", json_object_get(measured, words->dimensions));
	if (what.length > 0) {
		part_begin(out, "\n", json_string_value(json_object_get(metric, words->id)));
		buffer_append(out, what.data, what.length);
	}
	buffer_free(&what);
}

/* One of the alarms that made a composite alarm change: its ARN and its state. */
static void child_append(struct buffer *out, const json_t *child)
{
	const json_t *state = json_object_get(json_object_get(child, "State"), "Value");

	line_append(out, json_string_value(state), json_object_get(child, "Arn"));
}

void details_append(struct buffer *out, const struct alarm *alarm)
{
	line_append(out, NULL, alarm->description);
	line_append(out, "account", alarm->account);
	line_append(out, "region", alarm->region);
	line_append(out, "namespace", alarm->namespace);
	dimensions_append(out, "\n", alarm->dimensions);
	line_append(out, "threshold", alarm->threshold);
	for (size_t i = 0; i < json_array_size(alarm->metrics); i++)
		metric_append(out, json_array_get(alarm->metrics, i), alarm->words);
	line_append(out, "rule", alarm->rule);
	for (size_t i = 0; i < json_array_size(alarm->children); i++)
		child_append(out, json_array_get(alarm->children, i));
}

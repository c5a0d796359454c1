/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/alarm.h"

#include <string.h>

#define EVENTBRIDGE_TYPE "CloudWatch Alarm State Change"

static const struct alarm_words direct_words = {
	"Id", "Expression", "MetricStat", "Metric", "Namespace", "MetricName", "Dimensions"};
static const struct alarm_words eventbridge_words = {
	"id", "expression", "metricStat", "metric", "namespace", "name", "dimensions"};

static const json_t *member(const json_t *object, const char *name)
{
	return json_object_get(object, name);
}

static bool string_is(const json_t *value, const char *word)
{
	return json_is_string(value) && strcmp(json_string_value(value), word) == 0;
}

static bool is_eventbridge(const json_t *document)
{
	return string_is(member(document, "source"), "aws.cloudwatch") &&
	       string_is(member(document, "detail-type"), EVENTBRIDGE_TYPE);
}

bool alarm_matches(const json_t *document)
{
	if (member(document, "entity") != NULL)
		return false;
	return is_eventbridge(document) ||
	       (member(document, "AlarmName") != NULL && member(document, "NewStateValue") != NULL);
}

/* The only one of a list, if it is a metric; of several none is the alarm's. */
static const json_t *only_metric(const json_t *metrics, const struct alarm_words *words)
{
	if (json_array_size(metrics) != 1)
		return NULL;
	return member(member(json_array_get(metrics, 0), words->stat), words->metric);
}

/* An alarm of one metric has it in the trigger itself, or in a list of one. */
static struct alarm direct_read(const json_t *document)
{
	const json_t *trigger = member(document, "Trigger");
	const json_t *metrics = member(trigger, "Metrics");
	const json_t *name = member(trigger, "MetricName");
	const json_t *only = only_metric(metrics, &direct_words);
	const json_t *metric = name != NULL || only == NULL ? trigger : only;

	return (struct alarm){
		.name = member(document, "AlarmName"),
		.arn = member(document, "AlarmArn"),
		.state = member(document, "NewStateValue"),
		.reason = member(document, "NewStateReason"),
		.time = member(document, "StateChangeTime"),
		.description = member(document, "AlarmDescription"),
		.account = member(document, "AWSAccountId"),
		.region = member(document, "Region"),
		.metric = member(metric, "MetricName"),
		.former_metric = name,
		.namespace = member(metric, "Namespace"),
		.dimensions = member(metric, "Dimensions"),
		.threshold = member(trigger, "Threshold"),
		.metrics = metric == trigger ? metrics : NULL,
		.rule = member(document, "AlarmRule"),
		.children = member(document, "TriggeringChildren"),
		.words = &direct_words,
	};
}

/* EventBridge lists even a single metric. */
static struct alarm eventbridge_read(const json_t *document)
{
	const json_t *detail = member(document, "detail");
	const json_t *state = member(detail, "state");
	const json_t *configuration = member(detail, "configuration");
	const json_t *metrics = member(configuration, "metrics");
	const json_t *metric = only_metric(metrics, &eventbridge_words);

	return (struct alarm){
		.name = member(detail, "alarmName"),
		.arn = json_array_get(member(document, "resources"), 0),
		.state = member(state, "value"),
		.reason = member(state, "reason"),
		.time = member(state, "timestamp"),
		.description = member(configuration, "description"),
		.account = member(document, "account"),
		.region = member(document, "region"),
		.metric = member(metric, "name"),
		.former_metric = member(metric, "name"),
		.namespace = member(metric, "namespace"),
		.dimensions = member(metric, "dimensions"),
		.metrics = metric == NULL ? metrics : NULL,
		.rule = member(configuration, "alarmRule"),
		.words = &eventbridge_words,
	};
}

struct alarm alarm_read(const json_t *document)
{
	return is_eventbridge(document) ? eventbridge_read(document) : direct_read(document);
}

struct text alarm_text(const json_t *value)
{
	if (!json_is_string(value) || json_string_length(value) == 0)
		return (struct text){NULL, 0};
	return (struct text){json_string_value(value), json_string_length(value)};
}

struct text alarm_arn_part(const struct alarm *alarm, int number)
{
	struct text arn = alarm_text(alarm->arn);
	const char *at = arn.bytes;

	if (at == NULL || strncmp(at, "arn:", 4) != 0)
		return (struct text){NULL, 0};
	for (int i = 0; at != NULL && i < number; i++)
		at = (at = strchr(at, ':')) != NULL ? at + 1 : NULL;
	if (at == NULL)
		return (struct text){NULL, 0};
	size_t length = number == ALARM_ARN_NAME ? strlen(at) : strcspn(at, ":");
	return (struct text){length > 0 ? at : NULL, length};
}

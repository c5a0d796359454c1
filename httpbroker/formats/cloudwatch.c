/* SPDX-License-Identifier: MIT */
/*
 * A CloudWatch alarm, as SNS delivers it in a message, becomes one event:
 *
 *     entity   the alarm's name          check    the metric's name, else the alarm's, with
 *                                                 `{account=…,region=…}` of the alarm's ARN: a name
 *                                                 is unique only there
 *     state    ALARM critical, OK ok, INSUFFICIENT_DATA unknown
 *     summary  the reason                details  what is measured (details_append)
 *     tags     httpbroker                ttl      never stale: SNS delivers changes only
 */
#include "common/buffer.h"
#include "httpbroker/formats/format.h"
#include "httpbroker/formats/json.h"

#include <string.h>

/* The two forms of an alarm spell the keys of a metric differently. */
struct metric_keys {
	const char *id, *expression, *stat, *metric, *namespace, *name, *dimensions;
};

/*
 * The fields of either form, CloudWatch's own and EventBridge's. All belong to the document; NULL:
 * not given.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
 */
struct alarm {
	const json_t *name;
	const json_t *arn; /* arn:aws:cloudwatch:REGION:ACCOUNT:alarm:NAME */
	const json_t *state;
	const json_t *reason;
	const json_t *time;
	const json_t *description;
	const json_t *account;
	const json_t *region;
	const json_t *metric;        /* its name; NULL: several metrics, or a composite alarm */
	const json_t *former_metric; /* what earlier versions read as the metric */
	const json_t *namespace;
	const json_t *dimensions; /* [{name, value}] or {name: value} */
	const json_t *threshold;
	const json_t *metrics;  /* [{id, and an expression or a metric}], where there are several */
	const json_t *rule;     /* of a composite alarm */
	const json_t *children; /* [{Arn, State}]: the alarms that changed a composite alarm */
	const struct metric_keys *keys; /* of `metrics` */
};

static const struct metric_keys direct_keys = {
	"Id", "Expression", "MetricStat", "Metric", "Namespace", "MetricName", "Dimensions"};
static const struct metric_keys eventbridge_keys = {
	"id", "expression", "metricStat", "metric", "namespace", "name", "dimensions"};

static const json_t *member(const json_t *object, const char *name)
{
	return json_object_get(object, name);
}

static bool is_eventbridge(const json_t *document)
{
	return text_equals(
		       value_string(member(document, "source")), text_literal("aws.cloudwatch")) &&
	       text_equals(value_string(member(document, "detail-type")),
		       text_literal("CloudWatch Alarm State Change"));
}

static bool alarm_matches(const json_t *document)
{
	if (member(document, "entity") != NULL)
		return false;
	return is_eventbridge(document) ||
	       (member(document, "AlarmName") != NULL && member(document, "NewStateValue") != NULL);
}

/* The metric of a list of one. */
static const json_t *only_metric(const json_t *metrics, const struct metric_keys *keys)
{
	if (json_array_size(metrics) != 1)
		return NULL;
	return member(member(json_array_get(metrics, 0), keys->stat), keys->metric);
}

/* A single metric is in the trigger itself, or in a list of one. */
static struct alarm direct_read(const json_t *document)
{
	const json_t *trigger = member(document, "Trigger");
	const json_t *metrics = member(trigger, "Metrics");
	const json_t *name = member(trigger, "MetricName");
	const json_t *only = only_metric(metrics, &direct_keys);
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
		.keys = &direct_keys,
	};
}

/* EventBridge lists even a single metric. */
static struct alarm eventbridge_read(const json_t *document)
{
	const json_t *detail = member(document, "detail");
	const json_t *state = member(detail, "state");
	const json_t *configuration = member(detail, "configuration");
	const json_t *metrics = member(configuration, "metrics");
	const json_t *metric = only_metric(metrics, &eventbridge_keys);

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
		.keys = &eventbridge_keys,
	};
}

/* A string that is not empty; else not given. */
static struct text alarm_text(const json_t *value)
{
	struct text text = value_string(value);

	return text.length > 0 ? text : (struct text){NULL, 0};
}

/* A field of the ARN, which ends in the name; not given where there is none. */
enum { ARN_REGION = 3, ARN_ACCOUNT = 4, ARN_NAME = 6 };

static struct text alarm_arn_part(const struct alarm *alarm, int number)
{
	struct text arn = alarm_text(alarm->arn);
	const char *at = arn.bytes;

	if (at == NULL || strncmp(at, "arn:", 4) != 0)
		return (struct text){NULL, 0};
	for (int i = 0; i < number; i++) {
		at = strchr(at, ':');
		if (at == NULL)
			return (struct text){NULL, 0};
		at++;
	}
	size_t length = number == ARN_NAME ? strlen(at) : strcspn(at, ":");
	return (struct text){length > 0 ? at : NULL, length};
}

/* Begins a part; `label` may be NULL. */
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
	if (!json_is_number(value) && alarm_text(value).bytes == NULL)
		return;
	part_begin(out, separator, label);
	if (json_is_string(value))
		buffer_append(out, json_string_value(value), json_string_length(value));
	else if (json_is_integer(value))
		buffer_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value))
		buffer_printf(out, "%g", json_real_value(value));
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
		const char *name = json_string_value(member(each, "name"));

		if (name != NULL)
			part_append(out, separator, name, member(each, "value"));
	}
	for (void *each = json_object_iter(list); each != NULL;
		each = json_object_iter_next(list, each))
		part_append(
			out, separator, json_object_iter_key(each), json_object_iter_value(each));
}

/* An expression, or a metric with its dimensions. */
static void metric_append(struct buffer *out, const json_t *metric, const struct metric_keys *keys)
{
	const json_t *expression = member(metric, keys->expression);
	const json_t *measured = member(member(metric, keys->stat), keys->metric);
	struct buffer what = {0};

	part_append(&what, "", NULL, expression);
	part_append(&what, "", NULL, member(measured, keys->namespace));
	part_append(&what, " ", NULL, member(measured, keys->name));
	dimensions_append(&what, ", ", member(measured, keys->dimensions));
	if (what.length > 0) {
		part_begin(out, "\n", json_string_value(member(metric, keys->id)));
		buffer_append(out, what.data, what.length);
	}
	buffer_free(&what);
}

static void child_append(struct buffer *out, const json_t *child)
{
	const json_t *state = member(member(child, "State"), "Value");

	line_append(out, json_string_value(state), member(child, "Arn"));
}

/*
 * A line each:
 *
 *     call Ann                                    call Ann
 *     account: 123456789012                       account: 123456789012
 *     region: EU (Ireland)                        region: EU (Ireland)
 *     namespace: AWS/RDS                          threshold: 0.5
 *     DBInstanceIdentifier: db-01                 errors: AWS/ELB HTTP_5XX, LoadBalancer: lb-1
 *     threshold: 5                                rate: errors / requests
 */
static void details_append(struct buffer *out, const struct alarm *alarm)
{
	line_append(out, NULL, alarm->description);
	line_append(out, "account", alarm->account);
	line_append(out, "region", alarm->region);
	line_append(out, "namespace", alarm->namespace);
	dimensions_append(out, "\n", alarm->dimensions);
	line_append(out, "threshold", alarm->threshold);
	for (size_t i = 0; i < json_array_size(alarm->metrics); i++)
		metric_append(out, json_array_get(alarm->metrics, i), alarm->keys);
	line_append(out, "rule", alarm->rule);
	for (size_t i = 0; i < json_array_size(alarm->children); i++)
		child_append(out, json_array_get(alarm->children, i));
}

static struct text details_make(json_t *document, const struct alarm *alarm)
{
	struct buffer out = {NULL, 0, 0};
	struct text details = {NULL, 0};

	details_append(&out, alarm);
	if (out.length > 0)
		details = text_keep(document, out.data, out.length);
	buffer_free(&out);
	return details;
}

/* The field of the ARN; else the alarm's own. */
static struct text label_value(json_t *document, struct text part, const json_t *own)
{
	return part.bytes != NULL ? text_keep(document, part.bytes, part.length) : alarm_text(own);
}

static bool names_read(
	json_t *document, const struct alarm *alarm, struct event *event, struct reason *why)
{
	struct text name = alarm_text(alarm->name), metric = alarm_text(alarm->metric);
	struct text former_metric = alarm_text(alarm->former_metric);

	if (name.bytes == NULL)
		name = alarm_arn_part(alarm, ARN_NAME);
	event->entity = name_fit(document, name);
	if (event->entity.bytes == NULL)
		return reason_set(why, "the alarm has no name");
	const struct label all[] = {
		{"account",
			label_value(document, alarm_arn_part(alarm, ARN_ACCOUNT), alarm->account)},
		{"region", label_value(document, alarm_arn_part(alarm, ARN_REGION), alarm->region)},
	};
	struct label given[2];
	size_t count = 0;
	for (size_t i = 0; i < 2; i++)
		if (all[i].value.bytes != NULL)
			given[count++] = all[i];
	event->check = name_labelled(document, metric.bytes != NULL ? metric : name, given, count);
	if (event->check.bytes == NULL)
		event->check = event->entity;
	event->former_entity = name;
	event->former_check = former_metric.bytes != NULL ? former_metric : name;
	return true;
}

static bool alarm_state(const json_t *value, struct text *out, struct reason *why)
{
	const char *word = json_is_string(value) ? json_string_value(value) : "";

	if (strcmp(word, "OK") == 0)
		*out = text_literal("ok");
	else if (strcmp(word, "ALARM") == 0)
		*out = text_literal("critical");
	else if (strcmp(word, "INSUFFICIENT_DATA") == 0)
		*out = text_literal("unknown");
	else
		return reason_set(
			why, "the alarm's state is not one of OK, ALARM, INSUFFICIENT_DATA");
	return true;
}

static bool cloudwatch_read(json_t *document, struct event *event, struct reason *why)
{
	struct alarm alarm =
		is_eventbridge(document) ? eventbridge_read(document) : direct_read(document);

	if (!names_read(document, &alarm, event, why) ||
		!alarm_state(alarm.state, &event->state_text, why))
		return false;
	event->summary = alarm_text(alarm.reason);
	if (text_is(event->state_text, "ok"))
		alarm.description = NULL; /* it describes the problem */
	event->details = details_make(document, &alarm);
	isotime_read(alarm_text(alarm.time), &event->time);
	if (json_object_set_new(document, " ", json_string("httpbroker")) == 0)
		event->tags = member(document, " ");
	return true;
}

const struct format format_cloudwatch = {
	.name = "cloudwatch",
	.ttl = EVENT_TTL_NEVER,
	.matches = alarm_matches,
	.read = cloudwatch_read,
};

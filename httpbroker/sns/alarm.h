/* SPDX-License-Identifier: MIT */
/*
 * The two shapes in which an alarm of CloudWatch comes: its own, and what EventBridge makes of it.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
 */
#ifndef HTTPBROKER_SNS_ALARM_H
#define HTTPBROKER_SNS_ALARM_H

#include "httpbroker/events/event.h"

/* The same of both shapes; all belongs to the document, and is NULL where that says nothing. */
struct alarm {
	const json_t *name;
	const json_t *arn; /* arn:aws:cloudwatch:REGION:ACCOUNT:alarm:NAME */
	const json_t *state;
	const json_t *reason;
	const json_t *time;
	const json_t *description;
	const json_t *account;
	const json_t *region;
	const json_t *metric;        /* its name; NULL: several metrics, or other alarms */
	const json_t *former_metric; /* what earlier versions took for it */
	const json_t *namespace;
	const json_t *dimensions; /* [{name, value}] or {name: value} */
	const json_t *threshold;
	const json_t *metrics;  /* [{id, and an expression or a metric}], where there are several */
	const json_t *rule;     /* of a composite alarm */
	const json_t *children; /* [{Arn, State}]: the alarms that made that one change */
	const struct alarm_words *words; /* of `metrics` */
};

/* The two shapes differ in how they spell what a metric is. */
struct alarm_words {
	const char *id, *expression, *stat, *metric, *namespace, *name, *dimensions;
};

bool alarm_matches(const json_t *document);

struct alarm alarm_read(const json_t *document);

/* A string that is there and not empty; else not given. */
struct text alarm_text(const json_t *value);

/* A part of its ARN; not given if there is none. The name is all that is left. */
enum { ALARM_ARN_REGION = 3, ALARM_ARN_ACCOUNT = 4, ALARM_ARN_NAME = 6 };
struct text alarm_arn_part(const struct alarm *alarm, int number);

#endif

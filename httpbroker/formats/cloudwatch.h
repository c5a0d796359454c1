/* SPDX-License-Identifier: MIT */
/*
 * A CloudWatch alarm, as SNS delivers it in a message, becomes one event:
 *
 *     entity   the alarm's name          check    the metric's name, else the alarm's, with
 *                                                 `{account=…,region=…}` of the alarm's ARN: a name
 *                                                 is one alarm's only there
 *     state    ALARM critical, OK ok, INSUFFICIENT_DATA unknown
 *     summary  the reason                details  what is measured, where (cloudwatch.h)
 *     tags     httpbroker                ttl      never stale: alarms are told on change only
 */
#ifndef HTTPBROKER_FORMATS_CLOUDWATCH_H
#define HTTPBROKER_FORMATS_CLOUDWATCH_H

#include "common/buffer.h"
#include "httpbroker/checks/event.h"
#include "httpbroker/formats/format.h"

extern const struct format format_cloudwatch;

/*
 * The two shapes in which an alarm of CloudWatch comes: its own, and what EventBridge makes of it.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
 */

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

/*
 * What whoever is woken by an alarm wants to know of it, a line each: the description, account and
 * region, and what is measured; of several metrics each, of a composite alarm its rule and the
 * alarms that made it change.
 *
 *     call Ann                                    call Ann
 *     account: 123456789012                       account: 123456789012
 *     region: EU (Ireland)                        region: EU (Ireland)
 *     namespace: AWS/RDS                          threshold: 0.5
 *     DBInstanceIdentifier: db-01                 errors: AWS/ELB HTTP_5XX, LoadBalancer: lb-1
 *     threshold: 5                                rate: errors / requests
 */

void details_append(struct buffer *out, const struct alarm *alarm);

#endif

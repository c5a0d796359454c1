/* SPDX-License-Identifier: MIT */
/*
 * A CloudWatch alarm, as SNS delivers it in a message: a metric's, of several metrics, or of other
 * alarms; or what EventBridge makes of one. It becomes one event:
 *
 *     entity   the alarm's name          check    the metric's name, else the alarm's
 *     state    ALARM critical, OK ok, INSUFFICIENT_DATA unknown
 *     summary  the reason                details  description, account, region, what is measured
 *     tags     httpbroker                ttl      never stale: alarms are told on change only
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
 */
#ifndef HTTPBROKER_SNS_ALARM_H
#define HTTPBROKER_SNS_ALARM_H

#include "httpbroker/formats/format.h"

extern const struct format format_cloudwatch;

#endif

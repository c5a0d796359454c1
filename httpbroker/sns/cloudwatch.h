/* SPDX-License-Identifier: MIT */
/*
 * A CloudWatch alarm, as SNS delivers it in a message, becomes one event:
 *
 *     entity   the alarm's name          check    the metric's name, else the alarm's, with
 *                                                 `{account=…,region=…}` of the alarm's ARN: a name
 *                                                 is one alarm's only there
 *     state    ALARM critical, OK ok, INSUFFICIENT_DATA unknown
 *     summary  the reason                details  what is measured, where (details.h)
 *     tags     httpbroker                ttl      never stale: alarms are told on change only
 */
#ifndef HTTPBROKER_SNS_CLOUDWATCH_H
#define HTTPBROKER_SNS_CLOUDWATCH_H

#include "httpbroker/formats/format.h"

extern const struct format format_cloudwatch;

#endif

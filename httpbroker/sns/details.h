/* SPDX-License-Identifier: MIT */
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
#ifndef HTTPBROKER_SNS_DETAILS_H
#define HTTPBROKER_SNS_DETAILS_H

#include "common/buffer.h"
#include "httpbroker/sns/alarm.h"

void details_append(struct buffer *out, const struct alarm *alarm);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the broker answers, as httpbroker-http(7) describes it: GET /health, and GET /state of one
 * check. The answers are not trusted. Pure.
 */
#ifndef OOBETET_PROBE_HEALTH_H
#define OOBETET_PROBE_HEALTH_H

#include "common/reason.h"
#include "oobetet/watch/readings.h"

/*
 * These set what the answer says; false, and why: it gives no reading, as it is not the broker's,
 * or not that of the active one.
 */
bool health_read(const char *answer, long status, struct broker_reading *out, struct reason *why);
bool check_read(const char *answer, long status, struct broker_reading *out, struct reason *why);

#endif

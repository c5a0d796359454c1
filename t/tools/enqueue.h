/* SPDX-License-Identifier: MIT */
/*
 * Validation for PagerDuty's Events API v2 (POST /v2/enqueue), field by field as documented at
 * developer.pagerduty.com. Strict: tests must detect fields that the real one accepts or drops
 * silently.
 */
#ifndef T_TOOLS_ENQUEUE_H
#define T_TOOLS_ENQUEUE_H

#include "common/reason.h"

#include <jansson.h>
#include <stdbool.h>

enum { ENQUEUE_BODY_MOST = 512 * 1024 };

bool enqueue_check(json_t *event, struct reason *why);

/* The same for the Events API v1 (POST /generic/2010-04-15/create_event.json). */
bool generic_check(json_t *event, struct reason *why);

#endif

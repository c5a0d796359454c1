/* SPDX-License-Identifier: MIT */
/*
 * What may be sent to PagerDuty's Events API v2 (POST /v2/enqueue), field by field as it is
 * documented at developer.pagerduty.com: strict, so that a test notices what the real one lets
 * pass or silently drops.
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

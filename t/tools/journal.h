/* SPDX-License-Identifier: MIT */
/*
 * What pagerduty-standin prints on standard output, one line a request: the time, the status that
 * it answers (`hang`: none), the action, the dedup_key and the summary as JSON strings where there
 * are any; for what it refuses, the reason. Safe to call from several threads.
 */
#ifndef T_TOOLS_JOURNAL_H
#define T_TOOLS_JOURNAL_H

#include "common/reason.h"

#include <jansson.h>
#include <stdbool.h>

/* `event` has passed enqueue_check(). Its payload follows, where it is wanted, over several lines.
 */
void journal_request(const json_t *event, int status, bool payload_too);

void journal_refusal(int status, const struct reason *why);

#endif

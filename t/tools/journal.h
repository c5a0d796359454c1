/* SPDX-License-Identifier: MIT */
/*
 * The standard output of pagerduty-standin, one line a request: the time, the status of the
 * response
 * (`hang`: none, `reset`: connection reset), the action, the key and the summary as JSON strings if
 * present; for a refused request, the reason. An accepted event is followed by a line with its
 * result. Safe to call from several threads.
 */
#ifndef T_TOOLS_JOURNAL_H
#define T_TOOLS_JOURNAL_H

#include "common/reason.h"
#include "t/tools/answers.h"
#include "t/tools/events-api.h"

/* The payload, if wanted, follows on several lines. */
void journal_request(const struct events_api *api, const json_t *event, const struct answer *answer,
	bool payload_too);

void journal_refusal(int status, const struct reason *why);

/* Any other line: the time and this text. */
void journal_note(const char *words);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What pagerduty-standin prints on standard output, one line a request: the time, the status that
 * it answers (`hang`: none, `reset`: the connection's end), the action, the key and the summary as
 * JSON strings where there are any; for what it refuses, the reason. After what was taken, a line
 * that says what became of it. Safe to call from several threads.
 */
#ifndef T_TOOLS_JOURNAL_H
#define T_TOOLS_JOURNAL_H

#include "common/reason.h"
#include "t/tools/answers.h"
#include "t/tools/events-api.h"

/* Its payload follows, where it is wanted, over several lines. */
void journal_request(const struct events_api *api, const json_t *event, const struct answer *answer,
	bool payload_too);

void journal_refusal(int status, const struct reason *why);

/* Anything else: the time and these words. */
void journal_note(const char *words);

#endif

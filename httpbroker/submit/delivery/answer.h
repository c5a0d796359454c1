/* SPDX-License-Identifier: MIT */
/*
 * What a broker's answer means for the event that was sent. Pure. The broker answers 200 (Redis
 * has it) or 202 (it has it in memory), 4xx with {"error": "…"}, 503 when it cannot now; between
 * it and us there may be a proxy with pages of its own.
 */
#ifndef HTTPBROKER_SUBMIT_DELIVERY_ANSWER_H
#define HTTPBROKER_SUBMIT_DELIVERY_ANSWER_H

#include "common/reason.h"

enum outcome {
	OUTCOME_PENDING,  /* no answer yet */
	OUTCOME_ACCEPTED, /* the broker has it */
	OUTCOME_REFUSED,  /* sending it again would be refused again; *why says why */
	OUTCOME_AWAY,     /* not now: send it again; *why says what is the matter */
};

/*
 * `body` as far as it was kept, NUL-terminated, not trusted; NULL if it is empty. *why is always
 * set; for an accepted event it is the status alone.
 */
enum outcome answer_judge(long status, const char *body, struct reason *why);

#endif

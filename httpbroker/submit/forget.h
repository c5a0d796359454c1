/* SPDX-License-Identifier: MIT */
/* --forget: one DELETE. */
#ifndef HTTPBROKER_SUBMIT_FORGET_H
#define HTTPBROKER_SUBMIT_FORGET_H

#include "common/clocks.h"
#include "httpbroker/submit/sender.h"

#include <stdbool.h>

/* The query for a check, or for all of `entity` where `check` is NULL. To be freed. */
char *forget_query(const char *entity, const char *check);

/*
 * Asks until the broker responses, for `retry_limit` at most. Returns the exit code: 0, EX_DATAERR
 * (there is no such check, or it may not be forgotten), EX_UNAVAILABLE. Signals as for
 * submit_run().
 */
int forget_run(struct sender *sender, const char *query, nsec retry_limit, bool verbose);

#endif

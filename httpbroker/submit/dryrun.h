/* SPDX-License-Identifier: MIT */
/* --dry-run: what would be sent, on standard output, an event after the other, each on a line. */
#ifndef HTTPBROKER_SUBMIT_DRYRUN_H
#define HTTPBROKER_SUBMIT_DRYRUN_H

#include "common/reason.h"
#include "httpbroker/submit/source.h"

#include <stddef.h>

/* All of them return the exit code: 0; EX_IOERR, logged, if standard output does not take it;
 * EX_DATAERR, logged, if the broker would refuse an event. */
int dryrun_event(const char *json, size_t length);
int dryrun_forget(const char *url, const char *query);

/* EX_NOINPUT, too. Signals as for submit_run(). */
int dryrun_source(struct source *source);

/* Whether the broker would refuse an event, by its own rules. Pure. */

/*
 * False: no broker would take this document, whatever Flapjack it is for; *why is what it would
 * say. What depends on its options, such as who may write, is not judged.
 */
bool dryrun_acceptable(const char *json, size_t length, struct reason *why);

#endif

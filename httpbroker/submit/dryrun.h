/* SPDX-License-Identifier: MIT */
/* --dry-run: what would be sent, on standard output, an event after the other, each on a line. */
#ifndef HTTPBROKER_SUBMIT_DRYRUN_H
#define HTTPBROKER_SUBMIT_DRYRUN_H

#include "httpbroker/submit/feed/source.h"

/* All of them return the exit code: 0; EX_IOERR, logged, if standard output does not take it;
 * EX_DATAERR, logged, if the broker would refuse an event. */
int dryrun_event(const char *json, size_t length);
int dryrun_forget(const char *url, const char *query);

/* EX_NOINPUT, too. Signals as for submit_run(). */
int dryrun_source(struct source *source);

#endif

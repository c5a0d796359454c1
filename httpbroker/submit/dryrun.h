/* SPDX-License-Identifier: MIT */
/* --dry-run: what would be sent, on standard output, an event after the other, each on a line. */
#ifndef HTTPBROKER_SUBMIT_DRYRUN_H
#define HTTPBROKER_SUBMIT_DRYRUN_H

#include "httpbroker/submit/feed/source.h"

void dryrun_event(const char *json, size_t length);

/* Returns the exit code: 0, EX_DATAERR or EX_NOINPUT. Signals as for submit_run(). */
int dryrun_source(struct source *source);

#endif

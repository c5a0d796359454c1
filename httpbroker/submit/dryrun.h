/* SPDX-License-Identifier: MIT */
/* --dry-run: prints each event on a line instead of sending it. */
#ifndef HTTPBROKER_SUBMIT_DRYRUN_H
#define HTTPBROKER_SUBMIT_DRYRUN_H

#include "httpbroker/submit/source.h"

#include <stddef.h>

/* Return the exit code: 0; EX_IOERR, logged: writing failed; EX_DATAERR, logged: the broker would
 * refuse an event. */
int dryrun_event(const char *json, size_t length);
int dryrun_forget(const char *url, const char *query);

/* Also EX_NOINPUT. Signals as for submit_run(). */
int dryrun_source(struct source *source);

#endif

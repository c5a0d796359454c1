/* SPDX-License-Identifier: MIT */
/*
 * The http worker, which runs libcurl. It posts each event to PagerDuty once and reports the
 * result; the main process decides on retries. It fetches heartbeat_url on request.
 */
#ifndef OOBETET_HTTP_MAIN_H
#define OOBETET_HTTP_MAIN_H

/* Runs until the main process ends it. Returns the exit code. */
int http_main(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The pager: the hand that holds libcurl. It posts what it is told to PagerDuty, once, and reports
 * what came of it; when to try again is the clock's affair. It fetches heartbeat_url when the clock
 * says so.
 */
#ifndef OOBETET_HTTP_MAIN_H
#define OOBETET_HTTP_MAIN_H

/* The whole life of this process; returns its exit code. */
int http_main(void);

#endif

/* SPDX-License-Identifier: MIT */
/* What was counted: as a file for Prometheus's textfile collector, and as a log line. */
#ifndef HTTPBROKER_NOTIFY_METRICS_H
#define HTTPBROKER_NOTIFY_METRICS_H

struct notify;

/* Replaces the file; NULL: none. A failure is logged once, and once when it is over. */
void metrics_write(struct notify *notify, const char *path);

void metrics_log(const struct notify *notify);

#endif

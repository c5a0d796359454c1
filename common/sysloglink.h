/* SPDX-License-Identifier: MIT */
/*
 * Datagrams to the syslog daemon, as syslog(3) sends them, but never waiting for it: syslog(3)
 * blocks when the daemon stands still. What the daemon does not take at once is lost.
 */
#ifndef COMMON_SYSLOGLINK_H
#define COMMON_SYSLOGLINK_H

#include <stdbool.h>

/* The daemon listens at `path` (usually _PATH_LOG). Call once, before any thread is started. */
bool sysloglink_open(const char *path);

/* Sends one line (facility daemon); false if it was not taken. Safe from several threads. */
bool sysloglink_send(int priority, const char *program, const char *text);

#endif

/* SPDX-License-Identifier: MIT */
/* Starts this program again as a worker: fork and exec, so that it begins with clean memory. */
#ifndef OOBETET_SELFEXEC_H
#define OOBETET_SELFEXEC_H

#include <sys/types.h>

struct selfexec;

/*
 * Remembers the running file: call it first, before an upgrade can replace it. NULL: /proc is not
 * usable. Free with free(3).
 */
struct selfexec *selfexec_self(void);

/*
 * Starts it with `name` as its only argument. The child gets its end of a socketpair as IPC_FD, the
 * standard three and no other descriptor, and dies with this process. Returns its pid, and our end,
 * non-blocking, in *fd; -1: see errno.
 */
pid_t selfexec_start(const struct selfexec *selfexec, const char *name, int *fd);

#endif

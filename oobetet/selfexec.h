/* SPDX-License-Identifier: MIT */
/* The program that runs here, started again as a hand: fork, and exec, so that it begins clean. */
#ifndef OOBETET_SELFEXEC_H
#define OOBETET_SELFEXEC_H

#include <sys/types.h>

struct selfexec;

/*
 * Remembers which file runs here: do it first, before an upgrade can replace it. NULL: /proc does
 * not say. Free with free(3).
 */
struct selfexec *selfexec_self(void);

/*
 * Starts it with `name` as its only argument; the child has its end of a socketpair as
 * IPC_FD, and no other descriptor of ours beyond the standard three. It dies with us.
 * Returns its pid and our end, non-blocking, in *fd; -1: errno says why not.
 */
pid_t selfexec_start(const struct selfexec *selfexec, const char *name, int *fd);

#endif

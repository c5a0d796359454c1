/* SPDX-License-Identifier: MIT */
/* What the user's commands, alert_command and listen_command, have in common as processes. */
#ifndef OOBETET_CHILD_H
#define OOBETET_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Between fork and exec: makes these the standard descriptors, marks all others close-on-exec, and
 * removes from the environment what the supervisor set for this process only.
 */
bool child_arrange(int in, int out, int err);

/* True if the process has ended; it stays a zombie, so that its number stays taken. */
bool child_ended(pid_t pid, siginfo_t *info);

/* `exit status 1`, `signal 9 (Killed)`. */
void child_end_text(const siginfo_t *info, char *out, size_t size);

#endif

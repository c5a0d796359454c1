/* SPDX-License-Identifier: MIT */
/* --explain: reads the log of a room and says of each message why it counts or not. */
#ifndef OOBETET_EXPLAIN_H
#define OOBETET_EXPLAIN_H

#include "common/reason.h"
#include "oobetet/config/config.h"

/*
 * Reads lines as in watch/transcript.h from `fd` up to its end, and prints a line for each to
 * `out`, then one for each watch. False: `fd` cannot be read.
 */
bool explain_run(const struct config *config, int fd, FILE *out, struct reason *why);

#endif

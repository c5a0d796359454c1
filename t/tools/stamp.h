/* SPDX-License-Identifier: MIT */
/*
 * The time that begins each line of a tool's output: seconds since the epoch with three decimals,
 * as $EPOCHREALTIME has it, so that the lines of several tools can be compared.
 */
#ifndef T_TOOLS_STAMP_H
#define T_TOOLS_STAMP_H

#include "common/clocks.h"

#define STAMP_TEXT 32 /* bytes that hold any stamp */

/* Writes into `out` and returns it. */
const char *stamp_text(nsec wall, char out[STAMP_TEXT]);

#endif

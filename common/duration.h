/* SPDX-License-Identifier: MIT */
/* Durations of options and configuration keys: `10`, `10s`, `2m`, `1.5`, `500ms`, `1d`, `1h30m`. */
#ifndef COMMON_DURATION_H
#define COMMON_DURATION_H

#include "common/clocks.h"
#include "common/reason.h"

/* From min to max. Units may be combined, the largest first. */
bool duration_parse(const char *text, nsec min, nsec max, nsec *out, struct reason *why);

#define DURATION_TEXT 32 /* bytes that hold any duration_text() */

/* For messages: `60 s`, `1.5 s`, `500 ms`, `1 ms`, `0.25 ms`. Writes into `out` and returns it. */
const char *duration_text(nsec duration, char out[DURATION_TEXT]);

#endif

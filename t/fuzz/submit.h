/* SPDX-License-Identifier: MIT */
/* What every format of httpbroker-submit's feeds must do with any bytes. */
#ifndef T_FUZZ_SUBMIT_H
#define T_FUZZ_SUBMIT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Feeds the bytes, in two pieces: every event is a JSON object with what the defaults say, every
 * bad line has a reason, lines are counted upwards. Returns 0.
 */
int submit_feed_try(const char *format, const uint8_t *bytes, size_t length);

#endif

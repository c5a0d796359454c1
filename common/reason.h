/* SPDX-License-Identifier: MIT */
/*
 * An error message: one line without newline, with the place and the value. A function that can
 * fail takes a `struct reason *` and returns false with the reason set, or true with it unchanged.
 */
#ifndef COMMON_REASON_H
#define COMMON_REASON_H

#include <stdbool.h>

struct reason {
	char text[512]; /* longer ones are cut */
};

/* Always false, for `return reason_set(why, …)`. */
bool reason_set(struct reason *why, const char *format, ...)
	__attribute__((cold, format(printf, 2, 3)));

/* Puts `place: ` before the reason. Always false. */
bool reason_prefix(struct reason *why, const char *format, ...)
	__attribute__((cold, format(printf, 2, 3)));

#endif

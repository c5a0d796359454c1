/* SPDX-License-Identifier: MIT */
/*
 * Why something was refused, in words for the person who asked: one line, no newline at its end,
 * naming the place and the value. A function that can refuse takes a `struct reason *` and
 * returns false with the reason set, or true with the reason untouched.
 */
#ifndef COMMON_REASON_H
#define COMMON_REASON_H

#include <stdbool.h>

struct reason {
	char text[512]; /* longer ones are cut */
};

/* Sets the reason. Always false, so that a refusal is `return reason_set(why, …)`. */
bool reason_set(struct reason *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts `place: ` before the reason that is there. Always false. */
bool reason_prefix(struct reason *why, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif

/* SPDX-License-Identifier: MIT */
/* What state a check can be in, and the two words that pass for a state but are none. */
#ifndef HTTPBROKER_EVENTS_CONDITION_H
#define HTTPBROKER_EVENTS_CONDITION_H

#include <stdbool.h>
#include <stddef.h>

enum condition {
	CONDITION_OK,
	CONDITION_WARNING,
	CONDITION_CRITICAL,
	CONDITION_UNKNOWN,
	CONDITION_ACKNOWLEDGEMENT,    /* somebody looks after it: passes through once */
	CONDITION_TEST_NOTIFICATIONS, /* a test alarm: passes through once; Flapjack 2 only */
};

/* The states that clients may write, for the message that refuses another; and those that last. */
#define CONDITION_LASTING_WORDS "ok, warning, critical, unknown, up, down, unreachable"
#define CONDITION_WORDS CONDITION_LASTING_WORDS ", acknowledgement, test_notifications"

/*
 * Reads a state in any case; a host's up, down and unreachable as well. *flapjack_knows tells
 * whether Flapjack takes the word as it stands. False if it is no state at all.
 */
bool condition_read(const char *word, size_t length, enum condition *out, bool *flapjack_knows);

/* In small letters, as Flapjack knows it. */
const char *condition_name(enum condition condition);

/* Whether it says how the check is doing, so that it is cached and repeated. */
bool condition_lasts(enum condition condition);

#endif

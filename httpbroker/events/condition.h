/* SPDX-License-Identifier: MIT */
/* What state a check can be in, and the two words that pass for a state but are none. */
#ifndef HTTPBROKER_EVENTS_CONDITION_H
#define HTTPBROKER_EVENTS_CONDITION_H

#include <stdbool.h>
#include <stddef.h>

enum state {
	STATE_OK,
	STATE_WARNING,
	STATE_CRITICAL,
	STATE_UNKNOWN,
	STATE_ACKNOWLEDGEMENT,    /* somebody looks after it: passes through once */
	STATE_TEST_NOTIFICATIONS, /* a test alarm: passes through once; Flapjack 2 only */
};

/* The states that clients may write, for the message that refuses another; and those that last. */
#define STATE_LASTING_WORDS "ok, warning, critical, unknown, up, down, unreachable"
#define STATE_WORDS STATE_LASTING_WORDS ", acknowledgement, test_notifications"

/*
 * Reads a state in any case; a host's up, down and unreachable as well. *flapjack_knows tells
 * whether Flapjack takes the word as it stands. False if it is no state at all.
 */
bool state_read(const char *word, size_t length, enum state *out, bool *flapjack_knows);

/* In small letters, as Flapjack knows it. */
const char *state_name(enum state state);

/* Whether it says how the check is doing, so that it is cached and repeated. */
bool state_lasts(enum state state);

#endif

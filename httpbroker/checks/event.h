/* SPDX-License-Identifier: MIT */
/* What state a check can be in, and the two words that pass for a state but are none. */
#ifndef HTTPBROKER_CHECKS_EVENT_H
#define HTTPBROKER_CHECKS_EVENT_H

#include "common/clocks.h"
#include "common/reason.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/*
 * When an event was: to the millisecond where this broker has set the time, to the second where a
 * client or a service has said it.
 */

struct instant {
	int64_t seconds;   /* since the epoch */
	uint16_t fraction; /* milliseconds of that second, plus 1; 0: not known */
};

/* A time on the wall clock. */
struct instant instant_of(nsec wall);

/*
 * Less than, equal to or greater than 0, as `one` is before, at the same time as, or after `other`.
 * If only the second is known of either, seconds are compared.
 */
int instant_compare(struct instant one, struct instant other);

/*
 * What a client said about one check: translated from whatever format it came in, and validated,
 * but not yet judged against what is known of the check.
 */

/* Valid UTF-8, not owned: it lives as long as the document that it came from. */
struct text {
	const char *bytes; /* NULL: not given */
	size_t length;
};

/* The text of a literal. */
struct text text_literal(const char *literal);

/* Seconds reach this in the year 5138; milliseconds passed it in 1973. */
#define EVENT_TIME_IN_MILLISECONDS INT64_C(100000000000)

#define EVENT_NOT_GIVEN INT64_C(-1) /* for the numbers that cannot be negative */

enum { EVENT_TTL_DEFAULT = 300, EVENT_TTL_NEVER = -1 };

struct event {
	struct text entity;     /* never empty in a valid event */
	struct text check;      /* never empty in a valid event */
	struct text state_text; /* as it is sent on */
	enum state state;       /* what that means */
	struct text summary;
	struct text details;
	struct text perfdata; /* Flapjack 2 must never see it */
	struct text acknowledgement_id;
	const json_t *tags; /* strings in an array, or one string; NULL: none */
	int64_t time;       /* seconds since the epoch, or EVENT_NOT_GIVEN until event_check() */
	uint16_t fraction;  /* of that second: see event.h */
	int32_t ttl;        /* seconds; negative: never stale */
	int64_t duration;   /* these are seconds, or EVENT_NOT_GIVEN */
	int64_t initial_failure_delay;
	int64_t repeat_failure_delay;
	int64_t initial_recovery_delay; /* Flapjack 1 rejects it */
	struct text former_entity; /* what a version before this called the check: it is set ok */
	struct text former_check;  /* when the check is new; not given: no other names */
	unsigned unknown_keys;     /* how many were left out, which no Flapjack takes */
};

/* An event with nothing given and the defaults set. */
void event_init(struct event *event);

/*
 * What holds for the name of an entity or a check (`key` says which): it is there, no longer than
 * LIMIT_NAME, and free of what common/utf8.h leaves out or replaces in a line.
 */
bool event_name_check(const char *key, struct text name, struct reason *why);

/*
 * What holds for a new name besides: no double quote is in it. Flapjack's messages have names
 * between double quotes, and the name could go on as a message of another check.
 */
bool event_quotes_check(const char *key, struct text name, struct reason *why);

/*
 * What holds for every event, whatever its format: its names; a state that this version of Flapjack
 * (1 or 2) takes, in event->state_text and event->condition; a time that is given and not in the
 * future (else it becomes now), nor in milliseconds; and the limits of the other texts. `now` is
 * the wall clock.
 */
bool event_check(struct event *event, int flapjack, nsec now, struct reason *why);

/*
 * Times as services write them (ISO 8601, RFC 3339): `2026-01-02T03:04:05Z`,
 * `2026-01-02T03:04:05.678+0000`, `2026-01-02T04:04:05+01:00`.
 */

/* Into whole seconds since 1970; false, and *out untouched, if it is no such time or earlier. */
bool isotime_read(struct text text, int64_t *out);

#endif

/* SPDX-License-Identifier: MIT */
/* Events: what a client reported about a check, translated and validated; states and times. */
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
	STATE_ACKNOWLEDGEMENT,    /* no state of the check: pushed once, not cached */
	STATE_TEST_NOTIFICATIONS, /* the same; Flapjack 2 only */
};

/* The words that clients may use, for messages. */
#define STATE_LASTING_WORDS "ok, warning, critical, unknown, up, down, unreachable"
#define STATE_WORDS STATE_LASTING_WORDS ", acknowledgement, test_notifications"

/*
 * Reads a state in any case, and a host's up, down, unreachable. *flapjack_knows: Flapjack accepts
 * the word as it is. False: no state.
 */
bool state_read(const char *word, size_t length, enum state *out, bool *flapjack_knows);

/* In lower case, as Flapjack writes it. */
const char *state_name(enum state state);

/* Whether it is the check's state, which is cached and repeated. */
bool state_lasts(enum state state);

/* When an event was: to the millisecond if this broker set the time, else to the second. */
struct instant {
	int64_t seconds;   /* since the epoch */
	uint16_t fraction; /* milliseconds of that second, plus 1; 0: not known */
};

struct instant instant_of(nsec wall);

/* Less than, equal to or greater than 0. Compares seconds if a fraction is not known. */
int instant_compare(struct instant one, struct instant other);

/* Valid UTF-8; not owned: it lives as long as its document. */
struct text {
	const char *bytes; /* NULL: not given */
	size_t length;
};

struct text text_literal(const char *literal);

/* Seconds reach this in the year 5138; milliseconds passed it in 1973. */
#define EVENT_TIME_IN_MILLISECONDS INT64_C(100000000000)

#define EVENT_NOT_GIVEN INT64_C(-1) /* for numbers that cannot be negative */

enum { EVENT_TTL_DEFAULT = 300, EVENT_TTL_NEVER = -1 };

struct event {
	struct text entity;     /* not empty in a valid event */
	struct text check;      /* not empty in a valid event */
	struct text state_text; /* as it is pushed */
	enum state state;       /* set by event_check() from state_text */
	struct text summary;
	struct text details;
	struct text perfdata; /* never sent to Flapjack 2 */
	struct text acknowledgement_id;
	const json_t *tags; /* strings in an array, or one string; NULL: none */
	int64_t time;       /* seconds since the epoch; EVENT_NOT_GIVEN: event_check() sets it */
	uint16_t fraction;  /* of that second: struct instant */
	int32_t ttl;        /* seconds; negative: never stale */
	int64_t duration;   /* these four in seconds, or EVENT_NOT_GIVEN */
	int64_t initial_failure_delay;
	int64_t repeat_failure_delay;
	int64_t initial_recovery_delay; /* Flapjack 1 rejects it */
	struct text former_entity; /* the names in an earlier version of this program, which are */
	struct text former_check;  /* set ok when the check is new; not given: none */
	unsigned unknown_keys;     /* how many were dropped: Flapjack accepts none */
};

/* Sets the defaults; nothing else is given. */
void event_init(struct event *event);

/*
 * An entity's or a check's name (`key` says which) must be given, at most LIMIT_NAME bytes long,
 * and clean as one line (common/utf8.h).
 */
bool event_name_check(const char *key, struct text name, struct reason *why);

/*
 * New names must have no double quote: Flapjack's messages put names between double quotes, and a
 * name could go on as the message of another check.
 */
bool event_quotes_check(const char *key, struct text name, struct reason *why);

/*
 * Checks the names, the state (for this version of Flapjack, 1 or 2), the time and the lengths of
 * the other texts, whatever the format. Sets state and state_text, and the time if it is not given
 * or in the future. `now` is the wall clock.
 */
bool event_check(struct event *event, int flapjack, nsec now, struct reason *why);

/*
 * Reads ISO 8601 and RFC 3339 into whole seconds since 1970: `2026-01-02T03:04:05Z`,
 * `2026-01-02T03:04:05.678+0000`, `2026-01-02T04:04:05+01:00` (clock_parse). False: no such time.
 */
bool isotime_read(struct text text, int64_t *out);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What a client said about one check: translated from whatever format it came in, and validated,
 * but not yet judged against what is known of the check.
 */
#ifndef HTTPBROKER_EVENTS_EVENT_H
#define HTTPBROKER_EVENTS_EVENT_H

#include "common/reason.h"
#include "httpbroker/events/condition.h"
#include "httpbroker/events/instant.h"

#include <jansson.h>
#include <stdint.h>

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
	uint16_t fraction;  /* of that second: see instant.h */
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

#endif

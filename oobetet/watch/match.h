/* SPDX-License-Identifier: MIT */
/*
 * What a message in a room means for the watched check. Flapjack 1 and 2 send these, with or
 * without the part `NICK: ACKID ID, `, the first word in any case:
 *
 *     Problem: flapjack: ACKID f79395cd, "CHECK" on ENTITY is Critical, SUMMARY       (1)
 *     Recovery: "CHECK" on ENTITY is OK, SUMMARY
 *     Acknowledgement: "CHECK" on ENTITY has been acknowledged, …
 *     Problem: flapjack: ACKID , "ENTITY:CHECK" is Critical                           (2)
 *
 * The name begins at the first quotation mark: a summary that quotes our check does not count.
 * Quotation marks inside a check's name are not escaped.
 *
 * A pattern (a POSIX extended regular expression) replaces the wording of its kind, so that any
 * alerter can be watched. A heartbeat pattern replaces problem and recovery. Pure.
 */
#ifndef OOBETET_WATCH_MATCH_H
#define OOBETET_WATCH_MATCH_H

#include "common/reason.h"

#include <regex.h>
#include <stdbool.h>

/* The kinds before KIND_ACKNOWLEDGEMENT can be awaited. */
enum kind { KIND_PROBLEM, KIND_RECOVERY, KIND_HEARTBEAT, KIND_ACKNOWLEDGEMENT, KIND_NONE };

#define KINDS_AWAITED KIND_ACKNOWLEDGEMENT

struct match {
	const char *check;  /* compared exactly */
	const char *entity; /* whole, in any case; NULL: `check` is the whole name, Flapjack 2's */
	regex_t *pattern[KIND_NONE]; /* owned; NULL: as Flapjack words it */
};

/* Sets the pattern of a kind. */
bool match_pattern(struct match *match, enum kind kind, const char *pattern, struct reason *why);

/* True if the absence of this kind is an incident. */
bool match_awaits(const struct match *match, enum kind kind);

/* Messages of any oobetet (notification.h) are KIND_NONE, even if a pattern matches. */
enum kind match_body(const struct match *match, const char *body);

/* Why a message does not match. The last are the nearest to a match. */
enum mismatch {
	MISMATCH_OOBETET, /* it is an oobetet's */
	MISMATCH_TEXT,    /* no pattern matches, and it is not in a format of Flapjack */
	MISMATCH_PATTERN, /* a pattern replaces the format of Flapjack that it is in */
	MISMATCH_TEST,    /* a test notification */
	MISMATCH_ROLLUP,  /* a summary of several checks */
	MISMATCH_NAME,    /* no check in quotation marks, or nothing that follows it */
	MISMATCH_BOTH,    /* another check of another entity */
	MISMATCH_CHECK,
	MISMATCH_ENTITY,
	MISMATCH_OWN,  /* the text matches, but its nick is oobetet's (explain.h) */
	MISMATCH_ROOM, /* ... its room is not watched */
	MISMATCH_NICK, /* ... its nick is not watched */
	MISMATCH_NONE, /* it matches */
};

#define EXPLANATION_TEXT 400 /* bytes */

struct explanation {
	enum kind kind; /* as match_body() returns it */
	enum mismatch mismatch;
	char text[EXPLANATION_TEXT]; /* why, for people; it may quote the message */
};

void match_explain(const struct match *match, const char *body, struct explanation *out);

/* `problem`, `recovery`, `heartbeat`, `acknowledgement`. */
const char *kind_name(enum kind kind);

/* Frees the patterns, not the match. */
void match_free(struct match *match);

#endif

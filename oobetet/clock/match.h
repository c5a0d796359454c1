/* SPDX-License-Identifier: MIT */
/*
 * What a line in the room says about the watched check. Flapjack 1 and 2 word it thus, with or
 * without the part `NICK: ACKID ID, `, the first word in any case:
 *
 *     Problem: flapjack: ACKID f79395cd, "CHECK" on ENTITY is Critical, SUMMARY       (1)
 *     Recovery: "CHECK" on ENTITY is OK, SUMMARY
 *     Acknowledgement: "CHECK" on ENTITY has been acknowledged, …
 *     Problem: flapjack: ACKID , "ENTITY:CHECK" is Critical                           (2)
 *
 * The name is what the *first* quotation mark begins: a summary that quotes our check says nothing
 * about it. Quotation marks inside a check's name are not escaped. Pure.
 */
#ifndef OOBETET_CLOCK_MATCH_H
#define OOBETET_CLOCK_MATCH_H

enum kind { KIND_PROBLEM, KIND_RECOVERY, KIND_ACKNOWLEDGEMENT, KIND_NONE };

#define KIND_HALVES 2 /* the first two kinds are the halves of a flapper's period */

struct match {
	const char *check;  /* compared exactly */
	const char *entity; /* whole, in any case; NULL: `check` is the whole name, Flapjack 2's */
};

enum kind match_body(const struct match *match, const char *body);

/* `problem`, `recovery`, `acknowledgement`. */
const char *kind_name(enum kind kind);

#endif

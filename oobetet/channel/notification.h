/* SPDX-License-Identifier: MIT */
/*
 * What is told of an incident, in the words that every road carries. Pure: the texts are made of
 * facts and wall times that the caller has.
 */
#ifndef OOBETET_CHANNEL_NOTIFICATION_H
#define OOBETET_CHANNEL_NOTIFICATION_H

#include "common/clocks.h"
#include "oobetet/watch/match.h"

/* PagerDuty's limits: dedup_key 255 characters, summary 1024. Bytes are never more. */
#define NOTIFICATION_KEY 256
#define NOTIFICATION_TEXT 1025
#define NOTIFICATION_SINCE 32

enum notification_kind { NOTIFICATION_ALARM, NOTIFICATION_OK, NOTIFICATION_TEST };

struct notification {
	enum notification_kind kind;
	char key[NOTIFICATION_KEY]; /* one incident's alarms and its OK have the same, no other has
				     */
	enum kind missing;          /* the kind that was missed first; of a test, none */
	char since[NOTIFICATION_SINCE]; /* when the incident began: ISO 8601, UTC */
	char text[NOTIFICATION_TEXT];
};

/* Whom the texts speak of. Nothing is owned. */
struct target {
	const char *host;   /* this machine */
	const char *check;  /* the watched one */
	const char *entity; /* NULL: the check's name says it all */
	nsec max_latency;
	const char *key; /* how incidents' keys begin; NULL: as the original's */
};

/* An incident, as all that is told of it has it. */
struct outage {
	char key[NOTIFICATION_KEY]; /* made once, by notification_key(), whatever becomes of host
				       and subject */
	nsec since;                 /* its beginning, by the wall clock */
};

/* The key of the incident that began at `since`. Returns out. */
char *notification_key(const struct target *target, nsec since, char out[NOTIFICATION_KEY]);

/* The name of what is watched: `"CHECK" on ENTITY`, or `"CHECK"`. */
char *target_name(const struct target *target, char *out, size_t size);

/*
 * The alarm of an incident, as told at `now`, when `missing` was not heard for `silence`. `remarks`
 * is what else is known, each remark beginning with `; `: it may be empty, and is what gets cut.
 */
void notification_alarm(struct notification *notification, const struct target *target,
	const struct outage *outage, enum kind missing, nsec silence, nsec now,
	const char *remarks);

/*
 * The end of the same incident, which was not OK for `span`, as told at `now`. No two have the same
 * text: a room that gives messages ids of its own is known to have it by that alone.
 */
void notification_ok(struct notification *notification, const struct target *target,
	const struct outage *outage, enum kind missing, nsec span, nsec now);

/* The test that --test-alert tells, an incident of its own. */
void notification_test(struct notification *notification, const struct target *target, nsec now);

/*
 * What oobetet says when it has joined a room for the first time. It must not begin with
 * `flapjack`: Flapjack 1's bot would answer.
 */
char *notification_greeting(const struct target *target, nsec now, char *out, size_t size);

/* What it says after a time in which nobody listened, `why` being such as "was stopped". */
char *notification_absence(
	const struct target *target, nsec away, const char *why, char *out, size_t size);

#endif

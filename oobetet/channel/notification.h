/* SPDX-License-Identifier: MIT */
/* The texts and keys of notifications, the same for all channels. Pure. */
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
	char key[NOTIFICATION_KEY];     /* shared by one incident's alarms and its OK only */
	enum kind missing;              /* the kind that was missing first; of a test, none */
	char since[NOTIFICATION_SINCE]; /* when the incident began: ISO 8601, UTC */
	char text[NOTIFICATION_TEXT];
};

/* What the texts are about. Owns nothing. */
struct target {
	const char *host;   /* this machine */
	const char *check;  /* the watched check */
	const char *entity; /* NULL: the check's name is complete */
	nsec max_latency;
	const char *key; /* how keys begin; NULL: as the original's */
	const char
		*watch; /* the name of the watch, which is in its keys; NULL: it is the only one */
};

/* An incident, as all its notifications state it. */
struct outage {
	char key[NOTIFICATION_KEY]; /* made once, by notification_key(), and kept */
	nsec since;                 /* its beginning, by the wall clock */
};

/* The key of the incident that began at `since`. Returns out. */
char *notification_key(const struct target *target, nsec since, char out[NOTIFICATION_KEY]);

/* The name of the watched check, `"CHECK" on ENTITY` or `"CHECK"`, cut between two characters. */
char *target_name(const struct target *target, char *out, size_t size);

/*
 * The alarm of an incident at `now`, when `missing` had not come for `silence`. `remarks` may be
 * empty; each begins with `; `. If the text is too long, they are cut.
 */
void notification_alarm(struct notification *notification, const struct target *target,
	const struct outage *outage, enum kind missing, nsec silence, nsec now,
	const char *remarks);

/* The same of an incident that is no silence: `fault` is what is wrong. */
void notification_fault(struct notification *notification, const struct target *target,
	const struct outage *outage, enum kind missing, const char *fault, nsec now,
	const char *remarks);

/*
 * The end at `now` of the same incident, which lasted `span`. No two have the same text: that is
 * how a reflection is recognised in a room that replaces message ids.
 */
void notification_ok(struct notification *notification, const struct target *target,
	const struct outage *outage, enum kind missing, nsec span, nsec now);

/* The end at `now` of an incident of a watch that was removed from the configuration. */
void notification_removed(struct notification *notification, const struct target *target,
	const struct outage *outage, enum kind missing, nsec span, nsec now);

/* The test of --test-alert, an incident of its own. */
void notification_test(struct notification *notification, const struct target *target, nsec now);

/*
 * The greeting of a room with these watches; `began` is for example "started". It must not begin
 * with `flapjack`: Flapjack 1's bot would answer.
 */
char *notification_greeting(const struct target *const targets[], int count, const char *began,
	nsec now, char *out, size_t size);

/* The announcement of planned work that ends at `until`, by the wall clock; 0: it is over. */
char *notification_planned(const struct target *const targets[], int count, nsec until,
	const char *reason, char *out, size_t size);

/* The message after a time in which nobody listened; `why` is for example "was stopped". */
char *notification_absence(const struct target *const targets[], int count, nsec away,
	const char *why, char *out, size_t size);

#endif

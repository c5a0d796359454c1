/* SPDX-License-Identifier: MIT */
/*
 * What is known of the chain that one watch tests: the readings of its links, and what was heard in
 * its rooms. An alarm ends with what follows from that. Pure; times are CLOCK_MONOTONIC.
 */
#ifndef OOBETET_WATCH_CHAIN_H
#define OOBETET_WATCH_CHAIN_H

#include "common/buffer.h"
#include "oobetet/config/config.h"
#include "oobetet/watch/diagnosis.h"
#include "oobetet/watch/match.h"
#include "oobetet/watch/readings.h"

#include <stdint.h>

#define SWING_KINDS 2 /* problem and recovery */
#define SWING_BUCKETS 9

/* The upper bounds of the histogram, in seconds. */
extern const int swing_bounds[SWING_BUCKETS];

/*
 * A swing, as the metric and the alarm call it: a change of the port that has its message. What is
 * measured is how long the change takes to its message: a problem is paired with the last time
 * before it that the port closed, a recovery with the last time that it opened. Only the first
 * message of a change counts. The change came between two readings; the middle is taken. A delay of
 * more than a period is counted from a later change, and so appears shorter. Begins as all zeros.
 */
struct swings {
	nsec heard[SWING_KINDS];  /* a message that waits for the next reading; 0: none */
	nsec paired[SWING_KINDS]; /* the last change that has its message, as it was first read */
	bool known[SWING_KINDS];
	nsec delay[SWING_KINDS];        /* known: of the last pair */
	uint64_t bucket[SWING_BUCKETS]; /* pairs within the bound, and above the one before */
	uint64_t count;                 /* all pairs */
	nsec sum;                       /* of their delays */
};

/* A message that counts. Other kinds are ignored. */
void swings_hear(struct swings *swings, enum kind kind, nsec stamp);

/*
 * After a reading at `at` was added to `port` (readings.h): pairs what came before it. A change
 * between readings further apart than `gap` is not known.
 */
void swings_read(struct swings *swings, const struct runs *port, nsec at, nsec gap);

#define CHAIN_NEAREST 100 /* bytes of the message that is quoted */

/*
 * To find it, so many messages a second are compared with what is awaited, and so many bytes of
 * each: the cost grows with the square of the length, and a room may be flooded.
 */
#define CHAIN_RANKINGS 20
#define CHAIN_RANKED 600

struct chain {
	const struct watch_config *config;
	struct readings readings;
	struct swings swings;
	nsec start, gap, notice;
	nsec heard[KINDS_AWAITED]; /* the last message of each kind; 0: none since the start */
	nsec rollup;               /* the last summary of several checks; 0: none */
	int64_t others;            /* messages in its rooms that do not count */
	nsec ranked;               /* when this second of rankings began */
	int rankings;              /* in it */
	int nearest_rank;          /* how near `nearest` came to a match (match.h) */
	char nearest[CHAIN_NEAREST];
	char broker[CHAIN_NEAREST]; /* `HOST:PORT` of probe_broker */
	nsec period; /* of the port, as measured last, in this run or before; 0: never */
	bool period_warned;
	bool sender_in; /* an occupant with a watched nick is in a room, as far as is known */
};

/* `notice`: how long oobetet may take to notice that it is out of a room. */
void chain_begin(struct chain *chain, const struct watch_config *config, nsec notice, nsec now);

/*
 * After chain_begin(): takes over what is still true with another configuration of the same check,
 * and the histogram, whose counts only grow.
 */
void chain_carry(struct chain *chain, const struct chain *before);

/* A message in one of its rooms; `kind`: KIND_NONE if it does not count. */
void chain_hear(struct chain *chain, const struct match *match, enum kind kind, const char *body,
	nsec stamp);

/* A reading of the port, of probe_flapper. */
void chain_port(struct chain *chain, int value, nsec at);

/* An occupant with a watched nick joined one of its rooms, or left it. */
void chain_sender(struct chain *chain, bool in);

/* Joining one of its rooms created it: all others who were in it are not. */
void chain_created(struct chain *chain, nsec now);

/*
 * The first broken link, as the end of an alarm: `; ` and a sentence. `missing` has not come for
 * `silence`.
 */
void chain_diagnose(const struct chain *chain, enum kind missing, const char *check, nsec silence,
	nsec now, struct buffer *out, struct diagnosis *diagnosis);

/*
 * What is wrong although messages come: they come late, or the queue is not worked off. The text
 * stays empty, and the result is false, if nothing is.
 */
bool chain_fault(const struct chain *chain, nsec now, char *out, size_t size);

/* False: too little is known at this moment to say that nothing is. */
bool chain_fault_known(const struct chain *chain, nsec now);

/* True, once, if the period as measured is too long for max_latency. */
bool chain_period_is_long(struct chain *chain);

/* In whole seconds, for people. */
nsec period_rounded(nsec period);

/* True if max_latency is shorter than two of these periods and a minute. */
bool period_is_long(nsec period, nsec max_latency);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The decision: has any kind of message that should keep coming not been heard for longer than
 * max_latency? Pure: what was heard, and when, goes in; what to tell comes out.
 *
 * All times are those of activetime.h: what passes while nobody could hear is no silence.
 */
#ifndef OOBETET_WATCH_WATCH_H
#define OOBETET_WATCH_WATCH_H

#include "common/clocks.h"
#include "oobetet/watch/match.h"

#include <stdbool.h>

struct watch_rules {
	nsec max_latency;
	nsec repeat_interval;        /* between alarms of one incident */
	nsec repeat_max;             /* what people's grows to; 0: it does not */
	bool awaited[KINDS_AWAITED]; /* the kinds that should keep coming; at least one */
};

struct watch;

/* All kinds count as heard at `now`. Free with watch_free(). */
struct watch *watch_new(const struct watch_rules *rules, nsec now);
void watch_free(struct watch *watch);

/*
 * A line that was stamped in time may still be on its way, and overtaken by another: what was
 * heard is put in order, and judged, so much later.
 */
#define WATCH_GRACE (200 * NSEC_PER_MSEC)

/*
 * What was heard at `stamp`, which is not in the future. A gap that this line ends is an incident
 * as well if it was too long, even if nobody has judged meanwhile.
 */
void watch_hear(struct watch *watch, enum kind kind, nsec stamp);

enum verdict {
	WATCH_QUIET,  /* nothing to tell */
	WATCH_ALARM,  /* an incident begins */
	WATCH_REPEAT, /* it goes on: say so again */
	/*
	 * It is over: at the first line after which every awaited kind has been heard since it
	 * began, and within max_latency. One outage is one incident.
	 */
	WATCH_HEALED,
};

/* What to tell now. More may be due at once: call it until it says WATCH_QUIET. */
enum verdict watch_judge(struct watch *watch, nsec now);

/* When watch_judge() will have something to tell, at the earliest, if nothing is heard. */
nsec watch_deadline(const struct watch *watch);

/*
 * Is the repeat that watch_judge() spoke of last one for people as well? The first ten are; from
 * then on the wait between two of them doubles each time, up to repeat_max.
 */
bool watch_repeat_loud(const struct watch *watch);

struct incident {
	nsec since;        /* when max_latency was over */
	enum kind missing; /* the kind that was missed first; of a repeat, that still is */
};

/* The incident that watch_judge() spoke of last. */
const struct incident *watch_incident(const struct watch *watch);

/* How long ago an awaited kind was heard last. */
nsec watch_silence(const struct watch *watch, enum kind kind, nsec now);

/*
 * How long ago an acknowledgement was heard, which silences Flapjack until the check recovers;
 * NSEC_NEVER: never, or an awaited kind was heard since.
 */
nsec watch_acknowledged(const struct watch *watch, nsec now);

/* All that a watch has to know of its past: what a state file keeps. */
struct watch_saved {
	nsec silence[KINDS_AWAITED]; /* so far; NSEC_NEVER: the kind was not awaited */
	nsec acknowledged;           /* how long ago; NSEC_NEVER: never */
	bool open;                   /* an incident was told, and has not healed */
	nsec lasted;                 /* open: since max_latency was over */
	enum kind missing;           /* open: as in struct incident */
	nsec repeat_in;              /* open: until its next repeat */
	int64_t loud;                /* open: repeats that were for people */
	int64_t quiet;               /* open: repeats until the next that is */
};

void watch_remember(const struct watch *watch, nsec now, struct watch_saved *past);

/*
 * Instead of watch_new()'s past. A kind that was not awaited then counts as heard now, and not for
 * the end of an incident that is open.
 */
void watch_resume(struct watch *watch, const struct watch_saved *past, nsec now);

#endif

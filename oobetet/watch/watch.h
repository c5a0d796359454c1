/* SPDX-License-Identifier: MIT */
/*
 * The decision: has an awaited kind of message been missing for longer than max_latency? Pure:
 * messages and their times go in, verdicts come out. All times are active time (at the end).
 */
#ifndef OOBETET_WATCH_WATCH_H
#define OOBETET_WATCH_WATCH_H

#include "common/clocks.h"
#include "oobetet/watch/match.h"

#include <stdbool.h>

struct watch_rules {
	nsec max_latency;
	nsec repeat_interval;        /* between alarms of one incident */
	nsec repeat_max;             /* what that grows to for people; 0: it does not grow */
	bool awaited[KINDS_AWAITED]; /* the kinds that are expected; at least one */
};

struct watch;

/* All kinds count as received at `now`. Free with watch_free(). */
struct watch *watch_new(const struct watch_rules *rules, nsec now);
void watch_free(struct watch *watch);

/* Messages may arrive out of order: they are sorted and evaluated after this delay. */
#define WATCH_GRACE (200 * NSEC_PER_MSEC)

/*
 * A message of `stamp`, which is not in the future. If it ends a gap that was too long, that gap is
 * an incident even if nothing was evaluated meanwhile.
 */
void watch_receive(struct watch *watch, enum kind kind, nsec stamp);

enum verdict {
	WATCH_NOTHING, /* nothing to report */
	WATCH_ALARM,   /* an incident begins */
	WATCH_REPEAT,  /* it goes on: repeat the alarm */
	WATCH_ENDED,   /* it is over: every awaited kind came since it began, within max_latency */
	WATCH_HELD,    /* an incident begins; its alarm is held back by watch_hold() */
	WATCH_SPARED,  /* it is over before its alarm was due: nobody need know */
};

/*
 * Whether something other than silence is wrong, such as messages that arrive late. While it is, an
 * incident is open, and does not end.
 */
void watch_fault(struct watch *watch, bool wrong, nsec now);

/*
 * During planned work (quiet.h) nothing is alarmed or repeated. An incident that was reported
 * before is reported as over all the same; one that begins meanwhile and lasts until `hold` is
 * false is a WATCH_ALARM then.
 */
void watch_hold(struct watch *watch, bool hold);

/* What to report now. Call it until it returns WATCH_NOTHING. */
enum verdict watch_evaluate(struct watch *watch, nsec now);

/* The earliest time at which watch_evaluate() has something to report without a new message. */
nsec watch_deadline(const struct watch *watch);

/*
 * True if the last repeat is loud: for people as well. The first ten are; after that the wait
 * between two of them doubles each time, up to repeat_max.
 */
bool watch_repeat_loud(const struct watch *watch);

struct incident {
	nsec since;        /* when max_latency was over */
	enum kind missing; /* the kind that was missing first; of a repeat, still is */
};

/* The incident that watch_evaluate() reported last. */
const struct incident *watch_incident(const struct watch *watch);

/* How long ago the last message of an awaited kind came. */
nsec watch_silence(const struct watch *watch, enum kind kind, nsec now);

/*
 * How long ago the last acknowledgement came, which silences Flapjack until the check recovers;
 * NSEC_NEVER: none came, or an awaited kind came since.
 */
nsec watch_acknowledged(const struct watch *watch, nsec now);

/* What the state file keeps of a watch. */
struct watch_saved {
	nsec silence[KINDS_AWAITED]; /* so far; NSEC_NEVER: the kind was not awaited */
	nsec acknowledged;           /* how long ago; NSEC_NEVER: never */
	bool open;                   /* an incident was reported, or held, and has not ended */
	bool held;                   /* open: its alarm is held back */
	bool fault;                  /* open: of watch_fault(), and not known to be over */
	nsec lasted;                 /* open: since max_latency was over */
	enum kind missing;           /* open: as in struct incident */
	nsec repeat_in;              /* open: until its next repeat */
	int64_t loud;                /* open: repeats sent to people: loud ones */
	int64_t until_loud;          /* open: repeats until the next loud one */
};

void watch_remember(const struct watch *watch, nsec now, struct watch_saved *past);

/*
 * Replaces what watch_new() assumed. A kind that was not awaited then counts as received now, but
 * not for the end of an open incident.
 */
void watch_resume(struct watch *watch, const struct watch_saved *past, nsec now);

/* ---- active time ---- */

#define ACTIVE_TIME_GAPS 16 /* absences kept one by one; of older ones only the sum is known */

/*
 * Active time: CLOCK_MONOTONIC less all periods in which this process did not run: stopped by a
 * signal, frozen, starved. (During a suspension CLOCK_MONOTONIC itself stops.) Only silence in
 * active time counts. A turn that comes later than `tick`, by more than load explains, or after
 * SIGCONT, ends such a period.
 */
struct active_time {
	nsec tick;      /* the longest regular pause between two turns */
	nsec turned;    /* the last turn, CLOCK_MONOTONIC */
	nsec suspended; /* CLOCK_BOOTTIME less CLOCK_MONOTONIC, then */
	nsec away;      /* all absences so far */
	struct {
		nsec from, until; /* CLOCK_MONOTONIC */
	} gaps[ACTIVE_TIME_GAPS];
	int count; /* absences so far: the newest is in gaps[(count - 1) % ACTIVE_TIME_GAPS] */
};

/* Running from now on. */
void active_time_begin(struct active_time *active_time, nsec tick, nsec monotonic, nsec boot);

/*
 * A turn; `continued`: SIGCONT came since the last one. Returns how long the process did not run
 * since then, suspension included; 0: it ran.
 */
nsec active_time_turn(struct active_time *active_time, bool continued, nsec monotonic, nsec boot);

/* Converts a moment of CLOCK_MONOTONIC, which may be in the past, to active time. */
nsec active_time_at(const struct active_time *active_time, nsec monotonic);

#endif

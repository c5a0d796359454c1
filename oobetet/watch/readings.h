/* SPDX-License-Identifier: MIT */
/*
 * What is known of the links of the chain between the flapper and the room, over time: what the
 * probe worker read, and whether oobetet was in the room. A probe that timed out, or whose host
 * cannot be reached, gives no reading: nothing is known of that time. Pure; times are
 * CLOCK_MONOTONIC.
 */
#ifndef OOBETET_WATCH_READINGS_H
#define OOBETET_WATCH_READINGS_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "oobetet/watch/match.h"

#include <stdbool.h>
#include <stdint.h>

/* What was read of one thing: runs of equal readings. Between two runs nothing was read. */
#define RUNS_MAX 32

struct run {
	int value;
	nsec from, until; /* its first and its last reading */
};

struct runs {
	int count;                /* the oldest is run[0] */
	struct run run[RUNS_MAX]; /* all zero: no readings */
};

/*
 * Adds a reading. It continues the last run if it has the same value and came within `gap`. One
 * that is older than the last reading is ignored.
 */
void runs_add(struct runs *runs, int value, nsec at, nsec gap);

/* The newest run; NULL: there is none. */
const struct run *runs_last(const struct runs *runs);

/*
 * Since when there were readings up to `until` without a pause longer than `gap`; `until` itself if
 * there were none.
 */
nsec runs_covered(const struct runs *runs, nsec until, nsec gap);

/* How long readings had this value from `from` to `until`. */
nsec runs_span(const struct runs *runs, int value, nsec from, nsec until);

/* True if a reading in this time had this value. */
bool runs_had(const struct runs *runs, int value, nsec from, nsec until);

enum probe { PROBE_FLAPPER, PROBE_BROKER, PROBE_REDIS, PROBES };

#define READING_WHY 160  /* bytes of a reason */
#define READING_NAME 120 /* bytes of the name of a list */

/* The values of the runs. */
enum { PORT_OPEN, PORT_REFUSED };
enum { BROKER_HEALTHY, BROKER_UNHEALTHY, BROKER_SILENT };
enum { CHECK_OK, CHECK_PROBLEM, CHECK_UNKNOWN, CHECK_DOWN }; /* DOWN: the broker is silent */
enum { REDIS_ANSWERS, REDIS_SILENT };
enum { QUEUE_EMPTY, QUEUE_MOVES, QUEUE_STANDS };
enum { ROOM_IN, ROOM_PART, ROOM_OUT }; /* PART: in some of the watched rooms */

/* How long an item is known to have been at the end of a list. */
struct standing {
	uint64_t oldest;  /* a hash of the item */
	nsec since;       /* when it was read first */
	nsec empty;       /* when the list was empty last; 0: it never was */
	nsec busy;        /* since when no reading shows it empty, without a pause; 0: empty */
	int64_t length;   /* as read last; -1: it was not */
	struct runs runs; /* QUEUE_... */
};

struct readings {
	struct {
		bool tried; /* it is configured, and has ended at least once */
		nsec at;    /* its last reading; 0: none */
		bool local; /* the last attempt ended in this machine: it has no network */
		char why[READING_WHY]; /* why the last attempt gave none; "": it gave one */
	} probe[PROBES];
	struct runs port;
	nsec opened; /* the last two times the port opened; 0: it did not */
	nsec opened_before;
	nsec period; /* from one to the next, as measured; 0: it was not */
	struct runs broker;
	struct runs check;   /* its state, as it was submitted to the broker */
	struct runs relayed; /* REDIS_...: whether the broker has its Redis */
	nsec submitted;    /* when the last result of the check reached the broker; 0: not known */
	bool paused;       /* the broker has paused its repeats */
	int64_t pushed_to; /* length of the broker's queue, as the broker says; -1: not known */
	int64_t pushed_least; /* the least of these since it fell last */
	struct runs redis;
	struct standing queue;
	int64_t taken;          /* events that Flapjack 1 has counted; -1: it counts none */
	struct standing output; /* the fullest list of notifications; length -1: there is none */
	char output_name[READING_NAME];
	struct runs room;
	char room_why[READING_WHY]; /* why it was left last */
	bool program;               /* in place of the room there is a listen_command */
	nsec created;               /* when joining it created it; 0: it did not */
	bool alone;                 /* then: the sender of alerts was in the room, and is not now */
	bool port_changed, check_changed; /* it has changed since the start */
};

void readings_init(struct readings *readings);

/* The longest pause between two readings that hides nothing; never below three probes. */
nsec readings_gap(nsec max_latency);

/* `gap`: a longer pause between two readings is a time without one. */
void readings_port(struct readings *readings, int value, nsec at, nsec gap);

struct broker_reading {
	bool silent;  /* it refused, or took the connection and did not answer: all else is unset */
	bool healthy; /* what it accepts reaches the queue */
	bool redis;   /* it has its Redis */
	bool paused;  /* it pauses its repeats */
	int check;    /* CHECK_OK, CHECK_PROBLEM, CHECK_UNKNOWN */
	nsec age;     /* of the last result; -1: not known */
	int64_t queue; /* length; -1: not known */
};
void readings_broker(
	struct readings *readings, const struct broker_reading *reading, nsec at, nsec gap);

struct queue_reading {
	bool silent;     /* as above */
	int64_t length;  /* of the queue */
	uint64_t oldest; /* a hash of its oldest item */
	int64_t taken;   /* the counter; -1: there is none */
	int64_t output;  /* the length of the fullest output list; -1: there is none */
	uint64_t output_oldest;
	const char *output_name;
};
void readings_queue(
	struct readings *readings, const struct queue_reading *reading, nsec at, nsec gap);

/* An attempt gave no reading; `local`: because this machine has no way to the network. */
void readings_none(struct readings *readings, enum probe probe, bool local, const char *why);

void readings_room(struct readings *readings, int value, const char *why, nsec at, nsec gap);

/* The lines `NAME: TEXT` of all readings, each with its age; for people. */
void readings_write(const struct readings *readings, nsec now, struct buffer *out);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The messages besides notifications. The status of one watch is a struct that watch_status_of()
 * fills: SIGUSR1 logs it, a room that asks gets it, and the metrics are made of it. The greeting of
 * the rooms, and the message after an absence of oobetet, are queued here as well.
 */
#ifndef OOBETET_STATUS_H
#define OOBETET_STATUS_H

#include "oobetet/channel/incident.h"

struct watch_status {
	const char *name;              /* of its section; NULL: it is the only watch */
	const struct target *target;   /* the watched check, and max_latency */
	bool awaited[KINDS_AWAITED];   /* this kind is expected */
	bool heard[KINDS_AWAITED];     /* it came in this run of oobetet */
	nsec silence[KINDS_AWAITED];   /* awaited: so long it has not come, in active time */
	const struct swings *swings;   /* delays from the port's change; NULL: no probe_flapper */
	bool open;                     /* there is an incident ... */
	bool held;                     /* ... and its alarm is held back */
	const struct planned *planned; /* planned work */
	enum kind missing;             /* open: the kind that is missing */
	nsec lasted;                   /* open: for how long, max_latency not included */
	nsec alarmed; /* how long ago the last alarm or repeat was made in this run;
			 NSEC_NEVER: none was */
	int channels; /* how many it has */
	int failing;  /* of these: closed, or the last attempt failed */
	int pending;  /* notifications that are not delivered */
};

/* Points into the watch: valid until that changes. */
struct watch_status watch_status_of(const struct watched *watched, const struct timestamps *now);

struct monitor;

/* Logs the status of each watch, of the rooms and of the workers, for SIGUSR1. */
void status_log(const struct monitor *monitor, const struct timestamps *now);

/*
 * Queues the greeting of each alert room that has a new or changed watch, with all its
 * watches; `began` is for example "started". Queues the message after an absence of oobetet, for
 * the watches whose max_latency it exceeded, and logs it.
 */
void announce_start(struct monitor *monitor, const char *began);
void announce_absence(struct monitor *monitor, nsec away, const char *why);

/* Answers a question for the status: a line for each watch that listens or sends in this room. */
void announce_status(struct monitor *monitor, const char *room, nsec now);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * struct watched, all that the monitor has of one watch; and its incident: the verdicts of the
 * watch become notifications, which are logged and queued.
 */
#ifndef OOBETET_CHANNEL_INCIDENT_H
#define OOBETET_CHANNEL_INCIDENT_H

#include "oobetet/channel/channels.h"
#include "oobetet/listen/listener.h"
#include "oobetet/watch/chain.h"
#include "oobetet/watch/rooms.h"
#include "oobetet/watch/watch.h"

#define PLANNED_REASON 200 /* bytes */

/* Planned work, during which the alarms of a watch are held back. */
struct planned {
	nsec until; /* by the wall clock; 0: there is none */
	char reason[PLANNED_REASON + 1];
};

#define INCIDENT_FAULT 160 /* bytes */

/* All that the monitor has of one watch. It owns the parts, but not the configuration. */
struct watched {
	const struct watch_config *config;
	struct target target;
	struct match match;
	struct watch *watch;
	struct chain chain; /* for the diagnosis */
	struct channels *channels;
	struct listener *listener;  /* NULL: it listens in rooms */
	struct command *command;    /* NULL: no alert_command */
	char fault[INCIDENT_FAULT]; /* of the open incident, if it is no silence; else "" */
	struct outage outage;       /* the open incident, as its first alarm stated it */
	nsec began;                 /* its beginning by CLOCK_BOOTTIME, which cannot be set */
	nsec alarmed;               /* the last alarm or repeat, by CLOCK_BOOTTIME; 0: none yet */
	bool heard[KINDS_AWAITED];  /* the kind came in this run */
	bool fresh;                 /* new or changed since the rooms were told of it */
	nsec ends_by;               /* removed: when it is given up, CLOCK_MONOTONIC */
	uint64_t written;           /* snapshot.c's: the intents that the last write holds */
	struct planned planned;     /* as the rooms know it */
	int64_t incidents, ended;   /* in this run; those that were held back included */
	bool held;                  /* the last one began in this run and is held back */
};

/*
 * A watch that counts every kind as received at `now`, of active time. `config` and `host` stay the
 * caller's and valid. `seed`: see channels_new(). Free with watched_free().
 */
struct watched *watched_new(const struct watch_config *config, const char *host,
	const struct timing *timing, uint64_t seed, nsec now);
void watched_free(struct watched *watched);

/* One moment on all clocks that a notification needs. */
struct timestamps {
	nsec active_time; /* watch/watch.h */
	nsec monotonic;
	nsec boot;
	nsec wall;
};

/*
 * The watch is removed from the configuration: its open incident, if it was reported, ends. False:
 * there is nothing to deliver.
 */
bool incident_remove(struct watched *watched, const struct timestamps *now);

/*
 * A new object of the same check takes over what is known, the incident, the notifications, and the
 * programs if they are the same. At another PagerDuty service (same_service()) nothing is known of
 * the incident yet: incident_open_again() opens it there.
 */
void watched_carry(struct watched *watched, struct watched *before, nsec now);

/* True if both send to the same service of PagerDuty, or to none. */
bool same_service(const struct watch_config *a, const struct watch_config *b);

/*
 * A number for the state file, from which the key cannot be found: another one is another service;
 * 0: none.
 */
nsec service_sum(const struct watch_config *config);

/* Sends the alarm of the open incident, if there is one, to PagerDuty. */
void incident_open_again(
	struct watched *watched, const struct rooms *rooms, const struct timestamps *now);

/*
 * An object that only resolves at PagerDuty what `before` has opened there, with its configuration;
 * NULL: that is nothing. `seed`: as in watched_new().
 */
struct watched *incident_resolve_there(const struct watched *before, const struct timing *timing,
	uint64_t seed, const struct timestamps *now);

/* Evaluates the watch and queues what follows. All messages received so far must be applied. */
void incident_report(
	struct watched *watched, const struct rooms *rooms, const struct timestamps *now);

#endif

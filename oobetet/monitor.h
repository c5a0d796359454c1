/* SPDX-License-Identifier: MIT */
/*
 * The monitor: the parent of the workers. Nothing in it can block. It sleeps until the next
 * deadline or message, applies all messages, evaluates all watches, and has the workers send what
 * is queued.
 *
 * This header is of the struct monitor and of all files that work on it, a section each.
 */
#ifndef OOBETET_MONITOR_H
#define OOBETET_MONITOR_H

#include "common/ready.h"
#include "oobetet/channel/asides.h"
#include "oobetet/channel/watches.h"
#include "oobetet/config/config.h"
#include "oobetet/config/loader.h"
#include "oobetet/selfexec.h"
#include "oobetet/state/snapshot.h"
#include "oobetet/watch/match.h"
#include "oobetet/watch/rooms.h"
#include "oobetet/watch/watch.h"
#include "oobetet/worker.h"

#include <limits.h>

/* Where the configuration is read again. `accepted` is called when one replaces another. */
struct config_source {
	const char *path;
	void (*accepted)(void *user, const struct config *config);
	void *user;
};

/* metrics_file, in progress. */
struct metrics {
	struct writer writer;
	char *path;   /* its path, owned: the configuration may be read again meanwhile */
	uint64_t sum; /* of what was written last: see metrics.c */
};

struct monitor {
	struct config *config;              /* the caller's */
	const struct config_source *source; /* NULL: it is not read again */
	const struct selfexec *selfexec;
	bool test;    /* --test-alert: no watch, no state file, no heartbeat */
	bool leaving; /* the workers' messages are ignored */
	nsec started; /* CLOCK_BOOTTIME */
	struct timing timing;
	char host[HOST_NAME_MAX + 1];
	struct active_time active_time;
	struct watches watches;
	struct rooms *rooms;
	struct asides *asides;
	struct heartbeat heartbeat;
	struct workers workers;
	struct {
		uint64_t xmpp, http, probe; /* config_part(), as the workers have it */
	} parts;
	struct snapshot snapshot;
	struct metrics metrics;
	struct loader loader; /* of the configuration, after SIGHUP */
	struct watchdog watchdog;
	struct log_limit ahead; /* history whose time is in the future */
	int timer;              /* a timerfd that ends the wait at the next deadline */
};

/*
 * Makes all parts and resumes the saved state; dies if there is no timer. `config` and `selfexec`
 * stay the caller's and valid. Returns how long nobody listened before this start; 0 if that is
 * not known. End it with monitor_end().
 */
nsec monitor_begin(
	struct monitor *monitor, struct config *config, const struct selfexec *selfexec, bool test);
void monitor_end(struct monitor *monitor);

/* `now`, of CLOCK_MONOTONIC, on all clocks that a notification needs. */
struct timestamps timestamps_at(const struct monitor *monitor, nsec now);

/* True if a watch or heartbeat_url needs the http worker. */
bool monitor_needs_http(const struct monitor *monitor);

/* True if a watch has a probe. */
bool probes_are_configured(const struct config *config);

/* ---- loop.c ---- */

/*
 * Watches until SIGTERM or SIGINT, then leaves the rooms and returns, within two seconds. Reports
 * readiness (common/ready.h, `ready_fd`) as soon as it watches. At SIGHUP it reads `source`. It
 * takes the configuration, and returns the one that it has at its end.
 */
struct config *monitor_run(struct config *config, const struct config_source *source,
	const struct selfexec *selfexec, int ready_fd);

/* For `enabled = no`: ready and idle until SIGTERM or SIGINT. */
void monitor_idle(int ready_fd);

/* Does everything that is due, once. */
void monitor_turn(struct monitor *monitor);

/* Sleeps until `deadline`, or until there is something to read. */
void monitor_wait(const struct monitor *monitor, nsec deadline);
nsec monitor_deadline(const struct monitor *monitor, nsec now);

/* Stops the workers and writes the state for the last time; 1.5 s at most. */
void monitor_leave(struct monitor *monitor);

/* ---- testalert.c ---- */

/*
 * --test-alert: sends one marked test through every channel. Prints one line per channel on
 * standard output. The test has arrived when a room sent it back, unless the room was created for
 * it and not `create_rooms`; when PagerDuty accepted the trigger and the resolve after it; when
 * alert_command exited with 0. Ends when each channel has succeeded or failed, when the time is
 * over, on SIGTERM or SIGINT. True: all have arrived.
 */
bool test_alert_run(struct config *config, const struct selfexec *selfexec, bool create_rooms);

/* ---- reload.c ---- */

/*
 * At SIGHUP begins to read the configuration again, and applies it when it is there; a bad one
 * changes nothing, and is logged. Ends removed watches whose last notifications are delivered.
 */
void reload_tick(struct monitor *monitor, const struct timestamps *now);

/* Applies this configuration, and takes it. */
void reload_apply(struct monitor *monitor, struct config *config, const struct timestamps *now);

/* ---- planned.c ---- */

/*
 * Planned work (state/quiet.h). planned_tick() comes before the watches are evaluated.
 * planned_set() is for `oobetet --quiet`: `span` 0 ends it; `reason` may be NULL then; `watch` NULL
 * is every watch. It prints the result, and dies if it fails.
 */
void planned_tick(struct monitor *monitor, const struct timestamps *now);
nsec planned_deadline(const struct monitor *monitor, nsec now);
void planned_set(const struct config *config, nsec span, const char *reason, const char *watch);

/* ---- metrics.c ---- */

/* Writes metrics_file, if there is one: at intervals, and soon after a change. */
void metrics_tick(struct monitor *monitor, const struct timestamps *now);
nsec metrics_deadline(const struct monitor *monitor);

/* ---- dispatch.c ---- */

/* Applies a worker's message, and the start or end of the xmpp worker. */
void dispatch_message(struct monitor *monitor, const struct message *message, nsec now);
void dispatch_xmpp_started(struct monitor *monitor);
void dispatch_xmpp_lost(struct monitor *monitor, nsec now);

/* Runs the listen_commands of all watches, and applies what they print. */
void listeners_read(struct monitor *monitor, const struct timestamps *now);

/* Tells the diagnosis of each watch whether it could hear a message. */
void presence_note(struct monitor *monitor, nsec now);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Private to the probe worker: one probe of one watch. The worker starts each when it is due, lets
 * it work without blocking, and gives it up after a limit. When a probe ends, it has reported one
 * reading to the monitor (message.h).
 */
#ifndef OOBETET_PROBE_PROBE_H
#define OOBETET_PROBE_PROBE_H

#include "common/clocks.h"
#include "common/reason.h"
#include "oobetet/config/config.h"
#include "oobetet/ipc.h"
#include "oobetet/watch/readings.h"

#include <curl/curl.h>
#include <poll.h>

struct probe_run;

struct probe_type {
	enum probe probe;
	/* NULL: the watch does not have this probe. `multi` stays the caller's. */
	void *(*new)(const struct watch_config *watch, CURLM *multi);
	void (*free)(void *state);
	void (*start)(struct probe_run *run, nsec now);
	/* True: it has ended. */
	bool (*step)(struct probe_run *run);
	/* It has used up its limit. */
	void (*expire)(struct probe_run *run);
	struct pollfd (*poll)(const struct probe_run *run); /* NULL: curl polls for it */
};

extern const struct probe_type broker_probe, redis_probe;

/* curl has ended the request of this run (its CURLOPT_PRIVATE). */
void broker_request_done(struct probe_run *run, CURLcode result);

/*
 * What the broker answers, as httpbroker-http(7) describes it: to GET /health, and to GET /state of
 * one check. The answers are not trusted. These set what the answer says; false, and why: it gives
 * no reading, as it is not the broker's, or not that of the active one.
 */
bool health_read(const char *answer, long status, struct broker_reading *out, struct reason *why);
bool check_read(const char *answer, long status, struct broker_reading *out, struct reason *why);

struct probe_run {
	const struct probe_type *type;
	void *state;
	struct ipc *ipc;
	int watch;     /* its index */
	nsec started;  /* the stamp of its reading */
	nsec limit;    /* when it is given up; 0: it does not run */
	nsec next;     /* when to start it */
	nsec interval; /* between two starts, on the average */
	nsec patience; /* how long it may take */
};

/* Sends a reading; `fields` follow the index of the watch and the stamp, and end with NULL. */
void probe_report(struct probe_run *run, enum message_type type, const char *const fields[]);

/*
 * There is no answer, though the peer's machine is there: it refused, or accepted and kept silent.
 */
void probe_silent(struct probe_run *run);

/* There is no reading. */
void probe_blind(struct probe_run *run, bool local, const char *why);

#endif

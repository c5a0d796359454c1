/* SPDX-License-Identifier: MIT */
/* What the sources of events share: the judge, the outputs, and what was counted. */
#ifndef HTTPBROKER_NOTIFY_NOTIFY_H
#define HTTPBROKER_NOTIFY_NOTIFY_H

#include "common/log.h"
#include "httpbroker/notify/judge.h"
#include "httpbroker/notify/options.h"
#include "httpbroker/notify/output.h"

enum { OUTPUTS_MAX = ALERTMANAGERS_MAX + 1 }; /* and standard output or a command */

struct consumer;

struct notify {
	const struct options *options;
	struct judge judge;
	struct output *outputs; /* owned; a list */
	struct output_phase phase;

	uint64_t events;  /* that were judged */
	uint64_t skipped; /* that could not be read, or not be judged */
	uint64_t told[NOTIFICATION_KINDS];
	int64_t event_time; /* of the last event; seconds since the epoch; 0: none yet */
	int64_t lag;        /* how old it was when it was judged, seconds */
	bool metrics_fail;  /* that they cannot be written was logged */
	struct log_limit skips;
};

struct notify *notify_new(const struct options *options);
void notify_free(struct notify *notify);

/* Takes over the output. */
void notify_add(struct notify *notify, struct output *output);

/* Puts a notification into the queue of each output. */
void notify_tell(const struct notification *notification, void *notify);

/*
 * What was counted, as a file for Prometheus's textfile collector (NULL: none), and as a log line.
 * That the file cannot be written is logged once, and once when it is over. `consumer` is NULL if
 * the events come from standard input.
 */
void metrics_write(struct notify *notify, const struct consumer *consumer, const char *path);
void metrics_log(const struct notify *notify, const struct consumer *consumer);

#endif

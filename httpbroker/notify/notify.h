/* SPDX-License-Identifier: MIT */
/* What the parts of the program share: the judge, the outputs, what was counted; and the loop. */
#ifndef HTTPBROKER_NOTIFY_NOTIFY_H
#define HTTPBROKER_NOTIFY_NOTIFY_H

#include "common/log.h"
#include "httpbroker/notify/judge.h"
#include "httpbroker/notify/options.h"
#include "httpbroker/notify/output.h"

enum { OUTPUTS_MAX = 18 }; /* standard output or a command, and Alertmanagers */

struct consumer;
struct input;

struct notify {
	const struct options *options;
	struct problems *problems;
	struct judge *judge;
	struct output *outputs[OUTPUTS_MAX]; /* owned */
	size_t output_count;
	struct input *input;       /* standard input; NULL: none */
	struct consumer *consumer; /* Redis; NULL: none */

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

/*
 * Judges an event. One that cannot be read is logged, with its place, and counted; nothing else is
 * lost by it. `json` may be changed.
 */
void notify_event(struct notify *notify, char *json, size_t length, const char *place,
	uint64_t number, struct moment now);

/* The same for one that cannot be read: why. */
void notify_skip(
	struct notify *notify, const char *place, uint64_t number, const char *why, nsec now);

/* Puts a notification into the queue of each output. */
void notify_tell(const struct notification *notification, void *notify);

/*
 * What was counted, as a file for Prometheus's textfile collector (NULL: none), and as a log line.
 * That the file cannot be written is logged once, and once when it is over.
 */
void metrics_write(struct notify *notify, const char *path);
void metrics_log(const struct notify *notify);

/* Runs until the input ends or a signal says so; a test, until every output has tried to deliver
 * it, and logs the results. Returns the exit status. */
int notify_run(struct notify *notify);

#endif

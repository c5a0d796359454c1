/* SPDX-License-Identifier: MIT */
/* The command line. */
#ifndef HTTPBROKER_NOTIFY_OPTIONS_H
#define HTTPBROKER_NOTIFY_OPTIONS_H

#include "common/address.h"
#include "common/clocks.h"
#include "httpbroker/notify/alerts.h"
#include "httpbroker/notify/judge.h"
#include "httpbroker/redis/redis_options.h"

#include <stdbool.h>

enum { ALERTMANAGERS_MAX = 16 };

struct options {
	bool from_redis;            /* the events come from Redis, else from standard input */
	struct redis_options redis; /* owned, as alerts.labels: options_free() */
	const char *queue;
	const char *name;

	struct judge_settings rules; /* but for `tell` and its context */

	char **command; /* up to a NULL; NULL: none */
	unsigned jobs;
	struct line_style style;

	const char *alertmanagers[ALERTMANAGERS_MAX]; /* URLs */
	size_t alertmanager_count;
	struct alerts_settings alerts;

	bool test;
	const char *metrics_file; /* NULL: none */
	int ready_fd;             /* -1: none */
	bool debug;
};

/* Exits with 0 for --help and --version, with 64 and a message for what cannot be understood. */
struct options options_read(int argc, char **argv);
void options_free(struct options *options);

#endif

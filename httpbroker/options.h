/* SPDX-License-Identifier: MIT */
/* The command line, and PORT in the environment. */
#ifndef HTTPBROKER_OPTIONS_H
#define HTTPBROKER_OPTIONS_H

#include "common/address.h"
#include "common/clocks.h"
#include "httpbroker/delivery/delivery.h"
#include "httpbroker/http/server.h"
#include "httpbroker/redis/redis_options.h"

enum {
	LISTEN_MAX = 16, /* addresses */
	SNS_TOPICS_MAX = 64,
	HOST_NAMES_MAX = 32,
	HEARTBEATS_MAX = 16,
};

struct options {
	struct address listen[LISTEN_MAX]; /* an empty host: loopback, both families */
	int listen_count;
	struct redis_options redis;
	struct delivery_settings delivery;      /* but for its place */
	struct server_settings server;          /* but for auth and hosts */
	const char *sns_topics[SNS_TOPICS_MAX]; /* ARNs, or beginnings of some and `*` */
	size_t sns_topic_count;
	const char *sns_ca_file; /* NULL: the system's authorities */

	nsec ping_ttl;  /* of pings without one */
	nsec run_limit; /* of starts without one; NSEC_NEVER: none */

	const char *host_names[HOST_NAMES_MAX]; /* that web pages may use */
	size_t host_name_count;

	const char *heartbeats[HEARTBEATS_MAX + 1]; /* alerts that fire all the time, then NULL */
	size_t heartbeat_count;

	const char *token_file; /* NULL: none */
	size_t max_held;        /* bytes */
	bool debug;
	int ready_fd; /* -1: none */
};

/* Exits with 0 for --help and --version, with 64 and a message for what cannot be understood. */
struct options options_read(int argc, char **argv);

/* Wipes the password, and frees redis.place.tls. */
void options_free(struct options *options);

#endif

/* SPDX-License-Identifier: MIT */
/* The command line, and PORT in the environment. */
#ifndef HTTPBROKER_OPTIONS_H
#define HTTPBROKER_OPTIONS_H

#include "common/address.h"
#include "common/clocks.h"
#include "httpbroker/checks/event.h"
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
	nsec interval;
	const char *queue;
	const char *name;    /* part of the keys in Redis */
	nsec grace;          /* of an outage, during which no time to live runs out */
	bool persistent;     /* states are kept in Redis */
	int64_t max_pending; /* events that wait for Redis or the output */
	int64_t max_queue;   /* events in the queue, above which repeats pause */
	int flapjack;        /* version, 1 or 2 */
	const char *sns_topics[SNS_TOPICS_MAX]; /* ARNs, or beginnings of some and `*` */
	size_t sns_topic_count;
	const char *sns_ca_file; /* NULL: the system's authorities */

	bool memory_only;   /* there is no Redis */
	const char *output; /* then: where events go, `-` or a path; NULL: nowhere */

	enum state stale_state; /* reported for a stale check */
	nsec ping_ttl;          /* of pings without one */
	nsec run_limit;         /* of starts without one; NSEC_NEVER: none */
	nsec forget_after;      /* how long a check may be stale; NSEC_NEVER: forever */

	const char *host_names[HOST_NAMES_MAX]; /* that web pages may use */
	size_t host_name_count;

	const char *heartbeats[HEARTBEATS_MAX + 1]; /* alerts that fire all the time, then NULL */
	size_t heartbeat_count;

	const char *token_file; /* NULL: none */
	size_t max_body;        /* bytes */
	size_t max_held;        /* bytes */
	size_t max_states;
	unsigned max_connections;
	nsec idle_timeout;
	nsec request_timeout;
	bool debug;
	int ready_fd; /* -1: none */
};

/* Exits with 0 for --help and --version, with 64 and a message for what cannot be understood. */
struct options options_read(int argc, char **argv);

/* Wipes the password, and frees redis.place.tls. */
void options_free(struct options *options);

#endif

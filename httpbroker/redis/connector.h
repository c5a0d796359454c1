/* SPDX-License-Identifier: MIT */
/*
 * Connects to Redis. Resolving a name blocks for as long as a name server is silent: each attempt
 * has its own thread, which tries all addresses of the name.
 *
 * With Sentinel (https://redis.io/docs/latest/develop/reference/sentinel-clients/) it first asks
 * the sentinels, one after the other, where the master is: `SENTINEL get-master-addr-by-name`. What
 * they say may be old: the handshake asks for the role (connection.h).
 */
#ifndef HTTPBROKER_REDIS_CONNECTOR_H
#define HTTPBROKER_REDIS_CONNECTOR_H

#include "common/address.h"
#include "common/clocks.h"
#include "common/reason.h"

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

enum { SENTINELS_MAX = 16, MASTER_NAME = 64 };

#define SENTINEL_WAIT NSEC_PER_SEC /* for its connection, for TLS, and for its answer */

/* At most, for TLS; less than LIMIT_REDIS_WAIT, after which the reason is only "no answer". */
#define TLS_WAIT (4 * NSEC_PER_SEC)

struct redis_place {
	struct address server; /* without Sentinel */
	struct address sentinels[SENTINELS_MAX];
	size_t sentinel_count;        /* 0: without Sentinel */
	char master[MASTER_NAME + 1]; /* its name, known to the sentinels */
	SSL_CTX *tls;                 /* for all of them; NULL: none; not owned */
};

struct connector;

enum connector_job {
	CONNECTOR_CONNECTS,
	CONNECTOR_ASKS, /* only where the master is */
};

/*
 * Starts an attempt. An empty host is localhost; each address gets `timeout`, and so does TLS, up
 * to TLS_WAIT; the sentinel `first` (modulo their number) is asked first. At the end `wake_fd` (an
 * eventfd that must outlive the connector) is written to.
 */
struct connector *connector_start(const struct redis_place *to, enum connector_job job,
	size_t first, nsec timeout, int wake_fd);

enum connector_result { CONNECTOR_RUNS, CONNECTOR_DONE, CONNECTOR_FAILED };

struct connected {
	int fd;   /* a connected, non-blocking socket, the caller's; -1: failed, or only asked */
	SSL *ssl; /* on it, the caller's; NULL: none */

	/* Where that is, or was tried; with Sentinel only if one has answered. */
	struct address server;
	bool answered;     /* a sentinel has */
	size_t sentinel;   /* its index */
	int error;         /* CONNECTOR_FAILED: an errno, or 0 */
	struct reason why; /* the same in words */
};

/* Not any more after another result than CONNECTOR_RUNS. */
enum connector_result connector_poll(struct connector *connector, struct connected *out);

/* At any time. A thread that is stuck in the resolver is detached and cleans up after itself. */
void connector_drop(struct connector *connector);

struct redisReply;

/* Reads a sentinel's reply; false: it is unusable, and why. */
bool sentinel_read(const struct redisReply *reply, const char *master, struct address *out,
	struct reason *why);

#endif

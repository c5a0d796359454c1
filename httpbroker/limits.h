/* SPDX-License-Identifier: MIT */
/* Every limit of the broker. Each is in the manual; those with an option are its defaults. */
#ifndef HTTPBROKER_LIMITS_H
#define HTTPBROKER_LIMITS_H

#include "common/clocks.h"

enum {
	LIMIT_HEADERS = 16384, /* bytes of a request line, its headers, and what is noted of them */
	LIMIT_BODY = 16 << 20, /* bytes of a request's body */
	LIMIT_HELD = 256 << 20, /* bytes that all requests hold */
	LIMIT_NAME = 1024, /* bytes of an entity's or a check's name, or of an acknowledgement_id */
	LIMIT_SUMMARY = 4096,     /* bytes; what is longer is cut */
	LIMIT_DETAILS = 65536,    /* bytes; what is longer is cut */
	LIMIT_PERFDATA = 65536,   /* bytes */
	LIMIT_NESTING = 32,       /* arrays and objects within each other */
	LIMIT_BATCH = 30000,      /* events in one request */
	LIMIT_TAGS = 65536,       /* bytes of all tags of an event */
	LIMIT_STATES = 1000000,   /* checks that are remembered */
	LIMIT_PENDING = 100000,   /* events that wait for a Redis that is away */
	LIMIT_CONNECTIONS = 4096, /* HTTP connections at a time */
};

#define LIMIT_PENDING_BYTES ((size_t)256 << 20) /* of events that wait for Redis */
#define LIMIT_IDLE (15 * NSEC_PER_SEC)          /* without a byte: then a connection is closed */
#define LIMIT_REQUEST (30 * NSEC_PER_SEC)       /* for a whole request to come in */
#define LIMIT_ANSWER (600 * NSEC_PER_SEC)       /* for a whole answer to be taken */
#define LIMIT_REDIS_WAIT (5 * NSEC_PER_SEC)     /* how long anybody waits for Redis */

#endif

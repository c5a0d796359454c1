/* SPDX-License-Identifier: MIT */
/* The limits of the broker, all documented; those with an option are its default. */
#ifndef HTTPBROKER_LIMITS_H
#define HTTPBROKER_LIMITS_H

#include "common/clocks.h"

enum {
	LIMIT_HEADERS = 16384,  /* bytes of a request line, its headers, and their bookkeeping */
	LIMIT_BODY = 16 << 20,  /* bytes of a request's body */
	LIMIT_HELD = 256 << 20, /* bytes of memory of all requests */
	LIMIT_NAME = 1024, /* bytes of an entity's or a check's name, or of an acknowledgement_id */
	LIMIT_SUMMARY = 4096,     /* bytes; a longer one is cut */
	LIMIT_DETAILS = 65536,    /* bytes; a longer one is cut */
	LIMIT_PERFDATA = 65536,   /* bytes */
	LIMIT_NESTING = 32,       /* nested arrays and objects */
	LIMIT_BATCH = 30000,      /* events in one request */
	LIMIT_TAGS = 65536,       /* bytes of all tags of an event */
	LIMIT_STATES = 1000000,   /* checks in the table */
	LIMIT_PENDING = 100000,   /* events waiting for Redis */
	LIMIT_CONNECTIONS = 4096, /* HTTP connections at a time */
};

#define LIMIT_PENDING_BYTES ((size_t)256 << 20) /* of events waiting for Redis */
#define LIMIT_IDLE (15 * NSEC_PER_SEC)          /* a connection without a byte is closed */
#define LIMIT_REQUEST (30 * NSEC_PER_SEC)       /* to receive a request */
#define LIMIT_ANSWER (600 * NSEC_PER_SEC)       /* to send a response */
#define LIMIT_REDIS_WAIT (5 * NSEC_PER_SEC)     /* a request waits for Redis */

#endif

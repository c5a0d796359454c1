/* SPDX-License-Identifier: MIT */
/* How the delivery is doing, for whoever asks from another thread: /health and the metrics. */
#ifndef HTTPBROKER_DELIVERY_STATUS_H
#define HTTPBROKER_DELIVERY_STATUS_H

#include "common/clocks.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum delivery_role {
	DELIVERY_STARTS,    /* Redis was not heard yet: nobody knows */
	DELIVERY_ACTIVE,    /* it takes events and repeats */
	DELIVERY_STANDS_BY, /* another broker of the same name is active */
};

struct delivery_status {
	enum delivery_role role;
	nsec role_since;  /* monotonic */
	nsec outlived_at; /* from then on another may have taken over (session.h), if it is still so
			   */

	bool memory_only; /* there is no Redis, and need not be: what follows of it says nothing */
	bool redis_up;    /* it answers, and does as it is told */
	nsec redis_since; /* monotonic: since when that is so, or is not */
	char redis_why[128];  /* why it is not; empty if it is */
	int64_t queue_length; /* when it was heard last; -1: never */
	bool repeats_paused;  /* the queue is too long */

	bool loading;        /* states are being read from Redis */
	uint64_t loaded;     /* of them, so far */
	uint64_t to_load;    /* that there were at the start of it; 0: not known yet */
	uint64_t unreadable; /* records that could not be read, and were skipped */

	uint64_t handed_older;      /* events that others handed over, and that changed nothing */
	uint64_t handed_unreadable; /* and that could not be read */

	uint64_t pending; /* events that wait for Redis */
	uint64_t pushed;  /* events that Redis has acknowledged, since the start */
	uint64_t repeats; /* events that say what was told before, since the start */
};

/* What the delivery publishes and others read. */
struct status_board {
	pthread_mutex_t lock;
	struct delivery_status status;
	atomic_int role; /* the same as in it, for who asks with every request */
	_Atomic nsec outlived_at;
};

void status_init(struct status_board *board, nsec now);
void status_free(struct status_board *board);

void status_publish(struct status_board *board, const struct delivery_status *status);
struct delivery_status status_read(struct status_board *board);
enum delivery_role status_role(struct status_board *board);
nsec status_outlived_at(struct status_board *board);

/* The role in a word: starting, active, standby. */
const char *delivery_role_name(enum delivery_role role);

/*
 * Back-pressure: when nobody takes what is in the queue, repeats pause, until enough of it is
 * gone. Changes go on. Pure: lengths and time go in.
 */

struct backpressure {
	int64_t max;   /* events in the queue, above which repeats pause */
	nsec interval; /* so often the length is asked for then */
	bool paused;
	nsec ask_at;
};

enum backpressure_change { PRESSURE_SAME, PRESSURE_PAUSES, PRESSURE_RESUMES };

/* So long is the queue now. */
enum backpressure_change backpressure_update(
	struct backpressure *backpressure, int64_t length, nsec now);

/* Whether, while they pause, the length is to be asked for; and that it is. */
bool backpressure_asks(const struct backpressure *backpressure, nsec now);
void backpressure_asked(struct backpressure *backpressure, nsec now);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * An output: one receiver of notifications, with its queue. A type of output is a table of
 * functions; none of them blocks. Outputs know nothing of each other.
 */
#ifndef HTTPBROKER_NOTIFY_OUTPUT_H
#define HTTPBROKER_NOTIFY_OUTPUT_H

#include "common/backoff.h"
#include "common/clocks.h"
#include "common/reason.h"
#include "httpbroker/notify/notification.h"
#include "httpbroker/notify/queue.h"

#include <stdbool.h>
#include <stdint.h>

struct pollfd;
struct output;

enum { OUTPUT_FDS = 64 }; /* that one output may poll */

struct output_type {
	/* Takes what is due from the queue, continues what is under way, reports results. Returns
	 * when it has something to do again although no descriptor is ready and nothing was put
	 * into the queue: timers, and output_deadline() while it can take more. NSEC_NEVER: never.
	 */
	nsec (*work)(struct output *output, struct moment now);

	/* NULL, or: writes what to poll for, OUTPUT_FDS at most; returns how many. SIGCHLD wakes
	 * the loop as well. */
	size_t (*poll)(const struct output *output, struct pollfd *fds, nsec now);

	/* NULL, or: a problem that lasts was loaded at a start; called before the first work(). The
	 * texts live until it returns. */
	void (*problem)(struct output *output, const struct notification *problem);

	/* Drops what is under way (also before a stand-by); problem() may be called again. A line
	 * of which a part is written is continued. */
	void (*reset)(struct output *output);

	/* Ends what is under way, and frees what *self has. */
	void (*end)(struct output *output);
};

/* What applies to all outputs. */
struct output_phase {
	bool test;      /* a notification is tried once */
	bool finishing; /* standard input has ended */
	bool idle;      /* in a stand-by, or stopping: nothing new is begun */
	bool stopping;  /* the program stops: what is under way ends soon */
};

struct output {
	const struct output_type *type;
	const struct output_phase *phase; /* of notify.h, as the next */
	struct output *next;
	char *name; /* owned; for logs, metrics and its list in Redis: `command` */
	char *key;  /* owned; of that list */
	void *self; /* the type's; freed after end() */
	struct queue queue;
	int ended;           /* nothing can be delivered any more: the exit status; 0: it can */
	bool thinning;       /* it was logged that too many wait */
	nsec due;            /* what work() returned */
	nsec held_until;     /* after a failure: no new attempt before; monotonic */
	struct backoff hold; /* of the output */
	nsec failing_since;  /* monotonic; 0: it is not failing */
	uint64_t delivered, failures, dropped;
};

/* Takes over `self`. */
struct output *output_new(const struct output_type *type, const char *name, void *self);
void output_free(struct output *output);

/* The next notification to be sent, as queue_next(), whose document is to be freed; NULL also while
 * the output is held, or idle. */
struct item *output_next(struct output *output, struct notification *out, nsec now);

/*
 * Results of an item from output_next(). delivered: the receiver has it. failed: it is tried again
 * after a pause, which grows; the first failure and the end are logged. refused: the receiver will
 * never take it: it is logged and dropped.
 */
void output_delivered(struct output *output, struct item *item, nsec now);
void output_failed(struct output *output, struct item *item, const char *why, nsec now);
void output_refused(struct output *output, struct item *item, const char *why);

/* Logs that the receiver is away, or back, without an item. */
void output_away(struct output *output, const char *why, nsec now);
void output_back(struct output *output, nsec now);

/* When output_next() may have one because a pause is over; NSEC_NEVER: none waits for that. */
nsec output_deadline(const struct output *output, nsec now);

struct alerts_settings;

/*
 * The outputs: a line on standard output; a command for each notification; an Alertmanager (NULL:
 * its URL is none, and why), whose settings are not copied.
 */
struct output *stdout_output(const struct line_style *style);
struct output *command_output(char *const *argv, unsigned jobs, const struct line_style *style);
struct output *alertmanager_output(
	const char *url, const struct alerts_settings *settings, struct reason *why);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The notifications that wait for one output: in order for each check; one that is retried holds up
 * only those of its check. A copy of the output's list in Redis: a notification is given to the
 * output when it is in the list, and stays there until the output has delivered it. Without Redis
 * (no key) it is in memory only. Pure.
 */
#ifndef HTTPBROKER_NOTIFY_QUEUE_H
#define HTTPBROKER_NOTIFY_QUEUE_H

#include "common/clocks.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct resp_list;
struct lane; /* the waiting ones of one check */

struct item {
	struct item *prev, *next; /* in the queue */
	struct item *after;       /* the next one of its check */
	struct lane *lane;
	nsec not_before;   /* monotonic; of a retry */
	unsigned failures; /* attempts so far that failed */
	bool under_way;    /* queue_next() returned it */
	bool listed;       /* it is in the list in Redis, or will be by the current commit */
	uint32_t length;   /* of json */
	char json[];       /* notification.h; NUL-terminated */
};

/* {.max, .stored} is an empty one; the rest is queue.c's, and may be read. */
struct queue {
	size_t max;         /* with more waiting, only the newest of each check is kept */
	bool stored;        /* in Redis */
	struct item *items; /* in order of arrival */
	struct item *done;  /* still in the list in Redis */
	struct lane *lanes;
	struct item *unlisted;    /* the first that is not listed; all behind it are not, either */
	struct item *uncommitted; /* the same for those that are not committed */
	size_t waiting;           /* those under way included */
	size_t under_way;
	size_t retried;   /* those with failures */
	size_t listed;    /* in the list in Redis, by the last commit */
	size_t trimming;  /* the first of `done` that the current commit removes */
	uint64_t thinned; /* replaced by a newer one of their check, ever */
	bool rewrite;
	bool thin; /* all lanes were thinned since the queue exceeded max */
};

/* `listed`: it was read from the list in Redis. */
void queue_put(struct queue *queue, uint64_t check, const char *json, size_t length, bool listed);

/* The next one to be sent: it is under way until one of the next two is called. NULL: none. */
struct item *queue_next(struct queue *queue, nsec now);
void queue_done(struct queue *queue, struct item *item);
void queue_retry(struct queue *queue, struct item *item, nsec at);

/* When the next retry is due; NSEC_NEVER: none waits. */
nsec queue_deadline(const struct queue *queue);

/* How many are in the list in Redis, by the last commit; 0: the next one writes it anew. */
size_t queue_listed(const struct queue *queue);

/*
 * For a commit: appends the commands (each as the number of its words, then the words) that change
 * the list in Redis as the queue has changed. queue_committed(): that commit was applied.
 */
void queue_commit(struct queue *queue, const char *key, struct resp_list *commands);
void queue_committed(struct queue *queue);

/* Redis has lost data: the next commit writes the whole list again. */
void queue_rewrite(struct queue *queue);

/* Forgets all, also those under way. */
void queue_clear(struct queue *queue);

#endif

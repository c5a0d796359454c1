/* SPDX-License-Identifier: MIT */
/*
 * The checks that are not ok, or of which a recovery was not told yet. A check that is ok, as far
 * as was told, has no entry: it needs none. Found by name; by what is due next; and by when they
 * were heard last. Pure.
 */
#ifndef HTTPBROKER_NOTIFY_PROBLEMS_H
#define HTTPBROKER_NOTIFY_PROBLEMS_H

#include "common/clocks.h"
#include "httpbroker/notify/notification.h"
#include "httpbroker/redis/resp.h"

#include <uthash.h>

struct problem {
	UT_hash_handle hh;
	struct problem *prev, *next; /* in the order of `heard` */
	char *summary;               /* of the last event; owned, one clean line; NULL: empty */
	nsec due;                    /* monotonic: end of a delay, or next repeat; NSEC_NEVER */
	int64_t since;               /* when the problem began, seconds since the epoch */
	int64_t heard;               /* seconds of the stream's clock (judge.h) */
	int64_t heard_written;       /* the same in Redis */
	uint32_t heap;               /* place among the due ones, plus 1; 0: none */
	int32_t repeat_delay;        /* repeat_failure_delay of the last event, seconds */
	uint8_t state;               /* enum state of the last event */
	uint8_t told;                /* enum state that was told last */
	bool acknowledged;
	char names[]; /* names_join(): hh.keylen bytes, and a NUL */
};

/* {0} is empty; the rest is problems.c's, and may be read. */
struct problems {
	struct problem *table;
	struct problem *heard;    /* the one that was heard longest ago first */
	struct problem **heap;    /* the first due first */
	uint32_t scheduled, room; /* of the heap */
	const char *states;       /* the key in Redis; NULL: they are not stored */
	struct resp_list changes; /* of it: what the next commit writes */
	struct buffer key;        /* of the check that is looked for */
};

void problems_free(struct problems *problems);
void problems_clear(struct problems *problems); /* all but `states` */
size_t problems_count(const struct problems *problems);

/*
 * If there are `states`, what changes is appended to `changes`, as commands (each as the number of
 * its words, then the words), until the caller takes them. This: they replace all that is there.
 */
void problems_rewrite(struct problems *problems, struct moment now);

/* Identifies a check; not the same in another run. */
uint64_t problems_check(struct problems *problems, struct text entity, struct text check);

/* NULL: none. */
struct problem *problems_find(struct problems *problems, struct text entity, struct text check);

/* Adds one that is not there: state and told are ok. */
struct problem *problems_add(
	struct problems *problems, struct text entity, struct text check, int64_t heard);

void problem_summarise(struct problem *problem, struct text summary);

void problem_hear(struct problems *problems, struct problem *problem, int64_t heard);
void problem_schedule(struct problems *problems, struct problem *problem, nsec due);

/* It has changed; it is over, and freed. */
void problem_change(struct problems *problems, struct problem *problem, struct moment now);
void problem_end(struct problems *problems, struct problem *problem);

/* The first that is due; NULL: none. */
struct problem *problems_due(const struct problems *problems);

/*
 * A record (`httpbroker-notify:NAME:states`, field: the names) is JSON with the members state,
 * told, since, heard, summary, and where they apply acknowledged, repeat_delay, due
 * (milliseconds since the epoch) and left (milliseconds from when it was written until then). Read:
 * false if the names or the value are not such.
 */
void problem_encode(const struct problem *problem, struct moment now, struct buffer *out);
bool problem_decode(struct problems *problems, struct text names, struct text value,
	struct moment now, struct reason *why);

/* After the last problem_decode(). */
void problems_sort(struct problems *problems);

#endif

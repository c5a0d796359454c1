/* SPDX-License-Identifier: MIT */
/*
 * Private to the diagnosis: the readings since the last message, and how far the changes of the
 * port have come on their way to the room. Pure.
 */
#ifndef OOBETET_WATCH_VIEW_H
#define OOBETET_WATCH_VIEW_H

#include "oobetet/watch/diagnosis.h"

/* A change of the kind whose message is missing: it came between two readings. */
struct turn {
	nsec after, by;             /* the last one; by: 0: there was none */
	nsec first_after, first_by; /* the first one */
};

enum passed { PASS_UNKNOWN, PASSED, NOT_PASSED };

/* What is derived from the evidence for all rows. */
struct view {
	const struct evidence *e;
	const struct readings *r;
	nsec from;    /* the missing message must have been caused after this */
	nsec settled; /* and before this */
	nsec gap;
	nsec half;           /* of max_latency: longer than a period */
	struct turn port;    /* the last one that should have arrived */
	struct turn check;   /* the same, as the broker received it */
	enum passed flapper; /* the port has changed, since a message came */
	enum passed broker;  /* the broker has received a change */
	enum passed queue;   /* it was taken from the queue ... */
	nsec taken;          /* ... by then */
};

struct view view_make(const struct evidence *evidence);

/* Readings without a pause, since the last message until now. */
bool view_complete(const struct view *v, const struct runs *runs);

/* How long a value was read in this time. */
nsec view_lasted(const struct view *v, const struct runs *runs, int value);

/* The value was read all the time, and no other. */
bool view_always(const struct view *v, const struct runs *runs, int value);

/* The value was read for so long, or at such a time, that no message could come. */
bool view_explains(const struct view *v, const struct runs *runs, int value, struct turn change);

/* The broker's queue grows: it is not the one that is probed and empty. */
bool view_queue_is_elsewhere(const struct readings *readings);

#endif

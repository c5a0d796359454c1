/* SPDX-License-Identifier: MIT */
/*
 * What all links derive from the readings: what was read since the last message, which changes of
 * the port there were, and how far they came. Pure.
 */
#ifndef OOBETET_WATCH_VIEW_H
#define OOBETET_WATCH_VIEW_H

#include "oobetet/watch/match.h"
#include "oobetet/watch/readings.h"

/* All that a diagnosis is made of. */
struct evidence {
	const struct readings *readings;
	const char *address[PROBES]; /* of what is probed; NULL: there is no such probe */
	const char *queue;           /* its name */
	const char *check;           /* the watched check, as a text */
	enum kind missing;           /* the kind of message that is missing */
	nsec heard;                  /* its last message */
	nsec start;                  /* of oobetet */
	nsec now;
	nsec max_latency;
	nsec notice; /* how long oobetet may take to notice that it is out of the room */
};

/* A change of the kind whose message is missing: it came between two readings. */
struct port_change {
	nsec after, by;             /* the last one; by: 0: there was none */
	nsec first_after, first_by; /* the first one */
};

enum passed { PASS_UNKNOWN, PASSED, NOT_PASSED };

struct view {
	const struct evidence *evidence;
	const struct readings *readings;
	nsec from;  /* the missing message must have been caused after this */
	nsec until; /* and before this: else it may still come */
	nsec gap;
	nsec half;                /* of max_latency: longer than a period */
	struct port_change port;  /* the last one that should have arrived */
	struct port_change check; /* the same, as the broker received it */
	enum passed flapper;      /* the port has changed, since a message came */
	enum passed broker;       /* the broker has received a change */
	enum passed queue;        /* it was taken from the queue ... */
	nsec taken;               /* ... by then */
};

/* The evidence stays valid for as long as the view is used. */
struct view view_make(const struct evidence *evidence);

/* Readings without a pause, since the last message until now. */
bool view_complete(const struct view *v, const struct runs *runs);

/* How long a value was read in this time. */
nsec view_lasted(const struct view *v, const struct runs *runs, int value);

/* The value was read all the time, and no other. */
bool view_always(const struct view *v, const struct runs *runs, int value);

/* The value was read for so long, or at such a time, that no message could come. */
bool view_explains(
	const struct view *v, const struct runs *runs, int value, struct port_change change);

/* The broker's queue grows: it is not the one that is probed and empty. */
bool view_queue_is_elsewhere(const struct readings *readings);

/* The last reading of any probe. */
nsec view_probes_read(const struct view *v);

#endif

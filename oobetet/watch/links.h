/* SPDX-License-Identifier: MIT */
/*
 * Private to the diagnosis: what it derives from the readings (diagnosis.c), and the table of links
 * (links.c), each of which judges by that. Pure.
 */
#ifndef OOBETET_WATCH_LINKS_H
#define OOBETET_WATCH_LINKS_H

#include "oobetet/watch/diagnosis.h"

/* A change of the kind whose message is missing: it came between two readings. */
struct change {
	nsec after, by;             /* the last one; by: 0: there was none */
	nsec first_after, first_by; /* the first one */
};

enum passed { PASS_UNKNOWN, PASSED, NOT_PASSED };

/* What is derived from the evidence for all rows. */
struct view {
	const struct evidence *evidence;
	const struct readings *readings;
	nsec from;  /* the missing message must have been caused after this */
	nsec until; /* and before this: else it may still come */
	nsec gap;
	nsec half;           /* of max_latency: longer than a period */
	struct change port;  /* the last one that should have arrived */
	struct change check; /* the same, as the broker received it */
	enum passed flapper; /* the port has changed, since a message came */
	enum passed broker;  /* the broker has received a change */
	enum passed queue;   /* it was taken from the queue ... */
	nsec taken;          /* ... by then */
};

/* Readings without a pause, since the last message until now. */
bool view_complete(const struct view *v, const struct runs *runs);

/* How long a value was read in this time. */
nsec view_lasted(const struct view *v, const struct runs *runs, int value);

/* The value was read all the time, and no other. */
bool view_always(const struct view *v, const struct runs *runs, int value);

/* The value was read for so long, or at such a time, that no message could come. */
bool view_explains(const struct view *v, const struct runs *runs, int value, struct change change);

/* The broker's queue grows: it is not the one that is probed and empty. */
bool view_queue_is_elsewhere(const struct readings *readings);

/* ---- links.c ---- */

enum judgement { LINK_UNKNOWN, LINK_WORKS, LINK_BROKEN };

struct link_row {
	const char *name; /* one word */
	const char *noun; /* in `either ... or ...` */
	enum probe probe; /* that would tell; PROBES: no other */
	enum judgement (*judge)(const struct view *v);
	void (*say)(const struct view *v, char *out, size_t size); /* if it is broken */
};

extern const struct link_row link_rows[LINKS];

/* The last reading of any probe. */
nsec probes_read(const struct view *v);

int seconds_of(nsec span);

#endif

/* SPDX-License-Identifier: MIT */
/* The links of the chain: what proves that one is broken, or works, and how that is said. Pure. */
#ifndef OOBETET_WATCH_LINKS_H
#define OOBETET_WATCH_LINKS_H

#include "oobetet/watch/view.h"

/* In the order of the chain; oobetet's own network comes first, because it hides all others. */
enum link {
	LINK_NETWORK,
	LINK_FLAPPER,
	LINK_ENGINE, /* the check engine and what feeds the broker with its results */
	LINK_BROKER,
	LINK_REDIS,
	LINK_PROCESSOR, /* takes the events from the queue */
	LINK_ALERTER,   /* makes messages of them and sends them to the room */
	LINK_ROOM,      /* the Jabber server, and oobetet's presence in the room */
	LINKS
};

enum judgement { LINK_UNKNOWN, LINK_WORKS, LINK_BROKEN };

struct link_row {
	const char *noun; /* in `either ... or ...` */
	enum probe probe; /* that would tell; PROBES: no other */
	enum judgement (*judge)(const struct view *v);
	void (*say)(const struct view *v, char *out, size_t size); /* if it is broken */
};

extern const struct link_row link_rows[LINKS];

/* Rounded down, as the sentences have it. */
int whole_seconds(nsec span);

#endif

/* SPDX-License-Identifier: MIT */
/* Private to the diagnosis: the table of links. Pure. */
#ifndef OOBETET_WATCH_LINKS_H
#define OOBETET_WATCH_LINKS_H

#include "oobetet/watch/view.h"

enum judgement { LINK_UNKNOWN, LINK_WORKS, LINK_BROKEN };

struct row {
	const char *name; /* one word */
	const char *noun; /* in `either ... or ...` */
	enum probe probe; /* that would tell; PROBES: no other */
	enum judgement (*judge)(const struct view *v);
	void (*say)(const struct view *v, char *out, size_t size); /* if it is broken */
};

extern const struct row rows[LINKS];

/* The last reading of any probe. */
nsec probes_read(const struct view *v);

int seconds_of(nsec span);

#endif

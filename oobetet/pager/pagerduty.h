/* SPDX-License-Identifier: MIT */
/*
 * PagerDuty's Events API v2 (developer.pagerduty.com, "Send an Alert Event"): what is posted, and
 * what its answer means. Pure.
 */
#ifndef OOBETET_PAGER_PAGERDUTY_H
#define OOBETET_PAGER_PAGERDUTY_H

#include "oobetet/line/protocol.h"

struct page {
	const char *key;       /* dedup_key: the incident's */
	const char *since;     /* ISO 8601; NULL, as the following: this is a resolve */
	const char *source;    /* the machine that tells it */
	const char *component; /* what is watched */
	const char *text;      /* the summary */
};

/* The body to post. Free it with free(3) after explicit_bzero(3): it holds the routing key. */
char *pagerduty_body(const char *routing_key, const struct page *page);

/* What the clock is to be told of an HTTP status, 0 if none came: done, refused or failed. */
enum word pagerduty_judge(long status);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * PagerDuty's Events API, version 2 (developer.pagerduty.com, "Send an Alert Event") and version 1
 * ("Events API v1", /generic/2010-04-15/create_event.json): what is posted, and what the answer
 * means. Pure.
 */
#ifndef OOBETET_HTTP_PAGERDUTY_H
#define OOBETET_HTTP_PAGERDUTY_H

#include "oobetet/ipc.h"

#include <stdint.h>

/* What an account's integration is, by configuration. */
struct integration {
	int64_t version;      /* of the API: 1 or 2 */
	const char *key;      /* routing_key in version 2, service_key in version 1 */
	const char *severity; /* version 1 has none */
};

struct page {
	const char *key;       /* the incident's: dedup_key, incident_key */
	const char *since;     /* ISO 8601; NULL, as the following: this is a resolve */
	const char *source;    /* the machine that tells it */
	const char *component; /* what is watched */
	const char *text;      /* the summary */
};

/* The body to post. Free it with free(3) after explicit_bzero(3): it holds the integration's key.
 */
char *pagerduty_body(const struct integration *integration, const struct page *page);

/*
 * What the clock is to be told of an HTTP status, 0 if none came: done, refused or failed. Any page
 * may come with 200, a proxy's perhaps, which is what version 1 is done with: so there the answer
 * must be PagerDuty's own.
 */
enum message_type pagerduty_judge(int64_t version, long status, const char *answer);

/*
 * An answer that is not the good one, in words for people: `HTTP 400: Event object is invalid:
 * 'summary' is missing`. `answer` is not trusted; the integration's key is masked in it. Returns
 * out.
 */
char *pagerduty_explain(const struct integration *integration, long status, const char *answer,
	char *out, size_t size);

#endif

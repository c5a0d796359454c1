/* SPDX-License-Identifier: MIT */
/*
 * PagerDuty's Events API, version 2 ("Send an Alert Event") and version 1 ("Events API v1",
 * /generic/2010-04-15/create_event.json): the requests, and the meaning of the answers. Pure.
 */
#ifndef OOBETET_HTTP_PAGERDUTY_H
#define OOBETET_HTTP_PAGERDUTY_H

#include "oobetet/message.h"

#include <stdint.h>

/* The configured integration of a PagerDuty account. */
struct integration {
	int64_t version;      /* of the API: 1 or 2 */
	const char *key;      /* routing_key in version 2, service_key in version 1 */
	const char *severity; /* of version 2 only */
};

struct event {
	const char *key;       /* of the incident: dedup_key, incident_key */
	const char *since;     /* ISO 8601; NULL, as the following: this is a resolve */
	const char *source;    /* the machine that sends it */
	const char *component; /* what is watched */
	const char *text;      /* the summary */
	const char *details;   /* lines `NAME: TEXT`, which become custom_details */
};

/* The body to post. Wipe it, for it holds the integration's key, and free it with free(3). */
char *pagerduty_body(const struct integration *integration, const struct event *event);

/*
 * Done, refused or failed, by the HTTP status (0: no answer). A proxy may answer 200, which is
 * version 1's success: there the answer must be PagerDuty's own.
 */
enum message_type pagerduty_result(int64_t version, long status, const char *answer);

/*
 * An answer other than success as a text: `HTTP 400: Event object is invalid: 'summary' is
 * missing`. `answer` is untrusted; the integration's key in it is masked. Returns out.
 */
char *pagerduty_explain(const struct integration *integration, long status, const char *answer,
	char *out, size_t size);

/*
 * Cuts durations and byte counts out of a curl error ("Failed to connect to HOST port 443 after 3
 * ms: Connection refused"), so that a repeated fault is the same text. Errors of heartbeat_url have
 * the same form. Returns error.
 */
char *error_unmeasured(char *error);

#endif

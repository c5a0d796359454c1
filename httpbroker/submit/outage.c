/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/outage.h"

#include <stdio.h>

#define RETRY_FIRST (100 * NSEC_PER_MSEC)
#define RETRY_SLOWEST (5 * NSEC_PER_SEC)

void outage_init(struct outage *outage, nsec retry_limit)
{
	*outage = (struct outage){
		.retry_limit = retry_limit, .backoff = {.min = RETRY_FIRST, .max = RETRY_SLOWEST}};
}

static nsec give_up_at(const struct outage *outage)
{
	return outage->retry_limit == NSEC_NEVER ? NSEC_NEVER : outage->since + outage->retry_limit;
}

bool outage_failed(struct outage *outage, nsec now, uint32_t chance)
{
	bool first = !outage->away;

	if (first)
		outage->since = now;
	outage->away = true;
	outage->given_up = now >= give_up_at(outage);
	outage->retry_at = now + backoff_wait(&outage->backoff, chance);
	/* the last attempt is at the end of the time, not some seconds before */
	if (now < give_up_at(outage) && outage->retry_at > give_up_at(outage))
		outage->retry_at = give_up_at(outage);
	return first;
}

const char *outage_plan(const struct outage *outage, const char *spool, char out[OUTAGE_TEXT])
{
	char retry_limit[DURATION_TEXT];

	out[0] = '\0';
	if (outage->retry_limit == NSEC_NEVER)
		snprintf(out, OUTAGE_TEXT, "; retrying until it works");
	else if (!outage->given_up && spool != NULL)
		snprintf(out, OUTAGE_TEXT, "; retrying, after %s events go to %s",
			duration_text(outage->retry_limit, retry_limit), spool);
	else if (!outage->given_up)
		snprintf(out, OUTAGE_TEXT, "; retrying for %s",
			duration_text(outage->retry_limit, retry_limit));
	return out;
}

void outage_end_retries(struct outage *outage)
{
	outage->retry_limit = 0;
}

bool outage_over(struct outage *outage)
{
	bool was_away = outage->away;

	outage->away = false;
	outage->given_up = false;
	outage->retry_at = 0;
	backoff_reset(&outage->backoff);
	return was_away;
}

void outage_set_limit(struct outage *outage, nsec now, nsec retry_limit)
{
	outage->retry_limit = retry_limit;
	outage->since = now;
	outage->retry_at = now;
	backoff_reset(&outage->backoff);
}

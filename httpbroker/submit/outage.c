/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/outage.h"

#include <stdio.h>

#define RETRY_FIRST (100 * NSEC_PER_MSEC)
#define RETRY_SLOWEST (5 * NSEC_PER_SEC)

void outage_init(struct outage *outage, nsec patience)
{
	*outage = (struct outage){
		.patience = patience, .backoff = {.min = RETRY_FIRST, .max = RETRY_SLOWEST}};
}

static nsec give_up_at(const struct outage *outage)
{
	return outage->patience == NSEC_NEVER ? NSEC_NEVER : outage->since + outage->patience;
}

bool outage_failed(struct outage *outage, nsec now, uint32_t chance)
{
	bool first = !outage->away;

	if (first)
		outage->since = now;
	outage->away = true;
	outage->given_up = now >= give_up_at(outage);
	outage->try_again = now + backoff_wait(&outage->backoff, chance);
	/* the last attempt is made when the time is over, not some seconds before */
	if (now < give_up_at(outage) && outage->try_again > give_up_at(outage))
		outage->try_again = give_up_at(outage);
	return first;
}

const char *outage_plan(const struct outage *outage, const char *spool, char out[OUTAGE_TEXT])
{
	char patience[DURATION_TEXT];

	out[0] = '\0';
	if (outage->patience == NSEC_NEVER)
		snprintf(out, OUTAGE_TEXT, "; trying again until it works");
	else if (!outage->given_up && spool != NULL)
		snprintf(out, OUTAGE_TEXT, "; trying again, after %s events go to %s",
			duration_text(outage->patience, patience), spool);
	else if (!outage->given_up)
		snprintf(out, OUTAGE_TEXT, "; trying again for %s",
			duration_text(outage->patience, patience));
	return out;
}

void outage_hopeless(struct outage *outage)
{
	outage->patience = 0;
}

bool outage_over(struct outage *outage)
{
	bool was_away = outage->away;

	outage->away = false;
	outage->given_up = false;
	outage->try_again = 0;
	backoff_reset(&outage->backoff);
	return was_away;
}

void outage_hurry(struct outage *outage, nsec now, nsec patience)
{
	outage->patience = patience;
	outage->since = now;
	outage->try_again = now;
	backoff_reset(&outage->backoff);
}

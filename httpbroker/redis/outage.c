/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/outage.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/random.h"

#include <stdlib.h>

#define REFUSED_WAIT (2 * NSEC_PER_SEC) /* each try renews the lease, which lasts for 5 s */

void outage_init(struct outage *outage, const char *server)
{
	*outage = (struct outage){
		.server = server,
		.backoff = {100 * NSEC_PER_MSEC, 5 * NSEC_PER_SEC, 0},
		.why = {"not connected yet"},
	};
}

void outage_tell(struct outage *outage, unsigned kinds, const char *why, nsec now)
{
	if (!outage->away)
		outage->since = now;
	outage->away = true;
	reason_set(&outage->why, "%s", why);
	if ((outage->told & kinds) == kinds)
		log_debug("Redis at %s: %s", outage->server, why);
	else
		log_error("Redis at %s: %s; until that is over, events are kept in memory "
			  "and answered 202",
			outage->server, why);
	outage->told |= kinds;
}

nsec outage_fail(struct outage *outage, enum outage_kind kind, const char *why, nsec now)
{
	outage_tell(outage, kind, why, now);
	outage->failures++;
	nsec wait = backoff_wait(&outage->backoff, random_number());
	return now + (kind == OUTAGE_REFUSED ? nsec_earlier(wait, REFUSED_WAIT) : wait);
}

void outage_end(struct outage *outage, nsec now)
{
	char span[DURATION_TEXT];

	backoff_reset(&outage->backoff);
	if (!outage->away)
		return;
	log_info("Redis at %s: back after %s", outage->server,
		duration_text(now - outage->since, span));
	outage->away = false;
	outage->told = 0;
}

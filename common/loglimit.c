/* SPDX-License-Identifier: MIT */
#include "common/loglimit.h"

#include <stdio.h>

/* Each line moves `next` on by an interval; it may be as far ahead as the burst is long. */
bool log_limit_pass(struct log_limit *limit, nsec now, unsigned long *left_out)
{
	nsec next = atomic_load(&limit->next), from;

	do {
		from = next > now ? next : now;
		if (from - now > (LOG_LIMIT_BURST - 1) * LOG_LIMIT_INTERVAL) {
			atomic_fetch_add(&limit->left_out, 1);
			return false;
		}
	} while (!atomic_compare_exchange_weak(&limit->next, &next, from + LOG_LIMIT_INTERVAL));
	*left_out = atomic_exchange(&limit->left_out, 0);
	return true;
}

const char *log_limit_text(unsigned long left_out, char out[LOG_LIMIT_TEXT])
{
	out[0] = '\0';
	if (left_out > 0)
		snprintf(out, LOG_LIMIT_TEXT, " (%lu more like it were not logged)", left_out);
	return out;
}

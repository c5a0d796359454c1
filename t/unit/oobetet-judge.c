/* SPDX-License-Identifier: MIT */
#include "t/unit/oobetet-judge.h"

static nsec silence(const struct judge *judge, int kind)
{
	return judge->listened - judge->said[kind];
}

void judge_look(struct judge *judge)
{
	nsec limit = nsec_earlier(judge->said[0], judge->said[1]) + judge->max_latency;

	if (judge->broken || judge->listened <= limit)
		return;
	judge->broken = true;
	judge->since = limit;
	judge->incidents++;
}

void judge_hear(struct judge *judge, enum kind kind)
{
	judge_look(judge);
	judge->said[kind] = judge->listened;
	if (judge->broken && silence(judge, 1 - (int)kind) <= judge->max_latency) {
		judge->broken = false;
		judge->ends++;
	}
}

bool judge_is_on_the_edge(const struct judge *judge, nsec within)
{
	for (int i = 0; i < JUDGE_KINDS; i++) {
		nsec over = silence(judge, i) - judge->max_latency;

		if (over > 0 && over <= within)
			return true;
	}
	return false;
}

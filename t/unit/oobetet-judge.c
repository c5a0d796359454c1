/* SPDX-License-Identifier: MIT */
#include "t/unit/oobetet-judge.h"

static nsec silence(const struct judge *judge, int kind)
{
	return judge->listened - judge->said[kind];
}

/* Called before a message with this stamp is counted. */
static void look(struct judge *judge, nsec stamp)
{
	nsec limit = nsec_earlier(judge->said[0], judge->said[1]) + judge->max_latency;

	if (judge->broken || stamp <= limit)
		return;
	judge->broken = true;
	judge->since = limit;
	judge->incidents++;
}

void judge_look(struct judge *judge)
{
	look(judge, judge->listened);
}

void judge_recall(struct judge *judge, enum kind kind, nsec stamp)
{
	look(judge, stamp);
	if (stamp > judge->said[kind])
		judge->said[kind] = stamp;
	nsec oldest = nsec_earlier(judge->said[0], judge->said[1]);
	nsec newest = judge->said[0] + judge->said[1] - oldest;
	if (judge->broken && oldest > judge->since && newest - oldest <= judge->max_latency) {
		judge->broken = false;
		judge->ends++;
	}
}

void judge_hear(struct judge *judge, enum kind kind)
{
	judge_recall(judge, kind, judge->listened);
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

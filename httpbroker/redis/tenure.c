/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/tenure.h"

#include <stdio.h>
#include <string.h>

void tenure_init(struct tenure *tenure, const char *token, nsec grace)
{
	*tenure = (struct tenure){.grace = grace, .seen = -1};
	snprintf(tenure->token, sizeof tenure->token, "%s", token);
}

struct batch tenure_batch(const struct tenure *tenure, struct moment now)
{
	struct batch batch = {
		.number = tenure->number,
		.clock = (now.monotonic + tenure->clock) / NSEC_PER_MSEC,
		.wall = now.wall / NSEC_PER_MSEC,
	};

	memcpy(batch.token, tenure->token, sizeof batch.token);
	return batch;
}

bool tenure_sees_loss(struct tenure *tenure, const struct seen *seen)
{
	int64_t before = tenure->seen;

	tenure->seen = seen->found ? seen->last.number : -1;
	return tenure->seen < before;
}

bool tenure_may_take(const struct tenure *tenure, const struct seen *seen)
{
	if (seen->holder == LEASE_OF_OUR_PLACE)
		return !tenure->claimed;
	return seen->holder != LEASE_ANOTHERS;
}

static bool is_ours(const struct tenure *tenure, const struct seen *seen)
{
	return seen->found && strcmp(seen->last.token, tenure->token) == 0;
}

const struct batch *tenure_applied(const struct tenure *tenure, const struct seen *seen)
{
	const struct batch *ours = is_ours(tenure, seen) ? &seen->last : &seen->ours;

	if (ours == &seen->ours && !seen->left)
		return NULL;
	return ours->number == tenure->number ? ours : NULL;
}

static enum turn turn_of(const struct tenure *tenure, const struct seen *seen)
{
	int64_t acknowledged = tenure->number - tenure->flying;

	if (!tenure->active)
		return TURN_ANEW;
	if (!seen->found || seen->last.number < acknowledged)
		return TURN_REWOUND;
	return is_ours(tenure, seen) && seen->last.number <= tenure->number ? TURN_NONE : TURN_ANEW;
}

/* The broker clock goes on where it stood, and by what an outage was too long. */
static nsec clock_resume(const struct tenure *tenure, const struct seen *seen, struct moment now)
{
	if (!seen->found)
		return -now.monotonic;
	nsec outage = now.wall - seen->last.wall * NSEC_PER_MSEC;
	nsec missed = outage > tenure->grace ? outage - tenure->grace : 0;
	return seen->last.clock * NSEC_PER_MSEC + missed - now.monotonic;
}

struct stake tenure_plan(struct tenure *tenure, const struct seen *seen, struct moment now)
{
	bool ours = is_ours(tenure, seen);
	enum turn turn = turn_of(tenure, seen);
	struct stake stake = {
		.leave = seen->found && !ours,
		.theirs = seen->last,
		.begin = !ours,
	};

	if (turn > tenure->turn)
		tenure->turn = turn;
	if (turn == TURN_ANEW) {
		tenure->active = false; /* until it is got, there is nothing to go on with */
		tenure->number = seen->found ? seen->last.number + !ours : 1;
		tenure->clock = clock_resume(tenure, seen, now);
		tenure->flying = false;
	}
	stake.ours = tenure_batch(tenure, now);
	stake.ours.number -= tenure->flying;
	return stake;
}

enum turn tenure_begin(struct tenure *tenure)
{
	enum turn turn = tenure->turn;

	tenure->active = tenure->claimed = true;
	tenure->turn = TURN_NONE;
	return turn;
}

enum turn tenure_lose(struct tenure *tenure)
{
	tenure->active = false;
	tenure->turn = TURN_NONE;
	return TURN_STANDBY;
}

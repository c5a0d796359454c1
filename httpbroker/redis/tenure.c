/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/tenure.h"

#include <stdio.h>
#include <string.h>

void leadership_init(struct leadership *leadership, const char *token, nsec grace)
{
	*leadership = (struct leadership){.grace = grace, .seen = -1};
	snprintf(leadership->token, sizeof leadership->token, "%s", token);
}

struct batch leadership_batch(const struct leadership *leadership, struct moment now)
{
	struct batch batch = {
		.number = leadership->number,
		.clock = (now.monotonic + leadership->clock) / NSEC_PER_MSEC,
		.wall = now.wall / NSEC_PER_MSEC,
	};

	memcpy(batch.token, leadership->token, sizeof batch.token);
	return batch;
}

bool leadership_sees_loss(struct leadership *leadership, const struct seen *seen)
{
	int64_t before = leadership->seen;

	leadership->seen = seen->found ? seen->last.number : -1;
	return leadership->seen < before;
}

bool leadership_may_take(const struct leadership *leadership, const struct seen *seen)
{
	if (seen->holder == LEASE_OF_OUR_PLACE)
		return !leadership->claimed;
	return seen->holder != LEASE_ANOTHERS;
}

static bool is_ours(const struct leadership *leadership, const struct seen *seen)
{
	return seen->found && strcmp(seen->last.token, leadership->token) == 0;
}

const struct batch *leadership_applied(const struct leadership *leadership, const struct seen *seen)
{
	const struct batch *ours = is_ours(leadership, seen) ? &seen->last : &seen->ours;

	if (ours == &seen->ours && !seen->left)
		return NULL;
	return ours->number == leadership->number ? ours : NULL;
}

static enum role_change turn_of(const struct leadership *leadership, const struct seen *seen)
{
	int64_t acknowledged = leadership->number - leadership->in_flight;

	if (!leadership->active)
		return CHANGE_BECAME_ACTIVE;
	if (!seen->found || seen->last.number < acknowledged)
		return CHANGE_DATA_LOST;
	return is_ours(leadership, seen) && seen->last.number <= leadership->number
		       ? CHANGE_NONE
		       : CHANGE_BECAME_ACTIVE;
}

/* The broker clock goes on where it stood, and by what an outage was too long. */
static nsec clock_resume(
	const struct leadership *leadership, const struct seen *seen, struct moment now)
{
	if (!seen->found)
		return -now.monotonic;
	nsec outage = now.wall - seen->last.wall * NSEC_PER_MSEC;
	nsec missed = outage > leadership->grace ? outage - leadership->grace : 0;
	return seen->last.clock * NSEC_PER_MSEC + missed - now.monotonic;
}

struct lease_write leadership_plan(
	struct leadership *leadership, const struct seen *seen, struct moment now)
{
	bool ours = is_ours(leadership, seen);
	enum role_change turn = turn_of(leadership, seen);
	struct lease_write write = {
		.leave = seen->found && !ours,
		.theirs = seen->last,
		.begin = !ours,
	};

	if (turn > leadership->turn)
		leadership->turn = turn;
	if (turn == CHANGE_BECAME_ACTIVE) {
		leadership->active = false; /* until it is got, there is nothing to go on with */
		leadership->number = seen->found ? seen->last.number + !ours : 1;
		leadership->clock = clock_resume(leadership, seen, now);
		leadership->in_flight = false;
	}
	write.ours = leadership_batch(leadership, now);
	write.ours.number -= leadership->in_flight;
	return write;
}

enum role_change leadership_begin(struct leadership *leadership)
{
	enum role_change turn = leadership->turn;

	leadership->active = leadership->claimed = true;
	leadership->turn = CHANGE_NONE;
	return turn;
}

enum role_change leadership_lose(struct leadership *leadership)
{
	leadership->active = false;
	leadership->turn = CHANGE_NONE;
	return CHANGE_STANDBY;
}

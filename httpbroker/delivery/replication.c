/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/replication.h"

static void known_update(struct replication *replication, size_t replicas, nsec now)
{
	bool fewer = replicas < replication->known;

	if (fewer && replication->fewer_since == 0)
		replication->fewer_since = now;
	if (fewer && now - replication->fewer_since < REPLICATION_KEPT)
		return;
	replication->known = replicas;
	replication->fewer_since = 0;
}

void replication_update(struct replication *replication, const struct role *role,
	const struct watermarks *done, nsec now)
{
	known_update(replication, role->replicas, now);
	if (!replication_keeps(replication)) {
		replication->settled = *done;
		replication->marked = false;
		return;
	}
	bool all = role->replicas >= replication->known && role->least >= replication->mark;
	if (replication->marked && (all || now - replication->marked_at >= REPLICATION_KEPT)) {
		replication->settled = replication->reaches;
		replication->marked = false;
	}
	if (replication->marked)
		return;
	replication->marked = true;
	replication->mark = role->offset;
	replication->reaches = *done;
	replication->marked_at = now;
}

void replication_unmark(struct replication *replication)
{
	replication->marked = false;
}

void replication_reset(struct replication *replication)
{
	replication->marked = false;
	replication->settled = (struct watermarks){0, 0};
}

bool replication_keeps(const struct replication *replication)
{
	return replication->known > 1;
}

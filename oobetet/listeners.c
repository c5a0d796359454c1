/* SPDX-License-Identifier: MIT */
/* The listen_commands of all watches. */
#include "oobetet/monitor.h"

static void heard_apply(struct monitor *monitor, struct watched *watched, const struct heard *heard)
{
	enum kind kind = nick_counts(watched->config, heard->nick)
				 ? match_body(&watched->match, heard->text)
				 : KIND_NONE;

	chain_hear(&watched->chain, &watched->match, kind, heard->text, heard->stamp);
	if (kind != KIND_NONE)
		dispatch_kind(watched, kind, active_time_at(&monitor->active_time, heard->stamp),
			"listen_command", heard->nick);
}

void listeners_read(struct monitor *monitor, const struct timestamps *now)
{
	const struct moment moment = {.monotonic = now->monotonic, .wall = now->wall};
	struct heard heard;

	for (int i = 0; i < monitor->watches.count; i++) {
		struct watched *watched = monitor->watches.each[i];

		listener_tick(watched->listener, now->monotonic);
		while (listener_next(watched->listener, moment, &heard))
			heard_apply(monitor, watched, &heard);
	}
}

bool listeners_present(const struct watches *watches)
{
	for (int i = 0; i < watches->count; i++)
		if (!listener_present(watches->each[i]->listener))
			return false;
	return true;
}

bool listeners_run(struct watches *watches)
{
	bool any = false;

	for (int i = 0; i < watches->count; i++)
		any = listener_runs(watches->each[i]->listener) || any;
	return any;
}

nsec listeners_deadline(const struct watches *watches)
{
	nsec first = NSEC_NEVER;

	for (int i = 0; i < watches->count; i++)
		first = nsec_earlier(first, listener_deadline(watches->each[i]->listener));
	return first;
}

size_t listeners_poll(const struct watches *watches, struct pollfd fds[])
{
	size_t count = 0;

	for (int i = 0; i < watches->count; i++) {
		if (watches->each[i]->listener == NULL)
			continue;
		listener_poll(watches->each[i]->listener, &fds[count]);
		count += LISTENER_POLLS;
	}
	return count;
}

void listeners_extend(struct watches *watches, nsec away)
{
	for (int i = 0; i < watches->count; i++)
		listener_extend(watches->each[i]->listener, away);
}

void listeners_shut_down(struct watches *watches)
{
	for (int i = 0; i < watches->count; i++)
		listener_shut_down(watches->each[i]->listener);
}

/* SPDX-License-Identifier: MIT */
#include "oobetet/channel/watches.h"

int watches_all(const struct watches *watches)
{
	return watches->count + watches->ending;
}

void watches_free(struct watches *watches)
{
	for (int i = 0; i < watches_all(watches); i++)
		watched_free(watches->each[i]);
	*watches = (struct watches){.count = 0};
}

void watches_open(struct watches *watches, enum channel_type type, const char *name)
{
	for (int i = 0; i < watches_all(watches); i++)
		channels_open(watches->each[i]->channels, type, name);
}

void watches_close(
	struct watches *watches, enum channel_type type, const char *name, const char *why)
{
	for (int i = 0; i < watches_all(watches); i++)
		channels_close(watches->each[i]->channels, type, name, why);
}

void watches_answer(struct watches *watches, enum channel_type type, const char *id,
	enum answer answer, const char *why, nsec now)
{
	for (int i = 0; i < watches_all(watches); i++)
		channels_answer(watches->each[i]->channels, type, id, answer, why, now);
}

void watches_send(struct watches *watches, const struct workers *by, nsec now)
{
	for (int i = 0; i < watches_all(watches); i++)
		channels_send(watches->each[i]->channels, by, watches->each[i]->command,
			&watches->each[i]->chain.readings, now);
}

void watches_commands_tick(struct watches *watches, nsec now)
{
	struct outcome outcome;

	for (int i = 0; i < watches_all(watches); i++)
		if (command_tick(watches->each[i]->command, now, &outcome))
			channels_answer(watches->each[i]->channels, CHANNEL_COMMAND, outcome.id,
				outcome.answer, outcome.why, now);
}

bool watches_commands_run(struct watches *watches)
{
	bool running = false;

	for (int i = 0; i < watches_all(watches); i++)
		running = command_runs(watches->each[i]->command) || running;
	return running;
}

size_t watches_poll(const struct watches *watches, struct pollfd *fds)
{
	size_t count = 0;

	for (int i = 0; i < watches_all(watches); i++)
		if (watches->each[i]->command != NULL)
			fds[count++] = command_poll(watches->each[i]->command);
	return count;
}

nsec watches_evaluation(const struct watches *watches, nsec away)
{
	nsec first = NSEC_NEVER;

	for (int i = 0; i < watches->count; i++)
		first = nsec_earlier(first, watch_deadline(watches->each[i]->watch) + away);
	return first;
}

nsec watches_deadline(const struct watches *watches)
{
	nsec first = NSEC_NEVER;

	for (int i = 0; i < watches_all(watches); i++) {
		const struct watched *watched = watches->each[i];

		first = nsec_earlier(first, channels_deadline(watched->channels));
		first = nsec_earlier(first, command_deadline(watched->command));
	}
	return first;
}

int watches_pending(const struct watches *watches)
{
	int pending = 0;

	for (int i = 0; i < watches_all(watches); i++)
		pending += channels_pending(watches->each[i]->channels);
	return pending;
}

void watches_recorded(struct watches *watches)
{
	for (int i = 0; i < watches_all(watches); i++)
		channels_recorded(watches->each[i]->channels, UINT64_MAX);
}

/* ---- their listen_commands ---- */

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

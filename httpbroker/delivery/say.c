/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/inside.h"

static void ask(struct delivery *delivery, enum asked what, const char *const *words,
	const struct resp_list *list, nsec now)
{
	delivery->asked = what;
	delivery->commit_next = true;
	link_ask(delivery->link, words, list, now);
}

static void states_ask(struct delivery *delivery, nsec now)
{
	const char *words[READER_WORDS];
	const struct resp_list *list = reader_question(delivery->reader, &delivery->keys, words);

	ask(delivery, ASKED_STATES, words, list, now);
}

/* What was answered 202 is for the active one. */
static bool leaving_ask(struct delivery *delivery, nsec now)
{
	struct resp_list list = {{NULL, 0, 0}, 0};
	const char *words[LEAVING_WORDS];
	bool asks = leaving_question(&delivery->leaving, delivery->backlog, words, &list);

	if (asks)
		ask(delivery, ASKED_TO_TAKE, words, &list, now);
	resp_free(&list);
	return asks;
}

static bool question_begin(struct delivery *delivery, nsec now)
{
	bool looks = handover_looks(&delivery->handover, &delivery->books, now);

	if (leaving_is_open(&delivery->leaving))
		return leaving_ask(delivery, now); /* and then found among what others have left */
	if (delivery->stopping && desk_is_empty(delivery->desk))
		return false; /* only what is still to be judged needs an answer */
	if (!reader_complete(delivery->reader) && (delivery->handover.settled || !looks))
		states_ask(delivery, now);
	else if (looks)
		ask(delivery, ASKED_HANDOVER, HANDOVER_QUESTION(&delivery->keys), NULL, now);
	else if (pressure_asks(&delivery->pressure, now)) {
		pressure_asked(&delivery->pressure, now);
		ask(delivery, ASKED_LENGTH, RESP_WORDS("LLEN", delivery->keys.queue), NULL, now);
	} else if (now >= delivery->eviction.ask_at) {
		ask(delivery, ASKED_POLICY, RESP_WORDS("INFO", "memory"), NULL, now);
	} else {
		return false;
	}
	return true;
}

static bool commit_begin(struct delivery *delivery, struct moment now)
{
	struct commit *commit =
		outbox_take(delivery->books.outbox, session_clock(session_of(delivery)));

	delivery->commit_next = false;
	delivery->commit_at = now.monotonic;
	if (commit != NULL)
		link_commit(delivery->link, commit, now);
	return commit != NULL;
}

/* Commits and questions in turn, so that neither waits for the end of the others. */
static void active_say(struct delivery *delivery, struct moment now)
{
	if (delivery->commit_next && commit_begin(delivery, now))
		return;
	if (!question_begin(delivery, now.monotonic))
		commit_begin(delivery, now);
}

void delivery_say(struct delivery *delivery, struct moment now)
{
	if (session_ready(session_of(delivery)))
		active_say(delivery, now);
	else if (session_rests(session_of(delivery)) && !is_active(delivery))
		leaving_ask(delivery, now.monotonic);
}

nsec delivery_question_at(const struct delivery *delivery)
{
	nsec next = delivery->eviction.ask_at;

	if (!session_ready(session_of(delivery)))
		return NSEC_NEVER;
	if (delivery->handover.found == 0)
		next = delivery->handover.look_at;
	if (delivery->pressure.paused)
		next = nsec_earlier(next, delivery->pressure.ask_at);
	return next;
}

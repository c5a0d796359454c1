/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/inside.h"

static void ask(struct delivery *delivery, enum asked what, const char *const *words,
	const struct resp_list *list, nsec now)
{
	delivery->asked = what;
	delivery->commit_next = true;
	link_ask(delivery->link, words, list, now);
}

static void checks_ask(struct delivery *delivery, nsec now)
{
	const char *words[LOADER_WORDS];
	const struct resp_list *list = loader_question(delivery->loader, &delivery->keys, words);

	ask(delivery, ASKED_STATES, words, list, now);
}

/* What was answered 202 is for the active one. */
static bool handoff_send_ask(struct delivery *delivery, nsec now)
{
	struct resp_list list = {{NULL, 0, 0}, 0};
	const char *words[HANDOFF_SEND_WORDS];
	bool asks =
		handoff_send_question(&delivery->handoff_sender, delivery->accepted, words, &list);

	if (asks)
		ask(delivery, ASKED_TO_TAKE, words, &list, now);
	resp_free(&list);
	return asks;
}

static bool question_begin(struct delivery *delivery, nsec now)
{
	bool looks = handoff_looks(&delivery->handoff, &delivery->books, now);

	if (handoff_send_is_open(&delivery->handoff_sender))
		return handoff_send_ask(
			delivery, now); /* and then found among what others have left */
	if (delivery->stopping && pending_is_empty(delivery->pending))
		return false; /* only what is still to be judged needs an answer */
	if (!loader_complete(delivery->loader) && (delivery->handoff.settled || !looks))
		checks_ask(delivery, now);
	else if (looks)
		ask(delivery, ASKED_HANDOFF, HANDOFF_QUESTION(&delivery->keys), NULL, now);
	else if (backpressure_asks(&delivery->backpressure, now)) {
		backpressure_asked(&delivery->backpressure, now);
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
		handoff_send_ask(delivery, now.monotonic);
}

nsec delivery_question_at(const struct delivery *delivery)
{
	nsec next = delivery->eviction.ask_at;

	if (!session_ready(session_of(delivery)))
		return NSEC_NEVER;
	if (delivery->handoff.found == 0)
		next = delivery->handoff.look_at;
	if (delivery->backpressure.paused)
		next = nsec_earlier(next, delivery->backpressure.ask_at);
	return next;
}

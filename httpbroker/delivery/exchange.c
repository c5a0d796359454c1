/* SPDX-License-Identifier: MIT */
#include "common/log.h"
#include "common/number.h"
#include "httpbroker/delivery/internal.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>

static void ask(struct delivery *delivery, enum asked what, const char *const *words,
	const struct resp_list *list, nsec now)
{
	delivery->asked = what;
	delivery->commit_next = true;
	redis_query(delivery->redis, words, list, now);
}

static void checks_ask(struct delivery *delivery, nsec now)
{
	const char *words[LOADER_WORDS];
	const struct resp_list *list = loader_command(delivery->loader, &delivery->keys, words);

	ask(delivery, QUERY_CHECKS, words, list, now);
}

/* What was answered 202 is for the active one. */
static bool handoff_send_ask(struct delivery *delivery, nsec now)
{
	struct resp_list list = {{NULL, 0, 0}, 0};
	const char *words[HANDOFF_SEND_WORDS];
	bool asks =
		handoff_send_command(&delivery->handoff_sender, delivery->accepted, words, &list);

	if (asks)
		ask(delivery, QUERY_HANDOFF_SEND, words, &list, now);
	resp_free(&list);
	return asks;
}

static bool question_begin(struct delivery *delivery, nsec now)
{
	bool looks = handoff_is_due(&delivery->handoff, &delivery->core, now);

	if (handoff_send_is_open(&delivery->handoff_sender))
		return handoff_send_ask(
			delivery, now); /* and then found among what others have left */
	if (delivery->stopping && pending_is_empty(delivery->pending))
		return false; /* only what is still to be judged needs an answer */
	if (!loader_complete(delivery->loader) && (delivery->handoff.settled || !looks))
		checks_ask(delivery, now);
	else if (looks)
		ask(delivery, QUERY_HANDOFF, HANDOFF_QUESTION(&delivery->keys), NULL, now);
	else if (backpressure_asks(&delivery->backpressure, now)) {
		backpressure_asked(&delivery->backpressure, now);
		ask(delivery, QUERY_LENGTH, RESP_WORDS("LLEN", delivery->keys.queue), NULL, now);
	} else if (now >= delivery->eviction.ask_at) {
		ask(delivery, QUERY_POLICY, RESP_WORDS("INFO", "memory"), NULL, now);
	} else {
		return false;
	}
	return true;
}

static bool commit_begin(struct delivery *delivery, struct moment now)
{
	struct commit *commit =
		outbox_take(delivery->core.outbox, session_clock(session_of(delivery)));

	delivery->commit_next = false;
	delivery->commit_at = now.monotonic;
	if (commit != NULL)
		redis_commit(delivery->redis, commit, now);
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

void delivery_send(struct delivery *delivery, struct moment now)
{
	if (session_ready(session_of(delivery)))
		active_say(delivery, now);
	else if (session_idle(session_of(delivery)) && !is_active(delivery))
		handoff_send_ask(delivery, now.monotonic);
}

nsec delivery_query_at(const struct delivery *delivery)
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

#define RETRY_WAIT NSEC_PER_SEC /* until what Redis refused of a commit is tried again */

static struct decode_context decode_make(const struct delivery *delivery, struct moment now)
{
	return (struct decode_context){
		delivery->core.flapjack, session_clock(session_of(delivery)), now};
}

static void active_begin(struct delivery *delivery, struct moment now)
{
	log_info("active: this broker repeats, and takes events");
	pending_reopen(delivery->pending);
	core_reset(&delivery->core, now);
	if (delivery->status.role != DELIVERY_STARTS) /* then another broker was active before */
		engine_hold_until(delivery->core.engine, now.monotonic + LEASE_LEFT);
	handoff_begin(&delivery->handoff, now.monotonic);
	redis_recovered(delivery->redis, now.monotonic);
	delivery->rewrite = CHECKS_SHARDS;
	delivery->rewritten = 0;
	delivery->eviction.ask_at = now.monotonic;
	if (delivery->core.persistent)
		loader_begin(delivery->loader, now.monotonic);
}

static void standby_begin(struct delivery *delivery, struct moment now)
{
	log_info("standing by: %s is active", session_holder(session_of(delivery)));
	pending_drop(delivery->pending, "another broker is the active one");
	pending_reopen(delivery->pending);
	core_reset(&delivery->core, now);
	handoff_free(&delivery->handoff);
	redis_recovered(delivery->redis, now.monotonic);
	loader_finish(delivery->loader);
}

static void rewrite_begin(struct delivery *delivery)
{
	delivery->rewrite = 0;
	delivery->eviction.ask_at = 0; /* that may be why */
	if (!loader_complete(delivery->loader))
		loader_interrupt(delivery->loader);
}

static void turn_work(struct delivery *delivery, struct moment now)
{
	switch (session_role_change(session_of(delivery))) {
	case CHANGE_NONE:
		return;
	case CHANGE_DATA_LOST:
		log_warning("Redis has lost what it had: writing all states again");
		rewrite_begin(delivery);
		return;
	case CHANGE_BECAME_ACTIVE:
		active_begin(delivery, now);
		return;
	case CHANGE_STANDBY:
		standby_begin(delivery, now);
		return;
	}
}

static void length_hear(struct delivery *delivery, int64_t length, nsec now)
{
	delivery->status.queue_length = length;
	switch (backpressure_update(&delivery->backpressure, length, now)) {
	case PRESSURE_SAME:
		return;
	case PRESSURE_PAUSES:
		log_warning("the queue has %" PRId64 " event%s, more than %" PRId64
			    ": repeats pause until somebody takes them",
			length, number_plural((uint64_t)length), delivery->backpressure.max);
		return;
	case PRESSURE_RESUMES:
		log_info("the queue has %" PRId64 " event%s: repeats go on", length,
			number_plural((uint64_t)length));
		return;
	}
}

static void checks_hear(struct delivery *delivery, const redisReply *reply, struct moment now)
{
	const struct decode_context decode_context = decode_make(delivery, now);
	struct reason why;

	if (!loader_read(delivery->loader, reply, &decode_context, delivery->core.engine, &why))
		redis_reject(delivery->redis, why.text, now.monotonic);
}

/* The other broker has it now, or soon. */
static void taken_hear(struct delivery *delivery, const redisReply *reply, nsec now)
{
	struct reason why;

	if (!handoff_send_read(&delivery->handoff_sender, delivery->accepted, reply, &why))
		redis_reject(delivery->redis, why.text, now);
	else if (accepted_count(delivery->accepted) == 0)
		log_info("all that was answered 202 was handed over");
}

static void policy_hear(struct delivery *delivery, const redisReply *reply, nsec now)
{
	const char *info = reply->type == REDIS_REPLY_STRING ? reply->str : "";
	char policy[EVICTION_POLICY];

	switch (eviction_update(&delivery->eviction, info, policy, now)) {
	case EVICTION_SAME:
		return;
	case EVICTION_BEGINS:
		log_warning("Redis may delete states and events when its memory is full: its "
			    "maxmemory-policy is %s; set it to noeviction",
			policy);
		return;
	case EVICTION_ENDS:
		log_info("Redis deletes nothing when its memory is full: its maxmemory-policy is "
			 "%s",
			policy);
		return;
	}
}

static void answer_hear(struct delivery *delivery, const redisReply *reply, struct moment now)
{
	const struct decode_context decode_context = decode_make(delivery, now);

	switch (delivery->asked) {
	case QUERY_NONE:
		return;
	case QUERY_CHECKS:
		checks_hear(delivery, reply, now);
		return;
	case QUERY_HANDOFF:
		delivery->unreadable += handoff_read(&delivery->handoff, reply, &decode_context);
		return;
	case QUERY_LENGTH:
		if (reply->type == REDIS_REPLY_INTEGER)
			length_hear(delivery, reply->integer, now.monotonic);
		return;
	case QUERY_HANDOFF_SEND:
		taken_hear(delivery, reply, now.monotonic);
		return;
	case QUERY_POLICY:
		policy_hear(delivery, reply, now.monotonic);
		return;
	}
}

/* Where the connection broke, what was asked is not answered any more. */
static void answer_work(struct delivery *delivery, struct moment now)
{
	struct redisReply *reply = redis_reply(delivery->redis);

	if (reply != NULL)
		answer_hear(delivery, reply, now);
	else if (delivery->asked == QUERY_CHECKS && !session_busy(session_of(delivery)))
		loader_interrupt(delivery->loader);
	if (reply != NULL || !session_busy(session_of(delivery)))
		delivery->asked = QUERY_NONE;
	if (reply != NULL)
		freeReplyObject(reply);
}

/* What stood in the place of the records may have taken all of them along. */
static void refusals_see(struct delivery *delivery, unsigned before, unsigned refused, nsec now)
{
	unsigned left = outbox_refused(delivery->core.outbox);

	if (refused != 0) {
		redis_degraded(delivery->redis, refused, now);
		delivery->retry_at = now + RETRY_WAIT;
	} else if (left == 0) {
		redis_recovered(delivery->redis, now);
	}
	if ((before & ~left & COMMIT_RECORDS) == 0)
		return;
	log_warning(
		"Redis takes states again, but may have lost what it had: writing all states again");
	rewrite_begin(delivery);
}

/* Each commit counts the records. Somebody may have deleted them, be it Redis to make room. */
static void records_see(struct delivery *delivery, nsec now)
{
	const struct outbox *outbox = delivery->core.outbox;
	int64_t there = session_records(session_of(delivery));
	char more[LOG_LIMIT_TEXT];
	unsigned long dropped_field;

	if (there < 0 || (uint64_t)there >= outbox_recorded(outbox) ||
		delivery_rewrites(delivery) || (outbox_refused(outbox) & COMMIT_RECORDS) != 0)
		return;
	if (log_limit_pass(&delivery->losses, now, &dropped_field))
		log_warning("Redis has lost %" PRIu64 " of %zu states: writing all again%s",
			outbox_recorded(outbox) - (uint64_t)there, outbox_recorded(outbox),
			log_limit_text(dropped_field, more));
	rewrite_begin(delivery);
}

static void applied_take(struct delivery *delivery, struct commit *applied, nsec now)
{
	struct outbox *outbox = delivery->core.outbox;
	uint64_t pushes = outbox_done(outbox).pushes;
	unsigned before = outbox_refused(outbox), refused = applied->refused;

	outbox_applied(outbox, applied);
	delivery->status.pushed += outbox_done(outbox).pushes - pushes;
	histogram_add(&delivery->commits, now - delivery->commit_at);
	refusals_see(delivery, before, refused, now);
}

void delivery_receive(struct delivery *delivery, struct moment now)
{
	redis_step(delivery->redis, now);
	struct commit *applied = session_applied(session_of(delivery));
	if (applied != NULL)
		applied_take(delivery, applied, now.monotonic);
	records_see(delivery, now.monotonic);
	pending_committed(delivery->pending); /* before what is left may be given away */
	if (applied != NULL && applied->queue_length >= 0)
		length_hear(delivery, applied->queue_length, now.monotonic);
	answer_work(delivery, now);
	turn_work(delivery, now);
}

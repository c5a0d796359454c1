/* SPDX-License-Identifier: MIT */
/*
 * The talk of the delivery thread with Redis: its commits, its queries, and what their replies
 * change. The loop is in delivery.c.
 */
#include "common/log.h"
#include "common/number.h"
#include "httpbroker/delivery/internal.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>

#define RETRY_WAIT NSEC_PER_SEC /* until what Redis refused in a commit is tried again */

static bool query_send(struct delivery *delivery, enum redis_query query, const char *const *words,
	const struct resp_list *list, nsec now)
{
	delivery->query = query;
	delivery->commit_next = true;
	redis_query(delivery->redis, words, list, now);
	return true;
}

/* What was answered 202 is handed over to the active broker. */
static bool handover_query(struct delivery *delivery, nsec now)
{
	struct resp_list list = {{NULL, 0, 0}, 0};
	const char *words[HANDOVER_SEND_WORDS];
	bool any =
		handover_send_command(&delivery->handover_sender, delivery->accepted, words, &list);

	if (any) {
		delivery->query = QUERY_HANDOVER_SEND;
		delivery->commit_next = true;
		redis_query_write(delivery->redis, words, &list, now);
	}
	resp_free(&list);
	return any;
}

static bool checks_query(struct delivery *delivery, nsec now)
{
	const char *words[LOADER_WORDS];
	const struct resp_list *list = loader_command(delivery->loader, &delivery->keys, words);

	return query_send(delivery, QUERY_CHECKS, words, list, now);
}

static bool query_begin(struct delivery *delivery, nsec now)
{
	const struct keys *keys = &delivery->keys;
	bool looks = handover_is_due(&delivery->handover, &delivery->core, now);

	/* a handover whose reply was lost: this broker then finds it in the list */
	if (handover_send_is_open(&delivery->handover_sender))
		return handover_query(delivery, now);
	/* when stopping, only what is still to be applied needs a reply */
	if (delivery->stopping && pending_is_empty(delivery->pending))
		return false;
	if (!loader_complete(delivery->loader) && (delivery->handover.caught_up || !looks))
		return checks_query(delivery, now);
	if (looks)
		return query_send(delivery, QUERY_HANDOVER, HANDOVER_QUESTION(keys), NULL, now);
	if (backpressure_asks(&delivery->backpressure, now))
		return query_send(
			delivery, QUERY_LENGTH, RESP_WORDS("LLEN", keys->queue), NULL, now);
	if (now >= delivery->eviction.ask_at)
		return query_send(delivery, QUERY_POLICY, RESP_WORDS("INFO", "memory"), NULL, now);
	return false;
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

void delivery_send(struct delivery *delivery, struct moment now)
{
	const struct session *session = session_of(delivery);

	if (!session_ready(session)) {
		if (session_idle(session) && !is_active(delivery))
			handover_query(delivery, now.monotonic);
		return;
	}
	/* commits and queries in turn, so that neither waits for the end of the others */
	if (delivery->commit_next && commit_begin(delivery, now))
		return;
	if (!query_begin(delivery, now.monotonic))
		commit_begin(delivery, now);
}

nsec delivery_query_at(const struct delivery *delivery)
{
	nsec next = delivery->eviction.ask_at;

	if (!session_ready(session_of(delivery)))
		return NSEC_NEVER;
	if (delivery->handover.found == 0)
		next = delivery->handover.look_at;
	if (delivery->backpressure.paused)
		next = nsec_earlier(next, delivery->backpressure.ask_at);
	return next;
}

static void active_begin(struct delivery *delivery, struct moment now)
{
	log_info("active: this broker takes events and repeats them");
	pending_reopen(delivery->pending);
	core_reset(&delivery->core, now);
	replication_reset(&delivery->replication);
	if (delivery->status.role != DELIVERY_STARTS) /* then another broker was active before */
		engine_hold_until(delivery->core.engine, now.monotonic + LEASE_LEFT);
	handover_begin(&delivery->handover, now.monotonic);
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
	replication_reset(&delivery->replication);
	handover_clear(&delivery->handover);
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

/* Of what Redis has lost, the events that no replica had confirmed are pushed again. */
static void events_repeat(struct delivery *delivery)
{
	struct watermarks done = outbox_done(delivery->core.outbox);

	if (delivery->sentinel)
		accepted_repeat(delivery->accepted, &done);
}

static void role_change_apply(struct delivery *delivery, struct moment now)
{
	switch (session_role_change(session_of(delivery))) {
	case CHANGE_NONE:
		return;
	case CHANGE_DATA_LOST:
		log_warning("Redis has lost what it had: writing all states again");
		rewrite_begin(delivery);
		events_repeat(delivery);
		return;
	case CHANGE_BECAME_ACTIVE:
		active_begin(delivery, now);
		return;
	case CHANGE_STANDBY:
		standby_begin(delivery, now);
		return;
	}
}

static void length_apply(struct delivery *delivery, int64_t length, nsec now)
{
	const char *plural = number_plural((uint64_t)length);

	delivery->status.queue_length = length;
	switch (backpressure_update(&delivery->backpressure, length, now)) {
	case PRESSURE_SAME:
		return;
	case PRESSURE_PAUSES:
		log_warning("the queue has %" PRId64 " event%s, more than %" PRId64
			    ": repeats pause until it is shorter",
			length, plural, delivery->backpressure.max);
		return;
	case PRESSURE_RESUMES:
		log_info("the queue has %" PRId64 " event%s: repeats go on", length, plural);
		return;
	}
}

static void policy_apply(struct delivery *delivery, const redisReply *reply, nsec now)
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

static void reply_apply(struct delivery *delivery, const redisReply *reply, struct moment now)
{
	const struct decode_context context = {
		delivery->core.flapjack, session_clock(session_of(delivery)), now};
	bool usable = true;
	struct reason why;

	switch (delivery->query) {
	case QUERY_NONE:
		return;
	case QUERY_CHECKS:
		usable =
			loader_read(delivery->loader, reply, &context, delivery->core.engine, &why);
		break;
	case QUERY_HANDOVER:
		delivery->unreadable += handover_read(&delivery->handover, reply, &context);
		break;
	case QUERY_LENGTH:
		if (reply->type == REDIS_REPLY_INTEGER)
			length_apply(delivery, reply->integer, now.monotonic);
		break;
	case QUERY_HANDOVER_SEND:
		usable = handover_send_read(
			&delivery->handover_sender, delivery->accepted, reply, &why);
		if (usable && accepted_count(delivery->accepted) == 0)
			log_info("all events that were answered 202 are handed over");
		break;
	case QUERY_POLICY:
		policy_apply(delivery, reply, now.monotonic);
		break;
	}
	if (!usable)
		redis_reject(delivery->redis, why.text, now.monotonic);
}

void delivery_retry(struct delivery *delivery)
{
	outbox_retry(delivery->core.outbox);
	delivery->retry_at = NSEC_NEVER;
}

static bool is_rewriting(const struct delivery *delivery)
{
	return delivery->rewrite < CHECKS_SHARDS ||
	       outbox_done(delivery->core.outbox).records < delivery->rewritten;
}

/* One shard at a time that has any checks, when the records of the one before are written. */
void delivery_rewrite(struct delivery *delivery)
{
	struct outbox *outbox = delivery->core.outbox;

	while (delivery->rewrite < CHECKS_SHARDS &&
		outbox_done(outbox).records >= delivery->rewritten) {
		engine_rewrite(delivery->core.engine, delivery->rewrite++);
		delivery->rewritten = outbox_watermarks(outbox).records;
	}
}

/* The reply to a query is lost with its connection. */
static void reply_work(struct delivery *delivery, struct moment now)
{
	struct redisReply *reply = redis_reply(delivery->redis);

	if (reply != NULL)
		reply_apply(delivery, reply, now);
	else if (delivery->query == QUERY_CHECKS && !session_busy(session_of(delivery)))
		loader_interrupt(delivery->loader);
	if (reply != NULL || !session_busy(session_of(delivery)))
		delivery->query = QUERY_NONE;
	if (reply != NULL)
		freeReplyObject(reply);
}

/* HSET works again after WRONGTYPE: the key was replaced, so all records are rewritten. */
static void refusals_check(struct delivery *delivery, unsigned before, unsigned refused, nsec now)
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

/* Each commit counts the records: they may have been deleted, or evicted by Redis. */
static void records_check(struct delivery *delivery, nsec now)
{
	const struct outbox *outbox = delivery->core.outbox;
	int64_t there = session_records(session_of(delivery));

	if (there < 0 || (uint64_t)there >= outbox_recorded(outbox) || is_rewriting(delivery) ||
		(outbox_refused(outbox) & COMMIT_RECORDS) != 0)
		return;
	log_limited(&delivery->losses, now, log_warning,
		"Redis has lost %" PRIu64 " of %zu states: writing all again",
		outbox_recorded(outbox) - (uint64_t)there, outbox_recorded(outbox));
	rewrite_begin(delivery);
}

static void commit_apply(struct delivery *delivery, struct commit *commit, nsec now)
{
	struct outbox *outbox = delivery->core.outbox;
	uint64_t pushes = outbox_done(outbox).pushes;
	unsigned before = outbox_refused(outbox), refused = commit->refused;

	outbox_applied(outbox, commit);
	delivery->status.pushed += outbox_done(outbox).pushes - pushes;
	histogram_add(&delivery->commits, now - delivery->commit_at);
	refusals_check(delivery, before, refused, now);
}

void delivery_committed(struct delivery *delivery)
{
	struct watermarks done = outbox_done(delivery->core.outbox);
	const struct confirmation confirmation = {
		.confirmed = !delivery->sentinel ||
			     confirm_is_done(session_confirm(session_of(delivery))),
		.keeps = replication_keeps(&delivery->replication),
		.kept_from = delivery->sentinel ? delivery->replication.kept_from : done,
	};

	pending_committed(delivery->pending, &confirmation);
}

static void replicas_check(struct delivery *delivery, nsec now)
{
	struct watermarks done = outbox_done(delivery->core.outbox);
	struct role role;

	if (confirm_role(session_confirm(session_of(delivery)), &role))
		replication_update(&delivery->replication, &role, &done, now);
	else if (!confirm_is_done(session_confirm(session_of(delivery))))
		replication_unmark(&delivery->replication);
}

void delivery_receive(struct delivery *delivery, struct moment now)
{
	redis_step(delivery->redis, now);
	struct commit *commit = session_applied(session_of(delivery));
	if (commit != NULL)
		commit_apply(delivery, commit, now.monotonic);
	records_check(delivery, now.monotonic);
	replicas_check(delivery, now.monotonic);
	delivery_committed(delivery); /* before the rest may be handed over */
	if (commit != NULL && commit->queue_length >= 0)
		length_apply(delivery, commit->queue_length, now.monotonic);
	reply_work(delivery, now);
	role_change_apply(delivery, now);
}

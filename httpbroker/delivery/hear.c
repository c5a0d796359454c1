/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/inside.h"

#include "common/log.h"
#include "common/number.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>

#define RETRY_WAIT NSEC_PER_SEC /* until what Redis refused of a commit is tried again */

static struct recall recall_make(const struct delivery *delivery, struct moment now)
{
	return (struct recall){delivery->books.flapjack, session_clock(session_of(delivery)), now};
}

static void active_begin(struct delivery *delivery, struct moment now)
{
	log_info("active: this broker repeats, and takes events");
	desk_reopen(delivery->desk);
	books_reset(&delivery->books, now);
	if (delivery->status.role != DELIVERY_STARTS) /* then another broker was active before */
		ledger_owe_until(delivery->books.ledger, now.monotonic + LEASE_LEFT);
	handover_begin(&delivery->handover, now.monotonic);
	link_content(delivery->link, now.monotonic);
	delivery->rewrite = STATES_SHARDS;
	delivery->rewritten = 0;
	delivery->eviction.ask_at = now.monotonic;
	if (delivery->books.persistent)
		reader_begin(delivery->reader, now.monotonic);
}

static void standby_begin(struct delivery *delivery, struct moment now)
{
	log_info("standing by: %s is active", session_holder(session_of(delivery)));
	desk_drop(delivery->desk, "another broker is the active one");
	desk_reopen(delivery->desk);
	books_reset(&delivery->books, now);
	handover_free(&delivery->handover);
	link_content(delivery->link, now.monotonic);
	reader_finish(delivery->reader);
}

static void rewrite_begin(struct delivery *delivery)
{
	delivery->rewrite = 0;
	delivery->eviction.ask_at = 0; /* that may be why */
	if (!reader_complete(delivery->reader))
		reader_interrupt(delivery->reader);
}

static void turn_work(struct delivery *delivery, struct moment now)
{
	switch (link_turned(delivery->link)) {
	case TURN_NONE:
		return;
	case TURN_REWOUND:
		log_warning("Redis has lost what it had: writing all states again");
		rewrite_begin(delivery);
		return;
	case TURN_ANEW:
		active_begin(delivery, now);
		return;
	case TURN_STANDBY:
		standby_begin(delivery, now);
		return;
	}
}

static void length_hear(struct delivery *delivery, int64_t length, nsec now)
{
	delivery->status.queue_length = length;
	switch (pressure_hear(&delivery->pressure, length, now)) {
	case PRESSURE_SAME:
		return;
	case PRESSURE_PAUSES:
		log_warning("the queue has %" PRId64 " event%s, more than %" PRId64
			    ": repeats pause until somebody takes them",
			length, number_plural((uint64_t)length), delivery->pressure.most);
		return;
	case PRESSURE_RESUMES:
		log_info("the queue has %" PRId64 " event%s: repeats go on", length,
			number_plural((uint64_t)length));
		return;
	}
}

static void states_hear(struct delivery *delivery, const redisReply *reply, struct moment now)
{
	const struct recall recall = recall_make(delivery, now);
	struct reason why;

	if (!reader_take(delivery->reader, reply, &recall, delivery->books.ledger, &why))
		link_refuse(delivery->link, why.text, now.monotonic);
}

/* The other broker has it now, or soon. */
static void taken_hear(struct delivery *delivery, const redisReply *reply, nsec now)
{
	struct reason why;

	if (!leaving_take(&delivery->leaving, delivery->backlog, reply, &why))
		link_refuse(delivery->link, why.text, now);
	else if (backlog_count(delivery->backlog) == 0)
		log_info("all that was answered 202 was handed over");
}

static void policy_hear(struct delivery *delivery, const redisReply *reply, nsec now)
{
	const char *info = reply->type == REDIS_REPLY_STRING ? reply->str : "";
	char policy[EVICTION_POLICY];

	switch (eviction_hear(&delivery->eviction, info, policy, now)) {
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
	const struct recall recall = recall_make(delivery, now);

	switch (delivery->asked) {
	case ASKED_NOTHING:
		return;
	case ASKED_STATES:
		states_hear(delivery, reply, now);
		return;
	case ASKED_HANDOVER:
		delivery->unreadable += handover_take(&delivery->handover, reply, &recall);
		return;
	case ASKED_LENGTH:
		if (reply->type == REDIS_REPLY_INTEGER)
			length_hear(delivery, reply->integer, now.monotonic);
		return;
	case ASKED_TO_TAKE:
		taken_hear(delivery, reply, now.monotonic);
		return;
	case ASKED_POLICY:
		policy_hear(delivery, reply, now.monotonic);
		return;
	}
}

/* Where the connection broke, what was asked is not answered any more. */
static void answer_work(struct delivery *delivery, struct moment now)
{
	struct redisReply *reply = link_answer(delivery->link);

	if (reply != NULL)
		answer_hear(delivery, reply, now);
	else if (delivery->asked == ASKED_STATES && !session_busy(session_of(delivery)))
		reader_interrupt(delivery->reader);
	if (reply != NULL || !session_busy(session_of(delivery)))
		delivery->asked = ASKED_NOTHING;
	if (reply != NULL)
		freeReplyObject(reply);
}

/* What stood in the place of the records may have taken all of them along. */
static void refusals_see(struct delivery *delivery, unsigned before, unsigned refused, nsec now)
{
	unsigned left = outbox_refused(delivery->books.outbox);

	if (refused != 0) {
		link_complain(delivery->link, refused, now);
		delivery->retry_at = now + RETRY_WAIT;
	} else if (left == 0) {
		link_content(delivery->link, now);
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
	const struct outbox *outbox = delivery->books.outbox;
	int64_t there = link_records(delivery->link);
	char more[LOG_LIMIT_TEXT];
	unsigned long left_out;

	if (there < 0 || (uint64_t)there >= outbox_recorded(outbox) ||
		delivery_rewrites(delivery) || (outbox_refused(outbox) & COMMIT_RECORDS) != 0)
		return;
	if (log_limit_pass(&delivery->losses, now, &left_out))
		log_warning("Redis has lost %" PRIu64 " of %zu states: writing all again%s",
			outbox_recorded(outbox) - (uint64_t)there, outbox_recorded(outbox),
			log_limit_text(left_out, more));
	rewrite_begin(delivery);
}

static void applied_take(struct delivery *delivery, struct commit *applied, nsec now)
{
	struct outbox *outbox = delivery->books.outbox;
	uint64_t pushes = outbox_done(outbox).pushes;
	unsigned before = outbox_refused(outbox), refused = applied->refused;

	outbox_applied(outbox, applied);
	delivery->status.pushed += outbox_done(outbox).pushes - pushes;
	histogram_add(&delivery->commits, now - delivery->commit_at);
	refusals_see(delivery, before, refused, now);
}

void delivery_hear(struct delivery *delivery, struct moment now)
{
	link_step(delivery->link, now);
	struct commit *applied = link_applied(delivery->link);
	if (applied != NULL)
		applied_take(delivery, applied, now.monotonic);
	records_see(delivery, now.monotonic);
	desk_commit(delivery->desk); /* before what is left may be given away */
	if (applied != NULL && applied->queue_length >= 0)
		length_hear(delivery, applied->queue_length, now.monotonic);
	answer_work(delivery, now);
	turn_work(delivery, now);
}

/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/handover.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

void handover_free(struct handover *handover)
{
	for (size_t i = 0; i < handover->count; i++)
		posting_free(&handover->postings[i]);
	free(handover->postings);
	*handover = (struct handover){.look_at = handover->look_at,
		.lost = handover->lost,
		.refused = handover->refused,
		.settled = handover->settled};
}

void handover_begin(struct handover *handover, nsec now)
{
	handover_free(handover);
	handover->look_at = now;
	handover->settled = false;
}

static bool item_take(
	struct handover *handover, const redisReply *item, const struct recall *recall)
{
	const struct blob json = {item->str, (size_t)item->len};
	struct reason why = {"it is no text"};

	if (item->type == REDIS_REPLY_STRING &&
		recall_event(recall, json, &handover->postings[handover->count], &why)) {
		handover->postings[handover->count++].handed = true;
		return true;
	}
	log_error("an event that another broker has handed over cannot be read and is left out: "
		  "%s",
		why.text);
	return false;
}

/* As where a key of that name is no list: nobody can leave anything there then. */
static void refusal_see(struct handover *handover, const redisReply *reply)
{
	bool refused = reply->type != REDIS_REPLY_ARRAY;

	if (refused && !handover->refused)
		log_error("what other brokers have left cannot be taken: Redis refuses LRANGE: %s",
			reply->type == REDIS_REPLY_ERROR ? reply->str : "an odd answer");
	if (!refused && handover->refused)
		log_info("what other brokers have left can be taken again");
	handover->refused = refused;
}

size_t handover_take(
	struct handover *handover, const struct redisReply *reply, const struct recall *recall)
{
	size_t unreadable = 0;

	handover_free(handover);
	handover->look_at = recall->now.monotonic + HANDOVER_LOOK;
	refusal_see(handover, reply);
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements == 0) {
		handover->settled = true;
		return 0;
	}
	handover->found = reply->elements;
	handover->postings = memory_zeroed(reply->elements, sizeof handover->postings[0]);
	for (size_t i = 0; i < reply->elements; i++)
		unreadable += !item_take(handover, reply->element[i], recall);
	log_info("taking %zu event%s that another broker has handed over", handover->count,
		number_plural(handover->count));
	return unreadable;
}

/* All that are not known are wanted at once. */
static bool handover_known(
	const struct handover *handover, const struct books *books, struct reader *reader)
{
	bool known = true;

	for (size_t i = handover->next; i < handover->count; i++) {
		const struct posting *posting = &handover->postings[i];

		for (; posting != NULL; posting = posting->former) {
			if (reader_knows(reader, books->states, &posting->names))
				continue;
			reader_want(reader, &posting->names);
			known = false;
		}
	}
	return known;
}

/* False if there is no room for it now. */
static bool item_judge(struct handover *handover, struct books *books, struct moment now)
{
	const struct posting *posting = &handover->postings[handover->next];
	enum ledger_answer answer = ledger_take_handed(books->ledger, posting, now);

	if (answer == LEDGER_FULL)
		return false;
	if (answer == LEDGER_OLDER && handover->older++ == 0)
		handover->first_older = posting;
	handover->next++;
	return true;
}

static void older_tell(struct handover *handover)
{
	handover->lost += handover->older;
	if (handover->older > 0)
		log_warning("%zu of %zu event%s that another broker has handed over %s older than "
			    "what is known and change%s nothing, of %.*s%s",
			handover->older, handover->count, number_plural(handover->count),
			handover->older == 1 ? "is" : "are", handover->older == 1 ? "s" : "",
			(int)handover->first_older->names.length,
			handover->first_older->names.bytes,
			handover->older > 1 ? " and others" : "");
}

void handover_judge(
	struct handover *handover, struct books *books, struct reader *reader, struct moment now)
{
	if (handover->found == 0 || outbox_trims(books->outbox) ||
		!handover_known(handover, books, reader))
		return;
	while (handover->next < handover->count)
		if (!item_judge(handover, books, now))
			return;
	older_tell(handover);
	outbox_trim(books->outbox, handover->found);
	handover_free(handover);
	handover->look_at = now.monotonic; /* there may be more */
}

bool handover_looks(const struct handover *handover, const struct books *books, nsec now)
{
	return handover->found == 0 && !outbox_trims(books->outbox) && now >= handover->look_at;
}

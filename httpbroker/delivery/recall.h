/* SPDX-License-Identifier: MIT */
/*
 * From what Redis holds back to what the ledger takes: a check's record (record.h), or an event
 * that another broker has left in `httpbroker:NAME:handover`. That is the event as a client
 * would post it, with its time and ttl, with the milliseconds of that time if they are known
 * (`"millis":123`), and with the former names of its check, if there are any
 * (`"formerly":{"entity":"…","check":"…"}`); who does not know these two leaves them out. Or, of a
 * check that is to be forgotten,
 *
 *     {"entity":"…","check":"…","forgotten":TIME}
 *
 * which is no event: who does not know it leaves it out.
 */
#ifndef HTTPBROKER_DELIVERY_RECALL_H
#define HTTPBROKER_DELIVERY_RECALL_H

#include "common/reason.h"
#include "httpbroker/redis/resp.h"
#include "httpbroker/states/posting.h"

#include <stdbool.h>

struct record;

/* Bytes as Redis has them. */
struct blob {
	const char *bytes;
	size_t length;
};

/* What is to be known for that. */
struct recall {
	int flapjack; /* the version that events are for */
	nsec clock;   /* what to add to the monotonic clock to get the broker clock */
	struct moment now;
};

/* Free the posting afterwards. Its deadline is the record's; what else that says is in *record. */
bool decode_record(const struct recall *recall, struct blob field, struct blob value,
	struct prepared *out, struct record *record, struct reason *why);

/* The same for what was handed over. */
bool decode_event(
	const struct recall *recall, struct blob json, struct prepared *out, struct reason *why);

/* Appends a posting as decode_event() reads it. */
void decode_write(struct buffer *out, const struct prepared *prepared);

#endif

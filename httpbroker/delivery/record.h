/* SPDX-License-Identifier: MIT */
/*
 * A check's record in Redis: the value of one field of the hash `httpbroker:NAME:states`, the
 * field being the entity, U+001F, the check. The value is
 *
 *     1 TIME TTL SENT DEADLINE JSON
 *
 * 1         the version of this format
 * TIME      of the event, seconds since the epoch
 * TTL       in seconds; negative: never stale
 * SENT      the state that Flapjack was told last (ok, warning, critical, unknown); `-`: it is
 *           still owed what the event says, for Redis refuses the queue
 * DEADLINE  when it goes stale, in milliseconds on the broker clock; `-`: never
 * JSON      the event as Flapjack takes it, without its time; with `millis`, the milliseconds of
 *           that, if they are known
 *
 * The broker clock runs only while a broker of that name is active, so that a check's time to
 * live stands still while nobody could have reported.
 */
#ifndef HTTPBROKER_DELIVERY_RECORD_H
#define HTTPBROKER_DELIVERY_RECORD_H

#include "common/reason.h"
#include "httpbroker/checks/checks.h"
#include "httpbroker/checks/encode.h"
#include "httpbroker/redis/resp.h"

#include <stdbool.h>

#define RECORD_SEPARATOR '\x1f'
#define RECORD_NEVER INT64_C(-1)

struct record {
	int64_t time;
	int32_t ttl;
	bool owed; /* then `sent` says nothing */
	enum state sent;
	int64_t deadline; /* milliseconds on the broker clock, or RECORD_NEVER */
	const char *json; /* points into what was read */
	size_t json_length;
};

/* Adds two arguments, field and value. `owed` and `deadline` as in struct record. */
void record_write(struct resp_list *fields, const struct check *check, bool owed, int64_t deadline);

/* Adds one argument, the field. */
void record_field_write(struct resp_list *fields, const struct check *check);

/* Reads a value. Its JSON is not looked into. */
bool record_read(const char *value, size_t length, struct record *out, struct reason *why);

/* Reads a field into the two names, of which *out holds pointers into `field`. */
struct record_field {
	const char *entity, *check;
	size_t entity_length, check_length;
};
bool record_field_read(
	const char *field, size_t length, struct record_field *out, struct reason *why);

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

struct record;

/* Bytes as Redis has them. */
struct blob {
	const char *bytes;
	size_t length;
};

/* What is to be known for that. */
struct decode_context {
	int flapjack; /* the version that events are for */
	nsec clock;   /* what to add to the monotonic clock to get the broker clock */
	struct moment now;
};

/* Free the posting afterwards. Its deadline is the record's; what else that says is in *record. */
bool decode_record(const struct decode_context *decode_context, struct blob field,
	struct blob value, struct prepared *out, struct record *record, struct reason *why);

/* The same for what was handed over. */
bool decode_event(const struct decode_context *decode_context, struct blob json,
	struct prepared *out, struct reason *why);

/* Appends a posting as decode_event() reads it. */
void encode_stored(struct buffer *out, const struct prepared *prepared);

#endif

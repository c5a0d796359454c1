/* SPDX-License-Identifier: MIT */
/*
 * A check's record in Redis: a field of the hash `httpbroker:NAME:states` (entity, U+001F, check)
 * with the value
 *
 *     1 TIME TTL SENT DEADLINE JSON
 *
 * 1         the version of this format
 * TIME      of the event, seconds since the epoch
 * TTL       in seconds; negative: never stale
 * SENT      the state pushed last (ok, warning, critical, unknown); `-`: the event is not pushed
 *           yet, because Redis refuses the queue
 * DEADLINE  when it goes stale, in milliseconds on the broker clock; `-`: never
 * JSON      the event as pushed, without its time; `millis`: its milliseconds, if they are known;
 *           `since`: when its reported state changed, in seconds since the epoch; `run`: the open
 *           run (checks/encode.h), to which the deadline then belongs
 *
 * The broker clock runs only while a broker of that name is active: a ttl stands still while nobody
 * could have reported.
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
	bool unpushed; /* then `sent` says nothing */
	enum state sent;
	int64_t deadline; /* milliseconds on the broker clock, or RECORD_NEVER */
	const char *json; /* points into the value */
	size_t json_length;
};

/* Adds two arguments, field and value. `unpushed` and `deadline` as in struct record. */
void record_write(
	struct resp_list *fields, const struct check *check, bool unpushed, int64_t deadline);

/* Adds one argument, the field. */
void record_field_write(struct resp_list *fields, const struct check *check);

/* Reads a value, without parsing its JSON. */
bool record_read(const char *value, size_t length, struct record *out, struct reason *why);

/* Reads a field; *out points into it. */
struct record_field {
	const char *entity, *check;
	size_t entity_length, check_length;
};
bool record_field_read(
	const char *field, size_t length, struct record_field *out, struct reason *why);

/*
 * Decodes a record, or an event that another broker has handed over (`httpbroker:NAME:handover`):
 * the event as a client would post it, with its time and ttl, and, if known, the milliseconds of
 * its time (`"millis":123`), the run that it starts or ends (`"run":[LIMIT,ID,BEFORE,START]`), and
 * the former names of its check (`"formerly":{"entity":"…","check":"…"}`); earlier releases leave
 * out these two. A check to be forgotten is
 *
 *     {"entity":"…","check":"…","forgotten":TIME}
 *
 * which is no event: earlier releases leave it out.
 */

/* Bytes of a reply. */
struct blob {
	const char *bytes;
	size_t length;
};

/*
 * Writes `,"run":[LIMIT,ID,BEFORE,START]`: what a start or an open run has, or an end with an id;
 * else nothing. `out` has room for RECORD_RUN_TEXT bytes. Returns the length.
 */
enum { RECORD_RUN_TEXT = 128 };
size_t record_run_write(char *out, const struct run *run, bool start);

struct decode_context {
	int flapjack; /* the version that events are for */
	nsec clock;   /* what to add to the monotonic clock to get the broker clock */
	struct moment now;
};

/* Free *out afterwards. It has the deadline of the record; the rest is in *record. */
bool decode_record(const struct decode_context *context, struct blob field, struct blob value,
	struct prepared *out, struct record *record, struct reason *why);

/* The same for a handed over event. */
bool decode_event(const struct decode_context *context, struct blob json, struct prepared *out,
	struct reason *why);

#endif

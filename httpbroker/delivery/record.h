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
#include "httpbroker/redis/resp.h"
#include "httpbroker/states/states.h"

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

#endif

/* SPDX-License-Identifier: MIT */
/* Which of the keys that matter on the way to the broker an event in JSON has. Pure. */
#ifndef HTTPBROKER_SUBMIT_EVENT_KEYS_H
#define HTTPBROKER_SUBMIT_EVENT_KEYS_H

#include <jansson.h>
#include <stddef.h>

/* Bits of a set; an empty set is an empty object's. */
enum key {
	KEY_ENTITY = 1,
	KEY_TAGS = 2,
	KEY_TIME = 4,
	KEY_TTL = 8,
	KEY_OTHER = 16,
};

enum key key_named(const char *name, size_t length);

unsigned keys_of(const json_t *event);

#endif

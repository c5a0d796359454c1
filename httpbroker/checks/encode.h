/* SPDX-License-Identifier: MIT */
/* Writing JSON, fast and straight into a buffer. Reading it is jansson's work. */
#ifndef HTTPBROKER_CHECKS_ENCODE_H
#define HTTPBROKER_CHECKS_ENCODE_H

#include "common/buffer.h"
#include "httpbroker/checks/event.h"

#include <stdint.h>

/* A string in quotes. The bytes are valid UTF-8; what JSON wants escaped is. */
void jsontext_string(struct buffer *out, const char *bytes, size_t length);

void jsontext_number(struct buffer *out, int64_t number);

#define JSONTEXT_NUMBER 24 /* bytes that hold any number */

/* The digits alone, without a NUL; returns how many bytes that are. */
size_t jsontext_digits(char out[JSONTEXT_NUMBER], int64_t number);

/*
 * An event as Flapjack takes it, ready made but for its time, so that repeating it is a copy and
 * a stamp. Keys come in a fixed order: entity, check, type, state, summary, details, perfdata,
 * acknowledgement_id, duration, tags, the delays, time.
 *
 * The keys that Flapjack 1.6 and 2.0 accept were found by running both; either rejects an event
 * with any other key, and a non-empty perfdata ends a Flapjack 2.
 */

struct encoded {
	char *bytes; /* `{"entity":…`, to be followed by `,"time":N}` */
	uint32_t length;
	uint32_t head; /* where what a check *is* ends: entity, check, type */
	uint32_t tail; /* where what *holds on* begins: tags and delays */
};

/* Appends the event, its texts cleaned (common/utf8.h) and cut, for this version of Flapjack (1 or
 * 2); the result points into *out. */
struct encoded encoded_make(const struct event *event, int flapjack, struct buffer *out);

#endif

/* SPDX-License-Identifier: MIT */
/* What a document becomes, for the tests of the formats: all that was handed in, in order. */
#ifndef T_UNIT_BROKER_FORMATS_H
#define T_UNIT_BROKER_FORMATS_H

#include "httpbroker/formats/format.h"

#define NOW INT64_C(1795224305)

enum { PIECES_MAX = 16 };

/* A piece is an event, a refusal (why.text is not empty) or something passed over. */
struct piece {
	struct event event;
	struct reason why;
	bool passed;
	enum skipped how;
};

struct pieces {
	struct event_sink sink; /* first */
	json_t *document;       /* which the events' texts point into */
	const struct format *format;
	struct piece list[PIECES_MAX];
	size_t count;
};

/*
 * Translates a document; free it with pieces_free(). `ttl` as in struct format_context; heartbeats
 * are Watchdog and Pulse.
 */
struct pieces *pieces_take(int flapjack, int32_t ttl, const char *json);
void pieces_free(struct pieces *pieces);

void assert_text(struct text text, const char *expected);

/* Piece i is an event of this check in this state. */
void assert_event(const struct pieces *pieces, size_t i, const char *entity, const char *check,
	const char *state);

/* Piece i is a refusal in these words. */
void assert_refusal(const struct pieces *pieces, size_t i, const char *words);
void assert_passed(const struct pieces *pieces, size_t i, enum skipped how);

/* The document is a single event, which is refused in these words; NULL: which is taken. */
void assert_refused(int flapjack, const char *json, const char *words);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A notification: what is told about a check. It is stored, waits and is sent as one line of JSON:
 *
 *     {"event":"problem","entity":"db-01","check":"disk","state":"critical","previous":"ok",
 *      "summary":"full","time":1764440000,"since":1764439970,"key":"0123456789abcdef"}
 */
#ifndef HTTPBROKER_NOTIFY_NOTIFICATION_H
#define HTTPBROKER_NOTIFY_NOTIFICATION_H

#include "common/buffer.h"
#include "common/reason.h"
#include "httpbroker/checks/event.h"
#include "httpbroker/limits.h"

enum notification_kind {
	NOTIFICATION_PROBLEM, /* not ok, or another kind of not ok; or a repeat of it */
	NOTIFICATION_RECOVERY,
	NOTIFICATION_ACKNOWLEDGEMENT,
	NOTIFICATION_TEST,
	NOTIFICATION_KINDS,
};

/* Bytes with the NUL. */
enum { NOTIFICATION_KEY = 17, NOTIFICATION_STAMP = 21, NOTIFICATION_TEXT = LIMIT_SUMMARY + 1 };

/* Texts are one line of clean UTF-8 (common/utf8.h) and not owned. */
struct notification {
	json_t *document; /* that they live in, after notification_decode(); to be freed */
	enum notification_kind kind;
	enum state state;    /* of the check: ok, warning, critical or unknown */
	enum state previous; /* the same, told before */
	struct text entity, check;
	struct text summary; /* may be empty */
	int64_t time;        /* of the event, seconds since the epoch */
	int64_t since;       /* when the problem began; without a problem: time */
};

/*
 * The names of a check as one key: entity U+001F check. No name has that character. False:
 * `names` has none, and is no such key. The hash is not the same in another run; uthash uses it
 * where this file is included before it.
 */
void names_join(struct buffer *out, struct text entity, struct text check);
bool names_split(struct text names, struct text *entity, struct text *check);
uint64_t names_hash(const void *names, size_t length);

#define HASH_FUNCTION(key, length, hash) (hash) = (unsigned)names_hash(key, length)

/* `problem`, `recovery`, `acknowledgement`, `test`. */
const char *notification_event(enum notification_kind kind);

/* Reads the word of a state that lasts. */
bool notification_state(const char *word, enum state *out);

/*
 * The same from a problem to its recovery, also in another run: 16 hexadecimal digits, made of the
 * names and since. Writes into `out` and returns it.
 */
const char *notification_key(const struct notification *notification, char out[NOTIFICATION_KEY]);

/* Appends it as JSON, without a newline. */
void notification_encode(const struct notification *notification, struct buffer *out);

/* False, and no document: see the reason. */
bool notification_decode(
	const char *bytes, size_t length, struct notification *out, struct reason *why);

/* How the line of a notification looks. */
struct line_style {
	bool json;    /* else as Flapjack words it */
	int flapjack; /* version, 1 or 2 */
};

/* Appends the line of a notification, with its newline. */
void notification_line(const struct line_style *style, const struct notification *notification,
	struct buffer *out);

/* A text of an event as a notification has it: one clean line, cut to NOTIFICATION_TEXT - 1. */
struct text notification_clean(struct text text, char out[NOTIFICATION_TEXT]);

/* Seconds since the epoch as `2026-01-02T03:04:05Z`. Writes into `out` and returns it. */
const char *notification_stamp(int64_t seconds, char out[NOTIFICATION_STAMP]);

#endif

/* SPDX-License-Identifier: MIT */
/* Writes JSON into a buffer, and prepares events for the checks and for Flapjack. */
#ifndef HTTPBROKER_CHECKS_ENCODE_H
#define HTTPBROKER_CHECKS_ENCODE_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "httpbroker/checks/event.h"
#include "httpbroker/limits.h"

#include <stdint.h>

/* A string in quotes, escaped. The bytes must be valid UTF-8. */
void jsontext_string(struct buffer *out, const char *bytes, size_t length);

/* Appends what jsontext_string() escaped, as one line: a line break or tab becomes a blank. */
void jsontext_line(struct buffer *out, const char *bytes, size_t length);

/* Appends the document as one line, and frees it. */
void jsontext_append(struct buffer *out, json_t *document);

void jsontext_number(struct buffer *out, int64_t number);

#define JSONTEXT_NUMBER 24 /* bytes that hold any number */

/* The digits without a NUL; returns how many. */
size_t jsontext_digits(char out[JSONTEXT_NUMBER], int64_t number);

/*
 * An event as JSON, but for its time: a repeat is a copy and a stamp. The order of its keys is
 * fixed: entity, check, type, state, summary, details, perfdata, acknowledgement_id, duration,
 * tags, the delays, time. Flapjack rejects an event with any other key, and a non-empty perfdata
 * ends Flapjack 2; this was found by running 1.6 and 2.0.
 */
struct encoded {
	char *bytes; /* `,"state":…`, after the head; to be followed by `,"time":N}` */
	uint32_t length;
	uint32_t tail; /* the offset of tags and delays */
};

/* Appends the event for this version of Flapjack (1 or 2), from its head on, its strings cleaned
 * (common/utf8.h) and cut. The result points into *out. */
struct encoded encoded_make(const struct event *event, int flapjack, struct buffer *out);

/*
 * The state and the summary of an encoded event, as they stand between its quotes: of the summary
 * jsontext_line() makes a text.
 */
struct text encoded_state(const struct encoded *encoded);
struct text encoded_summary(const struct encoded *encoded);

/* The pair that identifies a check. Two pairs may have the same text. */
struct names {
	const char *bytes;      /* `entity:check` */
	uint16_t length;        /* of the whole */
	uint16_t entity_length; /* the offset of the separating colon */
};

/* Writes `entity:check`, which the names then point to: both are at most LIMIT_NAME bytes long. */
enum { NAMES_MAX = 2 * LIMIT_NAME + 1 };
struct names names_write(struct text entity, struct text check, char *out);

#define ENCODED_HEAD "{\"entity\":\"\",\"check\":\"\",\"type\":\"service\""

/* The longest head: each byte of the names is escaped. */
enum { ENCODED_HEAD_MAX = sizeof ENCODED_HEAD + 4 * LIMIT_NAME };

/*
 * Writes the head of an event with a lasting state: entity, check, type. It is made of the
 * names alone, so the table of checks does not store it. Returns its length.
 */
size_t encoded_head(const struct names *names, char out[ENCODED_HEAD_MAX]);

/*
 * A run of a job, from its start to its end. While it is open, the check stays as it was; it is
 * critical if no end comes within the limit. Any event of the check is an end, but not one with
 * another id.
 */
enum run_before {
	RUN_BEFORE_FRESH,   /* the check's state was its event's */
	RUN_BEFORE_STALE,   /* it was stale */
	RUN_BEFORE_OVERRUN, /* a run before had exceeded its limit */
};

struct run {
	int32_t limit;  /* seconds; 0: no run is open, or it has no limit */
	uint32_t id;    /* of both start and end; 0: not given */
	uint8_t before; /* enum run_before: how the check was at the start */
};

/*
 * A valid event, encoded and with a deadline, which no clock step changes; or that a check is
 * forgotten.
 */
struct prepared {
	struct names names;
	struct text event;      /* as JSON, without its time */
	struct encoded encoded; /* of that, what follows its head */
	enum state state;
	int64_t time;      /* seconds since the epoch, not in the future */
	uint16_t fraction; /* of that second: struct instant */
	int32_t ttl;       /* seconds; negative: never stale */
	int32_t received;  /* when it was: seconds, monotonic */
	nsec deadline;  /* monotonic, or NSEC_NEVER; of a start: the run's, if that has a limit */
	bool handed;    /* another broker has handed it off */
	bool again;     /* it was applied before: see engine_apply() */
	bool start;     /* a run starts: the event counts only if the check is new */
	struct run run; /* that starts, or whose end it is: then only its id */
	int64_t since;  /* of a record: when its state changed; 0: not known */
	bool forgotten; /* the check is forgotten: only names and time are set */
	struct prepared *former; /* owned; sets the check's former names ok; NULL: none */
	char *block;             /* owned; names, event and encoded point into it */
};

/* The event is valid (event_check) for this version of Flapjack. */
void prepared_make(
	struct prepared *prepared, const struct event *event, int flapjack, struct moment now);

/* The same for the start of a run. Without a limit the deadline is the event's. */
void prepared_make_start(struct prepared *prepared, const struct event *event, struct run run,
	int flapjack, struct moment now);

void prepared_make_forgotten(
	struct prepared *prepared, struct text entity, struct text check, struct instant time);

void prepared_free(struct prepared *prepared);

#endif

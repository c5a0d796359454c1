/* SPDX-License-Identifier: MIT */
/*
 * Reading the values of a JSON document. A value that is missing, or null (which is how some
 * clients say nothing), leaves what is there; one of a wrong type is refused, naming it.
 */
#ifndef HTTPBROKER_FORMATS_JSON_H
#define HTTPBROKER_FORMATS_JSON_H

#include "httpbroker/checks/event.h"

#include <stdbool.h>
#include <stddef.h>

/* `an array`, `a number`, …: for messages. */
const char *value_kind(const json_t *value);

/* Always false: *why, which says what was expected, becomes `'name' is 7, not …`. */
bool value_refuse(const char *name, const json_t *value, struct reason *why);

/* Whether more than `most` arrays and objects lie within each other. */
bool value_is_deep(json_t *value, unsigned max);

/* An integer, or its digits in a string, from min to max. */
bool value_whole(const json_t *value, int64_t min, int64_t max, int64_t *out);

/* The string at `key`. */
bool value_text(const json_t *object, const char *key, struct text *out, struct reason *why);

/*
 * For what need not be a string to be of use: a string as it is, anything else as JSON; not given
 * if it is NULL, null or empty. What is made lives as long as the document.
 */
struct text value_shown(json_t *document, const json_t *value);

/* A string that lives as long as the document. */
struct text text_keep(json_t *document, const char *bytes, size_t length);

/* The object at `key`; *out is NULL if there is none. */
bool value_object(const json_t *object, const char *key, const json_t **out, struct reason *why);

/*
 * Milliseconds since the epoch at `key`, as seconds; what can only be seconds, micro- or
 * nanoseconds is taken as such, and what is no time is passed over.
 */
void value_milliseconds(const json_t *object, const char *key, int64_t *out);

/* Whether both are given and the same. */
bool text_equals(struct text a, struct text b);

/* Whether the text is this word, in any case of letters. */
bool text_is(struct text text, const char *word);

/*
 * Memory for JSON documents. Each is made of dozens of small blocks and is gone a moment later: so
 * a thread hands them out in a row from a pool of its own, and begins again once all have been
 * given back. What does not fit, or lives on in the meantime, costs no more than malloc(3).
 */

/* The bound of what is beyond the pools: of all documents together, and of one. */
struct jsonpool_bound {
	/* Counts so many bytes; false: there is no room for them, unless they must be had. */
	bool (*take)(void *owner, size_t bytes, bool must);
	void (*give)(void *owner, size_t bytes);
	void *owner;
	size_t max; /* bytes of one document that is read */
};

/* For a start, before the first document. It points to what lasts. */
void jsonpool_use(const struct jsonpool_bound *bound);

/*
 * Between these a document is read, by this thread. A block beyond the bound is refused then, and
 * the document is not to be used, whatever jansson has made of that; otherwise it must be had.
 */
enum jsonpool_end {
	JSONPOOL_FITS,
	JSONPOOL_LARGE, /* it needs more than one document may have */
	JSONPOOL_FULL,  /* there is no room now */
};
void jsonpool_read_begin(void);
enum jsonpool_end jsonpool_read_end(void);

/*
 * What jansson then calls, any thread for any block; NULL when there is no memory. To be used for
 * what json_dumps() returns, too: a block of malloc(3) may be given.
 */
void *jsonpool_take(size_t size);
void jsonpool_give(void *block);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Reads values of a JSON document, and bounds their memory. Where nothing else is said, a value
 * that is missing or null leaves *out as it is; one of a wrong type is refused by name.
 */
#ifndef HTTPBROKER_FORMATS_JSON_H
#define HTTPBROKER_FORMATS_JSON_H

#include "httpbroker/checks/event.h"

#include <stdbool.h>
#include <stddef.h>

/* `an array`, `a number`, … */
const char *value_kind(const json_t *value);

/* Always false. *why says what was expected, and becomes `'name' is 7, not …`. */
bool value_refuse(const char *name, const json_t *value, struct reason *why);

/* Whether more than `max` arrays and objects are nested. */
bool value_is_deep(json_t *value, unsigned max);

/* An integer, or its digits in a string, from min to max. */
bool value_whole(const json_t *value, int64_t min, int64_t max, int64_t *out);

/* A string; else not given. */
struct text value_string(const json_t *value);

/* The string at `key`. */
bool value_text(const json_t *object, const char *key, struct text *out, struct reason *why);

/*
 * A string as it is, any other value as JSON; not given if it is NULL, null or empty. Lives as long
 * as the document.
 */
struct text value_shown(json_t *document, const json_t *value);

/* A string that lives as long as the document. */
struct text text_keep(json_t *document, const char *bytes, size_t length);

/* The object at `key`; *out is NULL if there is none. */
bool value_object(const json_t *object, const char *key, const json_t **out, struct reason *why);

/*
 * Reads milliseconds since the epoch at `key` as seconds. Values that can only be seconds, micro-
 * or nanoseconds are read as such; any other value is ignored.
 */
void value_milliseconds(const json_t *object, const char *key, int64_t *out);

/* Whether both are given and the same. */
bool text_equals(struct text a, struct text b);

/* Whether the text is this word, in any case. */
bool text_is(struct text text, const char *word);

/*
 * Memory for JSON documents: dozens of small blocks that live for a moment. Each thread allocates
 * them in a row from a pool of its own, which starts again once all are freed. Blocks that do not
 * fit come from malloc(3), within this bound.
 */
struct jsonpool_bound {
	/* Counts bytes; false: the bound is reached, and `must` is false. */
	bool (*take)(void *owner, size_t bytes, bool must);
	void (*give)(void *owner, size_t bytes);
	void *owner;
	size_t max; /* bytes of one document while it is read */
};

/* Call it before the first document. The bound is not copied. */
void jsonpool_use(const struct jsonpool_bound *bound);

/*
 * Around the reading of a document: only then allocations beyond the bound fail, and the document
 * must not be used unless the result is JSONPOOL_FITS, whatever jansson returned.
 */
enum jsonpool_end {
	JSONPOOL_FITS,
	JSONPOOL_LARGE, /* the document needs more than `max` */
	JSONPOOL_FULL,  /* the bound of all documents is reached */
};
void jsonpool_read_begin(void);
enum jsonpool_end jsonpool_read_end(void);

/* jansson's allocator. Free what json_dumps() returns with it, too. Any thread may free a block. */
void *jsonpool_take(size_t size);
void jsonpool_give(void *block);

#endif

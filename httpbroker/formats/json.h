/* SPDX-License-Identifier: MIT */
/*
 * Reads values of a JSON document, makes names valid, and bounds the memory of documents. Where
 * nothing else is said, a value that is missing or null leaves *out as it is; one of a wrong type
 * is refused by name.
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

/* An integer, or its digits in a string, from min to max; else *out stays as it is. */
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
 * Makes a service's names valid, since a service cannot act on a refusal. Control characters are
 * dropped or replaced (common/utf8.h, one line), double quotes become single ones (Flapjack 1 puts
 * the check's name between double quotes), and a long name is cut and ends in a hash of the whole.
 */

/* Part of a check's identity. */
struct label {
	const char *key;
	struct text value;
};

enum {
	LABELLED_MAX = 200, /* bytes of a name with labels; a longer one is cut there */
	NAME_HASH = 16,     /* hex digits that follow */
};

/* A valid name of at most LIMIT_NAME bytes, which lives as long as the document; may be empty: not
 * given. */
struct text name_fit(json_t *document, struct text text);

/*
 * The name at the first key (up to NULL) that has one: a value, or the first of an array. *given
 * becomes the name before name_fit().
 */
struct text name_first(json_t *document, const char *const *keys, struct text *given);

/*
 * `name{key=value,key=value}`; without labels the name alone. Sorts the labels by key, in place. A
 * colon becomes `_`: Flapjack 1 ends an entity at the first colon. A long one is cut at
 * LABELLED_MAX bytes, and NAME_HASH hex digits of the SHA-256 of the name and all labels follow.
 */
struct text name_labelled(json_t *document, struct text name, struct label *labels, size_t count);

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

/* SPDX-License-Identifier: MIT */
/*
 * Makes a service's names valid, since a service cannot act on a refusal. Control characters are
 * dropped or replaced (common/utf8.h, one line), double quotes become single ones (Flapjack 1 puts
 * the check's name between double quotes), and a long name is cut and ends in a hash of the whole.
 */
#ifndef HTTPBROKER_FORMATS_NAMES_H
#define HTTPBROKER_FORMATS_NAMES_H

#include "httpbroker/checks/event.h"

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

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Names of what services tell of, made of what they say: a service neither sees a refusal nor can
 * act on it, so a name is made to fit instead. Control characters are left out or replaced
 * (common/utf8.h, one line), a double quote becomes a single one, because Flapjack 1 puts the
 * check's name between double quotes, and what is too long is cut and ends in a hash of the whole.
 */
#ifndef HTTPBROKER_FORMATS_NAMES_H
#define HTTPBROKER_FORMATS_NAMES_H

#include "httpbroker/checks/event.h"

/* What belongs to a check's identity besides its name. */
struct label {
	const char *key;
	struct text value;
};

enum {
	LABELLED_MAX = 200, /* bytes of a name with labels; what is longer is cut there, … */
	NAME_HASH = 16,     /* … and these hex digits follow */
};

/*
 * Fits a text to be the name of an entity or a check: at most LIMIT_NAME bytes; not given if
 * nothing is left of it. What is made lives as long as the document.
 */
struct text name_fit(json_t *document, struct text text);

/*
 * The first of the keys, up to NULL, that gives a name: a value, or the first of an array. *given
 * becomes what stands there.
 */
struct text name_first(json_t *document, const char *const *keys, struct text *given);

/*
 * `name{key=value,key=value}`: the labels sorted by their keys, which is done in place. A colon
 * becomes `_`, because Flapjack 1 ends an entity at the first colon. Cut at LABELLED_MAX bytes,
 * with NAME_HASH hex digits of the SHA-256 of the name and all labels behind. No labels: the name
 * alone.
 */
struct text name_labelled(json_t *document, struct text name, struct label *labels, size_t count);

#endif

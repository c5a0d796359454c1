/* SPDX-License-Identifier: MIT */
/* Checks JSON objects against a table of the documented fields; any other field is refused. */
#ifndef T_TOOLS_FIELDS_H
#define T_TOOLS_FIELDS_H

#include "common/reason.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct field {
	const char *name;
	bool required;
	bool (*check)(json_t *value, const struct field *field, struct reason *why);
	size_t most;               /* of a text: characters; 0: no limit */
	const char *pattern;       /* of a text: extended regular expression; NULL: any */
	const struct field *inner; /* of an object, or of each object in an array */
};

bool text_check(json_t *value, const struct field *field, struct reason *why);
bool object_check(json_t *value, const struct field *field, struct reason *why);
bool array_check(json_t *value, const struct field *field, struct reason *why);

/* `fields` ends with a name that is NULL. A field that is not among them is refused. */
bool fields_check(json_t *object, const struct field *fields, struct reason *why);

#endif

/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/match.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

static const struct wording {
	const char *first;   /* the line's first word */
	const char *follows; /* what must follow the name, so that it is the whole name */
} wordings[] = {
	[KIND_PROBLEM] = {"problem", " is "},
	[KIND_RECOVERY] = {"recovery", " is "},
	[KIND_ACKNOWLEDGEMENT] = {"acknowledgement", " has been acknowledged"},
};

/* Each of these returns what follows the text that it expects at `p`, or NULL. */

static const char *past_exactly(const char *p, const char *expected)
{
	size_t length = strlen(expected);

	return p != NULL && strncmp(p, expected, length) == 0 ? p + length : NULL;
}

static const char *past_in_any_case(const char *p, const char *expected)
{
	size_t length = strlen(expected);

	return p != NULL && strncasecmp(p, expected, length) == 0 ? p + length : NULL;
}

/* "CHECK" on ENTITY */
static const char *past_name_of_1(const struct match *match, const char *quote)
{
	const char *p = past_exactly(quote + 1, match->check);

	return past_in_any_case(past_exactly(p, "\" on "), match->entity);
}

/* "ENTITY:CHECK" */
static const char *past_name_of_2(const struct match *match, const char *quote)
{
	const char *p = quote + 1;

	if (match->entity != NULL)
		p = past_exactly(past_in_any_case(p, match->entity), ":");
	return past_exactly(past_exactly(p, match->check), "\"");
}

static enum kind kind_of(const char *body, const char **rest)
{
	for (enum kind kind = KIND_PROBLEM; kind < KIND_NONE; kind++) {
		*rest = past_exactly(past_in_any_case(body, wordings[kind].first), ": ");
		if (*rest != NULL)
			return kind;
	}
	return KIND_NONE;
}

enum kind match_body(const struct match *match, const char *body)
{
	const char *rest;
	enum kind kind = kind_of(body, &rest);
	const char *quote = kind != KIND_NONE ? strchr(rest, '"') : NULL;

	if (quote == NULL)
		return KIND_NONE;
	if (past_exactly(past_name_of_2(match, quote), wordings[kind].follows) != NULL)
		return kind;
	if (match->entity != NULL &&
		past_exactly(past_name_of_1(match, quote), wordings[kind].follows) != NULL)
		return kind;
	return KIND_NONE;
}

const char *kind_name(enum kind kind)
{
	return kind < KIND_NONE ? wordings[kind].first : "other";
}

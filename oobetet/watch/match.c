/* SPDX-License-Identifier: MIT */
#include "oobetet/watch/match.h"

#include "common/memory.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct wording {
	const char *first;   /* the message's first word, and the kind's name */
	const char *follows; /* what must follow the check's name; NULL: the kind has no wording */
} wordings[] = {
	[KIND_PROBLEM] = {"problem", " is "},
	[KIND_RECOVERY] = {"recovery", " is "},
	[KIND_HEARTBEAT] = {"heartbeat", NULL},
	[KIND_ACKNOWLEDGEMENT] = {"acknowledgement", " has been acknowledged"},
};

/* These return what follows the expected text at `p`, or NULL. */

static const char *after_exactly(const char *p, const char *expected)
{
	size_t length = strlen(expected);

	return p != NULL && strncmp(p, expected, length) == 0 ? p + length : NULL;
}

static const char *after_any_case(const char *p, const char *expected)
{
	size_t length = strlen(expected);

	return p != NULL && strncasecmp(p, expected, length) == 0 ? p + length : NULL;
}

/* "CHECK" on ENTITY */
static const char *after_name_of_1(const struct match *match, const char *quote)
{
	const char *p = after_exactly(quote + 1, match->check);

	return after_any_case(after_exactly(p, "\" on "), match->entity);
}

/* "ENTITY:CHECK" */
static const char *after_name_of_2(const struct match *match, const char *quote)
{
	const char *p = quote + 1;

	if (match->entity != NULL)
		p = after_exactly(after_any_case(p, match->entity), ":");
	return after_exactly(after_exactly(p, match->check), "\"");
}

/* True if the kind is matched by Flapjack's wording: no pattern replaces it. */
static bool is_worded(const struct match *match, enum kind kind)
{
	bool replaced = match->pattern[kind] != NULL ||
			(match->pattern[KIND_HEARTBEAT] != NULL && kind < KINDS_AWAITED);

	return !replaced && wordings[kind].follows != NULL;
}

static enum kind worded_kind(const struct match *match, const char *body, const char **rest)
{
	for (enum kind kind = KIND_PROBLEM; kind < KIND_NONE; kind++) {
		if (!is_worded(match, kind))
			continue;
		*rest = after_exactly(after_any_case(body, wordings[kind].first), ": ");
		if (*rest != NULL)
			return kind;
	}
	return KIND_NONE;
}

static enum kind match_wordings(const struct match *match, const char *body)
{
	const char *rest;
	enum kind kind = worded_kind(match, body, &rest);
	const char *quote = kind != KIND_NONE ? strchr(rest, '"') : NULL;

	if (quote == NULL)
		return KIND_NONE;
	if (after_exactly(after_name_of_2(match, quote), wordings[kind].follows) != NULL)
		return kind;
	if (match->entity != NULL &&
		after_exactly(after_name_of_1(match, quote), wordings[kind].follows) != NULL)
		return kind;
	return KIND_NONE;
}

/* Acknowledgements first: they may quote the other kinds. */
static enum kind match_patterns(const struct match *match, const char *body)
{
	for (int kind = KIND_NONE - 1; kind >= 0; kind--)
		if (match->pattern[kind] != NULL &&
			regexec(match->pattern[kind], body, 0, NULL, 0) == 0)
			return (enum kind)kind;
	return KIND_NONE;
}

/* How all notifications and greetings begin. */
static bool is_of_an_oobetet(const char *body)
{
	return after_exactly(body, "Flapjack Self Monitoring ") != NULL ||
	       after_exactly(body, "oobetet on ") != NULL;
}

enum kind match_body(const struct match *match, const char *body)
{
	enum kind kind = KIND_NONE;

	if (!is_of_an_oobetet(body)) {
		kind = match_patterns(match, body);
		if (kind == KIND_NONE)
			kind = match_wordings(match, body);
	}
	return kind;
}

bool match_pattern(struct match *match, enum kind kind, const char *pattern, struct reason *why)
{
	regex_t compiled;
	char fault[200];
	int error = regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB);

	if (error != 0) {
		regerror(error, &compiled, fault, sizeof fault);
		return reason_set(why, "%s", fault);
	}
	match->pattern[kind] = memory_zeroed(1, sizeof compiled);
	*match->pattern[kind] = compiled;
	return true;
}

bool match_awaits(const struct match *match, enum kind kind)
{
	bool heartbeat = match->pattern[KIND_HEARTBEAT] != NULL;

	return kind < KINDS_AWAITED && (kind == KIND_HEARTBEAT) == heartbeat;
}

void match_free(struct match *match)
{
	for (enum kind kind = KIND_PROBLEM; kind < KIND_NONE; kind++) {
		if (match->pattern[kind] == NULL)
			continue;
		regfree(match->pattern[kind]);
		free(match->pattern[kind]);
		match->pattern[kind] = NULL;
	}
}

const char *kind_name(enum kind kind)
{
	return kind < KIND_NONE ? wordings[kind].first : "other";
}

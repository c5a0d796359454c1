/* SPDX-License-Identifier: MIT */
#include "oobetet/watch/match.h"

#include "common/memory.h"
#include "common/utf8_clean.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
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

/* ---- why ---- */

/* The name of a check as a message gives it; nothing is owned. */
struct named {
	const char *check; /* of format 2: the whole `ENTITY:CHECK` */
	int check_length;
	const char *entity; /* NULL: format 2 */
	int entity_length;
};

/* Reads the name after the quotation mark. False: it does not end, or nothing follows it. */
static bool name_read(const char *quote, const char *follows, struct named *named)
{
	const char *start = quote + 1;

	for (const char *p = strchr(start, '"'); p != NULL; p = strchr(p + 1, '"')) {
		const char *entity = after_exactly(p, "\" on ");
		const char *end = entity != NULL ? strstr(entity, follows) : NULL;

		*named = (struct named){start, (int)(p - start), NULL, 0};
		if (after_exactly(p + 1, follows) != NULL)
			return true;
		if (end == NULL)
			continue;
		named->entity = entity;
		named->entity_length = (int)(end - entity);
		return true;
	}
	return false;
}

static bool part_is(const char *text, int length, const char *expected)
{
	return (size_t)length == strlen(expected) && memcmp(text, expected, (size_t)length) == 0;
}

static bool part_is_in_any_case(const char *text, int length, const char *expected)
{
	return (size_t)length == strlen(expected) &&
	       strncasecmp(text, expected, (size_t)length) == 0;
}

/* Splits the name of format 2 where entity or check is the expected one; else it stays whole. */
static void name_split(const struct match *match, struct named *named)
{
	const char *end = named->check + named->check_length;
	const char *after = after_exactly(after_any_case(named->check, match->entity), ":");
	size_t length = strlen(match->check);
	const char *colon = (size_t)named->check_length > length ? end - length - 1 : NULL;

	if (after == NULL && colon != NULL && *colon == ':' &&
		strncasecmp(colon + 1, match->check, length) == 0)
		after = colon + 1;
	if (after == NULL || after > end)
		return;
	named->entity = named->check;
	named->entity_length = (int)(after - 1 - named->check);
	named->check = after;
	named->check_length = (int)(end - after);
}

static void explain(struct explanation *out, enum mismatch mismatch, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void explain(struct explanation *out, enum mismatch mismatch, const char *format, ...)
{
	char text[2 * EXPLANATION_TEXT];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	out->mismatch = mismatch;
	utf8_clean_line(text, out->text, sizeof out->text);
}

static void explain_name(const struct match *match, struct named *named, struct explanation *out)
{
	bool any_entity = match->entity == NULL;

	if (!any_entity && named->entity == NULL)
		name_split(match, named);
	bool same_check = part_is(named->check, named->check_length, match->check);
	bool same_entity = any_entity;
	if (named->entity != NULL)
		same_entity = !any_entity && part_is_in_any_case(named->entity,
						     named->entity_length, match->entity);

	if (same_check && any_entity)
		explain(out, MISMATCH_ENTITY, "it names the entity %.*s: set watched_entity",
			named->entity_length, named->entity);
	else if (same_check)
		explain(out, MISMATCH_ENTITY, "the entity is %.*s, not %s", named->entity_length,
			named->entity, match->entity);
	else if (same_entity)
		explain(out, MISMATCH_CHECK, "the check is \"%.*s\", not \"%s\"%s",
			named->check_length, named->check, match->check,
			part_is_in_any_case(named->check, named->check_length, match->check)
				? ": upper and lower case differ"
				: "");
	else
		explain(out, MISMATCH_BOTH, "it is about \"%.*s\"%s%.*s", named->check_length,
			named->check, named->entity != NULL ? " on " : "", named->entity_length,
			named->entity != NULL ? named->entity : "");
}

/* The text begins with the first word of a kind. */
static void explain_worded(
	const struct match *match, enum kind kind, const char *rest, struct explanation *out)
{
	const char *quote = strchr(rest, '"');
	struct named named;

	if (!is_worded(match, kind))
		explain(out, MISMATCH_PATTERN,
			"it is in a format of Flapjack, which %s_pattern replaces, and no pattern "
			"matches",
			match->pattern[kind] != NULL ? kind_name(kind) : kind_name(KIND_HEARTBEAT));
	else if (quote == NULL)
		explain(out, MISMATCH_NAME, "it names no check in quotation marks");
	else if (!name_read(quote, wordings[kind].follows, &named))
		explain(out, MISMATCH_NAME, "no '%s' follows the name of the check",
			wordings[kind].follows + 1);
	else
		explain_name(match, &named, out);
}

/* Of a text that does not match. */
static void explain_text(const struct match *match, const char *body, struct explanation *out)
{
	bool patterns = false;

	for (enum kind kind = KIND_PROBLEM; kind < KIND_NONE; kind++) {
		const char *rest = wordings[kind].follows != NULL
					   ? after_any_case(body, wordings[kind].first)
					   : NULL;

		patterns = patterns || match->pattern[kind] != NULL;
		if (after_any_case(rest, " summary: ") != NULL) {
			explain(out, MISMATCH_ROLLUP,
				"it is a roll-up, which names no check for itself: give the medium "
				"of this contact no rollup_threshold");
			return;
		}
		if (after_exactly(rest, ": ") != NULL) {
			explain_worded(match, kind, rest + 2, out);
			return;
		}
	}
	if (after_any_case(body, "test: ") != NULL)
		explain(out, MISMATCH_TEST, "it is a test notification");
	else
		explain(out, MISMATCH_TEXT,
			"%sit does not begin with Problem:, Recovery: or "
			"Acknowledgement:",
			patterns ? "no pattern matches, and " : "");
}

void match_explain(const struct match *match, const char *body, struct explanation *out)
{
	*out = (struct explanation){.kind = match_body(match, body)};
	if (out->kind != KIND_NONE && match_patterns(match, body) != KIND_NONE)
		explain(out, MISMATCH_NONE, "%s_pattern matches", kind_name(out->kind));
	else if (out->kind != KIND_NONE)
		explain(out, MISMATCH_NONE, "it is in a format of Flapjack");
	else if (is_of_an_oobetet(body))
		explain(out, MISMATCH_OOBETET, "it is a message of an oobetet");
	else
		explain_text(match, body, out);
}

/* ---- patterns ---- */

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

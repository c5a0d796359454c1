/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/tokens.h"

#include "common/memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct token {
	char secret[TOKEN_MAX]; /* padded with NULs */
	struct acl acl;
	char **globs; /* owned, each of them too */
};

struct tokens {
	atomic_uint owners;
	size_t count;
	struct token list[TOKENS_MAX];
};

/* A word of a line, not ended by a NUL. */
struct word {
	const char *text;
	size_t length;
};

/* The next word of the line; of length 0 after the last. */
static struct word word_next(const char **line, const char *end)
{
	const char *c = *line;

	while (c < end && (*c == ' ' || *c == '\t'))
		c++;
	struct word word = {c, 0};
	while (c < end && *c != ' ' && *c != '\t')
		c++;
	word.length = (size_t)(c - word.text);
	*line = c;
	return word;
}

static bool secret_check(const struct word *word, struct reason *why)
{
	if (word->length >= TOKEN_MAX)
		return reason_set(why, "the token has more than %d bytes", TOKEN_MAX - 1);
	for (size_t i = 0; i < word->length; i++)
		if (word->text[i] < 0x21 || word->text[i] > 0x7e)
			return reason_set(why, "the token has a byte that is no visible ASCII");
	return true;
}

static void glob_add(struct token *token, const struct word *word)
{
	size_t count = token->acl.count;

	token->globs = memory_resized(token->globs, (count + 1) * sizeof *token->globs);
	token->globs[count] = memory_zeroed(word->length + 1, 1);
	memcpy(token->globs[count], word->text, word->length);
	token->acl = (struct acl){token->globs, count + 1};
}

/* A line that holds a token. */
static bool token_take(struct tokens *tokens, struct word word, const char *rest, const char *end,
	struct reason *why)
{
	struct token *token = &tokens->list[tokens->count];

	if (tokens->count == TOKENS_MAX)
		return reason_set(why, "more than %d tokens", TOKENS_MAX);
	if (!secret_check(&word, why))
		return false;
	memcpy(token->secret, word.text, word.length);
	if (tokens_find(tokens, token->secret) != NULL)
		return reason_set(why, "this token is there already");
	tokens->count++;
	while ((word = word_next(&rest, end)).length > 0)
		glob_add(token, &word);
	return true;
}

static bool line_take(struct tokens *tokens, const char *line, const char *end, struct reason *why)
{
	const char *rest = line;
	struct word word = word_next(&rest, end);

	if (memchr(line, '\0', (size_t)(end - line)) != NULL)
		return reason_set(why, "there is a NUL in it");
	if (end > line && end[-1] == '\r')
		return reason_set(why, "it ends in a carriage return");
	return word.length == 0 || word.text[0] == '#' || token_take(tokens, word, rest, end, why);
}

static bool text_take(struct tokens *tokens, const char *text, size_t length, struct reason *why)
{
	const char *end = text + length;

	for (int number = 1; text < end; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline != NULL ? newline : end;

		if (!line_take(tokens, text, stop, why))
			return reason_prefix(why, "line %d", number);
		text = stop + 1;
	}
	return tokens->count > 0 || reason_set(why, "there is no token in it");
}

struct tokens *tokens_parse(const char *text, size_t length, struct reason *why)
{
	struct tokens *tokens = memory_zeroed(1, sizeof *tokens);

	atomic_init(&tokens->owners, 1);
	if (text_take(tokens, text, length, why))
		return tokens;
	tokens_release(tokens);
	return NULL;
}

struct tokens *tokens_share(struct tokens *tokens)
{
	atomic_fetch_add(&tokens->owners, 1);
	return tokens;
}

void tokens_release(struct tokens *tokens)
{
	if (tokens == NULL || atomic_fetch_sub(&tokens->owners, 1) > 1)
		return;
	for (size_t i = 0; i < tokens->count; i++) {
		for (size_t j = 0; j < tokens->list[i].acl.count; j++)
			free(tokens->list[i].globs[j]);
		free(tokens->list[i].globs);
	}
	explicit_bzero(tokens, sizeof *tokens);
	free(tokens);
}

/* Looks at every byte, whatever it has seen: volatile, so that the compiler does not stop early. */
static bool secrets_equal(const char a[TOKEN_MAX], const char b[TOKEN_MAX])
{
	const volatile char *left = a, *right = b;
	int difference = 0;

	for (size_t i = 0; i < TOKEN_MAX; i++)
		difference |= left[i] ^ right[i];
	return difference == 0;
}

const struct acl *tokens_find(const struct tokens *tokens, const char token[TOKEN_MAX])
{
	const struct acl *found = NULL;

	for (size_t i = 0; i < tokens->count; i++)
		if (secrets_equal(tokens->list[i].secret, token))
			found = &tokens->list[i].acl;
	return found;
}

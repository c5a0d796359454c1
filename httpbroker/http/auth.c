/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/auth.h"

#include "common/memory.h"
#include "common/secret.h"
#include "common/utf8.h"
#include "httpbroker/limits.h"

#include <fnmatch.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct token {
	char secret[TOKEN_MAX]; /* padded with NULs */
	struct acl acl;
	char **globs; /* owned, each of them too */
};

struct tokens {
	atomic_uint references;
	size_t count;
	struct token list[TOKENS_MAX];
};

struct auth {
	const char *path;
	pthread_mutex_t lock; /* of what follows */
	struct tokens *tokens;
};

static struct tokens *file_read(const char *path, struct reason *why)
{
	struct tokens *tokens;
	struct buffer text;

	if (!secret_file_read(path, TOKENS_FILE_MAX, &text, NULL, why))
		return NULL;
	tokens = tokens_parse(text.data, text.length, why);
	if (tokens == NULL)
		reason_prefix(why, "%s", path);
	buffer_wipe(&text);
	return tokens;
}

struct auth *auth_new(const char *path, struct reason *why)
{
	struct tokens *tokens = file_read(path, why);

	if (tokens == NULL)
		return NULL;
	struct auth *auth = memory_zeroed(1, sizeof *auth);
	auth->path = path;
	auth->tokens = tokens;
	pthread_mutex_init(&auth->lock, NULL);
	return auth;
}

void auth_free(struct auth *auth)
{
	if (auth == NULL)
		return;
	tokens_release(auth->tokens);
	pthread_mutex_destroy(&auth->lock);
	free(auth);
}

bool auth_reload(struct auth *auth, struct reason *why)
{
	struct tokens *tokens = file_read(auth->path, why);

	if (tokens == NULL)
		return false;
	pthread_mutex_lock(&auth->lock);
	struct tokens *before = auth->tokens;
	auth->tokens = tokens;
	pthread_mutex_unlock(&auth->lock);
	tokens_release(before);
	return true;
}

static bool token_copy(const char *text, size_t length, char token[TOKEN_MAX])
{
	if (length == 0 || length >= TOKEN_MAX || memchr(text, '\0', length) != NULL)
		return false;
	memset(token, 0, TOKEN_MAX);
	memcpy(token, text, length);
	return true;
}

/* Wipes the token, which is set if it is `given`. */
static enum auth_result token_check(
	struct auth *auth, bool given, char token[TOKEN_MAX], struct grant *grant)
{
	*grant = (struct grant){NULL, NULL};
	if (auth == NULL)
		return AUTH_OK;
	if (!given)
		return AUTH_MISSING;
	pthread_mutex_lock(&auth->lock);
	grant->tokens = tokens_share(auth->tokens);
	pthread_mutex_unlock(&auth->lock);
	grant->acl = tokens_find(grant->tokens, token);
	explicit_bzero(token, TOKEN_MAX);
	if (grant->acl != NULL)
		return AUTH_OK;
	auth_release(grant);
	return AUTH_UNKNOWN;
}

enum auth_result auth_check(struct auth *auth, const char *header, struct grant *grant)
{
	char token[TOKEN_MAX];
	bool given = auth != NULL && header != NULL && credentials_read(header, token);

	return token_check(auth, given, token, grant);
}

enum auth_result auth_check_token(struct auth *auth, struct text text, struct grant *grant)
{
	char token[TOKEN_MAX];
	bool given = auth != NULL && token_copy(text.bytes, text.length, token);

	return token_check(auth, given, token, grant);
}

void auth_release(struct grant *grant)
{
	tokens_release(grant->tokens);
	*grant = (struct grant){NULL, NULL};
}

enum { COLONS_MAX = 32 }; /* in a check's name: each costs a match of all globs */

static bool name_allowed(const struct acl *acl, int flapjack, const char *name)
{
	int flags = flapjack == 1 ? FNM_CASEFOLD : 0;

	for (size_t i = 0; i < acl->count; i++)
		if (fnmatch(acl->globs[i], name, flags) == 0)
			return true;
	return false;
}

/* No entity is longer than LIMIT_NAME. */
static bool append(char name[LIMIT_NAME + 1], size_t *used, const char *bytes, size_t length)
{
	if (length > LIMIT_NAME - *used)
		return false;
	memcpy(name + *used, bytes, length);
	*used += length;
	name[*used] = '\0';
	return true;
}

bool acl_allows(const struct acl *acl, int flapjack, struct text entity, struct text check)
{
	char name[LIMIT_NAME + 1];
	size_t used = 0;
	int colons = 0;

	if (acl == NULL || acl->count == 0)
		return true;
	if (!append(name, &used, entity.bytes, entity.length) || !name_allowed(acl, flapjack, name))
		return false;
	while (check.length > 0) {
		const char *colon = memchr(check.bytes, ':', check.length);
		size_t before = colon != NULL ? (size_t)(colon - check.bytes) : check.length;

		if (before + 1 >= check.length) /* no colon, or nothing behind it */
			return true;
		if (!append(name, &used, ":", 1) || !append(name, &used, check.bytes, before))
			return true;
		if (colons++ == COLONS_MAX || !name_allowed(acl, flapjack, name))
			return false;
		check = (struct text){colon + 1, check.length - before - 1};
	}
	return true;
}

/* How much of a name a message quotes. */
static int quoted_length(struct text name)
{
	return (int)utf8_whole(name.bytes, name.length < 64 ? name.length : 64);
}

bool acl_check(const struct acl *acl, int flapjack, struct text entity, struct text check,
	struct reason *why)
{
	if (acl_allows(acl, flapjack, entity, check))
		return true;
	if (!acl_allows(acl, flapjack, entity, (struct text){NULL, 0}))
		return reason_set(why, "this token may not write '%.*s'", quoted_length(entity),
			entity.bytes);
	return reason_set(why,
		"this token may not write '%.*s:%.*s': its check's name has a colon, up to which it "
		"may be an entity's",
		quoted_length(entity), entity.bytes, quoted_length(check), check.bytes);
}

enum { BASIC_MAX = 1024 }; /* bytes of `user:TOKEN` */

/* What follows `SCHEME `, in any case; NULL: another scheme. */
static const char *scheme_skip(const char *header, const char *scheme)
{
	size_t length = strlen(scheme);

	if (strncasecmp(header, scheme, length) != 0 || header[length] != ' ')
		return NULL;
	return header + length + strspn(header + length, " ");
}

/* The number of bytes; -1: no base64, or too long. The padding may be missing (RFC 4648). */
static int base64_read(const char *text, char out[BASIC_MAX + 2])
{
	size_t digits = strcspn(text, "= \t"), blocks = (digits + 3) / 4;
	char padded[(BASIC_MAX + 2) / 3 * 4 + 4];

	if (text[digits + strspn(text + digits, "= \t")] != '\0' || digits * 3 / 4 > BASIC_MAX)
		return -1;
	memset(padded, 'A', sizeof padded);
	memcpy(padded, text, digits);
	int length = EVP_DecodeBlock(
		(unsigned char *)out, (const unsigned char *)padded, (int)(blocks * 4));
	explicit_bzero(padded, sizeof padded);
	return length == (int)(blocks * 3) ? (int)(digits * 3 / 4) : -1;
}

static bool basic_read(const char *text, char token[TOKEN_MAX])
{
	char plain[BASIC_MAX + 2]; /* whole blocks of 3 */
	int length = base64_read(text, plain);
	const char *colon = length > 0 ? memchr(plain, ':', (size_t)length) : NULL;
	bool read =
		colon != NULL && token_copy(colon + 1, (size_t)(plain + length - colon - 1), token);

	explicit_bzero(plain, sizeof plain);
	return read;
}

/* Blanks behind a header's value are no part of it (RFC 9110, 5.5); libmicrohttpd leaves them. */
static size_t length_unpadded(const char *value)
{
	size_t length = strlen(value);

	while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
		length--;
	return length;
}

bool credentials_read(const char *header, char token[TOKEN_MAX])
{
	const char *bearer = scheme_skip(header, "Bearer");
	const char *basic = scheme_skip(header, "Basic");

	if (bearer != NULL)
		return token_copy(bearer, length_unpadded(bearer), token);
	return basic != NULL && basic_read(basic, token);
}

/* A word of a line, without a NUL at its end. */
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
			return reason_set(why, "the token has a byte that is not visible ASCII");
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

static bool token_add(struct tokens *tokens, struct word word, const char *rest, const char *end,
	struct reason *why)
{
	struct token *token = &tokens->list[tokens->count];

	if (tokens->count == TOKENS_MAX)
		return reason_set(why, "more than %d tokens", TOKENS_MAX);
	if (!secret_check(&word, why))
		return false;
	memcpy(token->secret, word.text, word.length);
	if (tokens_find(tokens, token->secret) != NULL)
		return reason_set(why, "this token is already in the file");
	tokens->count++;
	while ((word = word_next(&rest, end)).length > 0)
		glob_add(token, &word);
	return true;
}

static bool line_parse(struct tokens *tokens, const char *line, const char *end, struct reason *why)
{
	const char *rest = line;
	struct word word = word_next(&rest, end);

	if (memchr(line, '\0', (size_t)(end - line)) != NULL)
		return reason_set(why, "it has a NUL");
	if (end > line && end[-1] == '\r')
		return reason_set(
			why, "it ends in a carriage return: save the file with Unix line ends");
	return word.length == 0 || word.text[0] == '#' || token_add(tokens, word, rest, end, why);
}

static bool lines_parse(struct tokens *tokens, const char *text, size_t length, struct reason *why)
{
	const char *end = text + length;

	for (int number = 1; text < end; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *stop = newline != NULL ? newline : end;

		if (!line_parse(tokens, text, stop, why))
			return reason_prefix(why, "line %d", number);
		text = stop + 1;
	}
	return tokens->count > 0 || reason_set(why, "it has no token");
}

struct tokens *tokens_parse(const char *text, size_t length, struct reason *why)
{
	struct tokens *tokens = memory_zeroed(1, sizeof *tokens);

	atomic_init(&tokens->references, 1);
	if (lines_parse(tokens, text, length, why))
		return tokens;
	tokens_release(tokens);
	return NULL;
}

struct tokens *tokens_share(struct tokens *tokens)
{
	atomic_fetch_add(&tokens->references, 1);
	return tokens;
}

void tokens_release(struct tokens *tokens)
{
	if (tokens == NULL || atomic_fetch_sub(&tokens->references, 1) > 1)
		return;
	for (size_t i = 0; i < tokens->count; i++) {
		for (size_t j = 0; j < tokens->list[i].acl.count; j++)
			free(tokens->list[i].globs[j]);
		free(tokens->list[i].globs);
	}
	explicit_bzero(tokens, sizeof *tokens);
	free(tokens);
}

const struct acl *tokens_find(const struct tokens *tokens, const char token[TOKEN_MAX])
{
	const struct acl *found = NULL;

	for (size_t i = 0; i < tokens->count; i++)
		if (CRYPTO_memcmp(tokens->list[i].secret, token, TOKEN_MAX) == 0)
			found = &tokens->list[i].acl;
	return found;
}

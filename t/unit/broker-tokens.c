/* SPDX-License-Identifier: MIT */
/* Tokens: the Authorization header, the file, the look-up. */
#include "t/unit/unit.h"

#include "httpbroker/http/auth.h"

#include <string.h>

/* Returns the token of a header's value; "" if there is none. */
static const char *token_of(const char *header)
{
	static char token[TOKEN_MAX];

	memset(token, 'x', sizeof token);
	if (!credentials_read(header, token))
		return "";
	assert_int_equal(token[TOKEN_MAX - 1], '\0');
	return token;
}

static void a_token_is_sent_as_bearer_or_as_basic_password(void **state)
{
	(void)state;
	assert_string_equal(token_of("Bearer s3cret"), "s3cret");
	assert_string_equal(token_of("bEARER   s3cret"), "s3cret");
	assert_string_equal(token_of("Basic dXNlcjpzM2NyZXQ="), "s3cret"); /* user:s3cret */
	assert_string_equal(token_of("basic OnMzY3JldA=="), "s3cret");     /* :s3cret */
	assert_string_equal(token_of("Basic OnMzY3JldA"), "s3cret");
	assert_string_equal(token_of("Basic dTphOmI6Yw=="), "a:b:c"); /* u:a:b:c */
	assert_string_equal(token_of("Basic dTr/fg=="), "\xff~");
}

static void an_invalid_header_has_no_token(void **state)
{
	static const char *const headers[] = {"", "Bearer", "Bearer ", "Bearers3cret", "s3cret",
		"Digest username=x", "Basic", "Basic ", "Basic dXNlcg==" /* user */,
		"Basic dXNlcjo=" /* user: */, "Basic dXNlcjpzM2NyZXQ=x", "Basic %%%",
		"Basic dTphAGI=" /* u:a\0b */, "Basic dXNl cjpzM2NyZXQ="};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(headers); i++)
		if (token_of(headers[i])[0] != '\0')
			fail_msg("'%s' was taken", headers[i]);
}

static void the_length_of_a_token_is_bounded(void **state)
{
	char header[4096];

	(void)state;
	memset(header, 'y', sizeof header);
	memcpy(header, "Bearer ", 7);
	header[7 + TOKEN_MAX - 1] = '\0';
	assert_int_equal(strlen(token_of(header)), TOKEN_MAX - 1);
	header[7 + TOKEN_MAX - 1] = 'y';
	header[7 + TOKEN_MAX] = '\0';
	assert_string_equal(token_of(header), "");
	memset(header, 'y', sizeof header);
	header[sizeof header - 1] = '\0';
	memcpy(header, "Basic ", 6);
	assert_string_equal(token_of(header), "");
}

static struct tokens *tokens_of(const char *text)
{
	struct reason why = {""};
	struct tokens *tokens = tokens_parse(text, strlen(text), &why);

	if (tokens == NULL)
		fail_msg("'%s': %s", text, why.text);
	return tokens;
}

static const struct acl *find(const struct tokens *tokens, const char *text)
{
	char token[TOKEN_MAX] = {0};

	strncpy(token, text, sizeof token - 1);
	return tokens_find(tokens, token);
}

static void only_tokens_of_the_file_are_valid(void **state)
{
	struct tokens *tokens = tokens_of("# old\none\n\n \t\n  two\tdb-* web-*  \n#three\nfour x");

	(void)state;
	assert_non_null(find(tokens, "one"));
	assert_non_null(find(tokens, "two"));
	assert_non_null(find(tokens, "four"));
	assert_int_equal(find(tokens, "one")->count, 0);
	assert_int_equal(find(tokens, "two")->count, 2);
	assert_string_equal(find(tokens, "two")->globs[0], "db-*");
	assert_string_equal(find(tokens, "two")->globs[1], "web-*");
	assert_string_equal(find(tokens, "four")->globs[0], "x");
	assert_null(find(tokens, ""));
	assert_null(find(tokens, "on"));
	assert_null(find(tokens, "onee"));
	assert_null(find(tokens, "One"));
	assert_null(find(tokens, "three"));
	assert_null(find(tokens, "#three"));
	tokens_release(tokens);
}

/* The comparison must cover every byte. */
static void a_difference_in_any_byte_is_detected(void **state)
{
	char text[TOKEN_MAX + 1] = {0}, other[TOKEN_MAX];

	(void)state;
	memset(text, 'a', TOKEN_MAX - 1);
	text[TOKEN_MAX - 1] = '\n';
	struct tokens *tokens = tokens_of(text);
	for (size_t i = 0; i < TOKEN_MAX - 1; i++) {
		memset(other, 'a', sizeof other);
		other[TOKEN_MAX - 1] = '\0';
		assert_non_null(tokens_find(tokens, other));
		other[i] = 'b';
		assert_null(tokens_find(tokens, other));
	}
	tokens_release(tokens);
}

static void shared_tokens_live_until_the_last_reference(void **state)
{
	struct tokens *tokens = tokens_of("one glob");
	const struct acl *acl = find(tokens_share(tokens), "one");

	(void)state;
	tokens_release(tokens);
	assert_string_equal(acl->globs[0], "glob");
	tokens_release(tokens);
	tokens_release(NULL);
}

static void assert_refused(const char *text, size_t length, const char *expected)
{
	struct reason why = {""};

	assert_null(tokens_parse(text, length, &why));
	assert_string_equal(why.text, expected);
}

#define REFUSED(text, expected) assert_refused(text, sizeof(text) - 1, expected)

static void an_invalid_file_is_refused_with_its_line(void **state)
{
	char large[TOKEN_MAX + 1], many[8 * (TOKENS_MAX + 1) + 1];

	(void)state;
	REFUSED("", "it has no token");
	REFUSED("# one\n\n", "it has no token");
	REFUSED("one\ntwo x\n one y\n", "line 3: this token is already in the file");
	REFUSED("one\nt\xc3\xa9\n", "line 2: the token has a byte that is not visible ASCII");
	REFUSED("o\0ne\n", "line 1: it has a NUL");
	REFUSED("one\r\n",
		"line 1: it ends in a carriage return: save the file with Unix line ends");
	memset(large, 'a', sizeof large);
	assert_refused(large, sizeof large, "line 1: the token has more than 255 bytes");
	for (int i = 0; i <= TOKENS_MAX; i++)
		snprintf(many + 8 * i, 9, "tok%04d\n", i);
	assert_refused(many, strlen(many), "line 257: more than 256 tokens");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_sent_as_bearer_or_as_basic_password),
		cmocka_unit_test(an_invalid_header_has_no_token),
		cmocka_unit_test(the_length_of_a_token_is_bounded),
		cmocka_unit_test(only_tokens_of_the_file_are_valid),
		cmocka_unit_test(a_difference_in_any_byte_is_detected),
		cmocka_unit_test(shared_tokens_live_until_the_last_reference),
		cmocka_unit_test(an_invalid_file_is_refused_with_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

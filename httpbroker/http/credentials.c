/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/credentials.h"

#include <string.h>
#include <strings.h>

enum { BASIC_MAX = 1024 }; /* bytes of `user:TOKEN` */

/* What stands behind `SCHEME `, any case; NULL if it is another. */
static const char *scheme_skip(const char *header, const char *scheme)
{
	size_t length = strlen(scheme);

	if (strncasecmp(header, scheme, length) != 0 || header[length] != ' ')
		return NULL;
	return header + length + strspn(header + length, " ");
}

static bool token_copy(const char *text, size_t length, char token[TOKEN_MAX])
{
	if (length == 0 || length >= TOKEN_MAX || memchr(text, '\0', length) != NULL)
		return false;
	memset(token, 0, TOKEN_MAX);
	memcpy(token, text, length);
	return true;
}

/* Of a base64 digit (RFC 4648), 0 to 63; -1 if it is none. */
static int digit_value(char digit)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	const char *found = digit != '\0' ? strchr(digits, digit) : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

/* How many bytes it is; -1 if it is no base64, or too much. The padding is not looked at. */
static int base64_read(const char *text, char out[BASIC_MAX])
{
	unsigned bits = 0;
	int held = 0, length = 0;

	for (; digit_value(*text) >= 0; text++) {
		bits = bits << 6 | (unsigned)digit_value(*text);
		held += 6;
		if (held < 8)
			continue;
		if (length == BASIC_MAX)
			return -1;
		held -= 8;
		out[length++] = (char)(bits >> held & 0xff);
	}
	return text[strspn(text, "=")] == '\0' ? length : -1;
}

static bool basic_read(const char *text, char token[TOKEN_MAX])
{
	char plain[BASIC_MAX];
	int length = base64_read(text, plain);
	const char *colon = length > 0 ? memchr(plain, ':', (size_t)length) : NULL;
	bool read =
		colon != NULL && token_copy(colon + 1, (size_t)(plain + length - colon - 1), token);

	explicit_bzero(plain, sizeof plain);
	return read;
}

bool credentials_read(const char *header, char token[TOKEN_MAX])
{
	const char *bearer = scheme_skip(header, "Bearer");
	const char *basic = scheme_skip(header, "Basic");

	if (bearer != NULL)
		return token_copy(bearer, strlen(bearer), token);
	return basic != NULL && basic_read(basic, token);
}

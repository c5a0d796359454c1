/* SPDX-License-Identifier: MIT */
/* The Authorization header, and the file of tokens. */
#include "httpbroker/http/auth.h"
#include "t/fuzz/fuzz.h"

#include <string.h>

static void header_try(const char *header)
{
	char token[TOKEN_MAX];

	if (!credentials_read(header, token))
		return;
	size_t length = strnlen(token, TOKEN_MAX);
	FUZZ_EXPECT(length > 0 && length < TOKEN_MAX);
	while (length < TOKEN_MAX)
		FUZZ_EXPECT(token[length++] == '\0');
}

static void file_try(const char *text, size_t length)
{
	struct reason why = {""};
	struct tokens *tokens = tokens_parse(text, length, &why);

	FUZZ_EXPECT((tokens == NULL) == (why.text[0] != '\0'));
	if (tokens != NULL)
		FUZZ_EXPECT(tokens_find(tokens, (char[TOKEN_MAX]){0}) == NULL);
	tokens_release(tokens);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *text = fuzz_string(bytes, length);

	header_try(text);
	file_try(text, length);
	free(text);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * The tokens that are good here, from a file with a line for each:
 *
 *     TOKEN [ENTITY-GLOB...]
 *
 * Words are separated by blanks or tabs. Empty lines, and those that begin with `#`, are for
 * people. The globs say which entities the token may write; none: all.
 */
#ifndef HTTPBROKER_HTTP_TOKENS_H
#define HTTPBROKER_HTTP_TOKENS_H

#include "common/reason.h"
#include "httpbroker/http/credentials.h"
#include "httpbroker/http/permit.h"

enum {
	TOKENS_MAX = 256,            /* in a file */
	TOKENS_FILE_MAX = 256 * 1024 /* bytes of it */
};

struct tokens;

/*
 * From the file's text, of which nothing is kept that is not needed. NULL: the reason names the
 * line, and no token.
 */
struct tokens *tokens_parse(const char *text, size_t length, struct reason *why);

/* For several owners: one more, one less. The last one frees them. Any thread. */
struct tokens *tokens_share(struct tokens *tokens);
void tokens_release(struct tokens *tokens);

/*
 * What this one permits, as long as the tokens are there; NULL if it is none of them. How long it
 * takes tells nothing of how much of a token was right.
 */
const struct acl *tokens_find(const struct tokens *tokens, const char token[TOKEN_MAX]);

#endif

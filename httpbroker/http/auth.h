/* SPDX-License-Identifier: MIT */
/*
 * Authentication by the tokens of a file, and each token's ACL: the entities that it may write.
 * The file can be reloaded at any time; a request keeps the tokens that admitted it.
 */
#ifndef HTTPBROKER_HTTP_AUTH_H
#define HTTPBROKER_HTTP_AUTH_H

#include "common/reason.h"
#include "httpbroker/checks/event.h"

#include <stdbool.h>
#include <stddef.h>

struct auth;

/* Reads the file; `path` must outlive the result. NULL: the reason names file and line. */
struct auth *auth_new(const char *path, struct reason *why);
void auth_free(struct auth *auth);

/* Reads the file again. False: the previous tokens stay valid. */
bool auth_reload(struct auth *auth, struct reason *why);

/* What an admitted request holds until auth_release(). {0}: nothing. */
struct grant {
	struct tokens *tokens; /* shared */
	const struct acl *acl; /* what the request may write; NULL: everything */
};

enum auth_result {
	AUTH_OK,      /* *grant is set */
	AUTH_MISSING, /* no readable token */
	AUTH_UNKNOWN, /* a token that is not in the file */
};

/* Any thread. `header`: the value of Authorization, or NULL. auth == NULL admits everybody. */
enum auth_result auth_check(struct auth *auth, const char *header, struct grant *grant);
void auth_release(struct grant *grant);

/* The same for a token by itself. */
enum auth_result auth_check_token(struct auth *auth, struct text token, struct grant *grant);

/* Globs as of fnmatch(3): `*`, `?`, `[a-z]`; they match `/` and a leading dot as well. */
struct acl {
	char *const *globs; /* not owned */
	size_t count;       /* 0: every entity */
};

/*
 * Whether the ACL covers a check of this entity. NULL covers everything.
 *
 * Flapjack identifies a check by `entity:check`, and readers divide that at different colons: `db`
 * with the check `1:Up` may be read as `db:1` with `Up`. So the ACL must cover every longer entity
 * that a colon in the check's name makes; a name with very many colons is refused. Flapjack 1
 * ignores the case of an entity. A check that is not given has no colons.
 */
bool acl_allows(const struct acl *acl, int flapjack, struct text entity, struct text check);

/* The same; false, with the reason of a refusal. */
bool acl_check(const struct acl *acl, int flapjack, struct text entity, struct text check,
	struct reason *why);

enum { TOKEN_MAX = 256 }; /* bytes of a token's buffer, padded with NULs, at least one */

/*
 * Reads the token of an Authorization header (RFC 9110 section 11): `Bearer TOKEN` (RFC 6750), or
 * `Basic BASE64` of `user:TOKEN` (RFC 7617; the user is ignored). False: none, or too long. The
 * caller wipes it after use.
 */
bool credentials_read(const char *header, char token[TOKEN_MAX]);

enum {
	TOKENS_MAX = 256,            /* in a file */
	TOKENS_FILE_MAX = 256 * 1024 /* bytes of a file */
};

struct tokens;

/*
 * Parses a file: a line `TOKEN [ENTITY-GLOB...]` for each token, separated by blanks or tabs; no
 * glob: all entities. Empty lines and those that begin with `#` are ignored. Keeps nothing of the
 * text. NULL: the reason names the line, and no token.
 */
struct tokens *tokens_parse(const char *text, size_t length, struct reason *why);

/* One reference more or less, any thread; the last release frees. */
struct tokens *tokens_share(struct tokens *tokens);
void tokens_release(struct tokens *tokens);

/* The token's ACL, which lives as long as the tokens; NULL: unknown. In constant time. */
const struct acl *tokens_find(const struct tokens *tokens, const char token[TOKEN_MAX]);

#endif

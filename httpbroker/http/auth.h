/* SPDX-License-Identifier: MIT */
/*
 * Who is let in: whoever has one of the tokens of a file. The file can be read again at any time;
 * a request keeps the tokens by which it was let in.
 */
#ifndef HTTPBROKER_HTTP_AUTH_H
#define HTTPBROKER_HTTP_AUTH_H

#include "common/reason.h"
#include "httpbroker/checks/event.h"

#include <stdbool.h>
#include <stddef.h>

struct auth;

/* Reads the file, whose name must outlive the guard. NULL: the reason names file and line. */
struct auth *auth_new(const char *path, struct reason *why);
void auth_free(struct auth *auth);

/* Reads the file again. False: what it held before is good still. */
bool auth_reload(struct auth *auth, struct reason *why);

/* That somebody was let in. {0} is what nobody asked for. */
struct grant {
	struct tokens *tokens; /* shared */
	const struct acl *acl; /* what may be written; NULL: everything */
};

enum auth_verdict {
	AUTH_OPEN,    /* *pass is set, to be ended */
	AUTH_MISSING, /* there is no token that can be read */
	AUTH_UNKNOWN, /* there is one, and it is none of ours */
};

/* Any thread. `header`: what Authorization says, or NULL. A guard that is NULL lets all in. */
enum auth_verdict auth_admit(struct auth *auth, const char *header, struct grant *pass);
void grant_end(struct grant *pass);

/*
 * What the sender of a request may write: the entities that its token's globs match. Globs are
 * those of fnmatch(3): `*`, `?`, `[a-z]`, any of which may stand for a `/` or a leading dot too.
 */

struct acl {
	char *const *globs; /* not owned */
	size_t count;       /* 0: every entity */
};

/*
 * Whether it covers a check of this entity: else the event, or the deletion, is refused with 403.
 * NULL is a permit for everything: nobody asked for a token.
 *
 * Flapjack knows a check by `entity:check`, and where that is divided depends on who reads it: `db`
 * with the check `1:Up` may as well be `db:1` with `Up`. So every longer entity that a colon in the
 * check's name makes has to be covered too; a check of very many colons is not. Flapjack 1 does not
 * tell letters of an entity apart by their case. A check that is not given has no colons.
 */
bool acl_allows(const struct acl *acl, int flapjack, struct text entity, struct text check);

/*
 * What a client says to be let in: the Authorization header, RFC 9110 section 11, with
 * `Bearer TOKEN` (RFC 6750) or `Basic BASE64` of `user:TOKEN` (RFC 7617; the user is ignored).
 */

enum { TOKEN_MAX = 256 }; /* bytes that hold any token, a NUL behind it and only NULs after that */

/*
 * The token in the header's value, padded with NULs: two such can be compared as a whole. False
 * if there is none, or one that is too long. Wipe it after use.
 */
bool credentials_read(const char *header, char token[TOKEN_MAX]);

/*
 * The tokens that are good here, from a file with a line for each:
 *
 *     TOKEN [ENTITY-GLOB...]
 *
 * Words are separated by blanks or tabs. Empty lines, and those that begin with `#`, are for
 * people. The globs say which entities the token may write; none: all.
 */

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

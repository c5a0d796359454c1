/* SPDX-License-Identifier: MIT */
/*
 * Who is let in: whoever has one of the tokens of a file. The file can be read again at any time;
 * a request keeps the tokens by which it was let in.
 */
#ifndef HTTPBROKER_HTTP_GUARD_H
#define HTTPBROKER_HTTP_GUARD_H

#include "common/reason.h"
#include "httpbroker/http/tokens.h"

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

#endif

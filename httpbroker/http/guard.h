/* SPDX-License-Identifier: MIT */
/*
 * Who is let in: whoever has one of the tokens of a file. The file can be read again at any time;
 * a request keeps the tokens by which it was let in.
 */
#ifndef HTTPBROKER_HTTP_GUARD_H
#define HTTPBROKER_HTTP_GUARD_H

#include "common/reason.h"
#include "httpbroker/http/tokens.h"

struct guard;

/* Reads the file, whose name must outlive the guard. NULL: the reason names file and line. */
struct guard *guard_new(const char *path, struct reason *why);
void guard_free(struct guard *guard);

/* Reads the file again. False: what it held before is good still. */
bool guard_reload(struct guard *guard, struct reason *why);

/* That somebody was let in. {0} is what nobody asked for. */
struct pass {
	struct tokens *tokens;       /* shared */
	const struct permit *permit; /* what may be written; NULL: everything */
};

enum guard_verdict {
	GUARD_OPEN,    /* *pass is set, to be ended */
	GUARD_MISSING, /* there is no token that can be read */
	GUARD_UNKNOWN, /* there is one, and it is none of ours */
};

/* Any thread. `header`: what Authorization says, or NULL. A guard that is NULL lets all in. */
enum guard_verdict guard_admit(struct guard *guard, const char *header, struct pass *pass);
void pass_end(struct pass *pass);

#endif

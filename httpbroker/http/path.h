/* SPDX-License-Identifier: MIT */
/*
 * The path of a request below /state/ or /ping/, as it was sent: it is split at its slashes before
 * it is percent-decoded (RFC 3986, 2.4), so a name may have a slash: %2F. libmicrohttpd decodes the
 * path as a whole.
 */
#ifndef HTTPBROKER_HTTP_PATH_H
#define HTTPBROKER_HTTP_PATH_H

#include "httpbroker/checks/event.h"

enum { PATH_PARTS = 4 };

struct path {
	bool ping;         /* below /ping/ */
	const char *shown; /* the path as it was sent, without its token: for messages */
	struct text token; /* of /ping/@TOKEN/, decoded; not given: none */
	unsigned count;    /* of the parts; more than PATH_PARTS: there are too many */
	struct text parts[PATH_PARTS]; /* behind these, decoded */
	bool broken;                   /* a `%` without two hexadecimal digits; the rest is void */
	size_t size;                   /* of the bytes */
	char bytes[];                  /* what the texts point to */
};

/* The path of a request's target. NULL: it is elsewhere. */
struct path *path_read(const char *target);

/* Overwrites it: it may have a token. NULL is allowed. */
void path_free(struct path *path);

struct request;

/*
 * Whether the path has an entity, a check, and at most `more` parts behind these. False: a 400 or
 * 404 that says what the path should be.
 */
bool path_check(struct request *request, unsigned more, const char *form);

#endif

/* SPDX-License-Identifier: MIT */
/* The target of a request: its path, and its query. */
#ifndef HTTPBROKER_HTTP_TARGET_H
#define HTTPBROKER_HTTP_TARGET_H

#include "httpbroker/checks/event.h"

#include <stdbool.h>
#include <stddef.h>

struct response;

enum { PATH_PARTS = 4 };

/*
 * A path below /state/ or /ping/, as it was sent: it is split at its slashes before it is
 * percent-decoded (RFC 3986, 2.4), so a name may have a slash: %2F. libmicrohttpd decodes the path
 * as a whole.
 */
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

/* NULL: the path is elsewhere. */
struct path *path_read(const char *target);

/* Overwrites it: it may have a token. NULL is allowed. */
void path_free(struct path *path);

/*
 * Whether the path has an entity, a check, and at most `more` parts behind these. False: a 400 or
 * 404 that says what the path, `shown` here, should be.
 */
bool path_check(const struct path *path, const char *shown, unsigned more, const char *form,
	struct response *response);

/* The target as it was sent, before libmicrohttpd decodes it. */
struct target {
	const char *bytes; /* where libmicrohttpd has it: to be compared only */
	size_t length;
	bool has_nul;      /* in the path, written as %00 */
	bool too_many;     /* parameters: libmicrohttpd has no memory for so many, and no answer */
	struct path *path; /* owned until a request takes it; NULL: not below /state/, /ping/ */
};

/* target_clear() frees the path, if no request has taken it. */
struct target target_read(const char *uri);
void target_clear(struct target *target);

/* `?name=value`, decoded. */
struct parameter {
	const char *name;
	const char *value; /* NULL: there was no `=` */
};

enum { QUERY_MAX = 8 };

struct query {
	struct parameter parameters[QUERY_MAX];
	unsigned count;
	bool valid; /* at most QUERY_MAX, none twice, no NUL in them */
};

/* The value of a parameter; "" if it has none; NULL if there is no such parameter. */
const char *query_get(const struct query *query, const char *name);

/*
 * Whether the query is valid and has only these parameters (a list that ends with NULL): a misspelt
 * one must not be ignored. False: a 400.
 */
bool query_check(const struct query *query, const char *const *known, struct response *response);

#endif

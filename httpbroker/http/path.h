/* SPDX-License-Identifier: MIT */
/*
 * The path of a request below /state/, as it was sent: it is split at its slashes before it is
 * percent-decoded (RFC 3986, 2.4), so a name may have a slash: %2F. libmicrohttpd decodes the path
 * as a whole.
 */
#ifndef HTTPBROKER_HTTP_PATH_H
#define HTTPBROKER_HTTP_PATH_H

#include "httpbroker/checks/event.h"

enum { PATH_PARTS = 4 };

struct path {
	unsigned count;                /* of the parts; more than PATH_PARTS: there are too many */
	struct text parts[PATH_PARTS]; /* behind the first one, decoded */
	bool broken;                   /* a `%` without two hexadecimal digits; the rest is void */
	char bytes[];                  /* what the parts point to */
};

/* The path of a request's target, to be freed with free(3). NULL: it is not below /state/. */
struct path *path_read(const char *target);

#endif

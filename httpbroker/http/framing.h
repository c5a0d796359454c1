/* SPDX-License-Identifier: MIT */
/*
 * Where a request begins and ends (RFC 9112). A request that may be read in two ways is not read
 * at all: a proxy before us may have read the other one, and taken what hides in it for a body.
 */
#ifndef HTTPBROKER_HTTP_FRAMING_H
#define HTTPBROKER_HTTP_FRAMING_H

#include "httpbroker/http/answer.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

/* The target of a request, as it came; before the library takes it apart. */
struct target {
	const char *bytes; /* where the library has it: to be compared only */
	size_t length;
	bool has_nul;  /* in the path, written as %00 */
	bool too_many; /* parameters: the library has no memory for so many, and no answer */
};

struct target target_look(const char *uri);

/*
 * False, with an answer, if that is not clear: then nothing more can be read on this connection.
 * `version`: as the library hands it out.
 */
bool framing_check(struct MHD_Connection *connection, const struct target *target,
	const char *version, struct response *answer);

#endif

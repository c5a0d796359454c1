/* SPDX-License-Identifier: MIT */
/*
 * Where a request's body ends (RFC 9112, 6). A request that may be read in two ways is not read at
 * all: a proxy before us may have read the other one, and taken what hides in it for a body.
 */
#ifndef HTTPBROKER_HTTP_FRAMING_H
#define HTTPBROKER_HTTP_FRAMING_H

#include "httpbroker/http/answer.h"

#include <microhttpd.h>
#include <stdbool.h>

/* False, with an answer, if that is not clear: then nothing more can be read on this connection. */
bool framing_check(struct MHD_Connection *connection, struct answer *answer);

#endif

/* SPDX-License-Identifier: MIT */
/* Responses of a stand-in that is an HTTP server with a thread a connection, slow ones too. */
#ifndef T_TOOLS_RESPOND_H
#define T_TOOLS_RESPOND_H

#include "common/clocks.h"

#include <jansson.h>
#include <microhttpd.h>

/* Waits for `delay`, or until `stopping` becomes readable; NSEC_NEVER only for that. */
void respond_wait(int stopping, nsec delay);

/* Takes over `body`, which is sent over the time `slow`; 0: at once. */
enum MHD_Result respond(
	struct MHD_Connection *connection, int status, json_t *body, nsec slow, int stopping);

#endif

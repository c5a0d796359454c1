/* SPDX-License-Identifier: MIT */
/* An answer on its way: from struct response to libmicrohttpd. */
#ifndef HTTPBROKER_HTTP_REPLY_H
#define HTTPBROKER_HTTP_REPLY_H

#include "httpbroker/http/answer.h"

#include <microhttpd.h>

/* Takes what the answer owns. With `last` the connection is closed after it. */
enum MHD_Result response_send(
	struct MHD_Connection *connection, struct response *answer, bool last);

#endif

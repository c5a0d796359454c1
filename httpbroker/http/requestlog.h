/* SPDX-License-Identifier: MIT */
/* What the log says of requests: at debug level all of them, otherwise those that are refused. */
#ifndef HTTPBROKER_HTTP_REQUESTLOG_H
#define HTTPBROKER_HTTP_REQUESTLOG_H

#include "common/clocks.h"
#include "httpbroker/http/response.h"
#include "httpbroker/http/routes.h"

#include <microhttpd.h>

/* Each with the connection that the request came by, and its descriptor. */
void requestlog_begin(struct MHD_Connection *connection, int fd, const struct request *request);

/* `status`: 0 if there was no answer; `took`: since the begin. */
void requestlog_end(struct MHD_Connection *connection, int fd, unsigned status, nsec took);

/*
 * Logs an answer that refuses something, so that it is not lost unheard: senders such as
 * Alertmanager neither try again nor say why. Not what is only read, nor what may be tried again.
 */
void requestlog_refusal(struct MHD_Connection *connection, const struct request *request,
	const struct response *answer);

#endif

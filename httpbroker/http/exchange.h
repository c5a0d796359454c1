/* SPDX-License-Identifier: MIT */
/*
 * One request and its answer, as libmicrohttpd goes through them: headers, body, and, when the
 * route has submitted something, a pause until the delivery wakes the connection.
 */
#ifndef HTTPBROKER_HTTP_EXCHANGE_H
#define HTTPBROKER_HTTP_EXCHANGE_H

#include "httpbroker/delivery/delivery.h"
#include "httpbroker/http/routes.h"
#include "httpbroker/http/traffic.h"

#include <microhttpd.h>

/* What all exchanges work with. */
struct exchange_context {
	const struct broker *broker;
	struct delivery *delivery;
	struct traffic traffic;
};

/* An MHD_AccessHandlerCallback and an MHD_RequestCompletedCallback; `context` is the above. */
enum MHD_Result exchange_handle(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **state);
void exchange_completed(void *context, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode how);

#endif

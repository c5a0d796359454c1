/* SPDX-License-Identifier: MIT */
/*
 * One request and its answer, as libmicrohttpd goes through them: headers, body, and, when the
 * route has submitted something, a pause until the delivery wakes the connection.
 */
#ifndef HTTPBROKER_HTTP_REQUEST_H
#define HTTPBROKER_HTTP_REQUEST_H

#include "httpbroker/delivery/delivery.h"
#include "httpbroker/http/auth.h"
#include "httpbroker/http/clients.h"
#include "httpbroker/http/hosts.h"
#include "httpbroker/http/routes.h"
#include "httpbroker/http/suspend.h"

#include <microhttpd.h>

/* What all exchanges work with. */
struct exchange_context {
	const struct broker *broker;
	struct delivery *delivery;
	struct auth *auth; /* NULL: nobody needs a token */
	struct clients *clients;
	struct hosts hosts;
	size_t max_body; /* bytes */
	struct in_flight in_flight;
	struct queue resume_queues[RESUME_QUEUE_THREADS];
};

/* What all connections to one socket have in common. */
struct exchange_door {
	struct exchange_context *context;
	bool checks_host; /* Host must be a name of ours: a browser on this machine may be led here
			   */
};

/*
 * An MHD_NotifyConnectionCallback with a door as `context`, whose *client is made and ended. Then
 * all with the exchange_context: what is called with a request's first line, and returns the
 * exchange's *state at first; an MHD_AccessHandlerCallback; and an MHD_RequestCompletedCallback.
 */
void exchange_connected(void *door, struct MHD_Connection *connection, void **client,
	enum MHD_ConnectionNotificationCode code);
void *exchange_heard(void *context, const char *uri, struct MHD_Connection *connection);
enum MHD_Result exchange_handle(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **state);
void exchange_completed(void *context, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode how);

#endif

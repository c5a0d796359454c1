/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/request.h"

#include "common/address.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"
#include "httpbroker/delivery/delivery.h"
#include "httpbroker/http/auth.h"
#include "httpbroker/http/clients.h"
#include "httpbroker/http/counters.h"
#include "httpbroker/http/held.h"

#include <stdlib.h>
#include <string.h>

enum { BODY_FIRST = 4096 }; /* bytes reserved for a body at once */

/* The peer; the kernel says no more about the clients of a UNIX socket. */
static const char *peer_text(const struct request *request, char out[ADDRESS_TEXT])
{
	const struct sockaddr *peer =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
			->client_addr;

	return peer->sa_family == AF_UNIX ? "a UNIX socket" : address_of_socket(peer, out);
}

static void begin_log(const struct request *request)
{
	char peer[ADDRESS_TEXT];

	log_debug("Started %.32s %.200s for connection %d from %s", request->method, request->path,
		request->client->fd, peer_text(request, peer));
}

static void end_log(const struct request *request, bool answered)
{
	double took = (double)(clock_monotonic() - request->begun) / NSEC_PER_MSEC;
	char peer[ADDRESS_TEXT];

	if (answered)
		log_debug("Completed %u in %.3fms for connection %d from %s",
			request->response.status, took, request->client->fd,
			peer_text(request, peer));
	else
		log_debug("Ended without a response after %.3fms for connection %d from %s", took,
			request->client->fd, peer_text(request, peer));
}

/* SNS sends its password only after a 401, each time. */
static bool asks_for_challenge(const struct request *request)
{
	return request->response.status == 401 &&
	       request->headers[HEADER_SNS_MESSAGE_TYPE] != NULL &&
	       request->headers[HEADER_AUTHORIZATION] == NULL;
}

/* For a POST: a retry would be refused as well. For other methods: a token is missing. */
static bool is_logged_refusal(const struct request *request)
{
	unsigned status = request->response.status;

	if (request->response.why == NULL || asks_for_challenge(request))
		return false;
	if (strcmp(request->method, "POST") != 0)
		return status == 401 || status == 403;
	return status == 207 || (status >= 400 && status < 500);
}

/* Senders such as Alertmanager neither retry nor log a refusal, so the broker logs it. */
static void refusal_log(const struct request *request)
{
	static struct log_limit limit;
	const struct response *response = &request->response;
	char peer[ADDRESS_TEXT];

	log_limited(&limit, clock_monotonic(), log_warning, "%.32s %.200s from %s: %u: %s",
		request->method, request->path, peer_text(request, peer), response->status,
		response->why);
}

static enum MHD_Result request_respond(struct request *request)
{
	struct response *response = &request->response;
	/*
	 * libmicrohttpd (0.9.75) sends the end of a chunked body, `0`, after the headers that
	 * answer HEAD: a client would read it as the beginning of the connection's next response.
	 */
	bool last = request->last || atomic_load(&request->context->draining) ||
		    (response->stream != NULL && strcmp(request->method, "HEAD") == 0);

	if (request->complete_at != 0)
		counters_request(
			request->broker->counters, clock_monotonic() - request->complete_at);
	client_phase_enter(request->client, CLIENT_READS);
	if (is_logged_refusal(request))
		refusal_log(request);
	/* a cache would answer with an old state, and swallow a ping; none stores a POST's */
	response->no_store = strcmp(request->method, "POST") != 0;
	return response_send(request->connection, response, last);
}

static void too_large_refuse(struct request *request)
{
	struct reason why;

	reason_set(&why, "the body has more than %zu bytes", request->context->max_body);
	request_refuse(request, NULL, OUTCOME_TOO_LARGE, why.text);
	request->refused = true;
	held_release(request->broker->held, &request->holding);
}

static void no_memory_refuse(struct request *request)
{
	request_refuse(request, NULL, OUTCOME_FULL,
		"the requests in progress hold too much memory (--max-held)");
	request->refused = true;
}

/* INT64_MAX: not a number. */
static int64_t content_length(const struct request *request)
{
	const char *given = request->headers[HEADER_CONTENT_LENGTH];
	struct reason ignored;
	int64_t length = 0;

	if (given != NULL && !number_parse(given, 0, INT64_MAX, &length, &ignored))
		return INT64_MAX;
	return length;
}

static void header_check(struct request *request)
{
	int64_t length = content_length(request);

	request->refused = !headers_check(request);
	if (!request->refused && length > (int64_t)request->context->max_body &&
		!request->route->keeps_end)
		too_large_refuse(request);
	if (!request->refused && length > 0)
		buffer_reserve(&request->holding.body,
			(size_t)(length < BODY_FIRST ? length : BODY_FIRST));
}

/* An MHD_KeyValueIteratorN. */
static enum MHD_Result parameter_add(void *context, enum MHD_ValueKind kind, const char *name,
	size_t name_length, const char *value, size_t value_length)
{
	struct query *query = context;
	bool whole =
		strlen(name) == name_length && (value == NULL || strlen(value) == value_length);

	(void)kind;
	if (name_length == 0 && value == NULL) /* `&&`: a form skips it as well */
		return MHD_YES;
	if (!whole || query->count == QUERY_MAX || query_get(query, name) != NULL) {
		query->valid = false;
		return MHD_NO;
	}
	query->parameters[query->count++] = (struct parameter){name, value};
	return MHD_YES;
}

static struct client *client_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
		->socket_context;
}

static struct request *request_new(struct request_context *context,
	struct MHD_Connection *connection, const char *url, const char *method)
{
	struct request *request = memory_zeroed(1, sizeof *request);

	atomic_fetch_add(&context->in_flight, 1);
	request->context = context;
	request->broker = context->broker;
	request->connection = connection;
	request->client = client_of(connection);
	request->path = url;
	request->parts = request->client->target.path;
	request->client->target.path = NULL;
	if (request->parts != NULL)
		request->path = request->parts->shown;
	else if (strchr(url, '@') != NULL) /* perhaps a token, in a path that is none of ours */
		request->path = "/.../@***";
	request->method = method;
	request->query.valid = true;
	MHD_get_connection_values_n(
		connection, MHD_GET_ARGUMENT_KIND, parameter_add, &request->query);
	if (log_enabled(LOG_LEVEL_DEBUG)) {
		request->begun = clock_monotonic();
		begin_log(request);
	}
	return request;
}

/*
 * A refusal is sent when the whole request is there: a client that is still sending when the
 * connection is closed may never see it. At once if the client asks before it sends the body, or if
 * the end of the request is not known.
 */
static enum MHD_Result request_begin(struct request *request, const char *version)
{
	request->last = !headers_framing_check(request, version);
	if (request->last)
		return request_respond(request);
	header_check(request);
	if (request->refused && request->headers[HEADER_EXPECT] != NULL)
		return request_respond(request);
	return MHD_YES;
}

/* Such a body stays small, and with that is not shared with other threads (held.h). */
static void end_append(struct request *request, const char *bytes, size_t length)
{
	struct holding *holding = &request->holding;
	size_t skip = length > HELD_SMALL ? length - HELD_SMALL : 0;

	length -= skip;
	size_t over =
		holding->length + length > HELD_SMALL ? holding->length + length - HELD_SMALL : 0;
	request->cut = request->cut || skip + over > 0;
	buffer_consume(&holding->body, over);
	holding->length -= over;
	if (!held_append(request->broker->held, holding, bytes + skip, length))
		no_memory_refuse(request);
}

static void body_append(struct request *request, const char *bytes, size_t length)
{
	struct holding *holding = &request->holding;

	if (request->refused)
		return;
	if (request->route->keeps_end)
		end_append(request, bytes, length);
	else if (length > request->context->max_body - holding->length)
		too_large_refuse(request);
	else if (!held_append(request->broker->held, holding, bytes, length))
		no_memory_refuse(request);
}

/* The client has no other broker to ask. */
static bool prefers_async(const struct request *request)
{
	return prefer_has(request->headers[HEADER_PREFER], "respond-async");
}

const char *request_elsewhere(const struct request *request)
{
	struct delivery *delivery = request->broker->delivery;

	if (delivery_role(delivery) == DELIVERY_STANDS_BY)
		return "another broker is the active one";
	return delivery_outlived(delivery, clock_monotonic()) && !prefers_async(request)
		       ? DELIVERY_OUTLIVED
		       : NULL;
}

/* In the delivery thread. */
static void submission_done(struct submission *submission)
{
	struct request *request = submission->owner;

	resume_queue_resume(request->queue, &request->suspended);
}

/* Suspended first: the answer may be there before delivery_submit() returns. */
static void request_submit(struct request *request)
{
	struct submission *submission = request->submission;

	request->queue = resume_queue_mine(request->context->resume_queues);
	request->suspended.connection = request->connection;
	submission->owner = request;
	submission->done = submission_done;
	submission->async = prefers_async(request);
	MHD_suspend_connection(request->connection);
	if (delivery_submit(request->broker->delivery, submission))
		return;
	submission->result = SUBMISSION_DROPPED;
	submission->why = "the broker is stopping";
	MHD_resume_connection(request->connection);
}

void request_resume(struct request *request)
{
	if (atomic_exchange(&request->met, true))
		MHD_resume_connection(request->connection);
}

static void route_run(struct request *request)
{
	const struct route *route = request->route;
	bool again = request->waits;

	request->waits = false;
	request->stopping = atomic_load(&request->context->draining);
	atomic_store(&request->met, false);
	request->submission = (again ? route->resume : route->begin)(request);
}

/*
 * Until the response is sent. In the steps of its body: for most requests the total, which all
 * threads change, stays as it is.
 */
static void memory_count(struct request *request)
{
	size_t bytes =
		request->holding.body.capacity + request->bytes + request->response.body.capacity;

	held_count(request->broker->held, &request->holding,
		(bytes + HELD_STEP - 1) / HELD_STEP * HELD_STEP);
}

/* The whole request is there, or request_resume() was called. */
static enum MHD_Result request_dispatch(struct request *request)
{
	if (request->complete_at == 0) {
		request->complete_at = clock_monotonic();
		if (!request->refused && !held_complete(request->broker->held, &request->holding))
			no_memory_refuse(request);
	}
	if (!client_phase_enter(request->client, CLIENT_WAITS))
		return MHD_NO;
	const char *elsewhere = NULL;
	if (!request->refused && request->route != NULL && request->route->active_only)
		elsewhere = request_elsewhere(request);
	if (elsewhere != NULL)
		response_busy(&request->response, elsewhere);
	else if (!request->refused)
		route_run(request);
	memory_count(request);
	if (request->submission != NULL) {
		request_submit(request);
	} else if (request->waits) {
		MHD_suspend_connection(request->connection);
		request_resume(request); /* the other call may have come before */
	} else {
		return request_respond(request);
	}
	return MHD_YES;
}

enum MHD_Result request_handle(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **state)
{
	struct request *request = *state;

	if (request == NULL) {
		request = *state = request_new(context, connection, url, method);
		return request_begin(request, version);
	}
	if (*upload_size > 0) {
		body_append(request, upload, *upload_size);
		*upload_size = 0;
		return MHD_YES;
	}
	if (request->submission == NULL)
		return request_dispatch(request);
	resume_queue_run(request->queue);
	request->route->end(request);
	memory_count(request);
	return request_respond(request);
}

void request_connected(void *listener, struct MHD_Connection *connection, void **client,
	enum MHD_ConnectionNotificationCode code)
{
	const struct request_listener *own = listener;
	struct clients *clients = own->context->clients;

	if (code != MHD_CONNECTION_NOTIFY_STARTED) {
		struct client *left = *client;

		target_clear(&left->target);
		client_leave(clients, left);
		return;
	}
	int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	struct client *entered = client_enter(clients, fd);
	entered->checks_host = own->checks_host;
	*client = entered;
}

void *request_first_line(void *context, const char *uri, struct MHD_Connection *connection)
{
	struct client *client = client_of(connection);

	(void)context;
	client_phase_enter(client, CLIENT_ASKS);
	target_clear(&client->target);
	client->target = target_read(uri);
	if (client->target.too_many)
		client_refuse(client, "414 URI Too Long", "the query has too many parameters");
	return NULL;
}

void request_completed(void *context, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode how)
{
	struct request *request = *state;

	(void)context;
	client_phase_enter(client_of(connection), CLIENT_RESTS);
	if (request == NULL)
		return;
	if (request->queue != NULL) /* its client may have gone while it was suspended */
		resume_queue_run(request->queue);
	if (log_enabled(LOG_LEVEL_DEBUG))
		end_log(request, how == MHD_REQUEST_TERMINATED_COMPLETED_OK);
	if (request->route != NULL && request->route->free != NULL)
		request->route->free(request);
	auth_release(&request->grant);
	held_release(request->broker->held, &request->holding);
	response_free(&request->response);
	path_free(request->parts);
	headers_free(request);
	atomic_uint *in_flight = &request->context->in_flight;
	free(request);
	*state = NULL;
	atomic_fetch_sub(in_flight, 1);
}

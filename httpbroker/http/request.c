/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/request.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"
#include "httpbroker/http/headers.h"
#include "httpbroker/http/post.h"
#include "httpbroker/http/requestlog.h"
#include "httpbroker/http/response.h"
#include "httpbroker/http/suspend.h"
#include "httpbroker/limits.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { BODY_FIRST = 4096 }; /* bytes of a body for which there is room at once */

struct exchange {
	struct exchange_context *context;
	struct MHD_Connection *connection;
	struct client *client;
	const struct route *route; /* NULL: there is none */
	struct grant grant;
	struct request request;
	struct holding holding; /* its memory; the body, until that is whole */
	struct response response;
	bool last;     /* nothing more can be read on this connection */
	bool refused;  /* the answer is there already; what comes still is swallowed */
	nsec whole_at; /* when all of it had come (monotonic); 0: not yet */
	nsec begun;    /* at debug level: when its headers had come (monotonic) */
	struct submission *submission; /* what the route submitted; NULL: nothing (yet) */
	struct queue *queue;           /* by which it wakes when that is answered; its thread's */
	struct suspended_request suspended_request;
};

static struct client *exchange_client(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
		->socket_context;
}

/*
 * libmicrohttpd (0.9.75) sends the end of a chunked body, `0`, after the headers that answer HEAD:
 * on a connection that goes on it would be taken for the beginning of the next answer.
 */
static bool ends_connection(const struct exchange *exchange)
{
	return exchange->response.stream != NULL && strcmp(exchange->request.method, "HEAD") == 0;
}

static enum MHD_Result exchange_reply(struct exchange *exchange)
{
	struct exchange_context *context = exchange->context;

	if (exchange->whole_at != 0)
		counters_request(context->broker->counters, clock_monotonic() - exchange->whole_at);
	client_turn(exchange->client, CLIENT_READS);
	requestlog_refusal(exchange->connection, &exchange->request, &exchange->response);
	bool last = exchange->last || in_flight_is_draining(&context->in_flight) ||
		    ends_connection(exchange);
	return response_send(exchange->connection, &exchange->response, last);
}

static void too_large_refuse(struct exchange *exchange)
{
	response_error(&exchange->response, 413, "the body has more than %zu bytes",
		exchange->context->max_body);
	counters_event(exchange->context->broker->counters, NULL, OUTCOME_TOO_LARGE, 1);
	exchange->refused = true;
	held_release(exchange->context->broker->held, &exchange->holding);
}

static void crowded_refuse(struct exchange *exchange)
{
	struct counters *counters = exchange->context->broker->counters;

	response_busy(&exchange->response, "too much is coming in at a time (--max-held)");
	counters_event(counters, NULL, OUTCOME_FULL, 1);
	overload_tell(counters, true);
	exchange->refused = true;
}

static void challenge_refuse(struct exchange *exchange, const char *why)
{
	response_error(&exchange->response, 401,
		"%s: send Authorization: Bearer TOKEN, or Basic with it as the password", why);
	exchange->response.challenge = true;
	exchange->refused = true;
}

static void auth_pass(struct exchange *exchange)
{
	const char *header = MHD_lookup_connection_value(
		exchange->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);

	switch (auth_check(exchange->context->auth, header, &exchange->grant)) {
	case AUTH_OK:
		exchange->request.acl = exchange->grant.acl;
		return;
	case AUTH_MISSING:
		challenge_refuse(exchange, "a token is needed");
		return;
	case AUTH_UNKNOWN:
		challenge_refuse(exchange, "this token is not known");
		return;
	}
}

/* Who has no token does not learn what there is. */
static void route_choose(struct exchange *exchange)
{
	const struct request *request = &exchange->request;

	exchange->route = route_find(request->method, request->path, &exchange->response);
	exchange->refused = exchange->route == NULL;
	if (exchange->route == NULL || !exchange->route->open)
		auth_pass(exchange);
}

static void headers_judge(struct exchange *exchange)
{
	struct exchange_context *context = exchange->context;
	int64_t length = headers_length(exchange->connection);

	exchange->refused = !headers_site(exchange->connection, exchange->request.method,
		&context->hosts, exchange->client->checks_host, &exchange->response);
	if (!exchange->refused)
		route_choose(exchange);
	if (!exchange->refused)
		exchange->refused = !headers_coding(exchange->connection, &exchange->response);
	if (!exchange->refused && length > (int64_t)context->max_body)
		too_large_refuse(exchange);
	if (!exchange->refused && length > 0)
		buffer_reserve(&exchange->holding.body,
			(size_t)(length < BODY_FIRST ? length : BODY_FIRST));
}

/*
 * What is refused is answered when all of it has come: who is still sending when the connection
 * is closed may never see the answer. Not so if the client asks before it sends, or if nobody
 * knows when that is.
 */
static enum MHD_Result headers_take(struct exchange *exchange, const char *version)
{
	exchange->last = !framing_check(
		exchange->connection, &exchange->client->target, version, &exchange->response);
	if (exchange->last)
		return exchange_reply(exchange);
	headers_judge(exchange);
	if (exchange->refused && headers_expect(exchange->connection))
		return exchange_reply(exchange);
	return MHD_YES;
}

static void body_take(struct exchange *exchange, const char *bytes, size_t length)
{
	struct holding *holding = &exchange->holding;

	if (exchange->refused)
		return;
	if (length > exchange->context->max_body - holding->length)
		too_large_refuse(exchange);
	else if (!held_append(exchange->context->broker->held, holding, bytes, length))
		crowded_refuse(exchange);
}

/* In the delivery thread. */
static void submission_done(struct submission *submission)
{
	struct exchange *exchange = submission->owner;

	resume_queue_resume(exchange->queue, &exchange->suspended_request);
}

/* Whether its client has nobody else to ask. */
static bool prefers_async(const struct exchange *exchange)
{
	return prefer_has(
		MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, "Prefer"),
		"respond-async");
}

/* Suspended first: the answer may be there before delivery_submit() returns. */
static void exchange_submit(struct exchange *exchange)
{
	struct submission *submission = exchange->submission;

	exchange->queue = resume_queue_mine(exchange->context->resume_queues);
	exchange->suspended_request.connection = exchange->connection;
	submission->owner = exchange;
	submission->done = submission_done;
	submission->async = prefers_async(exchange);
	MHD_suspend_connection(exchange->connection);
	if (delivery_submit(exchange->context->delivery, submission))
		return;
	submission->result = SUBMISSION_DROPPED;
	submission->why = "the broker is stopping";
	MHD_resume_connection(exchange->connection);
}

static void request_wake(struct request *request)
{
	if (atomic_exchange(&request->met, true))
		MHD_resume_connection(request->connection);
}

/* Whoever wakes may come before or after the connection is suspended. */
static void exchange_wait(struct exchange *exchange)
{
	MHD_suspend_connection(exchange->connection);
	request_wake(&exchange->request);
}

/* What the request holds from now on until it is answered. */
static void exchange_count(struct exchange *exchange)
{
	const struct request *request = &exchange->request;

	held_count(exchange->context->broker->held, &exchange->holding,
		request->body.capacity + request->holds + exchange->response.body.capacity);
}

static struct submission *route_go(struct exchange *exchange)
{
	const struct route *route = exchange->route;
	struct request *request = &exchange->request;
	bool again = request->waits;

	request->waits = false;
	request->stopping = in_flight_is_draining(&exchange->context->in_flight);
	atomic_store(&request->met, false);
	return (again ? route->resume : route->begin)(
		exchange->context->broker, request, &exchange->response);
}

/* Why the answer has to come from another broker; NULL: it has not. */
static const char *elsewhere_why(const struct exchange *exchange)
{
	struct delivery *delivery = exchange->context->delivery;

	if (exchange->route == NULL || !exchange->route->active_only)
		return NULL;
	if (delivery_role(delivery) == DELIVERY_STANDS_BY)
		return "another broker is the active one";
	return delivery_outlived(delivery, clock_monotonic()) && !prefers_async(exchange)
		       ? DELIVERY_OUTLIVED
		       : NULL;
}

static void body_complete(struct exchange *exchange)
{
	struct holding *holding = &exchange->holding;

	exchange->whole_at = clock_monotonic();
	if (exchange->refused)
		return;
	if (!held_complete(exchange->context->broker->held, holding))
		crowded_refuse(exchange);
	exchange->request.body = holding->body;
	holding->body = (struct buffer){NULL, 0, 0};
}

static enum MHD_Result request_take(struct exchange *exchange)
{
	if (exchange->whole_at == 0)
		body_complete(exchange);
	if (!client_turn(exchange->client, CLIENT_WAITS))
		return MHD_NO;
	const char *elsewhere = exchange->refused ? NULL : elsewhere_why(exchange);
	if (elsewhere != NULL)
		response_busy(&exchange->response, elsewhere);
	else if (!exchange->refused)
		exchange->submission = route_go(exchange);
	exchange_count(exchange);
	if (exchange->submission != NULL)
		exchange_submit(exchange);
	else if (exchange->request.waits)
		exchange_wait(exchange);
	else
		return exchange_reply(exchange);
	return MHD_YES;
}

static const char *request_header(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* An MHD_KeyValueIteratorN. */
static enum MHD_Result parameter_take(void *context, enum MHD_ValueKind kind, const char *name,
	size_t name_length, const char *value, size_t value_length)
{
	struct query *query = context;
	bool whole =
		strlen(name) == name_length && (value == NULL || strlen(value) == value_length);

	(void)kind;
	if (!whole || query->count == QUERY_MAX || query_get(query, name) != NULL) {
		query->sound = false;
		return MHD_NO;
	}
	query->parameters[query->count++] = (struct parameter){name, value};
	return MHD_YES;
}

static void request_init(struct request *request, struct MHD_Connection *connection,
	const char *url, const char *method)
{
	request->path = url;
	request->method = method;
	request->header = request_header;
	request->connection = connection;
	request->wake = request_wake;
	request->query.sound = true;
	MHD_get_connection_values_n(
		connection, MHD_GET_ARGUMENT_KIND, parameter_take, &request->query);
}

static enum MHD_Result exchange_begin(struct exchange_context *context,
	struct MHD_Connection *connection, const char *url, const char *method, const char *version,
	void **state)
{
	struct exchange *exchange = memory_zeroed(1, sizeof *exchange);

	in_flight_enter(&context->in_flight);
	exchange->context = context;
	exchange->connection = connection;
	exchange->client = exchange_client(connection);
	request_init(&exchange->request, connection, url, method);
	if (log_enabled(LOG_LEVEL_DEBUG)) {
		exchange->begun = clock_monotonic();
		requestlog_begin(connection, exchange->client->fd, &exchange->request);
	}
	*state = exchange;
	return headers_take(exchange, version);
}

void exchange_connected(void *door, struct MHD_Connection *connection, void **client,
	enum MHD_ConnectionNotificationCode code)
{
	const struct exchange_door *mine = door;
	struct clients *clients = mine->context->clients;

	if (code != MHD_CONNECTION_NOTIFY_STARTED) {
		client_leave(clients, *client);
		return;
	}
	int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	struct client *entered = client_enter(clients, fd);
	entered->checks_host = mine->checks_host;
	*client = entered;
}

void *exchange_heard(void *context, const char *uri, struct MHD_Connection *connection)
{
	struct client *client = exchange_client(connection);

	(void)context;
	client_turn(client, CLIENT_ASKS);
	client->target = target_look(uri);
	if (client->target.too_many)
		client_refuse(client, "414 URI Too Long", "the query has too many parameters");
	return NULL;
}

enum MHD_Result exchange_handle(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **state)
{
	struct exchange *exchange = *state;

	if (exchange == NULL)
		return exchange_begin(context, connection, url, method, version, state);
	if (*upload_size > 0) {
		body_take(exchange, upload, *upload_size);
		*upload_size = 0;
		return MHD_YES;
	}
	if (exchange->submission == NULL)
		return request_take(exchange);
	resume_queue_run(exchange->queue);
	exchange->route->end(&exchange->request, &exchange->response);
	exchange_count(exchange);
	return exchange_reply(exchange);
}

static void end_log(const struct exchange *exchange, enum MHD_RequestTerminationCode how)
{
	bool answered = how == MHD_REQUEST_TERMINATED_COMPLETED_OK;

	requestlog_end(exchange->connection, exchange->client->fd,
		answered ? exchange->response.status : 0, clock_monotonic() - exchange->begun);
}

void exchange_completed(void *context, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode how)
{
	struct exchange_context *whole = context;
	struct exchange *exchange = *state;

	client_turn(exchange_client(connection), CLIENT_RESTS);
	if (exchange == NULL)
		return;
	if (exchange->queue != NULL) /* its client may have gone while it was suspended */
		resume_queue_run(exchange->queue);
	if (log_enabled(LOG_LEVEL_DEBUG))
		end_log(exchange, how);
	if (exchange->route != NULL && exchange->route->free != NULL)
		exchange->route->free(&exchange->request);
	auth_release(&exchange->grant);
	buffer_free(&exchange->request.body);
	held_release(whole->broker->held, &exchange->holding);
	response_free(&exchange->response);
	free(exchange);
	*state = NULL;
	in_flight_leave(&whole->in_flight);
}

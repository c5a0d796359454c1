/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/exchange.h"

#include "common/memory.h"
#include "common/number.h"
#include "httpbroker/http/reply.h"
#include "httpbroker/limits.h"

#include <stdlib.h>
#include <string.h>

struct exchange {
	struct exchange_context *context;
	struct MHD_Connection *connection;
	const struct route *route; /* NULL: there is none, and the answer says so */
	struct request request;
	struct answer answer;
	bool too_large;                /* more of a body came than is taken */
	struct submission *submission; /* what the route submitted; NULL: nothing (yet) */
};

static enum MHD_Result exchange_reply(struct exchange *exchange)
{
	return reply_send(exchange->connection, &exchange->answer,
		traffic_is_draining(&exchange->context->traffic));
}

static void too_large_answer(struct exchange *exchange)
{
	answer_error(&exchange->answer, 413, "the body has more than %d bytes", LIMIT_BODY);
}

/* What Content-Length says; 0 if it says nothing. */
static int64_t length_announced(struct MHD_Connection *connection)
{
	const char *text = MHD_lookup_connection_value(
		connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
	struct reason ignored;
	int64_t length = 0;

	if (text != NULL && !number_parse(text, 0, INT64_MAX, &length, &ignored))
		return INT64_MAX;
	return length;
}

/* Answered before its body has come, a request is not read any further. */
static enum MHD_Result headers_take(struct exchange *exchange)
{
	int64_t length = length_announced(exchange->connection);

	exchange->route =
		route_find(exchange->request.method, exchange->request.path, &exchange->answer);
	if (length > LIMIT_BODY) {
		too_large_answer(exchange);
		return exchange_reply(exchange);
	}
	if (length > 0)
		buffer_reserve(&exchange->request.body, (size_t)length);
	return MHD_YES;
}

static void body_take(struct exchange *exchange, const char *bytes, size_t length)
{
	struct buffer *body = &exchange->request.body;

	if (exchange->too_large || length > LIMIT_BODY - body->length) {
		exchange->too_large = true; /* the rest is swallowed, so that the answer is read */
		buffer_free(body);
		return;
	}
	buffer_append(body, bytes, length);
}

/* In the delivery thread. */
static void submission_done(struct submission *submission)
{
	const struct exchange *exchange = submission->owner;

	MHD_resume_connection(exchange->connection);
}

/* Suspended first: the answer may be there before delivery_submit() returns. */
static void exchange_submit(struct exchange *exchange)
{
	struct submission *submission = exchange->submission;

	submission->owner = exchange;
	submission->done = submission_done;
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

static struct submission *route_go(struct exchange *exchange)
{
	const struct route *route = exchange->route;
	struct request *request = &exchange->request;
	bool again = request->waits;

	request->waits = false;
	request->stopping = traffic_is_draining(&exchange->context->traffic);
	atomic_store(&request->met, false);
	return (again ? route->resume : route->begin)(
		exchange->context->broker, request, &exchange->answer);
}

/* Whether the answer has to come from another broker. */
static bool is_elsewhere(const struct exchange *exchange)
{
	return exchange->route != NULL && exchange->route->active_only &&
	       delivery_status(exchange->context->delivery).role == DELIVERY_STANDS_BY;
}

static enum MHD_Result request_take(struct exchange *exchange)
{
	if (exchange->too_large)
		too_large_answer(exchange);
	else if (is_elsewhere(exchange))
		answer_busy(&exchange->answer, "another broker is the active one");
	else if (exchange->route != NULL)
		exchange->submission = route_go(exchange);
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
	if (!whole || query->count == QUERY_MOST || query_get(query, name) != NULL) {
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
	struct MHD_Connection *connection, const char *url, const char *method, void **state)
{
	struct exchange *exchange = memory_zeroed(1, sizeof *exchange);

	traffic_enter(&context->traffic);
	exchange->context = context;
	exchange->connection = connection;
	request_init(&exchange->request, connection, url, method);
	*state = exchange;
	return headers_take(exchange);
}

enum MHD_Result exchange_handle(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **state)
{
	struct exchange *exchange = *state;

	(void)version;
	if (exchange == NULL)
		return exchange_begin(context, connection, url, method, state);
	if (*upload_size > 0) {
		body_take(exchange, upload, *upload_size);
		*upload_size = 0;
		return MHD_YES;
	}
	if (exchange->submission == NULL)
		return request_take(exchange);
	exchange->route->end(&exchange->request, &exchange->answer);
	return exchange_reply(exchange);
}

void exchange_completed(void *context, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode how)
{
	struct exchange_context *whole = context;
	struct exchange *exchange = *state;

	(void)connection;
	(void)how;
	if (exchange == NULL)
		return;
	if (exchange->route != NULL && exchange->route->free != NULL)
		exchange->route->free(&exchange->request);
	buffer_free(&exchange->request.body);
	answer_free(&exchange->answer);
	free(exchange);
	*state = NULL;
	traffic_leave(&whole->traffic);
}

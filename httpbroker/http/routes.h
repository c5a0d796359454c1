/* SPDX-License-Identifier: MIT */
/*
 * What the broker answers to which request. A request is begun when it has come in whole; then
 * there is an answer, or a submission that has to be waited for and is ended afterwards.
 */
#ifndef HTTPBROKER_HTTP_ROUTES_H
#define HTTPBROKER_HTTP_ROUTES_H

#include "httpbroker/delivery/submissions.h"
#include "httpbroker/http/auth.h"
#include "httpbroker/http/counters.h"
#include "httpbroker/http/held.h"
#include "httpbroker/http/response.h"

#include <stdatomic.h>

struct delivery;

/* `?name=value` of the request, decoded. */
struct parameter {
	const char *name;
	const char *value; /* NULL: there was no `=` */
};

enum { QUERY_MAX = 8 };

struct query {
	struct parameter parameters[QUERY_MAX];
	unsigned count;
	bool sound; /* no more than QUERY_MAX, none twice, no NUL in them */
};

struct request {
	const char *method;
	const char *path;
	struct query query;
	struct buffer body;
	size_t holds;          /* bytes that the route keeps until it is answered */
	const struct acl *acl; /* what its sender may write; NULL: everything */

	/* A header's value, or NULL; the name in any case. */
	const char *(*header)(const struct request *request, const char *name);
	void *connection; /* for header() */

	/*
	 * A route that has to wait for something else than the delivery says so here, in begin or
	 * resume, and gives neither an answer nor a submission. wake() then calls for resume():
	 * once each time, in any thread, even before begin has returned.
	 */
	bool waits;
	void (*wake)(struct request *request);
	atomic_bool met; /* for wake(): of the two, the waking and the waiting, one has come */

	bool stopping; /* the broker is: this is the connection's last request */

	void *data; /* the route's own, from begin to free */
};

/* What the routes work with. */
struct broker {
	struct checks *checks;
	int flapjack;        /* version, 1 or 2 */
	enum state stale_as; /* what a stale check is told as */
	struct counters *counters;
	struct held *held;                 /* the memory of all requests */
	struct state_counts_cache *counts; /* for /health */
	struct sns *sns;
	struct delivery *delivery; /* only to be asked how it is doing */
};

struct route {
	const char *path;
	const char *method;
	bool active_only; /* 503 from a broker that stands by: another one knows */

	/* Fills *answer and returns NULL, or returns what has to be submitted. */
	struct submission *(*begin)(
		const struct broker *broker, struct request *request, struct response *answer);

	/* After the submission was answered: fills *answer. NULL where begin never submits. */
	void (*end)(struct request *request, struct response *answer);

	/* Frees request->data, answered or not. NULL where there is none. */
	void (*free)(struct request *request);

	/* As begin, after wake(). NULL where a route never waits. */
	struct submission *(*resume)(
		const struct broker *broker, struct request *request, struct response *answer);

	bool open; /* for everybody, also without a token */
};

/* The value of a parameter; "" if it has none; NULL if there is no such parameter. */
const char *query_get(const struct query *query, const char *name);

/*
 * Whether the query is sound and has no parameters but these (a list that ends with NULL): a
 * misspelt one must not be passed over. Else a 400 is in *answer.
 */
bool query_check(const struct query *query, const char *const *known, struct response *answer);

extern const struct route route_post_state, route_get_state, route_delete_state, route_get_health,
	route_get_metrics, route_get_state_metrics;

/* The route; NULL, and a 404 or 405 in *answer, if there is none. */
const struct route *route_find(const char *method, const char *path, struct response *answer);

#endif

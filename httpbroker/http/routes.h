/* SPDX-License-Identifier: MIT */
/*
 * What the broker answers to which request. A request is begun when it has come in whole; then
 * there is an answer, or a submission that has to be waited for and is ended afterwards.
 */
#ifndef HTTPBROKER_HTTP_ROUTES_H
#define HTTPBROKER_HTTP_ROUTES_H

#include "httpbroker/delivery/inbox.h"
#include "httpbroker/http/answer.h"

struct request {
	const char *method;
	const char *path;
	struct buffer body;
	void *data; /* the route's own, from begin to free */
};

/* What the routes work with. */
struct broker {
	struct states *states;
	int flapjack; /* version, 1 or 2 */
};

struct route {
	const char *path;
	const char *method;

	/* Fills *answer and returns NULL, or returns what has to be submitted. */
	struct submission *(*begin)(
		const struct broker *broker, struct request *request, struct answer *answer);

	/* After the submission was answered: fills *answer. NULL where begin never submits. */
	void (*end)(struct request *request, struct answer *answer);

	/* Frees request->data, answered or not. NULL where there is none. */
	void (*free)(struct request *request);
};

extern const struct route route_post_state, route_get_state;

/* The route; NULL, and a 404 or 405 in *answer, if there is none. */
const struct route *route_find(const char *method, const char *path, struct answer *answer);

#endif

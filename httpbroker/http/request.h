/* SPDX-License-Identifier: MIT */
/*
 * One HTTP request, from its first line to the end of its response, and the routes that answer it.
 * A route runs when the whole request is there. It fills the response, or it returns a submission:
 * then the connection is suspended until the delivery has answered that.
 */
#ifndef HTTPBROKER_HTTP_REQUEST_H
#define HTTPBROKER_HTTP_REQUEST_H

#include "httpbroker/delivery/submissions.h"
#include "httpbroker/http/auth.h"
#include "httpbroker/http/clients.h"
#include "httpbroker/http/headers.h"
#include "httpbroker/http/held.h"
#include "httpbroker/http/metrics.h"
#include "httpbroker/http/response.h"

#include <microhttpd.h>
#include <stdatomic.h>

struct delivery;

/* What the routes work with. */
struct broker {
	struct checks *checks;
	int flapjack;                  /* version, 1 or 2 */
	enum state stale_as;           /* the state reported for stale checks */
	int32_t ping_ttl;              /* seconds, of a ping that has no ?ttl= */
	int32_t run_limit;             /* seconds, of a start that has no ?limit=; 0: none */
	const char *const *heartbeats; /* alerts that fire all the time, up to NULL */
	struct counters *counters;
	struct held *held;                 /* the memory of all requests */
	struct state_counts_cache *counts; /* for /health */
	struct page_cache *pages;          /* for /page.json */
	struct sns *sns;
	struct delivery *delivery;
};

/* What all requests share. */
struct request_context {
	const struct broker *broker;
	struct auth *auth; /* NULL: no token is needed */
	struct clients *clients;
	struct hosts hosts;
	size_t max_body;       /* bytes */
	atomic_uint in_flight; /* requests */
	atomic_bool draining;  /* every response is the last of its connection */
	struct resume_queue resume_queues[RESUME_QUEUE_THREADS];
};

/* What the connections to one listening socket share. */
struct request_listener {
	struct request_context *context;
	bool checks_host; /* Host must be one of our names: a browser of this machine may connect */
};

enum { PATH_PARTS = 4 };

/*
 * The path of a request below /state/ or /ping/, as it was sent (path.c): it is split at its
 * slashes before it is percent-decoded (RFC 3986, 2.4), so a name may have a slash: %2F.
 * libmicrohttpd decodes the path as a whole.
 */
struct path {
	bool ping;         /* below /ping/ */
	const char *shown; /* the path as it was sent, without its token: for messages */
	struct text token; /* of /ping/@TOKEN/, decoded; not given: none */
	unsigned count;    /* of the parts; more than PATH_PARTS: there are too many */
	struct text parts[PATH_PARTS]; /* behind these, decoded */
	bool broken;                   /* a `%` without two hexadecimal digits; the rest is void */
	size_t size;                   /* of the bytes */
	char bytes[];                  /* what the texts point to */
};

/* The path of a request's target. NULL: it is elsewhere. */
struct path *path_read(const char *target);

/* Overwrites it: it may have a token. NULL is allowed. */
void path_free(struct path *path);

/* `?name=value`, decoded. */
struct parameter {
	const char *name;
	const char *value; /* NULL: there was no `=` */
};

enum { QUERY_MAX = 8 };

struct query {
	struct parameter parameters[QUERY_MAX];
	unsigned count;
	bool valid; /* at most QUERY_MAX, none twice, no NUL in them */
};

struct request {
	const struct broker *broker;
	const char *method;
	const char *path;
	struct path *parts; /* of the path, where it is below /state/ or /ping/; owned; NULL:
			       elsewhere */
	struct query query;
	struct holding holding; /* its memory, and its body */
	struct grant grant;     /* what its token may write */
	struct response response;

	const char *headers[HEADERS]; /* the first of each; NULL: none */

	void *data;    /* the route's own, from begin to free */
	size_t bytes;  /* that the route keeps until the response */
	bool stopping; /* the broker is: this is the connection's last request */

	/* Set by begin or resume, which then return NULL: resume follows request_resume(). */
	bool waits;

	/* The rest is private to request.c. */
	struct request_context *context;
	struct MHD_Connection *connection;
	struct client *client;
	const struct route *route; /* NULL: none matches */
	bool last;                 /* nothing more can be read on this connection */
	bool cut;                  /* only the end of its body was kept */
	bool refused;              /* the response is there; the rest of the request is discarded */
	nsec begun;                /* at debug level: when its headers were there (monotonic) */
	nsec complete_at;          /* when all of it was there (monotonic); 0: not yet */
	atomic_bool met;           /* of request_resume() and the suspending, one has come */
	struct submission *submission; /* the route's; NULL: none (yet) */
	struct resume_queue *queue;    /* of its thread: resumes it when that is answered */
	struct suspended_request suspended;
};

struct route {
	const char *path; /* with a `/` at its end: all paths that begin with it */
	const char *method;
	bool active_only; /* a standby answers 503 */
	bool open;        /* no token needed */
	bool keeps_end;   /* of a body of more than HELD_SMALL bytes, of any length, only the end */

	/* Fills the response and returns NULL, or returns a submission. */
	struct submission *(*begin)(struct request *request);

	/* After the submission was answered: fills the response. NULL where begin never submits. */
	void (*end)(struct request *request);

	/* As begin, after request_resume(). NULL where a route never waits. */
	struct submission *(*resume)(struct request *request);

	/* Frees request->data, answered or not. NULL where there is none. */
	void (*free)(struct request *request);
};

extern const struct route route_post_state, route_get_state, route_delete_state, route_get_check,
	route_get_ping, route_post_ping, route_get_page, route_get_page_js, route_get_page_css,
	route_get_page_data, route_get_health, route_get_metrics, route_get_state_metrics;

/* The route; NULL, with a 404 or 405: none. */
const struct route *route_find(const char *method, const char *path, struct response *response);

/*
 * Whether the path has an entity, a check, and at most `more` parts behind these. False: a 400 or
 * 404 that says what the path should be.
 */
bool path_check(struct request *request, unsigned more, const char *form);

/* The value of a parameter; "" if it has none; NULL if there is no such parameter. */
const char *query_get(const struct query *query, const char *name);

/*
 * Whether the query is valid and has only these parameters (a list that ends with NULL): a misspelt
 * one must not be ignored. False: a 400.
 */
bool query_check(const struct query *query, const char *const *known, struct response *response);

/* Refuses the whole request: counts that for the format (NULL: none) and fills the response. */
void request_refuse(struct request *request, const struct format *format, enum outcome outcome,
	const char *why) __attribute__((cold));

/* Any thread: once for each time that the request waits, even before begin has returned. */
void request_resume(struct request *request);

/*
 * Callbacks of libmicrohttpd. request_connected: MHD_NotifyConnectionCallback; its context is a
 * request_listener, *client is made and ended. The others have the request_context: of the URI log,
 * MHD_AccessHandlerCallback and MHD_RequestCompletedCallback.
 */
void request_connected(void *listener, struct MHD_Connection *connection, void **client,
	enum MHD_ConnectionNotificationCode code);
void *request_first_line(void *context, const char *uri, struct MHD_Connection *connection);
enum MHD_Result request_handle(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **state);
void request_completed(void *context, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode how);

#endif

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
#include "httpbroker/http/held.h"
#include "httpbroker/http/hosts.h"
#include "httpbroker/http/response.h"
#include "httpbroker/http/target.h"

#include <microhttpd.h>
#include <stdatomic.h>

struct counters;
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

/* The headers that are looked at; their names in any case. */
#define HEADER_LIST(ROW)                                      \
	ROW(HEADER_HOST, "Host")                              \
	ROW(HEADER_CONTENT_LENGTH, "Content-Length")          \
	ROW(HEADER_CONTENT_TYPE, "Content-Type")              \
	ROW(HEADER_USER_AGENT, "User-Agent")                  \
	ROW(HEADER_ACCEPT, "Accept")                          \
	ROW(HEADER_AUTHORIZATION, "Authorization")            \
	ROW(HEADER_CONTENT_ENCODING, "Content-Encoding")      \
	ROW(HEADER_TRANSFER_ENCODING, "Transfer-Encoding")    \
	ROW(HEADER_EXPECT, "Expect")                          \
	ROW(HEADER_PREFER, "Prefer")                          \
	ROW(HEADER_ORIGIN, "Origin")                          \
	ROW(HEADER_SEC_FETCH_SITE, "Sec-Fetch-Site")          \
	ROW(HEADER_IF_NONE_MATCH, "If-None-Match")            \
	ROW(HEADER_SNS_RAW_DELIVERY, "x-amz-sns-rawdelivery") \
	ROW(HEADER_SNS_MESSAGE_TYPE, "x-amz-sns-message-type")

#define HEADER_ID(id, name) id,
enum header { HEADER_LIST(HEADER_ID) HEADERS };

struct request {
	const struct broker *broker;
	const char *method;
	const char *path;
	struct path *parts; /* of the path; owned; NULL: it is not below /state/ or /ping/ */
	struct query query;
	struct holding holding; /* its memory, and its body */
	struct grant grant;     /* what its token may write */
	struct response response;

	/* The first of each; of a list all lines, joined by commas; NULL: none. */
	const char *headers[HEADERS];

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
	char *joined[HEADERS];     /* of headers[] what is owned; NULL: nothing */
	bool last;                 /* nothing more can be read on this connection */
	bool cut;                  /* only the end of its body was kept */
	bool refused;              /* the response is there; the rest of the request is discarded */
	nsec begun;                /* at debug level: when its headers were there (monotonic) */
	nsec complete_at;          /* when all of it was there (monotonic); 0: not yet */
	atomic_bool met;           /* request_resume() was called, or it is suspended: the other
				      of the two resumes it */
	struct submission *submission; /* the route's; NULL: none (yet) */
	struct resume_queue *queue;    /* of its thread: resumes it when that is answered */
	struct suspended_request suspended;
};

struct route {
	const char *path; /* with a `/` at its end: all paths that begin with it */
	const char *method;
	bool active_only; /* a standby answers 503 */
	bool open;        /* no token needed */
	bool own_page;    /* answers no web page of another site: it costs much */
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

/*
 * Fills the request's headers, and checks where it begins and ends (RFC 9112). A request that can
 * be read in two ways is refused: a proxy may have read it the other way, and forwarded a hidden
 * request as a body. False: a 400 or 501; nothing more can be read on this connection. `version`:
 * as libmicrohttpd hands it out.
 */
bool headers_framing_check(struct request *request, const char *version);

/* Frees the lists of headers that headers_framing_check() has joined. */
void headers_free(struct request *request);

/*
 * What can be refused before the body is read: a web page of another site (403), a path or method
 * without a route (404, 405), a token (401), a coding of the body (415). Sets the request's route
 * and grant. False: there is a response.
 */
bool headers_check(struct request *request);

/* Whether a Prefer header (RFC 7240) has this preference: `respond-async, wait=5`. NULL: no. */
bool prefer_has(const char *value, const char *preference);

/*
 * Whether an Accept header (RFC 9110, 12.5.1) prefers JSON to plain text, by their weights; of
 * equal ones JSON only if it is named itself. NULL: no.
 */
bool accepts_json(const char *value);

/* Refuses the whole request: counts that for the format (NULL: none) and fills the response. */
void request_refuse(struct request *request, const struct format *format, enum outcome outcome,
	const char *why) __attribute__((cold));

/* Why another broker has to answer; NULL: this one can. */
const char *request_elsewhere(const struct request *request);

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

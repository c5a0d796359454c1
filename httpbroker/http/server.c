/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/server.h"

#include "common/descriptors.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"
#include "httpbroker/http/clients.h"
#include "httpbroker/http/request.h"
#include "httpbroker/limits.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/*
 * poll, not epoll: libmicrohttpd's epoll loop (0.9.75 to 1.0.1) stalls when exactly 128 events
 * come at once. A thread looks at all of its connections each time: with three threads a request
 * costs less than with two, and with four no less (doc/BENCHMARKS).
 */
#define DAEMON_FLAGS (MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG)
enum { DAEMON_THREADS = 3 };

/*
 * From 1.0 on libmicrohttpd can refuse lines that end in LF alone, and headers that continue on the
 * next line: a proxy may read them in another way.
 */
#if MHD_VERSION >= 0x00097701
#define DAEMON_STRICTNESS MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1
#else
#define DAEMON_STRICTNESS MHD_OPTION_STRICT_FOR_CLIENT, 0
#endif

/* Descriptors besides those of the connections. */
enum { DESCRIPTORS_OF_OURS = 60, DESCRIPTORS_PER_LISTENER = 1 + DAEMON_THREADS };

struct server {
	struct server_settings settings;
	struct request_context context;
	struct request_listener listeners[LISTENERS_MAX]; /* of the daemons */
	struct MHD_Daemon *daemons[LISTENERS_MAX];
	int count;
};

/* At debug level: libmicrohttpd logs about single connections. */
__attribute__((format(printf, 2, 0))) static void library_log(
	void *context, const char *format, va_list arguments)
{
	char text[512];

	(void)context;
	vsnprintf(text, sizeof text, format, arguments);
	text[strcspn(text, "\n")] = '\0';
	log_debug("libmicrohttpd: %s", text);
}

/* The number of connections; a warning if that is less than wanted. */
static unsigned connections_allowed(unsigned wanted, int listeners)
{
	size_t reserve = DESCRIPTORS_OF_OURS + DESCRIPTORS_PER_LISTENER * (size_t)listeners;
	size_t allowed = descriptors_allow(wanted + reserve);

	if (allowed >= wanted + reserve)
		return wanted;
	if (allowed <= reserve)
		die(EX_OSERR,
			"only %zu descriptors are allowed, more than %zu are needed: see ulimit "
			"-n",
			allowed, reserve);
	log_warning("only %zu connection%s at a time: no more descriptors are allowed, see "
		    "ulimit -n",
		allowed - reserve, number_plural(allowed - reserve));
	return (unsigned)(allowed - reserve);
}

/* An MHD_AcceptPolicyCallback: libmicrohttpd's own limit is for each socket by itself. */
static enum MHD_Result client_accept(
	void *context, const struct sockaddr *address, socklen_t length)
{
	struct server *server = context;

	(void)address;
	(void)length;
	return clients_admit(server->context.clients) ? MHD_YES : MHD_NO;
}

/* libmicrohttpd zeroes a connection's memory for every request: it is no larger than needed. */
static struct MHD_Daemon *daemon_start(
	struct server *server, int fd, struct request_listener *listener)
{
	const struct server_settings *settings = &server->settings;
	nsec idle = (settings->idle_timeout + NSEC_PER_SEC - 1) / NSEC_PER_SEC;

	struct MHD_Daemon *daemon = MHD_start_daemon(DAEMON_FLAGS, 0, client_accept, server,
		request_handle, &server->context, MHD_OPTION_EXTERNAL_LOGGER, library_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_THREAD_POOL_SIZE, DAEMON_THREADS,
		MHD_OPTION_CONNECTION_LIMIT, settings->max_connections,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)idle, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)LIMIT_HEADERS, MHD_OPTION_NOTIFY_CONNECTION, request_connected, listener,
		MHD_OPTION_URI_LOG_CALLBACK, request_first_line, &server->context,
		MHD_OPTION_NOTIFY_COMPLETED, request_completed, &server->context, DAEMON_STRICTNESS,
		MHD_OPTION_END);
	if (daemon == NULL)
		die(EX_OSERR, "the HTTP server cannot be started: %s", strerror(errno));
	return daemon;
}

static struct clients *clients_make(const struct server_settings *settings)
{
	const struct clients_settings clients = {
		.max = settings->max_connections,
		.limits =
			{
				[CLIENT_ASKS] = settings->request_timeout,
				[CLIENT_WAITS] = NSEC_NEVER,
				[CLIENT_READS] = LIMIT_ANSWER,
				/* libmicrohttpd closes one that is silent for so long */
				[CLIENT_RESTS] = settings->idle_timeout + settings->request_timeout,
			},
	};

	return clients_start(&clients);
}

struct server *server_start(const struct server_settings *settings,
	const struct listeners *listeners, const struct broker *broker)
{
	struct server *server = memory_zeroed(1, sizeof *server);

	server->settings = *settings;
	server->settings.max_connections =
		connections_allowed(settings->max_connections, listeners->count);
	server->context.broker = broker;
	server->context.auth = settings->auth;
	server->context.hosts = settings->hosts;
	server->context.max_body = settings->max_body;
	server->context.clients = clients_make(&server->settings);
	for (int i = 0; i < listeners->count; i++) {
		int fd = listeners->fds[i];

		server->listeners[i] = (struct request_listener){
			&server->context, settings->auth == NULL && listener_is_loopback(fd)};
		server->daemons[server->count++] = daemon_start(server, fd, &server->listeners[i]);
	}
	return server;
}

/*
 * Accepts the connections that wait: the kernel would reset them if the socket were closed first.
 * Not more of them than the backlog holds.
 */
static void backlog_accept(struct MHD_Daemon *daemon, int listener)
{
	for (int i = 0; i < SOMAXCONN; i++) {
		struct sockaddr_storage address;
		socklen_t length = sizeof address;
		int fd = accept4(listener, (struct sockaddr *)&address, &length,
			SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) /* it closes the descriptor if it refuses it */
			MHD_add_connection(daemon, fd, (struct sockaddr *)&address, length);
		else if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

/* Once only: a second time it would return the same number, which may be reused by then. */
static void daemon_close(struct MHD_Daemon *daemon)
{
	int listener = MHD_quiesce_daemon(daemon);

	if (listener < 0)
		return;
	backlog_accept(daemon, listener);
	close(listener);
}

void server_close(struct server *server)
{
	for (int i = 0; i < server->count; i++)
		daemon_close(server->daemons[i]);
	atomic_store(&server->context.draining, true);
}

/* A request that was sent, but is not read yet, is not in flight. This polls: once, at the end. */
void server_drain(struct server *server, nsec timeout)
{
	struct request_context *context = &server->context;
	nsec end = clock_monotonic() + timeout;

	while ((clients_have_unread(context->clients) || atomic_load(&context->in_flight) > 0) &&
		clock_monotonic() < end)
		nanosleep(&(struct timespec){0, NSEC_PER_MSEC}, NULL);
}

void server_stop(struct server *server)
{
	/* libmicrohttpd aborts if a connection is still suspended */
	for (int i = 0; i < RESUME_QUEUE_THREADS; i++)
		resume_queue_run(&server->context.resume_queues[i]);
	for (int i = 0; i < server->count; i++)
		MHD_stop_daemon(server->daemons[i]);
	clients_stop(server->context.clients);
	free(server);
}

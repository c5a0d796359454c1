/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/server.h"

#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/http/exchange.h"
#include "httpbroker/limits.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

/*
 * poll, not epoll: libmicrohttpd's epoll loop (0.9.75 to 1.0.1) stalls when exactly 128 events
 * come at once. Two threads are enough for all connections of a socket.
 */
#define DAEMON_FLAGS (MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG)
enum { DAEMON_THREADS = 2, DESCRIPTORS_OF_OURS = 64 };

struct server {
	struct exchange_context context;
	struct MHD_Daemon *daemons[LISTENERS_MOST];
	int count;
};

/* What the HTTP library has to say is about single connections. */
__attribute__((format(printf, 2, 0))) static void library_log(
	void *context, const char *format, va_list arguments)
{
	char text[512];

	(void)context;
	vsnprintf(text, sizeof text, format, arguments);
	text[strcspn(text, "\n")] = '\0';
	log_debug("libmicrohttpd: %s", text);
}

static void descriptors_raise(void)
{
	const rlim_t wanted = LIMIT_CONNECTIONS + DESCRIPTORS_OF_OURS;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < wanted)
		log_warning("only %llu descriptors are allowed: fewer than %d connections",
			(unsigned long long)limit.rlim_cur, LIMIT_CONNECTIONS);
}

/* The library zeroes a connection's memory for every request: so it has no more than it needs. */
static struct MHD_Daemon *daemon_start(struct server *server, int fd, int of)
{
	unsigned connections = LIMIT_CONNECTIONS / (unsigned)of;

	struct MHD_Daemon *daemon = MHD_start_daemon(DAEMON_FLAGS, 0, NULL, NULL, exchange_handle,
		&server->context, MHD_OPTION_EXTERNAL_LOGGER, library_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_THREAD_POOL_SIZE, DAEMON_THREADS,
		MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)LIMIT_IDLE, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)LIMIT_HEADERS,
		MHD_OPTION_NOTIFY_COMPLETED, exchange_completed, &server->context, MHD_OPTION_END);
	if (daemon == NULL)
		die(EX_OSERR, "the HTTP server cannot be started: %s", strerror(errno));
	return daemon;
}

struct server *server_start(
	const struct listeners *listeners, const struct broker *broker, struct delivery *delivery)
{
	struct server *server = memory_zeroed(1, sizeof *server);

	descriptors_raise();
	server->context.broker = broker;
	server->context.delivery = delivery;
	traffic_init(&server->context.traffic);
	for (int i = 0; i < listeners->count; i++)
		server->daemons[server->count++] =
			daemon_start(server, listeners->fds[i], listeners->count);
	return server;
}

void server_drain(struct server *server, nsec patience)
{
	for (int i = 0; i < server->count; i++) {
		int fd = MHD_quiesce_daemon(server->daemons[i]);

		if (fd >= 0)
			close(fd);
	}
	traffic_drain(&server->context.traffic, patience);
}

void server_stop(struct server *server)
{
	for (int i = 0; i < server->count; i++)
		MHD_stop_daemon(server->daemons[i]);
	free(server);
}

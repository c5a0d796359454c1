/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/connection.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/random.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct connection {
	struct address to;
	nsec patience;
	int wake_fd;

	pthread_mutex_t lock; /* for what follows */
	enum connection_result result;
	int fd; /* -1: none, or given away */
	int error;
	struct reason why;
	bool dropped; /* whoever comes last frees it */
};

static void connection_free(struct connection *connection)
{
	if (connection->fd >= 0)
		close(connection->fd);
	pthread_mutex_destroy(&connection->lock);
	free(connection);
}

/* Waits until a non-blocking connect(2) has succeeded or failed; 0 or an errno. */
static int connect_await(int fd, nsec patience)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
	socklen_t size = sizeof(int);
	int error;

	int ready = poll(&poll_fd, 1, (int)(patience / NSEC_PER_MSEC));
	if (ready == 0)
		return ETIMEDOUT;
	if (ready < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return errno;
	return error;
}

/* A connected socket, or -1 with *error. */
static int address_connect(
	const struct sockaddr *address, socklen_t length, nsec patience, int *error)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*error = errno;
	if (fd < 0)
		return -1;
	*error = connect(fd, address, length) == 0 ? 0 : errno;
	if (*error == EINPROGRESS)
		*error = connect_await(fd, patience);
	if (*error == 0)
		return fd;
	close(fd);
	return -1;
}

static int path_connect(const struct connection *connection, int *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, connection->to.path, sizeof address.sun_path);
	return address_connect(
		(struct sockaddr *)&address, sizeof address, connection->patience, error);
}

static int host_connect(const struct connection *connection, int *error, struct reason *why)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	const char *host = connection->to.host[0] != '\0' ? connection->to.host : "localhost";
	struct addrinfo *found = NULL;
	char port[8];
	int fd = -1;

	snprintf(port, sizeof port, "%u", connection->to.port);
	int failure = getaddrinfo(host, port, &hints, &found);
	if (failure != 0) {
		*error = 0;
		reason_set(why, "%s", gai_strerror(failure));
		return -1;
	}
	for (const struct addrinfo *i = found; i != NULL && fd < 0; i = i->ai_next)
		fd = address_connect(i->ai_addr, i->ai_addrlen, connection->patience, error);
	freeaddrinfo(found);
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	else
		reason_set(why, "%s", strerror(*error));
	return fd;
}

static void *connection_run(void *argument)
{
	struct connection *connection = argument;
	struct reason why = {""};
	int error = 0;
	int fd = connection->to.path[0] != '\0' ? path_connect(connection, &error)
						: host_connect(connection, &error, &why);

	if (fd < 0 && why.text[0] == '\0')
		reason_set(&why, "%s", strerror(error));
	pthread_mutex_lock(&connection->lock);
	bool dropped = connection->dropped;
	connection->fd = fd;
	connection->error = error;
	connection->why = why;
	connection->result = fd >= 0 ? CONNECTION_DONE : CONNECTION_FAILED;
	if (!dropped)
		eventfd_write(connection->wake_fd, 1);
	pthread_mutex_unlock(&connection->lock);
	if (dropped)
		connection_free(connection);
	return NULL;
}

static void thread_start(struct connection *connection)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	int error = pthread_create(&thread, &attributes, connection_run, connection);
	pthread_attr_destroy(&attributes);
	if (error == 0)
		return;
	connection->result = CONNECTION_FAILED;
	connection->error = error;
	reason_set(&connection->why, "no thread for it: %s", strerror(error));
}

struct connection *connection_start(const struct address *to, nsec patience, int wake_fd)
{
	struct connection *connection = memory_zeroed(1, sizeof *connection);

	connection->to = *to;
	connection->patience = patience;
	connection->wake_fd = wake_fd;
	connection->fd = -1;
	pthread_mutex_init(&connection->lock, NULL);
	thread_start(connection);
	return connection;
}

enum connection_result connection_look(
	struct connection *connection, int *fd, int *error, struct reason *why)
{
	pthread_mutex_lock(&connection->lock);
	enum connection_result result = connection->result;
	if (result == CONNECTION_DONE) {
		*fd = connection->fd;
		connection->fd = -1;
	} else if (result == CONNECTION_FAILED) {
		*error = connection->error;
		*why = connection->why;
	}
	pthread_mutex_unlock(&connection->lock);
	return result;
}

void connection_drop(struct connection *connection)
{
	pthread_mutex_lock(&connection->lock);
	bool over = connection->result != CONNECTION_RUNS;
	connection->dropped = true;
	pthread_mutex_unlock(&connection->lock);
	if (over)
		connection_free(connection);
}

#define REFUSED_WAIT (2 * NSEC_PER_SEC) /* each try renews the lease, which lasts for 5 s */

void outage_init(struct outage *outage, const char *server)
{
	*outage = (struct outage){
		.server = server,
		.backoff = {100 * NSEC_PER_MSEC, 5 * NSEC_PER_SEC, 0},
		.why = {"not connected yet"},
	};
}

void outage_tell(struct outage *outage, unsigned kinds, const char *why, nsec now)
{
	if (!outage->away)
		outage->since = now;
	outage->away = true;
	reason_set(&outage->why, "%s", why);
	if ((outage->told & kinds) == kinds)
		log_debug("Redis at %s: %s", outage->server, why);
	else
		log_error("Redis at %s: %s; until that is over, events are kept in memory "
			  "and answered 202",
			outage->server, why);
	outage->told |= kinds;
}

nsec outage_fail(struct outage *outage, enum outage_kind kind, const char *why, nsec now)
{
	outage_tell(outage, kind, why, now);
	outage->failures++;
	nsec wait = backoff_wait(&outage->backoff, random_number());
	return now + (kind == OUTAGE_REFUSED ? nsec_earlier(wait, REFUSED_WAIT) : wait);
}

void outage_end(struct outage *outage, nsec now)
{
	char span[DURATION_TEXT];

	backoff_reset(&outage->backoff);
	if (!outage->away)
		return;
	log_info("Redis at %s: back after %s", outage->server,
		duration_text(now - outage->since, span));
	outage->away = false;
	outage->told = 0;
}

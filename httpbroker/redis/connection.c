/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/connection.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/random.h"
#include "common/secret.h"
#include "httpbroker/redis/resp.h"

#include <errno.h>
#include <hiredis/hiredis.h>
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
#include <sysexits.h>
#include <unistd.h>

struct connector {
	struct address to;
	nsec timeout;
	int wake_fd;

	pthread_mutex_t lock; /* for what follows */
	enum connector_result result;
	int fd; /* -1: none, or given away */
	int error;
	struct reason why;
	bool dropped; /* the last user frees it */
};

static void connector_free(struct connector *connector)
{
	if (connector->fd >= 0)
		close(connector->fd);
	pthread_mutex_destroy(&connector->lock);
	free(connector);
}

/* Waits until a non-blocking connect(2) has succeeded or failed; 0 or an errno. */
static int connect_await(int fd, nsec timeout)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
	socklen_t size = sizeof(int);
	int error;

	int ready = poll(&poll_fd, 1, (int)(timeout / NSEC_PER_MSEC));
	if (ready == 0)
		return ETIMEDOUT;
	if (ready < 0 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return errno;
	return error;
}

/* A connected socket, or -1 with *error. */
static int address_connect(
	const struct sockaddr *address, socklen_t length, nsec timeout, int *error)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	*error = errno;
	if (fd < 0)
		return -1;
	*error = connect(fd, address, length) == 0 ? 0 : errno;
	if (*error == EINPROGRESS)
		*error = connect_await(fd, timeout);
	if (*error == 0)
		return fd;
	close(fd);
	return -1;
}

static int path_connect(const struct connector *connector, int *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, connector->to.path, sizeof address.sun_path);
	return address_connect(
		(struct sockaddr *)&address, sizeof address, connector->timeout, error);
}

static int host_connect(const struct connector *connector, int *error, struct reason *why)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	const char *host = connector->to.host[0] != '\0' ? connector->to.host : "localhost";
	struct addrinfo *found = NULL;
	char port[8];
	int fd = -1;

	snprintf(port, sizeof port, "%u", connector->to.port);
	int failure = getaddrinfo(host, port, &hints, &found);
	if (failure != 0) {
		*error = 0;
		reason_set(why, "%s", gai_strerror(failure));
		return -1;
	}
	for (const struct addrinfo *i = found; i != NULL && fd < 0; i = i->ai_next)
		fd = address_connect(i->ai_addr, i->ai_addrlen, connector->timeout, error);
	freeaddrinfo(found);
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	else
		reason_set(why, "%s", strerror(*error));
	return fd;
}

static void *connector_run(void *argument)
{
	struct connector *connector = argument;
	struct reason why = {""};
	int error = 0;
	int fd = connector->to.path[0] != '\0' ? path_connect(connector, &error)
					       : host_connect(connector, &error, &why);

	if (fd < 0 && why.text[0] == '\0')
		reason_set(&why, "%s", strerror(error));
	pthread_mutex_lock(&connector->lock);
	bool dropped = connector->dropped;
	connector->fd = fd;
	connector->error = error;
	connector->why = why;
	connector->result = fd >= 0 ? CONNECTOR_DONE : CONNECTOR_FAILED;
	if (!dropped)
		eventfd_write(connector->wake_fd, 1);
	pthread_mutex_unlock(&connector->lock);
	if (dropped)
		connector_free(connector);
	return NULL;
}

static void thread_start(struct connector *connector)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	int error = pthread_create(&thread, &attributes, connector_run, connector);
	pthread_attr_destroy(&attributes);
	if (error == 0)
		return;
	connector->result = CONNECTOR_FAILED;
	connector->error = error;
	reason_set(&connector->why, "no thread for it: %s", strerror(error));
}

struct connector *connector_start(const struct address *to, nsec timeout, int wake_fd)
{
	struct connector *connector = memory_zeroed(1, sizeof *connector);

	connector->to = *to;
	connector->timeout = timeout;
	connector->wake_fd = wake_fd;
	connector->fd = -1;
	pthread_mutex_init(&connector->lock, NULL);
	thread_start(connector);
	return connector;
}

enum connector_result connector_poll(
	struct connector *connector, int *fd, int *error, struct reason *why)
{
	pthread_mutex_lock(&connector->lock);
	enum connector_result result = connector->result;
	if (result == CONNECTOR_DONE) {
		*fd = connector->fd;
		connector->fd = -1;
	} else if (result == CONNECTOR_FAILED) {
		*error = connector->error;
		*why = connector->why;
	}
	pthread_mutex_unlock(&connector->lock);
	return result;
}

void connector_drop(struct connector *connector)
{
	pthread_mutex_lock(&connector->lock);
	bool over = connector->result != CONNECTOR_RUNS;
	connector->dropped = true;
	pthread_mutex_unlock(&connector->lock);
	if (over)
		connector_free(connector);
}

enum { READ_CHUNK = 16384, OUT_KEPT = 4 << 20 };

struct connection {
	int fd;
	redisReader *loader;
	struct buffer out;
	size_t written; /* of out */
};

struct connection *connection_new(int fd)
{
	struct connection *connection = memory_zeroed(1, sizeof *connection);

	connection->fd = fd;
	connection->loader = redisReaderCreate();
	if (connection->loader == NULL)
		die(EX_OSERR, "out of memory");
	return connection;
}

void connection_free(struct connection *connection)
{
	if (connection == NULL)
		return;
	close(connection->fd);
	redisReaderFree(connection->loader);
	buffer_free(&connection->out);
	free(connection);
}

int connection_fd(const struct connection *connection)
{
	return connection->fd;
}

short connection_events(const struct connection *connection)
{
	return connection->written < connection->out.length ? POLLIN | POLLOUT : POLLIN;
}

struct buffer *connection_out(struct connection *connection)
{
	return &connection->out;
}

/* Everything is out: one huge commit shall not be remembered in memory for ever. */
static void out_forget(struct connection *connection)
{
	if (connection->out.capacity > OUT_KEPT)
		buffer_free(&connection->out);
	buffer_clear(&connection->out);
	connection->written = 0;
}

static bool connection_send(struct connection *connection, struct reason *why)
{
	while (connection->written < connection->out.length) {
		ssize_t sent = send(connection->fd, connection->out.data + connection->written,
			connection->out.length - connection->written, MSG_NOSIGNAL);

		if (sent < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (sent < 0)
			return reason_set(why, "the connection broke: %s", strerror(errno));
		connection->written += (size_t)sent;
	}
	if (connection->written > 0)
		out_forget(connection);
	return true;
}

void connection_flush(struct connection *connection)
{
	struct reason ignored;

	connection_send(connection, &ignored);
}

static bool connection_receive(struct connection *connection, struct reason *why)
{
	char chunk[READ_CHUNK];
	ssize_t got = recv(connection->fd, chunk, sizeof chunk, 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (got < 0)
		return reason_set(why, "the connection broke: %s", strerror(errno));
	if (got == 0)
		return reason_set(why, "the connection was closed");
	if (redisReaderFeed(connection->loader, chunk, (size_t)got) != REDIS_OK)
		return reason_set(why, "its answer cannot be read: %s", connection->loader->errstr);
	return true;
}

bool connection_step(struct connection *connection, struct reason *why)
{
	return connection_send(connection, why) && connection_receive(connection, why);
}

bool connection_reply(struct connection *connection, struct redisReply **reply, struct reason *why)
{
	void *answer = NULL;

	if (redisReaderGetReply(connection->loader, &answer) != REDIS_OK)
		return reason_set(why, "its answer cannot be read: %s", connection->loader->errstr);
	*reply = answer;
	return true;
}

enum { STEP_AUTH, STEP_SELECT, STEPS };

static const char *const commands[STEPS] = {"AUTH", "SELECT"};

static void select_write(struct handshake *handshake, struct buffer *out)
{
	char number[16];

	handshake->step = STEP_SELECT;
	snprintf(number, sizeof number, "%d", handshake->login.database);
	resp_command(out, RESP_WORDS("SELECT", number), NULL);
}

void handshake_write(
	struct handshake *handshake, const struct handshake_settings *login, struct buffer *out)
{
	*handshake = (struct handshake){.login = *login, .step = STEP_AUTH};
	if (login->password != NULL && login->user != NULL)
		resp_command(out, RESP_WORDS("AUTH", login->user, login->password), NULL);
	else if (login->password != NULL)
		resp_command(out, RESP_WORDS("AUTH", login->password), NULL);
	else
		select_write(handshake, out);
}

enum handshake_result handshake_read(struct handshake *handshake, const struct redisReply *reply,
	struct buffer *out, struct reason *why)
{
	int step = handshake->step++;

	if (reply->type != REDIS_REPLY_STATUS) {
		reason_set(why, "refuses %s: %s", commands[step],
			reply->type == REDIS_REPLY_ERROR ? reply->str : "an odd answer");
		/* who does not know AUTH quotes what came with it */
		secret_mask(why->text, handshake->login.password);
		return HANDSHAKE_REFUSED;
	}
	if (step == STEP_AUTH)
		select_write(handshake, out);
	return step == STEP_SELECT ? HANDSHAKE_DONE : HANDSHAKE_WAITS;
}

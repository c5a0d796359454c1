/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/connector.h"

#include "common/memory.h"
#include "common/number.h"
#include "httpbroker/redis/connection.h"
#include "httpbroker/redis/resp.h"
#include "httpbroker/redis/tls.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct connector {
	struct redis_place to;
	enum connector_job job;
	size_t first;
	nsec timeout;
	int wake_fd;

	pthread_mutex_t lock; /* for what follows */
	enum connector_result result;
	struct connected end;
	bool dropped; /* the last user frees it */
};

static void connector_free(struct connector *connector)
{
	tls_free(connector->end.ssl, false);
	if (connector->end.fd >= 0)
		close(connector->end.fd);
	SSL_CTX_free(connector->to.tls);
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

static int path_connect(const struct address *to, nsec timeout, int *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	memcpy(address.sun_path, to->path, sizeof address.sun_path);
	return address_connect((struct sockaddr *)&address, sizeof address, timeout, error);
}

static const char *host_of(const struct address *to)
{
	return to->host[0] != '\0' ? to->host : "localhost";
}

static int host_connect(const struct address *to, nsec timeout, int *error, struct reason *why)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	char port[8];
	int fd = -1;

	snprintf(port, sizeof port, "%u", to->port);
	int failure = getaddrinfo(host_of(to), port, &hints, &found);
	if (failure != 0) {
		*error = 0;
		reason_set(why, "%s", gai_strerror(failure));
		return -1;
	}
	for (const struct addrinfo *i = found; i != NULL && fd < 0; i = i->ai_next)
		fd = address_connect(i->ai_addr, i->ai_addrlen, timeout, error);
	freeaddrinfo(found);
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	else
		reason_set(why, "%s", strerror(*error));
	return fd;
}

/* out->fd and out->ssl; false: out->error and the reason. */
static bool any_connect(const struct address *to, SSL_CTX *tls, nsec timeout, struct connected *out,
	struct reason *why)
{
	bool path = to->path[0] != '\0';

	out->fd = path ? path_connect(to, timeout, &out->error)
		       : host_connect(to, timeout, &out->error, why);
	if (path && out->fd < 0)
		reason_set(why, "%s", strerror(out->error));
	if (out->fd < 0 || tls == NULL)
		return out->fd >= 0;
	out->ssl = tls_connect(tls, out->fd, host_of(to), nsec_earlier(timeout, TLS_WAIT), why);
	if (out->ssl != NULL)
		return true;
	close(out->fd);
	out->fd = -1;
	return false;
}

static bool port_read(const redisReply *reply, uint16_t *out)
{
	struct reason ignored;
	int64_t port;

	if (reply->type != REDIS_REPLY_STRING ||
		!number_parse(reply->str, 1, UINT16_MAX, &port, &ignored))
		return false;
	*out = (uint16_t)port;
	return true;
}

bool sentinel_read(
	const struct redisReply *reply, const char *master, struct address *out, struct reason *why)
{
	*out = (struct address){.port = 0};
	if (reply->type == REDIS_REPLY_ERROR)
		return reason_set(why, "refuses SENTINEL: %s", reply->str);
	if (reply->type == REDIS_REPLY_NIL)
		return reason_set(why, "knows no master %s", master);
	bool sound = reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
		     reply->element[0]->type == REDIS_REPLY_STRING && reply->element[0]->len > 0 &&
		     (size_t)reply->element[0]->len < sizeof out->host &&
		     strlen(reply->element[0]->str) == (size_t)reply->element[0]->len &&
		     port_read(reply->element[1], &out->port);
	if (!sound)
		return reason_set(why, "an odd answer");
	memcpy(out->host, reply->element[0]->str, (size_t)reply->element[0]->len);
	return true;
}

/* Sends and receives until there is a reply, NULL: none came within SENTINEL_WAIT. */
static redisReply *reply_await(struct connection *connection, struct reason *why)
{
	nsec until = clock_monotonic() + SENTINEL_WAIT;
	struct redisReply *reply = NULL;

	for (;;) {
		struct pollfd poll_fd = {
			connection_fd(connection), connection_events(connection), 0};
		nsec left = until - clock_monotonic();

		if (left <= 0) {
			reason_set(why, "no answer");
			return NULL;
		}
		poll(&poll_fd, 1, (int)(left / NSEC_PER_MSEC) + 1);
		if (!connection_step(connection, why) ||
			!connection_reply(connection, &reply, why) || reply != NULL)
			return reply;
	}
}

static bool sentinel_ask(const struct address *sentinel, const struct redis_place *to,
	struct address *out, struct reason *why)
{
	struct connected end = {.fd = -1};

	if (!any_connect(sentinel, to->tls, SENTINEL_WAIT, &end, why))
		return false;
	struct connection *connection = connection_new(end.fd, end.ssl);
	resp_command(connection_out(connection),
		RESP_WORDS("SENTINEL", "get-master-addr-by-name", to->master), NULL);
	redisReply *reply = reply_await(connection, why);
	bool found = reply != NULL && sentinel_read(reply, to->master, out, why);
	if (reply != NULL)
		freeReplyObject(reply);
	connection_free(connection);
	return found;
}

/* Asks the sentinels in turn. */
static bool master_find(const struct redis_place *to, size_t first, struct connected *out)
{
	struct reason all = {""};

	for (size_t i = 0; i < to->sentinel_count; i++) {
		size_t index = (first + i) % to->sentinel_count;
		char text[ADDRESS_TEXT];
		struct reason why, before = all;

		out->answered = sentinel_ask(&to->sentinels[index], to, &out->server, &why);
		out->sentinel = index;
		if (out->answered)
			return true;
		reason_set(&all, "%s%ssentinel %s: %s", before.text, i > 0 ? "; " : "",
			address_text(&to->sentinels[index], text), why.text);
	}
	return reason_set(&out->why, "no sentinel says where %s is: %s", to->master, all.text);
}

static bool connector_work(const struct connector *connector, struct connected *out)
{
	bool asks = connector->to.sentinel_count > 0;
	struct reason cause = {""};

	*out = (struct connected){.fd = -1, .server = connector->to.server};
	if (asks && !master_find(&connector->to, connector->first, out))
		return false;
	if (connector->job == CONNECTOR_ASKS)
		return true;
	return any_connect(&out->server, connector->to.tls, connector->timeout, out, &cause) ||
	       reason_set(&out->why, "cannot connect: %s", cause.text);
}

static void *connector_run(void *argument)
{
	struct connector *connector = argument;
	struct connected end;
	bool done = connector_work(connector, &end);

	pthread_mutex_lock(&connector->lock);
	bool dropped = connector->dropped;
	connector->end = end;
	connector->result = done ? CONNECTOR_DONE : CONNECTOR_FAILED;
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
	connector->end.error = error;
	reason_set(&connector->end.why, "no thread for it: %s", strerror(error));
}

struct connector *connector_start(const struct redis_place *to, enum connector_job job,
	size_t first, nsec timeout, int wake_fd)
{
	struct connector *connector = memory_zeroed(1, sizeof *connector);

	connector->to = *to;
	if (to->tls != NULL)
		SSL_CTX_up_ref(to->tls); /* the thread may outlive its owner */
	connector->job = job;
	connector->first = first;
	connector->timeout = timeout;
	connector->wake_fd = wake_fd;
	connector->end.fd = -1;
	pthread_mutex_init(&connector->lock, NULL);
	thread_start(connector);
	return connector;
}

enum connector_result connector_poll(struct connector *connector, struct connected *out)
{
	pthread_mutex_lock(&connector->lock);
	enum connector_result result = connector->result;
	if (result != CONNECTOR_RUNS) {
		*out = connector->end;
		connector->end.fd = -1;
		connector->end.ssl = NULL;
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

/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/connection.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/secret.h"
#include "httpbroker/redis/confirm.h"
#include "httpbroker/redis/resp.h"
#include "httpbroker/redis/tls.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

enum { READ_CHUNK = 16384, OUT_KEPT = 4 << 20 };

struct connection {
	int fd;
	SSL *ssl; /* NULL: none */
	redisReader *reader;
	struct buffer out;
	size_t written; /* of out */
	bool broken;    /* and why */
	struct reason reason;
};

struct connection *connection_new(int fd, SSL *ssl)
{
	struct connection *connection = memory_zeroed(1, sizeof *connection);

	connection->fd = fd;
	connection->ssl = ssl;
	connection->reader = redisReaderCreate();
	if (connection->reader == NULL)
		die(EX_OSERR, "out of memory");
	return connection;
}

void connection_free(struct connection *connection)
{
	if (connection == NULL)
		return;
	tls_free(connection->ssl, connection->broken);
	close(connection->fd);
	redisReaderFree(connection->reader);
	buffer_free(&connection->out);
	free(connection);
}

int connection_fd(const struct connection *connection)
{
	return connection->fd;
}

short connection_events(const struct connection *connection)
{
	bool writes = connection->written < connection->out.length ||
		      (connection->ssl != NULL && tls_wants_write(connection->ssl));

	return writes ? POLLIN | POLLOUT : POLLIN;
}

struct buffer *connection_out(struct connection *connection)
{
	return &connection->out;
}

/* All is sent: the memory of a huge commit is given back. */
static void out_forget(struct connection *connection)
{
	if (connection->out.capacity > OUT_KEPT)
		buffer_free(&connection->out);
	buffer_clear(&connection->out);
	connection->written = 0;
}

/* Of recv(2) or send(2): false if the connection is over; else *done, 0 if it has to wait. */
static bool transfer_check(ssize_t result, size_t *done, struct reason *why)
{
	*done = result > 0 ? (size_t)result : 0;
	if (result < 0 && errno != EAGAIN && errno != EINTR)
		return reason_set(why, "the connection broke: %s", strerror(errno));
	return true;
}

static bool part_send(struct connection *connection, size_t *done, struct reason *why)
{
	const char *data = connection->out.data + connection->written;
	size_t length = connection->out.length - connection->written;

	if (connection->ssl != NULL)
		return tls_send(connection->ssl, data, length, done, why);
	return transfer_check(send(connection->fd, data, length, MSG_NOSIGNAL), done, why);
}

static bool connection_send(struct connection *connection, struct reason *why)
{
	size_t done;

	while (connection->written < connection->out.length) {
		if (!part_send(connection, &done, why))
			return false;
		if (done == 0)
			return true;
		connection->written += done;
	}
	if (connection->written > 0)
		out_forget(connection);
	return true;
}

/* TLS would fail in other words when it is used again. */
void connection_flush(struct connection *connection)
{
	if (!connection->broken)
		connection->broken = !connection_send(connection, &connection->reason);
}

static bool part_receive(
	struct connection *connection, char *chunk, size_t *done, struct reason *why)
{
	if (connection->ssl != NULL)
		return tls_receive(connection->ssl, chunk, READ_CHUNK, done, why);
	ssize_t got = recv(connection->fd, chunk, READ_CHUNK, 0);
	if (got == 0)
		return reason_set(why, "the connection was closed");
	return transfer_check(got, done, why);
}

/* A record of TLS is no longer than READ_CHUNK: nothing read stays there while poll(2) waits. */
static bool connection_receive(struct connection *connection, struct reason *why)
{
	char chunk[READ_CHUNK];
	size_t got;

	if (!part_receive(connection, chunk, &got, why))
		return false;
	if (got > 0 && redisReaderFeed(connection->reader, chunk, got) != REDIS_OK)
		return reason_set(why, "its answer cannot be read: %s", connection->reader->errstr);
	return true;
}

bool connection_step(struct connection *connection, struct reason *why)
{
	connection_flush(connection);
	if (!connection->broken)
		connection->broken = !connection_receive(connection, &connection->reason);
	return !connection->broken || reason_set(why, "%s", connection->reason.text);
}

bool connection_reply(struct connection *connection, struct redisReply **reply, struct reason *why)
{
	void *answer = NULL;

	if (redisReaderGetReply(connection->reader, &answer) != REDIS_OK)
		return reason_set(why, "its answer cannot be read: %s", connection->reader->errstr);
	*reply = answer;
	return true;
}

enum { STEP_AUTH, STEP_ROLE, STEP_SELECT, STEPS };

static const char *const commands[STEPS] = {"AUTH", "ROLE", "SELECT"};

static void auth_write(const struct handshake_settings *login, struct buffer *out)
{
	if (login->user != NULL)
		resp_command(out, RESP_WORDS("AUTH", login->user, login->password), NULL);
	else
		resp_command(out, RESP_WORDS("AUTH", login->password), NULL);
}

/* The first command that is needed, from this step on. */
static void step_write(struct handshake *handshake, int step, struct buffer *out)
{
	const struct handshake_settings *login = &handshake->login;
	char number[16];

	if (step == STEP_AUTH && login->password == NULL)
		step = STEP_ROLE;
	if (step == STEP_ROLE && !login->sentinel)
		step = STEP_SELECT;
	handshake->step = step;
	snprintf(number, sizeof number, "%d", login->database);
	if (step == STEP_AUTH)
		auth_write(login, out);
	else if (step == STEP_ROLE)
		resp_command(out, RESP_WORDS("ROLE"), NULL);
	else
		resp_command(out, RESP_WORDS("SELECT", number), NULL);
}

void handshake_write(
	struct handshake *handshake, const struct handshake_settings *login, struct buffer *out)
{
	*handshake = (struct handshake){.login = *login};
	step_write(handshake, STEP_AUTH, out);
}

enum handshake_result handshake_read(struct handshake *handshake, const struct redisReply *reply,
	struct buffer *out, struct reason *why)
{
	int step = handshake->step;
	struct role ignored;

	if (step == STEP_ROLE && !role_read(reply, &ignored, why))
		return HANDSHAKE_REFUSED;
	if (step != STEP_ROLE && reply->type != REDIS_REPLY_STATUS) {
		reply_refuse(reply, commands[step], "", why);
		/* a server that does not know AUTH quotes its arguments */
		secret_mask(why->text, handshake->login.password);
		return HANDSHAKE_REFUSED;
	}
	if (step == STEP_SELECT)
		return HANDSHAKE_DONE;
	step_write(handshake, step + 1, out);
	return HANDSHAKE_WAITS;
}

/* SPDX-License-Identifier: MIT */
/*
 * A connection to Redis that never blocks: the handshake logs in, the connection carries commands
 * and replies. (connector.h connects.)
 */
#ifndef HTTPBROKER_REDIS_CONNECTION_H
#define HTTPBROKER_REDIS_CONNECTION_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "common/reason.h"

#include <openssl/types.h>
#include <stdbool.h>

struct redisReply;

/*
 * AUTH, if there is a password (with a user, Redis 6 or newer); ROLE, if it must be a master; then
 * SELECT. Each is sent after the reply to the one before: where SELECT fails, later commands must
 * not reach database 0.
 */
struct handshake_settings {
	const char *user;     /* an ACL user; NULL: the default one; not owned, as the next */
	const char *password; /* NULL: none */
	int database;
	bool sentinel; /* a sentinel has named it: a replica is refused */
};

struct handshake {
	struct handshake_settings login;
	int step; /* whose reply is awaited */
};

enum handshake_result { HANDSHAKE_WAITS, HANDSHAKE_DONE, HANDSHAKE_REFUSED };

/* Appends the first command. */
void handshake_write(
	struct handshake *handshake, const struct handshake_settings *login, struct buffer *out);

/* Reads the next reply and appends the next command; HANDSHAKE_REFUSED sets the reason. */
enum handshake_result handshake_read(struct handshake *handshake, const struct redisReply *reply,
	struct buffer *out, struct reason *why);

/* After the first failure a connection can only be freed. */
struct connection;

/* Takes over a connected, non-blocking socket, and TLS on it (tls.h; NULL: none). */
struct connection *connection_new(int fd, SSL *ssl);
void connection_free(struct connection *connection);

/* For poll(2): the socket, and POLLIN or POLLIN | POLLOUT. */
int connection_fd(const struct connection *connection);
short connection_events(const struct connection *connection);

/* The buffer that commands are appended to. */
struct buffer *connection_out(struct connection *connection);

/* Writes what the socket takes. connection_step() reports a failure. */
void connection_flush(struct connection *connection);

/* Writes what the socket takes and reads what it has. */
bool connection_step(struct connection *connection, struct reason *why);

/* The next reply; *reply is NULL if none is complete, else to be freed by freeReplyObject(). */
bool connection_reply(struct connection *connection, struct redisReply **reply, struct reason *why);

#endif

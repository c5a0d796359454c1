/* SPDX-License-Identifier: MIT */
/*
 * What is said first on a new connection to Redis:
 *
 *     AUTH PASSWORD    if there is one
 *     SELECT DATABASE
 *
 * each when the one before was answered, and only then anything else: where SELECT fails that
 * would go to database 0.
 */
#ifndef HTTPBROKER_REDIS_HANDSHAKE_H
#define HTTPBROKER_REDIS_HANDSHAKE_H

#include "common/buffer.h"
#include "common/reason.h"

struct redisReply;

/* Who greets, and what for. Nothing is owned. */
struct greeter {
	const char *password; /* NULL: none */
	int database;
};

struct handshake {
	struct greeter greeter;
	int step; /* whose answer is awaited */
};

/* Appends the first command. */
void handshake_write(
	struct handshake *handshake, const struct greeter *greeter, struct buffer *out);

enum handshake_verdict { HANDSHAKE_WAITS, HANDSHAKE_DONE, HANDSHAKE_REFUSED };

/*
 * Takes the next answer, and appends what is to be said next; the reason is set with
 * HANDSHAKE_REFUSED.
 */
enum handshake_verdict handshake_judge(struct handshake *handshake, const struct redisReply *reply,
	struct buffer *out, struct reason *why);

#endif

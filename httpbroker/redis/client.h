/* SPDX-License-Identifier: MIT */
/*
 * A connection to Redis that never blocks: bytes go out as the socket takes them, answers are
 * there when they are there. After the first failure it is good for nothing but being freed.
 */
#ifndef HTTPBROKER_REDIS_CLIENT_H
#define HTTPBROKER_REDIS_CLIENT_H

#include "common/buffer.h"
#include "common/reason.h"

#include <stdbool.h>

struct redis;
struct redisReply;

/* Takes over a connected, non-blocking socket. */
struct redis *redis_new(int fd);
void redis_free(struct redis *redis);

/* For poll(2): the socket, and POLLIN or POLLIN | POLLOUT. */
int redis_fd(const struct redis *redis);
short redis_events(const struct redis *redis);

/* Where commands are appended. */
struct buffer *redis_out(struct redis *redis);

/* Writes what the socket takes. A failure shows in the next redis_step(). */
void redis_flush(struct redis *redis);

/* Writes what the socket takes and reads what it has. */
bool redis_step(struct redis *redis, struct reason *why);

/* The next answer; *reply is NULL if none is complete, else to be freed by freeReplyObject(). */
bool redis_answer(struct redis *redis, struct redisReply **reply, struct reason *why);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A query: one command and its reply. With Sentinel WAIT is sent behind one that writes: its reply
 * is only returned if a replica has what was written. Pure.
 */
#ifndef HTTPBROKER_REDIS_QUERY_H
#define HTTPBROKER_REDIS_QUERY_H

#include "common/buffer.h"
#include "common/reason.h"

#include <stdbool.h>

struct redisReply;
struct resp_list;

struct query {
	struct redisReply *reply; /* not yet returned; NULL: none */
	bool waits;               /* WAIT was sent behind it */
};

/* Appends the command, and WAIT if it `waits`. */
void query_write(struct query *query, const char *const *words, const struct resp_list *list,
	bool waits, struct buffer *out);

enum query_result { QUERY_WAITS, QUERY_DONE, QUERY_REFUSED };

/* Takes over the next reply; QUERY_REFUSED sets the reason. */
enum query_result query_read(struct query *query, struct redisReply *reply, struct reason *why);

/* The reply, once, the caller's to free; NULL: none, or no replica has what was written. */
struct redisReply *query_take(struct query *query);

/* The connection is closed. */
void query_drop(struct query *query);

#endif

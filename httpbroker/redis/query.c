/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/query.h"

#include "httpbroker/redis/confirm.h"
#include "httpbroker/redis/resp.h"

#include <hiredis/hiredis.h>

void query_write(struct query *query, const char *const *words, const struct resp_list *list,
	bool waits, struct buffer *out)
{
	resp_command(out, words, list);
	if (waits)
		wait_write(CONFIRM_WITHIN, out);
	query->waits = waits;
}

enum query_result query_read(struct query *query, struct redisReply *reply, struct reason *why)
{
	if (query->reply == NULL) {
		query->reply = reply;
		return query->waits ? QUERY_WAITS : QUERY_DONE;
	}
	int64_t replicas = wait_read(reply, why);
	freeReplyObject(reply);
	if (replicas <= 0)
		query_drop(query);
	return replicas >= 0 ? QUERY_DONE : QUERY_REFUSED;
}

struct redisReply *query_take(struct query *query)
{
	struct redisReply *reply = query->reply;

	query->reply = NULL;
	return reply;
}

void query_drop(struct query *query)
{
	if (query->reply != NULL)
		freeReplyObject(query->reply);
	query->reply = NULL;
}

/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/confirm.h"

#include "common/number.h"
#include "httpbroker/redis/resp.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void wait_write(nsec limit, struct buffer *out)
{
	char millis[24];

	/* 0 would wait for ever */
	snprintf(millis, sizeof millis, "%" PRId64,
		limit > NSEC_PER_MSEC ? limit / NSEC_PER_MSEC : 1);
	resp_command(out, RESP_WORDS("WAIT", "1", millis), NULL);
}

/* Of `[HOST, PORT, OFFSET]`; 0: nothing can be said. */
static int64_t replica_offset(const redisReply *replica)
{
	const redisReply *offset = replica->type == REDIS_REPLY_ARRAY && replica->elements == 3
					   ? replica->element[2]
					   : NULL;
	struct reason ignored;
	int64_t number = 0;

	if (offset != NULL && offset->type == REDIS_REPLY_STRING)
		number_parse(offset->str, 0, INT64_MAX, &number, &ignored);
	return number;
}

static void replicas_read(const redisReply *list, struct role *out)
{
	out->replicas = list->elements;
	out->least = INT64_MAX;
	for (size_t i = 0; i < list->elements; i++) {
		int64_t offset = replica_offset(list->element[i]);

		if (offset < out->least)
			out->least = offset;
	}
}

/* `[master, OFFSET, [REPLICA...]]` */
bool role_read(const struct redisReply *reply, struct role *out, struct reason *why)
{
	bool array = reply->type == REDIS_REPLY_ARRAY && reply->elements > 0;
	const redisReply *role = array ? reply->element[0] : NULL;

	*out = (struct role){0, 0, 0};
	if (role == NULL || role->type != REDIS_REPLY_STRING)
		return reply_refuse(reply, "ROLE", "", why);
	if (strcmp(role->str, "master") != 0)
		return reason_set(why, "it is no master: its role is %.20s", role->str);
	if (reply->elements < 3 || reply->element[1]->type != REDIS_REPLY_INTEGER ||
		reply->element[2]->type != REDIS_REPLY_ARRAY)
		return reply_refuse(reply, "ROLE", "", why);
	out->offset = reply->element[1]->integer;
	replicas_read(reply->element[2], out);
	return true;
}

void confirm_open(struct confirm *confirm, nsec now)
{
	confirm->confirmed = confirm->unconfirmed = confirm->fresh = false;
	confirm->whole_at = now;
}

nsec confirm_limit(struct confirm *confirm, nsec now)
{
	bool whole = confirm->confirmed || now >= confirm->whole_at;

	if (!confirm->sentinel)
		return 0;
	if (whole)
		confirm->whole_at = now + CONFIRM_TRIED;
	return whole ? CONFIRM_WITHIN : CONFIRM_SHORT;
}

void confirm_end(struct confirm *confirm, bool confirmed, const struct role *role)
{
	confirm->confirmed = confirm->fresh = confirmed;
	confirm->unconfirmed = !confirmed && confirm->sentinel;
	confirm->role = *role;
}

bool confirm_is_done(const struct confirm *confirm)
{
	return confirm->confirmed || !confirm->sentinel;
}

bool confirm_role(struct confirm *confirm, struct role *out)
{
	bool fresh = confirm->fresh;

	confirm->fresh = false;
	*out = confirm->role;
	return fresh;
}

void query_write(struct query_reply *query, const char *const *words, const struct resp_list *list,
	bool waits, struct buffer *out)
{
	resp_command(out, words, list);
	if (waits)
		wait_write(CONFIRM_WITHIN, out);
	query->waits = waits;
}

enum query_result query_read(
	struct query_reply *query, struct redisReply *reply, struct reason *why)
{
	if (query->reply == NULL) {
		query->reply = reply;
		return query->waits ? QUERY_WAITS : QUERY_DONE;
	}
	bool refused = reply->type != REDIS_REPLY_INTEGER;
	if (refused)
		reply_refuse(reply, "WAIT", "", why);
	if (refused || reply->integer == 0)
		query_drop(query);
	freeReplyObject(reply);
	return refused ? QUERY_REFUSED : QUERY_DONE;
}

struct redisReply *query_take(struct query_reply *query)
{
	struct redisReply *reply = query->reply;

	query->reply = NULL;
	return reply;
}

void query_drop(struct query_reply *query)
{
	if (query->reply != NULL)
		freeReplyObject(query->reply);
	query->reply = NULL;
}

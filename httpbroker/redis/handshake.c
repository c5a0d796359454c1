/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/handshake.h"

#include "common/secret.h"
#include "httpbroker/redis/resp.h"

#include <hiredis/hiredis.h>
#include <stdio.h>

enum { STEP_AUTH, STEP_SELECT, STEPS };

static const char *const commands[STEPS] = {"AUTH", "SELECT"};

static void select_write(struct handshake *handshake, struct buffer *out)
{
	char number[16];

	handshake->step = STEP_SELECT;
	snprintf(number, sizeof number, "%d", handshake->greeter.database);
	resp_command(out, RESP_WORDS("SELECT", number), NULL);
}

void handshake_write(struct handshake *handshake, const struct greeter *greeter, struct buffer *out)
{
	*handshake = (struct handshake){.greeter = *greeter, .step = STEP_AUTH};
	if (greeter->password != NULL)
		resp_command(out, RESP_WORDS("AUTH", greeter->password), NULL);
	else
		select_write(handshake, out);
}

enum handshake_verdict handshake_judge(struct handshake *handshake, const struct redisReply *reply,
	struct buffer *out, struct reason *why)
{
	int step = handshake->step++;

	if (reply->type != REDIS_REPLY_STATUS) {
		reason_set(why, "refuses %s: %s", commands[step],
			reply->type == REDIS_REPLY_ERROR ? reply->str : "an odd answer");
		/* who does not know AUTH quotes what came with it */
		secret_mask(why->text, handshake->greeter.password);
		return HANDSHAKE_REFUSED;
	}
	if (step == STEP_AUTH)
		select_write(handshake, out);
	return step == STEP_SELECT ? HANDSHAKE_DONE : HANDSHAKE_WAITS;
}

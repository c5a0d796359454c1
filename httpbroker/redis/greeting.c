/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/greeting.h"

#include "common/secret.h"
#include "httpbroker/redis/resp.h"

#include <hiredis/hiredis.h>
#include <stdio.h>

enum { STEP_AUTH, STEP_SELECT, STEPS };

static const char *const commands[STEPS] = {"AUTH", "SELECT"};

static void select_write(struct greeting *greeting, struct buffer *out)
{
	char number[16];

	greeting->step = STEP_SELECT;
	snprintf(number, sizeof number, "%d", greeting->greeter.database);
	resp_command(out, RESP_WORDS("SELECT", number), NULL);
}

void greeting_write(struct greeting *greeting, const struct greeter *greeter, struct buffer *out)
{
	*greeting = (struct greeting){.greeter = *greeter, .step = STEP_AUTH};
	if (greeter->password != NULL)
		resp_command(out, RESP_WORDS("AUTH", greeter->password), NULL);
	else
		select_write(greeting, out);
}

enum greeting_verdict greeting_judge(struct greeting *greeting, const struct redisReply *reply,
	struct buffer *out, struct reason *why)
{
	int step = greeting->step++;

	if (reply->type != REDIS_REPLY_STATUS) {
		reason_set(why, "refuses %s: %s", commands[step],
			reply->type == REDIS_REPLY_ERROR ? reply->str : "an odd answer");
		/* who does not know AUTH quotes what came with it */
		secret_mask(why->text, greeting->greeter.password);
		return GREETING_REFUSED;
	}
	if (step == STEP_AUTH)
		select_write(greeting, out);
	return step == STEP_SELECT ? GREETING_DONE : GREETING_WAITS;
}

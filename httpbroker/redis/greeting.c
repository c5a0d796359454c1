/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/greeting.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

static void touch_write(const struct keys *keys, struct buffer *out)
{
	resp_command(out, RESP_WORDS("APPEND", keys->batch, ""), NULL);
	resp_command(out, RESP_WORDS("GET", keys->batch), NULL);
	resp_command(out, RESP_WORDS("WATCH", keys->batch), NULL);
}

static bool batch_take(struct greeting *greeting, const redisReply *reply, struct reason *why)
{
	/* without one, the touch has left an empty string */
	greeting->found = reply->type == REDIS_REPLY_STRING && reply->len > 0;
	return !greeting->found ||
	       batch_read(reply->str, (size_t)reply->len, &greeting->last, why) ||
	       reason_prefix(why, "holds a batch number that cannot be read");
}

enum { STEP_AUTH, STEP_SELECT, STEP_APPEND, STEP_GET, STEP_WATCH, STEPS };

static const struct step {
	int expected; /* the answer's type */
	const char *command;
} steps[STEPS] = {
	[STEP_AUTH] = {REDIS_REPLY_STATUS, "AUTH"},
	[STEP_SELECT] = {REDIS_REPLY_STATUS, "SELECT"},
	[STEP_APPEND] = {REDIS_REPLY_INTEGER, "APPEND"},
	[STEP_GET] = {REDIS_REPLY_STRING, "GET"},
	[STEP_WATCH] = {REDIS_REPLY_STATUS, "WATCH"},
};

static void select_write(struct greeting *greeting, struct buffer *out)
{
	char number[16];

	greeting->step = STEP_SELECT;
	snprintf(number, sizeof number, "%d", greeting->greeter.database);
	resp_command(out, RESP_WORDS("SELECT", number), NULL);
}

void greeting_write(struct greeting *greeting, const struct keys *keys,
	const struct greeter *greeter, struct buffer *out)
{
	*greeting = (struct greeting){.keys = keys, .greeter = *greeter, .step = STEP_AUTH};
	if (greeter->password != NULL)
		resp_command(out, RESP_WORDS("AUTH", greeter->password), NULL);
	else
		select_write(greeting, out);
}

enum greeting_verdict greeting_judge(struct greeting *greeting, const struct redisReply *reply,
	struct buffer *out, struct reason *why)
{
	int step = greeting->step++;

	if (reply->type != steps[step].expected) {
		reason_set(why, "refuses %s: %s", steps[step].command,
			reply->type == REDIS_REPLY_ERROR ? reply->str : "an odd answer");
		return GREETING_REFUSED;
	}
	if (step == STEP_AUTH)
		select_write(greeting, out);
	if (step == STEP_SELECT)
		touch_write(greeting->keys, out);
	if (step == STEP_GET && !batch_take(greeting, reply, why))
		return GREETING_REFUSED;
	return step + 1 < STEPS ? GREETING_WAITS : GREETING_DONE;
}

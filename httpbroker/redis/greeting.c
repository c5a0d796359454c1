/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/greeting.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

void greeting_write(
	struct greeting *greeting, const struct keys *keys, int database, struct buffer *out)
{
	char number[16];

	*greeting = (struct greeting){.keys = keys};
	snprintf(number, sizeof number, "%d", database);
	resp_command(out, RESP_WORDS("SELECT", number), NULL);
}

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

static const struct step {
	int expected; /* the answer's type */
	const char *command;
} steps[] = {
	{REDIS_REPLY_STATUS, "SELECT"},
	{REDIS_REPLY_INTEGER, "APPEND"},
	{REDIS_REPLY_STRING, "GET"},
	{REDIS_REPLY_STATUS, "WATCH"},
};

enum { STEPS = sizeof steps / sizeof steps[0], STEP_SELECT = 0, STEP_GET = 2 };

enum greeting_verdict greeting_judge(struct greeting *greeting, const struct redisReply *reply,
	struct buffer *out, struct reason *why)
{
	int index = greeting->answers++;
	const struct step *step = &steps[index];

	if (reply->type != step->expected) {
		reason_set(why, "refuses %s: %s", step->command,
			reply->type == REDIS_REPLY_ERROR ? reply->str : "an odd answer");
		return GREETING_REFUSED;
	}
	if (index == STEP_SELECT)
		touch_write(greeting->keys, out);
	if (index == STEP_GET && !batch_take(greeting, reply, why))
		return GREETING_REFUSED;
	return index + 1 < STEPS ? GREETING_WAITS : GREETING_DONE;
}

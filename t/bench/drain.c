/* SPDX-License-Identifier: MIT */
/*
 * drain PORT QUEUE SECONDS: takes away what comes to the list, and to QUEUE_actions, twenty times
 * a second for so long. Prints how many elements that were a second.
 */
#include "common/clocks.h"
#include "common/log.h"
#include "common/options.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <sysexits.h>
#include <time.h>

static redisReply *answer_await(redisContext *redis)
{
	void *reply = NULL;

	if (redisGetReply(redis, &reply) != REDIS_OK)
		die(EX_UNAVAILABLE, "Redis: %s", redis->errstr);
	return reply;
}

/* Empties the list, and returns how many there were. */
static int64_t list_empty(redisContext *redis, const char *queue)
{
	redisAppendCommand(redis, "MULTI");
	redisAppendCommand(redis, "LLEN %s", queue);
	redisAppendCommand(redis, "UNLINK %s %s_actions", queue, queue);
	redisAppendCommand(redis, "EXEC");
	for (int i = 0; i < 3; i++)
		freeReplyObject(answer_await(redis));
	redisReply *reply = answer_await(redis);
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
		die(EX_UNAVAILABLE, "Redis refuses EXEC");
	int64_t count = reply->element[0]->integer;
	freeReplyObject(reply);
	return count;
}

int main(int argc, char **argv)
{
	static const struct timespec pause = {0, 50 * NSEC_PER_MSEC};
	int64_t count = 0;

	log_open("drain");
	if (argc != 4)
		die(EX_USAGE, "usage: drain PORT QUEUE SECONDS");
	int port = (int)option_number("PORT", argv[1], 1, 65535);
	nsec span = option_duration("SECONDS", argv[3], NSEC_PER_MSEC, 3600 * NSEC_PER_SEC);
	redisContext *redis = redisConnect("127.0.0.1", port);
	if (redis == NULL || redis->err != 0)
		die(EX_UNAVAILABLE, "cannot connect to Redis");
	list_empty(redis, argv[2]); /* what there was before is not counted */
	nsec start = clock_monotonic();
	while (clock_monotonic() < start + span) {
		nanosleep(&pause, NULL);
		count += list_empty(redis, argv[2]);
	}
	double seconds = (double)(clock_monotonic() - start) / NSEC_PER_SEC;
	printf("%.0f\n", (double)count / seconds);
	redisFree(redis);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * lpush PORT QUEUE LENGTH SECONDS: what Redis takes at most. For so long it pushes texts of so
 * many bytes to the list, a thousand with each LPUSH, some of which are always under way; every
 * half million it empties the list. Prints how many were acknowledged a second.
 */
#include "common/clocks.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/options.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum { EACH = 1000, UNDER_WAY = 4, COMMANDS_KEPT = 500 };

/* LPUSH QUEUE text text …, as Redis reads it. */
static char *command_make(const char *queue, size_t length, int *size)
{
	const char *words[2 + EACH] = {"LPUSH", queue};
	size_t lengths[2 + EACH] = {strlen("LPUSH"), strlen(queue)};
	char *text = memory_zeroed(1, length + 1);
	char *command = NULL;

	memset(text, 'x', length);
	for (int i = 2; i < 2 + EACH; i++) {
		words[i] = text;
		lengths[i] = length;
	}
	*size = (int)redisFormatCommandArgv(&command, 2 + EACH, words, lengths);
	free(text);
	if (*size < 0)
		die(EX_OSERR, "out of memory");
	return command;
}

static void answer_await(redisContext *redis)
{
	redisReply *reply = NULL;

	if (redisGetReply(redis, (void **)&reply) != REDIS_OK)
		die(EX_UNAVAILABLE, "Redis: %s", redis->errstr);
	if (reply->type != REDIS_REPLY_INTEGER)
		die(EX_UNAVAILABLE, "Redis answers: %s", reply->str != NULL ? reply->str : "?");
	freeReplyObject(reply);
}

static int64_t commands_run(
	redisContext *redis, const char *queue, const char *command, int size, nsec until)
{
	int64_t sent = 0, done = 0;

	while (clock_monotonic() < until) {
		for (; sent - done < UNDER_WAY; sent++)
			redisAppendFormattedCommand(redis, command, (size_t)size);
		answer_await(redis);
		if (++done % COMMANDS_KEPT == 0) {
			while (done < sent) {
				answer_await(redis);
				done++;
			}
			redisAppendCommand(redis, "UNLINK %s", queue);
			answer_await(redis);
		}
	}
	return done;
}

int main(int argc, char **argv)
{
	int size;

	log_open("lpush");
	if (argc != 5)
		die(EX_USAGE, "usage: lpush PORT QUEUE LENGTH SECONDS");
	int port = (int)option_number("PORT", argv[1], 1, 65535);
	size_t length = (size_t)option_number("LENGTH", argv[3], 1, 65536);
	nsec span = option_duration("SECONDS", argv[4], NSEC_PER_MSEC, 3600 * NSEC_PER_SEC);
	redisContext *redis = redisConnect("127.0.0.1", port);
	if (redis == NULL || redis->err != 0)
		die(EX_UNAVAILABLE, "cannot connect to Redis");
	char *command = command_make(argv[2], length, &size);
	nsec start = clock_monotonic();
	int64_t done = commands_run(redis, argv[2], command, size, start + span);
	double seconds = (double)(clock_monotonic() - start) / NSEC_PER_SEC;
	printf("%.0f\n", (double)(done * EACH) / seconds);
	redisFreeCommand(command);
	redisFree(redis);
	return 0;
}

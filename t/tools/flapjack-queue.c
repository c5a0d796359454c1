/* SPDX-License-Identifier: MIT */
#include "t/tools/flapjack-queue.h"

#include "common/memory.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

struct queue {
	redisContext *waiting; /* for a pending BRPOP */
	redisContext *asking;  /* for all other commands */
	const char *name;
	char *awaited; /* the list of the BRPOP */
	enum flapjack_version version;
};

static bool context_failed(const redisContext *context, struct reason *why)
{
	return reason_set(why, "Redis: %s", context == NULL ? "no memory" : context->errstr);
}

/* Takes over `reply`; false, with the reason, if there is none or it is an error. */
static bool reply_good(const redisContext *context, redisReply *reply, struct reason *why)
{
	if (reply == NULL)
		return context_failed(context, why);
	if (reply->type == REDIS_REPLY_ERROR)
		reason_set(why, "Redis: %s", reply->str);
	bool good = reply->type != REDIS_REPLY_ERROR;
	freeReplyObject(reply);
	return good;
}

static redisContext *connection_open(const struct address *redis, int database, struct reason *why)
{
	const struct timeval limit = {.tv_sec = 5};
	redisContext *context = redisConnectWithTimeout(redis->host, redis->port, limit);

	if (context == NULL || context->err != 0 ||
		!reply_good(context, redisCommand(context, "SELECT %d", database), why)) {
		if (context == NULL || context->err != 0)
			context_failed(context, why);
		redisFree(context);
		return NULL;
	}
	return context;
}

static bool wait_begin(struct queue *queue, struct reason *why)
{
	int done = 0;

	redisAppendCommand(queue->waiting, "BRPOP %s 0", queue->awaited);
	while (done == 0)
		if (redisBufferWrite(queue->waiting, &done) != REDIS_OK)
			return context_failed(queue->waiting, why);
	return true;
}

struct queue *queue_open(const struct address *redis, int database, const char *name,
	enum flapjack_version version, struct reason *why)
{
	struct queue *queue = memory_zeroed(1, sizeof *queue);

	queue->name = name;
	queue->version = version;
	queue->awaited =
		version == FLAPJACK_1 ? memory_copied(name) : memory_printed("%s_actions", name);
	queue->waiting = connection_open(redis, database, why);
	if (queue->waiting != NULL)
		queue->asking = connection_open(redis, database, why);
	if (queue->asking == NULL || !wait_begin(queue, why)) {
		queue_close(queue);
		return NULL;
	}
	return queue;
}

int queue_fd(const struct queue *queue)
{
	return queue->waiting->fd;
}

/* Flapjack 1 counts the events that it takes. */
static bool event_hand_over(struct queue *queue, const redisReply *event, queue_handler *handler,
	void *user, struct reason *why)
{
	handler(user, event->str, event->len);
	return queue->version == FLAPJACK_2 ||
	       reply_good(queue->asking,
		       redisCommand(queue->asking, "HINCRBY event_counters all 1"), why);
}

static bool queue_drain(struct queue *queue, queue_handler *handler, void *user, struct reason *why)
{
	for (;;) {
		redisReply *event = redisCommand(queue->asking, "RPOP %s", queue->name);

		if (event == NULL || event->type != REDIS_REPLY_STRING) {
			bool empty = event != NULL && event->type == REDIS_REPLY_NIL;

			return reply_good(queue->asking, event, why) && empty;
		}
		bool good = event_hand_over(queue, event, handler, user, why);
		freeReplyObject(event);
		if (!good)
			return false;
	}
}

static bool answer_take(struct queue *queue, const redisReply *answer, queue_handler *handler,
	void *user, struct reason *why)
{
	if (answer->type == REDIS_REPLY_ERROR)
		return reason_set(why, "Redis: %s", answer->str);
	if (queue->version == FLAPJACK_2)
		return queue_drain(queue, handler, user, why);
	return event_hand_over(queue, answer->element[1], handler, user, why);
}

bool queue_take(struct queue *queue, queue_handler *handler, void *user, struct reason *why)
{
	void *answer = NULL;

	if (redisBufferRead(queue->waiting) != REDIS_OK ||
		redisGetReplyFromReader(queue->waiting, &answer) != REDIS_OK)
		return context_failed(queue->waiting, why);
	if (answer == NULL)
		return true;
	bool good = answer_take(queue, answer, handler, user, why) && wait_begin(queue, why);
	freeReplyObject(answer);
	return good;
}

bool queue_reject(
	struct queue *queue, const char *event, size_t length, nsec wall, struct reason *why)
{
	char hour[16];
	time_t seconds = (time_t)(wall / NSEC_PER_SEC);
	struct tm utc;

	strftime(hour, sizeof hour, "%Y%m%d%H", gmtime_r(&seconds, &utc));
	return reply_good(queue->asking,
		redisCommand(
			queue->asking, "LPUSH %s_rejected:%s %b", queue->name, hour, event, length),
		why);
}

void queue_close(struct queue *queue)
{
	redisFree(queue->waiting);
	redisFree(queue->asking);
	free(queue->awaited);
	free(queue);
}

/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/client.h"

#include "common/log.h"
#include "common/memory.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

enum { READ_CHUNK = 16384, OUT_KEPT = 4 << 20 };

struct redis {
	int fd;
	redisReader *loader;
	struct buffer out;
	size_t written; /* of out */
};

struct redis *redis_new(int fd)
{
	struct redis *redis = memory_zeroed(1, sizeof *redis);

	redis->fd = fd;
	redis->loader = redisReaderCreate();
	if (redis->loader == NULL)
		die(EX_OSERR, "out of memory");
	return redis;
}

void redis_free(struct redis *redis)
{
	if (redis == NULL)
		return;
	close(redis->fd);
	redisReaderFree(redis->loader);
	buffer_free(&redis->out);
	free(redis);
}

int redis_fd(const struct redis *redis)
{
	return redis->fd;
}

short redis_events(const struct redis *redis)
{
	return redis->written < redis->out.length ? POLLIN | POLLOUT : POLLIN;
}

struct buffer *redis_out(struct redis *redis)
{
	return &redis->out;
}

/* Everything is out: one huge commit shall not be remembered in memory for ever. */
static void out_forget(struct redis *redis)
{
	if (redis->out.capacity > OUT_KEPT)
		buffer_free(&redis->out);
	buffer_clear(&redis->out);
	redis->written = 0;
}

static bool redis_send(struct redis *redis, struct reason *why)
{
	while (redis->written < redis->out.length) {
		ssize_t sent = send(redis->fd, redis->out.data + redis->written,
			redis->out.length - redis->written, MSG_NOSIGNAL);

		if (sent < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (sent < 0)
			return reason_set(why, "the connection broke: %s", strerror(errno));
		redis->written += (size_t)sent;
	}
	if (redis->written > 0)
		out_forget(redis);
	return true;
}

void redis_flush(struct redis *redis)
{
	struct reason ignored;

	redis_send(redis, &ignored);
}

static bool redis_receive(struct redis *redis, struct reason *why)
{
	char chunk[READ_CHUNK];
	ssize_t got = recv(redis->fd, chunk, sizeof chunk, 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (got < 0)
		return reason_set(why, "the connection broke: %s", strerror(errno));
	if (got == 0)
		return reason_set(why, "the connection was closed");
	if (redisReaderFeed(redis->loader, chunk, (size_t)got) != REDIS_OK)
		return reason_set(why, "its answer cannot be read: %s", redis->loader->errstr);
	return true;
}

bool redis_step(struct redis *redis, struct reason *why)
{
	return redis_send(redis, why) && redis_receive(redis, why);
}

bool redis_answer(struct redis *redis, struct redisReply **reply, struct reason *why)
{
	void *answer = NULL;

	if (redisReaderGetReply(redis->loader, &answer) != REDIS_OK)
		return reason_set(why, "its answer cannot be read: %s", redis->loader->errstr);
	*reply = answer;
	return true;
}

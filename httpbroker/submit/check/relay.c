/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/check/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define FINISH_PATIENCE 2000             /* milliseconds */
#define FINISH_MAX ((size_t)1024 * 1024) /* bytes: what a pipe can hold, not what others add */

void relay_start(struct relay *relay, int from, int to)
{
	*relay = (struct relay){.from = from, .to = to};
	fcntl(from, F_SETFL, fcntl(from, F_GETFL) | O_NONBLOCK);
}

struct pollfd relay_watch(const struct relay *relay)
{
	if (relay->start < relay->end)
		return (struct pollfd){.fd = relay->to, .events = POLLOUT};
	return (struct pollfd){.fd = relay->from, .events = POLLIN};
}

static void from_close(struct relay *relay)
{
	close(relay->from);
	relay->from = -1;
}

/* No more than `most` bytes of the end. */
static void tail_cut(struct kept *kept, size_t max)
{
	if (kept->tail.length <= max)
		return;
	buffer_consume(&kept->tail, kept->tail.length - RELAY_TAIL);
	kept->cut = true;
}

static void keep(struct kept *kept, const char *bytes, size_t length)
{
	size_t room = RELAY_HEAD - kept->head.length;
	size_t first = length < room ? length : room;

	buffer_append(&kept->head, bytes, first);
	buffer_append(&kept->tail, bytes + first, length - first);
	/* so that not each read moves all of it */
	tail_cut(kept, 2 * RELAY_TAIL);
}

/* Returns false when there is nothing to read now, or never again. */
static bool chunk_read(struct relay *relay)
{
	ssize_t got = read(relay->from, relay->held, RELAY_CHUNK);

	if (got > 0) {
		keep(&relay->kept, relay->held, (size_t)got);
		relay->start = 0;
		relay->end = relay->to >= 0 ? (size_t)got : 0;
	} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
		from_close(relay);
	}
	return got > 0;
}

static void held_write(struct relay *relay)
{
	ssize_t wrote = write(relay->to, relay->held + relay->start, relay->end - relay->start);

	if (wrote > 0) {
		relay->start += (size_t)wrote;
	} else if (wrote < 0 && errno != EAGAIN && errno != EINTR) {
		relay->to = -1; /* nobody reads it any more: what comes is still ours */
		relay->start = relay->end;
	}
}

void relay_advance(struct relay *relay, short revents)
{
	if (revents == 0)
		return;
	if (relay->start < relay->end)
		held_write(relay);
	else if (relay->from >= 0)
		chunk_read(relay);
}

/* The command no longer waits for it; nor do we, for a reader that stands still. */
static void held_finish(struct relay *relay)
{
	while (relay->start < relay->end) {
		struct pollfd out = {.fd = relay->to, .events = POLLOUT};

		if (poll(&out, 1, FINISH_PATIENCE) <= 0) {
			relay->to = -1;
			relay->start = relay->end;
		} else {
			held_write(relay);
		}
	}
}

void relay_finish(struct relay *relay)
{
	size_t max = FINISH_MAX;

	held_finish(relay);
	while (relay->from >= 0 && max >= RELAY_CHUNK && chunk_read(relay)) {
		max -= RELAY_CHUNK;
		held_finish(relay);
	}
	if (relay->from >= 0)
		from_close(relay);
	tail_cut(&relay->kept, RELAY_TAIL);
}

void kept_free(struct kept *kept)
{
	buffer_free(&kept->head);
	buffer_free(&kept->tail);
}

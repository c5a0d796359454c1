/* SPDX-License-Identifier: MIT */
#include "flapper/visitors.h"

#include "common/memory.h"
#include "common/signals.h"
#include "flapper/quit.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	READ_AT_ONCE = 4096,    /* bytes */
	READS_AT_LEAVING = 64,  /* of what came in too late to be read before */
	ADMIT_AT_ONCE = 128,    /* visitors; those inside have their turn then */
	QUEUE_AT_CLOSING = 4096 /* visitors; who waits behind these may be reset */
};

struct visitors {
	size_t count;
	quit_place quit[VISITORS_MOST];
	/* poll[0] is the door, fd -1 while closed; behind it the visitors, the first come first */
	struct pollfd poll[1 + VISITORS_MOST];
};

struct visitors *visitors_new(void)
{
	struct visitors *visitors = memory_zeroed(1, sizeof *visitors);

	visitors->poll[0] = (struct pollfd){.fd = -1, .events = POLLIN};
	return visitors;
}

void visitors_free(struct visitors *visitors)
{
	if (visitors == NULL)
		return;
	visitors_dismiss(visitors);
	free(visitors);
}

size_t visitors_count(const struct visitors *visitors)
{
	return visitors->count;
}

/* Closing with something unread would send a reset. */
static void see_off(int fd)
{
	char ignored[READ_AT_ONCE];

	for (int i = 0; i < READS_AT_LEAVING; i++)
		if (read(fd, ignored, sizeof ignored) <= 0)
			break;
	close(fd);
}

void visitors_dismiss(struct visitors *visitors)
{
	for (size_t i = 0; i < visitors->count; i++)
		see_off(visitors->poll[1 + i].fd);
	visitors->count = 0;
}

static void visitors_add(struct visitors *visitors, int fd)
{
	visitors->quit[visitors->count] = 0;
	visitors->poll[1 + visitors->count] = (struct pollfd){.fd = fd, .events = POLLIN};
	visitors->count++;
}

static void visitors_see_off_oldest(struct visitors *visitors)
{
	see_off(visitors->poll[1].fd);
	visitors->count--;
	memmove(visitors->quit, visitors->quit + 1, visitors->count * sizeof visitors->quit[0]);
	memmove(visitors->poll + 1, visitors->poll + 2, visitors->count * sizeof visitors->poll[0]);
}

/* True if accept(2) failed for want of something that a visitor who leaves gives back. */
static bool room_is_short(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* accept(2) wants a descriptor even where nobody waits, and fails for want of it. */
static bool somebody_waits(const struct visitors *visitors)
{
	struct pollfd door = visitors->poll[0];

	return poll(&door, 1, 0) > 0;
}

/*
 * Accepts one who waits, in the place of the first come if it must be. -1 if nobody waits or, with
 * an errno of room_is_short(), if there is no room even so.
 */
static int door_admit(struct visitors *visitors)
{
	for (;;) {
		int fd = accept4(visitors->poll[0].fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		int error = errno;

		if (fd >= 0 || !room_is_short(error))
			return fd;
		bool waits = somebody_waits(visitors);
		if (!waits || visitors->count == 0) {
			errno = waits ? error : EAGAIN;
			return -1;
		}
		visitors_see_off_oldest(visitors);
	}
}

void visitors_open_door(struct visitors *visitors, int listener)
{
	visitors->poll[0].fd = listener;
}

void visitors_close_door(struct visitors *visitors)
{
	int fd;

	if (visitors->poll[0].fd < 0)
		return;
	for (int i = 0; i < QUEUE_AT_CLOSING && (fd = door_admit(visitors)) >= 0; i++)
		see_off(fd);
	visitors->poll[0].fd = -1;
}

void visitors_wait(struct visitors *visitors, const struct timespec *timeout)
{
	if (signals_poll(visitors->poll, 1 + visitors->count, timeout) >= 0)
		return;
	for (size_t i = 0; i <= visitors->count; i++) /* a signal: nobody stirred */
		visitors->poll[i].revents = 0;
}

/* Reads once; false if the visit is over. */
static bool visitor_listen(int fd, quit_place *quit)
{
	char bytes[READ_AT_ONCE];
	ssize_t got = read(fd, bytes, sizeof bytes);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	return got > 0 && !quit_said(quit, bytes, (size_t)got);
}

/* Listens to those who stirred; who stays moves up, so that the order is kept. */
static void visitors_listen(struct visitors *visitors)
{
	size_t kept = 0;

	for (size_t i = 0; i < visitors->count; i++) {
		struct pollfd *visitor = &visitors->poll[1 + i];

		if (visitor->revents != 0 && !visitor_listen(visitor->fd, &visitors->quit[i])) {
			see_off(visitor->fd);
			continue;
		}
		visitors->quit[kept] = visitors->quit[i];
		visitors->poll[1 + kept++] = *visitor;
	}
	visitors->count = kept;
}

static bool visitors_admit(struct visitors *visitors, struct reason *why)
{
	for (int i = 0; i < ADMIT_AT_ONCE; i++) {
		int fd = door_admit(visitors);

		if (fd < 0)
			return !room_is_short(errno) ||
			       reason_set(why, "cannot accept connections: %s", strerror(errno));
		if (visitors->count == VISITORS_MOST)
			visitors_see_off_oldest(visitors);
		visitors_add(visitors, fd);
	}
	return true;
}

bool visitors_serve(struct visitors *visitors, struct reason *why)
{
	visitors_listen(visitors);
	return visitors->poll[0].revents == 0 || visitors_admit(visitors, why);
}

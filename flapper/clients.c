/* SPDX-License-Identifier: MIT */
#include "flapper/clients.h"

#include "common/memory.h"
#include "common/signals.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	READ_SIZE = 4096,      /* bytes */
	READS_AT_CLOSE = 64,   /* of input that arrived too late to be read before */
	ACCEPTS_AT_ONCE = 128, /* then the connected clients have their turn */
	ACCEPTS_AT_STOP = 4096 /* connections behind these in the backlog may be reset */
};

struct clients {
	size_t count;
	quit_state quit[CLIENTS_MAX];
	/* poll[0] is the listening socket, fd -1: none; then the clients, oldest first */
	struct pollfd poll[1 + CLIENTS_MAX];
};

bool quit_found(quit_state *state, const char *bytes, size_t length)
{
	static const char word[] = "quit";
	enum { WORD_END = sizeof word - 1, OTHER_LINE };

	for (size_t i = 0; i < length; i++) {
		char byte = bytes[i];

		if (byte == '\n' && *state == WORD_END)
			return true;
		if (byte == '\n')
			*state = 0;
		else if (*state < WORD_END && tolower((unsigned char)byte) == word[*state])
			++*state;
		else if (*state != WORD_END || (byte != ' ' && byte != '\t' && byte != '\r'))
			*state = OTHER_LINE;
	}
	return false;
}

struct clients *clients_new(void)
{
	struct clients *clients = memory_zeroed(1, sizeof *clients);

	clients->poll[0] = (struct pollfd){.fd = -1, .events = POLLIN};
	return clients;
}

void clients_free(struct clients *clients)
{
	clients_close(clients);
	free(clients);
}

size_t clients_count(const struct clients *clients)
{
	return clients->count;
}

/* Closing with unread input would send a reset. */
static void connection_close(int fd)
{
	char ignored[READ_SIZE];

	for (int i = 0; i < READS_AT_CLOSE; i++)
		if (read(fd, ignored, sizeof ignored) <= 0)
			break;
	close(fd);
}

void clients_close(struct clients *clients)
{
	for (size_t i = 0; i < clients->count; i++)
		connection_close(clients->poll[1 + i].fd);
	clients->count = 0;
}

static void oldest_close(struct clients *clients)
{
	connection_close(clients->poll[1].fd);
	clients->count--;
	memmove(clients->quit, clients->quit + 1, clients->count * sizeof clients->quit[0]);
	memmove(clients->poll + 1, clients->poll + 2, clients->count * sizeof clients->poll[0]);
}

/* True if accept(2) failed for want of something that closing a connection frees. */
static bool is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/*
 * Accepts a connection, and closes the oldest one for it where that is necessary. -1: none waits
 * or, with an errno of is_shortage(), none can be accepted.
 */
static int connection_accept(struct clients *clients)
{
	for (;;) {
		struct pollfd listener = clients->poll[0];
		int fd = accept4(listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		int error = errno;

		if (fd >= 0 || !is_shortage(error))
			return fd;
		/* accept(2) fails for want of a descriptor even where no connection waits */
		bool waiting = poll(&listener, 1, 0) > 0;
		if (!waiting || clients->count == 0) {
			errno = waiting ? error : EAGAIN;
			return -1;
		}
		oldest_close(clients);
	}
}

void clients_accept_from(struct clients *clients, int socket)
{
	clients->poll[0].fd = socket;
}

void clients_accept_stop(struct clients *clients)
{
	int fd;

	if (clients->poll[0].fd < 0)
		return;
	for (int i = 0; i < ACCEPTS_AT_STOP && (fd = connection_accept(clients)) >= 0; i++)
		connection_close(fd);
	clients->poll[0].fd = -1;
}

void clients_wait(struct clients *clients, const struct timespec *timeout)
{
	if (signals_poll(clients->poll, 1 + clients->count, timeout) >= 0)
		return;
	for (size_t i = 0; i <= clients->count; i++) /* a signal: there is no input */
		clients->poll[i].revents = 0;
}

/* Reads once; false: the connection is to be closed. */
static bool client_read(int fd, quit_state *quit)
{
	char bytes[READ_SIZE];
	ssize_t got = read(fd, bytes, sizeof bytes);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	return got > 0 && !quit_found(quit, bytes, (size_t)got);
}

/* Reads from those that have input. The remaining ones move up, so that their order is kept. */
static void clients_read(struct clients *clients)
{
	size_t kept = 0;

	for (size_t i = 0; i < clients->count; i++) {
		struct pollfd *client = &clients->poll[1 + i];

		if (client->revents != 0 && !client_read(client->fd, &clients->quit[i])) {
			connection_close(client->fd);
			continue;
		}
		clients->quit[kept] = clients->quit[i];
		clients->poll[1 + kept++] = *client;
	}
	clients->count = kept;
}

static bool clients_accept(struct clients *clients, struct reason *why)
{
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		int fd = connection_accept(clients);

		if (fd < 0)
			return !is_shortage(errno) ||
			       reason_set(why, "cannot accept connections: %s", strerror(errno));
		if (clients->count == CLIENTS_MAX)
			oldest_close(clients);
		clients->quit[clients->count] = 0;
		clients->poll[1 + clients->count++] = (struct pollfd){.fd = fd, .events = POLLIN};
	}
	return true;
}

bool clients_serve(struct clients *clients, struct reason *why)
{
	clients_read(clients);
	return clients->poll[0].revents == 0 || clients_accept(clients, why);
}

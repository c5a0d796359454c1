/* SPDX-License-Identifier: MIT */
#include "oobetet/probe/dial.h"

#include "common/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEPT (60 * NSEC_PER_SEC) /* how long addresses of a name are used */
#define STACK (128 * 1024)       /* bytes, of the thread that resolves */

/* ---- names ---- */

struct lookup {
	pthread_mutex_t lock;
	bool done;      /* the thread has ended */
	bool abandoned; /* the other side has: whoever is second frees it */
	int ready;      /* an eventfd, readable when it is done */
	char host[256], port[8];
	struct addrinfo *found;
	int error; /* of getaddrinfo(3) */
};

static void lookup_free(struct lookup *lookup)
{
	if (lookup->found != NULL)
		freeaddrinfo(lookup->found);
	pthread_mutex_destroy(&lookup->lock);
	close(lookup->ready);
	free(lookup);
}

static void *lookup_run(void *user)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct lookup *lookup = user;
	struct addrinfo *found = NULL;
	int error = getaddrinfo(lookup->host, lookup->port, &hints, &found);

	pthread_mutex_lock(&lookup->lock);
	lookup->done = true;
	lookup->error = error;
	lookup->found = error == 0 ? found : NULL;
	bool abandoned = lookup->abandoned;
	if (!abandoned)
		eventfd_write(lookup->ready, 1);
	pthread_mutex_unlock(&lookup->lock);
	if (abandoned)
		lookup_free(lookup);
	return NULL;
}

/* NULL: no thread. */
static struct lookup *lookup_start(const struct address *address)
{
	struct lookup *lookup = memory_zeroed(1, sizeof *lookup);
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_mutex_init(&lookup->lock, NULL);
	lookup->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	snprintf(lookup->host, sizeof lookup->host, "%s",
		address->host[0] != '\0' ? address->host : "localhost");
	snprintf(lookup->port, sizeof lookup->port, "%u", address->port);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK);
	int error = lookup->ready < 0 ? errno
				      : pthread_create(&thread, &attributes, lookup_run, lookup);
	pthread_attr_destroy(&attributes);
	if (error == 0)
		return lookup;
	lookup_free(lookup);
	return NULL;
}

static bool lookup_is_done(struct lookup *lookup)
{
	pthread_mutex_lock(&lookup->lock);
	bool done = lookup->done;
	pthread_mutex_unlock(&lookup->lock);
	return done;
}

/* ---- the connection ---- */

void dial_init(struct dial *dial, const struct address *address)
{
	*dial = (struct dial){.address = *address, .fd = -1};
}

void dial_close(struct dial *dial, bool reset)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	if (dial->fd < 0)
		return;
	if (reset)
		setsockopt(dial->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
	close(dial->fd);
	dial->fd = -1;
}

void dial_free(struct dial *dial)
{
	struct lookup *lookup = dial->lookup;

	dial_close(dial, false);
	if (lookup != NULL) {
		pthread_mutex_lock(&lookup->lock);
		bool done = lookup->done;
		lookup->abandoned = true;
		pthread_mutex_unlock(&lookup->lock);
		if (done)
			lookup_free(lookup);
	}
	if (dial->resolved != NULL)
		freeaddrinfo(dial->resolved);
	dial_init(dial, &dial->address);
}

void dial_start(struct dial *dial, nsec now)
{
	dial_close(dial, true);
	dial->tried = dial->refused = dial->unreachable = 0;
	dial->local = false;
	dial->why[0] = '\0';
	/* a thread that still resolves is awaited; its answer serves the next attempt as well */
	if (dial->lookup == NULL && (dial->resolved == NULL || now - dial->resolved_at > KEPT)) {
		dial->lookup = lookup_start(&dial->address);
		dial->resolved_at = now;
	}
	dial->next = dial->resolved;
}

/* False: the name is being resolved, or it cannot be and there is no earlier answer. */
static bool addresses_take(struct dial *dial, enum dial_state *state)
{
	struct lookup *lookup = dial->lookup;

	*state = DIAL_WAITS;
	if (lookup != NULL && lookup_is_done(lookup)) {
		if (lookup->error == 0) {
			if (dial->resolved != NULL)
				freeaddrinfo(dial->resolved);
			dial->next = dial->resolved = lookup->found;
			lookup->found = NULL;
		} else if (dial->resolved == NULL) {
			snprintf(dial->why, sizeof dial->why, "cannot resolve %.60s: %.60s",
				dial->address.host, gai_strerror(lookup->error));
			*state = DIAL_FAILED;
		}
		lookup_free(lookup);
		dial->lookup = NULL;
	} else if (lookup == NULL && dial->resolved == NULL) {
		snprintf(dial->why, sizeof dial->why, "cannot start a thread to resolve %.60s",
			dial->address.host);
		*state = DIAL_FAILED;
	}
	return dial->resolved != NULL;
}

/*
 * A closed port among those that the system gives to outgoing connections can be given to this
 * one, which is then connected to itself.
 */
static bool is_to_itself(int fd)
{
	struct sockaddr_storage own, peer;
	socklen_t own_length = sizeof own, peer_length = sizeof peer;

	memset(&own, 0, sizeof own);
	memset(&peer, 0, sizeof peer);
	return getsockname(fd, (struct sockaddr *)&own, &own_length) == 0 &&
	       getpeername(fd, (struct sockaddr *)&peer, &peer_length) == 0 &&
	       own_length == peer_length && memcmp(&own, &peer, own_length) == 0;
}

static void fault_count(struct dial *dial, int error)
{
	dial->tried++;
	dial->refused += error == ECONNREFUSED;
	dial->unreachable += error == ENETUNREACH || error == ENETDOWN || error == EADDRNOTAVAIL;
	if (error != ECONNREFUSED)
		snprintf(dial->why, sizeof dial->why, "%s", strerror(error));
}

/* The result of the attempt that dial->fd makes. */
static bool attempt_ended(struct dial *dial)
{
	struct pollfd fd = {.fd = dial->fd, .events = POLLOUT};
	socklen_t size = sizeof(int);
	int error = 0;

	if (poll(&fd, 1, 0) == 0)
		return false;
	if (getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		error = errno;
	if (error == 0 && is_to_itself(dial->fd))
		error = ECONNREFUSED;
	if (error != 0) {
		fault_count(dial, error);
		dial_close(dial, true);
	}
	return true;
}

static void attempt_start(struct dial *dial, const struct addrinfo *to)
{
	dial->fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (dial->fd >= 0 &&
		(connect(dial->fd, to->ai_addr, to->ai_addrlen) == 0 || errno == EINPROGRESS))
		return;
	fault_count(dial, errno);
	dial_close(dial, true);
}

enum dial_state dial_step(struct dial *dial)
{
	enum dial_state state;

	if (!addresses_take(dial, &state))
		return state;
	for (;;) {
		if (dial->fd >= 0 && !attempt_ended(dial))
			return DIAL_WAITS;
		if (dial->fd >= 0)
			return DIAL_CONNECTED;
		if (dial->next == NULL)
			break;
		const struct addrinfo *to = dial->next;
		dial->next = to->ai_next;
		attempt_start(dial, to);
	}
	dial->local = dial->unreachable == dial->tried;
	return dial->refused == dial->tried ? DIAL_REFUSED : DIAL_FAILED;
}

struct pollfd dial_poll(const struct dial *dial)
{
	if (dial->fd >= 0)
		return (struct pollfd){.fd = dial->fd, .events = POLLOUT};
	return (struct pollfd){
		.fd = dial->lookup != NULL ? dial->lookup->ready : -1, .events = POLLIN};
}

void dial_expire(struct dial *dial)
{
	if (dial->fd < 0 && dial->resolved == NULL)
		snprintf(dial->why, sizeof dial->why, "resolving %.60s timed out",
			dial->address.host);
	else
		snprintf(dial->why, sizeof dial->why, "timed out");
	dial_close(dial, true);
}

/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/clients.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <utlist.h>

#define LONGEST_SLEEP (3600 * NSEC_PER_SEC) /* while there are clients */

struct clients {
	struct clients_settings settings;
	nsec shortest; /* of the limits */
	pthread_t thread;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t sooner;
	bool stopping;
	unsigned count;
	unsigned arriving; /* admitted, not entered yet */
	bool full;
	bool full_logged;       /* its end is to be logged as well */
	struct log_limit limit; /* of that */
	struct client *list;    /* in no order */
};

/*
 * The phase and its beginning in one word, which is changed four times a request without the lock.
 * The time loses the bits of the phase.
 */
enum { PHASE = 7 };

static uint64_t mark_make(enum client_phase phase, nsec since)
{
	return ((uint64_t)since & ~(uint64_t)PHASE) | phase;
}

static enum client_phase mark_phase(uint64_t mark)
{
	return (enum client_phase)(mark & PHASE);
}

static nsec mark_deadline(const struct clients *clients, uint64_t mark)
{
	nsec limit = mark_phase(mark) == CLIENT_CUT ? NSEC_NEVER
						    : clients->settings.limits[mark_phase(mark)];

	return limit == NSEC_NEVER ? NSEC_NEVER : (nsec)(mark & ~(uint64_t)PHASE) + limit;
}

/*
 * libmicrohttpd accepts no response while a request arrives: so it is written here. `why` is short,
 * and needs no escapes in JSON.
 */
static void response_write(int fd, const char *status, const char *why)
{
	char text[512], body[256];
	int size = snprintf(body, sizeof body, "{\"error\": \"%s\"}\n", why);
	int length = snprintf(text, sizeof text,
		"HTTP/1.1 %s\r\nConnection: close\r\n"
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		status, size, body);

	send(fd, text, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The lock is held, so the descriptor is still the client's. Not if its phase just changed. */
static void client_cut(struct client *client, uint64_t mark)
{
	if (!atomic_compare_exchange_strong(&client->mark, &mark, mark_make(CLIENT_CUT, 0)))
		return;
	if (mark_phase(mark) == CLIENT_ASKS)
		response_write(client->fd, "408 Request Timeout",
			"the request took longer to arrive than --request-timeout");
	shutdown(client->fd, SHUT_RDWR);
	log_debug("a client exceeded its timeout: its connection is closed");
}

/* The lock is held. Returns the next deadline; a phase that begins now has one after `shortest`. */
static nsec clients_cut(struct clients *clients, nsec now)
{
	nsec next = clients->list != NULL ? now + clients->shortest : NSEC_NEVER;
	struct client *client;

	DL_FOREACH(clients->list, client) {
		uint64_t mark = atomic_load(&client->mark);
		nsec deadline = mark_deadline(clients, mark);

		if (deadline <= now)
			client_cut(client, mark);
		else
			next = nsec_earlier(next, deadline);
	}
	return next;
}

static void *clients_watch(void *argument)
{
	struct clients *clients = argument;
	struct timespec until;

	pthread_mutex_lock(&clients->lock);
	while (!clients->stopping) {
		nsec next = clients_cut(clients, clock_monotonic());

		if (clock_timeout(0, next, &until) != NULL)
			pthread_cond_timedwait(&clients->sooner, &clients->lock, &until);
		else
			pthread_cond_wait(&clients->sooner, &clients->lock);
	}
	pthread_mutex_unlock(&clients->lock);
	return NULL;
}

struct clients *clients_start(const struct clients_settings *settings)
{
	struct clients *clients = memory_zeroed(1, sizeof *clients);
	pthread_condattr_t attributes;

	clients->settings = *settings;
	clients->shortest = LONGEST_SLEEP;
	for (int i = 0; i < CLIENT_PHASES; i++)
		clients->shortest = nsec_earlier(clients->shortest, settings->limits[i]);
	pthread_mutex_init(&clients->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&clients->sooner, &attributes);
	pthread_condattr_destroy(&attributes);
	int error = pthread_create(&clients->thread, NULL, clients_watch, clients);
	if (error != 0)
		die(EX_OSERR, "cannot start a thread: %s", strerror(error));
	return clients;
}

void clients_stop(struct clients *clients)
{
	pthread_mutex_lock(&clients->lock);
	clients->stopping = true;
	pthread_cond_signal(&clients->sooner);
	pthread_mutex_unlock(&clients->lock);
	pthread_join(clients->thread, NULL);
	pthread_cond_destroy(&clients->sooner);
	pthread_mutex_destroy(&clients->lock);
	free(clients);
}

bool clients_admit(struct clients *clients)
{
	pthread_mutex_lock(&clients->lock);
	bool room = clients->count < clients->settings.max;
	clients->arriving += room;
	pthread_mutex_unlock(&clients->lock);
	return room;
}

static void clients_grow(struct clients *clients)
{
	if (++clients->count < clients->settings.max || clients->full)
		return;
	clients->full = true;
	clients->full_logged = log_limited(&clients->limit, clock_monotonic(), log_warning,
		"%u connection%s, the maximum (--max-connections): no more are accepted",
		clients->count, number_plural(clients->count));
}

/* Over below 90 %: else it would be logged for every connection at the maximum. */
static void clients_shrink(struct clients *clients)
{
	clients->count--;
	if (!clients->full || clients->count > clients->settings.max * 9ULL / 10)
		return;
	clients->full = false;
	if (clients->full_logged)
		log_info("%u connection%s: more are accepted again", clients->count,
			number_plural(clients->count));
}

struct client *client_enter(struct clients *clients, int fd)
{
	struct client *client = memory_zeroed(1, sizeof *client);

	client->fd = fd;
	atomic_init(&client->mark, mark_make(CLIENT_ASKS, clock_coarse()));
	pthread_mutex_lock(&clients->lock);
	clients->arriving--;
	clients_grow(clients);
	if (clients->list == NULL)
		pthread_cond_signal(&clients->sooner);
	DL_APPEND(clients->list, client);
	pthread_mutex_unlock(&clients->lock);
	return client;
}

void client_leave(struct clients *clients, struct client *client)
{
	pthread_mutex_lock(&clients->lock);
	DL_DELETE(clients->list, client);
	clients_shrink(clients);
	pthread_mutex_unlock(&clients->lock);
	free(client);
}

bool client_phase_enter(struct client *client, enum client_phase phase)
{
	uint64_t mark = atomic_load(&client->mark);

	while (mark_phase(mark) != phase && mark_phase(mark) != CLIENT_CUT)
		if (atomic_compare_exchange_weak(
			    &client->mark, &mark, mark_make(phase, clock_coarse())))
			return true;
	return mark_phase(mark) == phase;
}

void client_refuse(struct client *client, const char *status, const char *why)
{
	if (!client_phase_enter(client, CLIENT_CUT))
		return;
	response_write(client->fd, status, why);
	shutdown(client->fd, SHUT_RDWR);
}

static bool client_has_unread(const struct client *client)
{
	enum client_phase phase = mark_phase(atomic_load(&client->mark));
	int bytes;

	return (phase == CLIENT_ASKS || phase == CLIENT_RESTS) &&
	       ioctl(client->fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

bool clients_have_unread(struct clients *clients)
{
	const struct client *client;

	pthread_mutex_lock(&clients->lock);
	bool unread = clients->arriving > 0;
	DL_FOREACH(clients->list, client)
		unread = unread || client_has_unread(client);
	pthread_mutex_unlock(&clients->lock);
	return unread;
}

/*
 * Marks the end of a queue that is not empty. The connection that began it is not in it: it was
 * resumed at once.
 */
static struct suspended_request queue_end;

struct resume_queue *resume_queue_mine(struct resume_queue queues[RESUME_QUEUE_THREADS])
{
	static atomic_uint threads;
	static _Thread_local unsigned mine; /* 0: not known yet */

	if (mine == 0)
		mine = atomic_fetch_add(&threads, 1) + 1;
	return &queues[mine % RESUME_QUEUE_THREADS];
}

void resume_queue_resume(struct resume_queue *queue, struct suspended_request *suspended)
{
	struct suspended_request *before = atomic_load(&queue->suspended);

	do
		suspended->next = before;
	while (!atomic_compare_exchange_weak(
		&queue->suspended, &before, before == NULL ? &queue_end : suspended));
	if (before == NULL)
		MHD_resume_connection(suspended->connection);
}

void resume_queue_run(struct resume_queue *queue)
{
	if (atomic_load(&queue->suspended) == NULL)
		return;
	struct suspended_request *suspended = atomic_exchange(&queue->suspended, NULL);
	while (suspended != NULL && suspended != &queue_end) {
		struct suspended_request *next = suspended->next; /* it may be freed once resumed */

		MHD_resume_connection(suspended->connection);
		suspended = next;
	}
}

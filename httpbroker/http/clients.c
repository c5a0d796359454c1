/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/clients.h"

#include "common/log.h"
#include "common/memory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <utlist.h>

struct clients {
	struct clients_settings settings;
	pthread_t thread;

	pthread_mutex_t lock; /* for what follows */
	pthread_cond_t sooner;
	nsec sleeps_until;
	bool stopping;
	unsigned count;
	unsigned arriving;                    /* admitted, but not entered yet */
	bool full;                            /* and it was logged */
	struct client *phases[CLIENT_PHASES]; /* each with the oldest first */
};

static nsec client_deadline(const struct clients *clients, const struct client *client)
{
	nsec limit = clients->settings.limits[client->phase];

	return limit == NSEC_NEVER ? NSEC_NEVER : client->since + limit;
}

/* The lock is held. Every phase has one limit, so who came first is the first to overstay. */
static nsec next_deadline(const struct clients *clients)
{
	nsec next = NSEC_NEVER;

	for (int i = 0; i < CLIENT_PHASES; i++)
		if (clients->phases[i] != NULL)
			next = nsec_earlier(next, client_deadline(clients, clients->phases[i]));
	return next;
}

#define TIMEOUT_BODY "{\"error\": \"the request took longer to come in than is waited for\"}\n"

/* The library has nothing of ours to send while a request is coming in: so this is the answer. */
static void timeout_answer(int fd)
{
	char text[512];
	int length = snprintf(text, sizeof text,
		"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"
		"Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
		strlen(TIMEOUT_BODY), TIMEOUT_BODY);

	send(fd, text, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* The lock is held, which the client needs to leave: so the descriptor is still its own. */
static void client_cut(struct clients *clients, struct client *client)
{
	if (client->phase == CLIENT_ASKS)
		timeout_answer(client->fd);
	shutdown(client->fd, SHUT_RDWR);
	DL_DELETE(clients->phases[client->phase], client);
	client->phase = CLIENT_CUT;
	log_debug("a client took too long: its connection is closed");
}

static void clients_cut(struct clients *clients, nsec now)
{
	for (int i = 0; i < CLIENT_PHASES; i++)
		while (clients->phases[i] != NULL &&
			client_deadline(clients, clients->phases[i]) <= now)
			client_cut(clients, clients->phases[i]);
}

static void clients_sleep(struct clients *clients)
{
	struct timespec until;

	clients->sleeps_until = next_deadline(clients);
	if (clock_timeout(0, clients->sleeps_until, &until) != NULL)
		pthread_cond_timedwait(&clients->sooner, &clients->lock, &until);
	else
		pthread_cond_wait(&clients->sooner, &clients->lock);
}

static void *clients_watch(void *argument)
{
	struct clients *clients = argument;

	pthread_mutex_lock(&clients->lock);
	while (!clients->stopping) {
		clients_cut(clients, clock_monotonic());
		clients_sleep(clients);
	}
	pthread_mutex_unlock(&clients->lock);
	return NULL;
}

struct clients *clients_start(const struct clients_settings *settings)
{
	struct clients *clients = memory_zeroed(1, sizeof *clients);
	pthread_condattr_t attributes;

	clients->settings = *settings;
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
	bool room = clients->count < clients->settings.most;
	clients->arriving += room;
	pthread_mutex_unlock(&clients->lock);
	return room;
}

/* The lock is held. */
static void client_queue(struct clients *clients, struct client *client, enum client_phase phase)
{
	client->phase = phase;
	client->since = clock_coarse();
	DL_APPEND(clients->phases[phase], client);
	if (client_deadline(clients, client) < clients->sleeps_until)
		pthread_cond_signal(&clients->sooner);
}

static void clients_grow(struct clients *clients)
{
	if (++clients->count < clients->settings.most || clients->full)
		return;
	clients->full = true;
	log_warning("%u connections, and there may be no more (--max-connections)", clients->count);
}

/* Not at once when there is room: else a full house would be logged with every visitor. */
static void clients_shrink(struct clients *clients)
{
	clients->count--;
	if (!clients->full || clients->count > clients->settings.most * 9ULL / 10)
		return;
	clients->full = false;
	log_info("%u connections: there may be more again", clients->count);
}

struct client *client_enter(struct clients *clients, int fd)
{
	struct client *client = memory_zeroed(1, sizeof *client);

	client->fd = fd;
	pthread_mutex_lock(&clients->lock);
	clients->arriving--;
	clients_grow(clients);
	client_queue(clients, client, CLIENT_ASKS);
	pthread_mutex_unlock(&clients->lock);
	return client;
}

void client_leave(struct clients *clients, struct client *client)
{
	pthread_mutex_lock(&clients->lock);
	if (client->phase != CLIENT_CUT)
		DL_DELETE(clients->phases[client->phase], client);
	clients_shrink(clients);
	pthread_mutex_unlock(&clients->lock);
	free(client);
}

bool client_turn(struct clients *clients, struct client *client, enum client_phase phase)
{
	pthread_mutex_lock(&clients->lock);
	bool there = client->phase != CLIENT_CUT;
	if (there && client->phase != phase) {
		DL_DELETE(clients->phases[client->phase], client);
		client_queue(clients, client, phase);
	}
	pthread_mutex_unlock(&clients->lock);
	return there;
}

static bool client_has_unread(const struct client *client)
{
	int bytes;

	return ioctl(client->fd, FIONREAD, &bytes) == 0 && bytes > 0;
}

bool clients_have_unread(struct clients *clients)
{
	const struct client *client;

	pthread_mutex_lock(&clients->lock);
	bool unread = clients->arriving > 0;
	DL_FOREACH(clients->phases[CLIENT_ASKS], client)
		unread = unread || client_has_unread(client);
	DL_FOREACH(clients->phases[CLIENT_RESTS], client)
		unread = unread || client_has_unread(client);
	pthread_mutex_unlock(&clients->lock);
	return unread;
}

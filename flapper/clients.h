/* SPDX-License-Identifier: MIT */
/*
 * The connected clients: accepted, read from and closed.
 *
 * At most CLIENTS_MAX are open at a time; the oldest is closed for the next, also when descriptors
 * run out. Their input is read and discarded, so that closing is an orderly end of the stream and
 * no reset. A line `quit` closes the connection.
 */
#ifndef FLAPPER_CLIENTS_H
#define FLAPPER_CLIENTS_H

#include "common/reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct clients;

#define CLIENTS_MAX 1024

struct clients *clients_new(void);

/* Closes all. */
void clients_free(struct clients *clients);

size_t clients_count(const struct clients *clients);

/* Accepts from this listening, non-blocking socket from now on. It remains the caller's. */
void clients_accept_from(struct clients *clients, int socket);

/* Accepts no more. Connections that still wait in the backlog are accepted and closed in order. */
void clients_accept_stop(struct clients *clients);

void clients_close(struct clients *clients);

/* Sleeps until there is input, a caught signal arrives or `timeout` (NULL: none) is over. */
void clients_wait(struct clients *clients, const struct timespec *timeout);

/*
 * Handles the input, for a bounded time however many clients there are. False: no connection can
 * be accepted, not even in another's place; stop accepting then, and start again later.
 */
bool clients_serve(struct clients *clients, struct reason *why);

typedef unsigned char quit_state; /* 0: at the beginning of a line */

/*
 * Looks for a line `quit`, in any case, with blanks or a carriage return behind it. The input may
 * come in any pieces. True as soon as such a line has ended.
 */
bool quit_found(quit_state *state, const char *bytes, size_t length);

#endif

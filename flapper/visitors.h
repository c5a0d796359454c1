/* SPDX-License-Identifier: MIT */
/*
 * Whoever has connected: let in at the door, listened to, and seen off again.
 *
 * At most VISITORS_MOST are inside at a time, the one that came first making room for the next;
 * so it does, too, when the descriptors run out. What they send is read and thrown away, so that
 * closing is an orderly end of the stream and no reset; a line `quit` ends a visit
 * (flapper/quit.h).
 */
#ifndef FLAPPER_VISITORS_H
#define FLAPPER_VISITORS_H

#include "common/reason.h"

#include <stddef.h>
#include <time.h>

struct visitors;

#define VISITORS_MOST 1024

struct visitors *visitors_new(void);

/* Sees everybody off. NULL does nothing. */
void visitors_free(struct visitors *visitors);

size_t visitors_count(const struct visitors *visitors);

/* From now on they come in by this listening, non-blocking socket, which remains the caller's. */
void visitors_open_door(struct visitors *visitors, int listener);

/* Nobody comes in any more. Who had connected but was not yet inside is seen off in order. */
void visitors_close_door(struct visitors *visitors);

/* Sees off whoever is inside. */
void visitors_dismiss(struct visitors *visitors);

/* Sleeps until somebody stirs, a caught signal arrives or `timeout` (NULL: none) is over. */
void visitors_wait(struct visitors *visitors, const struct timespec *timeout);

/*
 * Serves those who stirred, for a bounded time however many they are. False if nobody can be let
 * in, not even in another's place: close the door then, and open it again later.
 */
bool visitors_serve(struct visitors *visitors, struct reason *why);

#endif

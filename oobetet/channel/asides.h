/* SPDX-License-Identifier: MIT */
/*
 * What a room is told besides notifications: the greeting after a start, and announcements. Each is
 * sent once, as soon as the room is joined, and nobody checks that it arrives. However many watches
 * a room has, it gets one message of a kind.
 */
#ifndef OOBETET_CHANNEL_ASIDES_H
#define OOBETET_CHANNEL_ASIDES_H

#include "oobetet/watch/rooms.h"
#include "oobetet/worker.h"

/* A new one replaces one that still waits; of planned work, each is sent, up to the last eight.
 * An answer does not wait for a room that is not joined. */
enum aside { ASIDE_GREETING, ASIDE_ANNOUNCEMENT, ASIDE_PLANNED, ASIDE_ANSWER };

struct asides;

struct asides *asides_new(uint64_t seed);
void asides_free(struct asides *asides);

/* `text` for `room`, copied. */
void asides_put(struct asides *asides, enum aside kind, const char *room, const char *text);

/* Sends what waits for the rooms that are joined now, in the order in which it was put. */
void asides_send(struct asides *asides, const struct rooms *rooms, struct worker *xmpp);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The clock's end of one hand: starts the process, talks with it without ever waiting for it, and
 * when it is gone or falls silent, kills what is left and starts it again, with back-off. What
 * the lines mean is protocol.h's; those about the hand itself (alive, online, gone) stay here.
 */
#ifndef OOBETET_CLOCK_HAND_H
#define OOBETET_CLOCK_HAND_H

#include "oobetet/clock/program.h"
#include "oobetet/line/protocol.h"
#include "oobetet/pace.h"

#include <poll.h>
#include <stdint.h>

struct hand;

/* Not started yet: hand_tick() does that. `speaker` is what its process is told to be. */
struct hand *hand_new(enum speaker speaker, const struct program *program, const struct pace *pace,
	uint32_t seed);

/* Kills what is left. NULL is fine. */
void hand_free(struct hand *hand);

enum hand_news {
	HAND_NO_NEWS,
	HAND_STARTED, /* it wants its configuration, and then `go` */
	HAND_LOST,    /* nothing that it was told since it started may be taken as done */
};

/* Starts, kills, restarts: whatever is due. More may be: call it until it says HAND_NO_NEWS. */
enum hand_news hand_tick(struct hand *hand, nsec now);
nsec hand_deadline(const struct hand *hand);

/* How many of its lives in a row have ended before it was online: what `go` is to say. */
int64_t hand_attempt(const struct hand *hand);

/* Nobody looked at what it says for so long: it gets that much more time to say something. */
void hand_forgive(struct hand *hand, nsec away);

/* Says one line, as message_write() takes it. Nothing happens while there is no process. */
void hand_say(struct hand *hand, enum word word, const char *const fields[]);

/* What to wait for before hand_exchange(). */
struct pollfd hand_poll(const struct hand *hand);

/*
 * Writes what waits and reads 64 KiB at most, as far as is possible without waiting. True: there
 * may be more to read, once hand_next() has given out what is there.
 */
bool hand_exchange(struct hand *hand);

/* The next message of the hand; false: there is none. It holds until the next hand_exchange(). */
bool hand_next(struct hand *hand, struct message *message, nsec now);

/* A child has been reaped: if it was its process, that number may soon be another's. */
void hand_reaped(struct hand *hand, pid_t pid);

/* Tells it to stop in good order. It is not ticked any more: its end is awaited, or it is freed. */
void hand_dismiss(struct hand *hand);

/*
 * It has said something lately, even if it was killed and started again since. False: it hangs, or
 * cannot be started, for longer than any of its work may take.
 */
bool hand_progresses(const struct hand *hand, nsec now);

/* Why it was lost last; "" once it works again. */
const char *hand_why(const struct hand *hand);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The clock's end of one hand: starts the process, talks with it without ever waiting for it, and
 * when it is gone or falls silent, kills what is left and starts it again, with back-off. What
 * the lines mean is ipc.h's; those about the hand itself (alive, online, gone) stay here.
 */
#ifndef OOBETET_WORKER_H
#define OOBETET_WORKER_H

#include "oobetet/ipc.h"
#include "oobetet/selfexec.h"
#include "oobetet/timing.h"

#include <poll.h>
#include <stdint.h>

struct worker;

/* Not started yet: worker_tick() does that. `speaker` is what its process is told to be. */
struct worker *worker_new(enum speaker speaker, const struct selfexec *selfexec,
	const struct timing *timing, uint32_t seed);

/* Kills what is left. NULL is fine. */
void worker_free(struct worker *worker);

enum worker_news {
	WORKER_NO_NEWS,
	WORKER_STARTED, /* it wants its configuration, and then `go` */
	WORKER_LOST,    /* nothing that it was told since it started may be taken as done */
};

/* Starts, kills, restarts: whatever is due. More may be: call it until it says WORKER_NO_NEWS. */
enum worker_news worker_tick(struct worker *worker, nsec now);
nsec worker_deadline(const struct worker *worker);

/* How many of its lives in a row have ended before it was online: what `go` is to say. */
int64_t worker_attempt(const struct worker *worker);

/* Nobody looked at what it says for so long: it gets that much more time to say something. */
void worker_extend(struct worker *worker, nsec away);

/* Says one line, as message_write() takes it. Nothing happens while there is no process. */
void worker_send(struct worker *worker, enum message_type type, const char *const fields[]);

/* What to wait for before worker_exchange(). */
struct pollfd worker_poll(const struct worker *worker);

/*
 * Writes what waits and reads 64 KiB at most, as far as is possible without waiting. True: there
 * may be more to read, once worker_next() has given out what is there.
 */
bool worker_exchange(struct worker *worker);

/* The next message of the hand; false: there is none. It holds until the next worker_exchange(). */
bool worker_next(struct worker *worker, struct message *message, nsec now);

/* A child has been reaped: if it was its process, that number may soon be another's. */
void worker_reaped(struct worker *worker, pid_t pid);

/* Tells it to stop in good order. It is not ticked any more: its end is awaited, or it is freed. */
void worker_shut_down(struct worker *worker);

/*
 * It has said something lately, even if it was killed and started again since. False: it hangs, or
 * cannot be started, for longer than any of its work may take.
 */
bool worker_progresses(const struct worker *worker, nsec now);

/* Why it was lost last; "" once it works again. */
const char *worker_why(const struct worker *worker);

#endif

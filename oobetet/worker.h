/* SPDX-License-Identifier: MIT */
/*
 * The monitor's end of one worker: starts the process, exchanges messages without ever blocking,
 * and when it ends or falls silent, kills what is left and restarts it with back-off. message.h
 * describes the messages; those about the worker itself (alive, online, gone) are handled here.
 * Every function takes NULL for a worker that is not configured.
 */
#ifndef OOBETET_WORKER_H
#define OOBETET_WORKER_H

#include "oobetet/config/config.h"
#include "oobetet/message.h"
#include "oobetet/selfexec.h"

#include <poll.h>
#include <stdint.h>

struct worker;

/* The processes that do for the monitor what may block; besides them there is alert_command. */
struct workers {
	struct worker *xmpp;
	struct worker *probe; /* NULL: no probe is configured */
	struct worker *http;  /* NULL: neither PagerDuty nor heartbeat_url is configured */
};

/* Not started yet: worker_tick() does that. `speaker` is the role that its process gets. */
struct worker *worker_new(enum speaker speaker, const struct selfexec *selfexec,
	const struct timing *timing, uint32_t seed);

/* Kills what is left. */
void worker_free(struct worker *worker);

enum worker_news {
	WORKER_NO_NEWS,
	WORKER_STARTED, /* it waits for its configuration */
	WORKER_LOST,    /* it has ended: what it has not answered must be sent again */
};

/* Starts, kills, restarts as due. Call it until it returns WORKER_NO_NEWS. */
enum worker_news worker_tick(struct worker *worker, nsec now);
nsec worker_deadline(const struct worker *worker);

/* How many of its runs in a row ended before it was online: the field of `go`. */
int64_t worker_attempt(const struct worker *worker);

/* The monitor did not read for so long: extends the deadline of the next message by that. */
void worker_extend(struct worker *worker, nsec away);

/* Sends one message, as message_write() takes it. Dropped while there is no process. */
void worker_send(struct worker *worker, enum message_type type, const char *const fields[]);

/* What to poll for before worker_exchange(). */
struct pollfd worker_poll(const struct worker *worker);

/*
 * Writes what waits and reads 64 KiB at most, without blocking. True: there may be more to read,
 * after worker_next() has returned everything.
 */
bool worker_exchange(struct worker *worker);

/* The worker's next message; false: there is none. Valid until the next worker_exchange(). */
bool worker_next(struct worker *worker, struct message *message, nsec now);

/* A child was reaped: if it was this process, its pid may soon be another's. */
void worker_reaped(struct worker *worker, pid_t pid);

/*
 * Its configuration has changed, and perhaps its timing: the process is asked to stop, or killed if
 * it does not, and another is started at once. Until then nothing is sent to it.
 */
void worker_restart(struct worker *worker, const struct timing *timing, nsec now);

/* True if there is a process that takes messages. */
bool worker_takes(const struct worker *worker);

/* Asks it to stop. It is not ticked any more: its end is awaited, or it is freed. */
void worker_shut_down(struct worker *worker);

/*
 * True if it has sent something lately, even if it was killed and restarted since. False: for
 * longer than any of its work may take, it hangs or cannot be started.
 */
bool worker_progresses(const struct worker *worker, nsec now);

struct worker_status {
	const char *name;
	nsec online;     /* since when it does its work; 0: it does not */
	int64_t started; /* how many processes were started */
	const char *why; /* why the last process ended; "": it works again */
};
struct worker_status worker_status(const struct worker *worker);

/* Why it was lost last; "" once it works again. */
const char *worker_why(const struct worker *worker);

#endif

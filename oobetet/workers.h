/* SPDX-License-Identifier: MIT */
/*
 * Who does for the clock what may block: the ear, the pager and the alert_command. Here is what all
 * who use them need: they are started, given their configuration, heard, forgiven, dismissed.
 */
#ifndef OOBETET_WORKERS_H
#define OOBETET_WORKERS_H

#include "oobetet/channel/command.h"
#include "oobetet/config/config.h"
#include "oobetet/worker.h"

struct workers {
	const struct config *config;
	struct worker *xmpp;
	struct worker *http;     /* NULL: nothing is to be told, or fetched, that way */
	struct command *command; /* NULL: no alert_command */
};

/*
 * None is started yet: workers_tick() does that. `config` is the caller's and stays valid;
 * `pager`: there is work for one; `seed` is a random number. Free with workers_end().
 */
void workers_begin(struct workers *workers, const struct config *config,
	const struct selfexec *selfexec, const struct timing *timing, bool http, uint64_t seed);

/* Kills what is left. */
void workers_end(struct workers *workers);

enum workers_news {
	WORKERS_NO_NEWS,
	WORKERS_XMPP_STARTED,
	WORKERS_XMPP_LOST, /* worker_why() tells why */
	WORKERS_HTTP_STARTED,
	WORKERS_HTTP_LOST,
};

/*
 * Starts, kills, restarts hands: whatever is due. Who is started has its configuration. More may
 * be: call it until it says WORKERS_NO_NEWS.
 */
enum workers_news workers_tick(struct workers *workers, nsec now);

/* What the hands have said since the last time, one message after the other. */
typedef void message_handler(void *user, const struct message *message, nsec now);
void workers_listen(struct workers *workers, message_handler *take, void *user, nsec now);

/* What to wait for before the next turn, and until when. */
#define WORKERS_POLLED 3
void workers_poll(const struct workers *workers, struct pollfd fds[WORKERS_POLLED]);
nsec workers_deadline(const struct workers *workers);

/* Nobody looked at what the hands say for so long: they get that much more time to say something.
 */
void workers_extend(struct workers *workers, nsec away);

/* As worker_progresses(), of all hands. */
bool workers_progress(const struct workers *workers, nsec now);

/* Tells the hands to stop in good order. */
void workers_shut_down(struct workers *workers);

/*
 * Takes note of every child that has ended, except those that `other` knows, which may be NULL.
 * True: there are some that have not ended.
 */
typedef bool child_handler(void *user, pid_t pid, int status);
bool workers_reap(struct workers *workers, child_handler *other, void *user);

#endif

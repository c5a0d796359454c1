/* SPDX-License-Identifier: MIT */
/*
 * Who does for the clock what may block: the ear, the pager and the alert_command. Here is what all
 * who use them need: they are started, given their configuration, heard, forgiven, dismissed.
 */
#ifndef OOBETET_CLOCK_CARRIERS_H
#define OOBETET_CLOCK_CARRIERS_H

#include "oobetet/clock/command.h"
#include "oobetet/clock/hand.h"
#include "oobetet/config/config.h"

struct carriers {
	const struct config *config;
	struct hand *ear;
	struct hand *pager;      /* NULL: nothing is to be told, or fetched, that way */
	struct command *command; /* NULL: no alert_command */
};

/*
 * None is started yet: carriers_tick() does that. `config` is the caller's and stays valid;
 * `pager`: there is work for one; `seed` is a random number. Free with carriers_end().
 */
void carriers_begin(struct carriers *carriers, const struct config *config,
	const struct program *program, const struct pace *pace, bool pager, uint64_t seed);

/* Kills what is left. */
void carriers_end(struct carriers *carriers);

enum carriers_news {
	CARRIERS_NO_NEWS,
	CARRIERS_EAR_STARTED,
	CARRIERS_EAR_LOST, /* hand_why() tells why */
	CARRIERS_PAGER_STARTED,
	CARRIERS_PAGER_LOST,
};

/*
 * Starts, kills, restarts hands: whatever is due. Who is started has its configuration. More may
 * be: call it until it says CARRIERS_NO_NEWS.
 */
enum carriers_news carriers_tick(struct carriers *carriers, nsec now);

/* What the hands have said since the last time, one message after the other. */
typedef void message_taker(void *user, const struct message *message, nsec now);
void carriers_listen(struct carriers *carriers, message_taker *take, void *user, nsec now);

/* What to wait for before the next turn, and until when. */
#define CARRIERS_POLLED 3
void carriers_poll(const struct carriers *carriers, struct pollfd fds[CARRIERS_POLLED]);
nsec carriers_deadline(const struct carriers *carriers);

/* Nobody looked at what the hands say for so long: they get that much more time to say something.
 */
void carriers_forgive(struct carriers *carriers, nsec away);

/* As hand_progresses(), of all hands. */
bool carriers_progress(const struct carriers *carriers, nsec now);

/* Tells the hands to stop in good order. */
void carriers_dismiss(struct carriers *carriers);

/*
 * Takes note of every child that has ended, except those that `other` knows, which may be NULL.
 * True: there are some that have not ended.
 */
typedef bool child_taker(void *user, pid_t pid, int status);
bool carriers_reap(struct carriers *carriers, child_taker *other, void *user);

#endif

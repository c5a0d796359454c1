/* SPDX-License-Identifier: MIT */
/*
 * --test-alert: one marked test by every road that an alarm would take, through the same hands, and
 * for each road whether it arrived.
 */
#ifndef OOBETET_TESTALERT_H
#define OOBETET_TESTALERT_H

#include "oobetet/config/config.h"
#include "oobetet/selfexec.h"

#include <stdint.h>

/*
 * Tells every road, and prints one line a road on standard output. A room has it when it reflects
 * it, which a room that was created for it does not count for unless `create_rooms`, PagerDuty when
 * it has taken both the trigger and the resolve that follows, the alert_command when it has exited
 * with 0. Ends when all have, when what is left cannot be told, on SIGTERM or SIGINT. True: all of
 * them have it.
 */
bool test_alert_run(
	const struct config *config, const struct selfexec *selfexec, bool create_rooms);

/* The roads by which a test is tried, an attempt each: what each was told last, and whether it
 * arrived. */

#define ATTEMPT_WHY 300 /* bytes of a reason */
#define ATTEMPT_ID 64   /* bytes of an id */

struct attempt {
	const char *channel;
	bool over, arrived;
	int failures;
	char id[ATTEMPT_ID];   /* of what was told last; "": nothing was */
	char why[ATTEMPT_WHY]; /* why it did not arrive so far */
};

struct attempts {
	struct attempt *all; /* the rooms', then PagerDuty's, then the command's */
	int rooms, count;
	struct attempt *pagerduty; /* NULL, as the next: is not configured */
	struct attempt *command;
	uint64_t seed; /* of the ids */
	int told;
};

/* `config` stays the caller's and valid; `seed` is a random number. End it with attempts_end(). */
void attempts_begin(struct attempts *attempts, const struct config *config, uint64_t seed);
void attempts_end(struct attempts *attempts);

/* NULL: there is none. */
struct attempt *attempts_of_room(struct attempts *attempts, const char *room);
struct attempt *attempts_with_id(struct attempts *attempts, const char *id);

/* The id for what is told now. */
const char *attempt_id(struct attempts *attempts, struct attempt *attempt);

/* Not yet, and why; what fails again and again is given up. `attempt` may be NULL, or over. */
void attempt_fails(struct attempt *attempt, const char *why);

/* It has arrived, or never will. */
void attempt_arrives(struct attempt *attempt);
void attempt_ends(struct attempt *attempt, const char *why);

/* Are all over? */
bool attempts_are_over(const struct attempts *attempts);

/* Prints a line a road on standard output; true: all have arrived. */
bool attempts_report(const struct attempts *attempts);

#endif

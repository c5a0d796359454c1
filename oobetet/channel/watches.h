/* SPDX-License-Identifier: MIT */
/* Every watch of the process: what the monitor does with all of them at once. */
#ifndef OOBETET_CHANNEL_WATCHES_H
#define OOBETET_CHANNEL_WATCHES_H

#include "oobetet/channel/incident.h"

/*
 * In the order of the configuration. Behind them come those that were removed from it (reload.c):
 * they hear and report nothing, but their last notifications are still delivered.
 */
struct watches {
	int count;
	int ending;
	struct watched *each[WATCHES_MAX]; /* owned: count + ending of them */
};

void watches_free(struct watches *watches);

/* count + ending */
int watches_all(const struct watches *watches);

/* As channels_open(), channels_close() and channels_answer(), for the channels of every watch. */
void watches_open(struct watches *watches, enum channel_type type, const char *name);
void watches_close(
	struct watches *watches, enum channel_type type, const char *name, const char *why);
void watches_answer(struct watches *watches, enum channel_type type, const char *id,
	enum answer answer, const char *why, nsec now);

/* Sends what is due on every channel. */
void watches_send(struct watches *watches, const struct workers *by, nsec now);

/* Reads the output of each alert_command, and its outcome. */
void watches_commands_tick(struct watches *watches, nsec now);

/* True if the shell of an alert_command still runs; see command_runs(). */
bool watches_commands_run(struct watches *watches);

/* Writes what to poll for; returns how many. There is room for WATCHES_MAX. */
size_t watches_poll(const struct watches *watches, struct pollfd *fds);

/* When incident_report() has something to do next; `away`: all absences so far (active time). */
nsec watches_evaluation(const struct watches *watches, nsec away);

/* When watches_send() or watches_commands_tick() has. */
nsec watches_deadline(const struct watches *watches);

/* How many notifications are not delivered. */
int watches_pending(const struct watches *watches);

/* From now on nothing waits for a state file: there is none. */
void watches_recorded(struct watches *watches);

/* As listener.h has it, for the listen_command of every watch; listeners_poll() returns how many it
 * set. */
bool listeners_present(const struct watches *watches);
bool listeners_run(struct watches *watches); /* true if any does */
nsec listeners_deadline(const struct watches *watches);
size_t listeners_poll(const struct watches *watches, struct pollfd fds[]);
void listeners_extend(struct watches *watches, nsec away);
void listeners_shut_down(struct watches *watches);

#endif

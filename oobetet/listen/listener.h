/* SPDX-License-Identifier: MIT */
/*
 * A listen_command: a program that prints the messages that a watch waits for. It is started,
 * and restarted with back-off when it ends, when it closes its standard output, or when it prints
 * nothing for listen_silence. Nothing blocks. Every function takes NULL for a watch without one.
 *
 * A line without a time of its own counts when it is read, but not in the first LISTEN_START of a
 * run, nor before all that was printed until then has been read: `tail -F` prints old lines first,
 * and a program that is restarted again and again must not keep a dead chain alive. A line with a
 * time of its own counts at that time. When LISTEN_START is over and all of that has been read,
 * the program is present; its absence is a remark to the alarm.
 */
#ifndef OOBETET_LISTEN_LISTENER_H
#define OOBETET_LISTEN_LISTENER_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "oobetet/listen/format.h"

#include <poll.h>
#include <stdbool.h>

#define LISTEN_START (2 * NSEC_PER_SEC)

/*
 * A program that prints more than this is held up by its full pipe: so many lines and bytes in one
 * turn, then this pause.
 */
#define LISTEN_TURN_LINES 1000
#define LISTEN_TURN_READS 4 /* of 64 KiB */
#define LISTEN_PAUSE (20 * NSEC_PER_MSEC)

struct listen_rules {
	const char *label;   /* how log lines begin: "", or `watch NAME: ` */
	const char *command; /* words_split() accepts it */
	const char *format;  /* listen_format_parse() accepts it */
	nsec silence;        /* NSEC_NEVER: it may be silent for ever */
	nsec retry_min;      /* the first wait before a restart, which doubles ... */
	nsec retry_max;      /* ... up to this */
};

struct listener;

/* Nothing runs yet. The rules' texts are copied. All times are CLOCK_MONOTONIC unless they say
 * otherwise.
 */
struct listener *listener_new(const struct listen_rules *rules, nsec now);

/* Kills what still runs; processes_reap() (common/process.h) awaits its end. */
void listener_free(struct listener *listener);

/* The watch has another name: the label of the rules. */
void listener_rename(struct listener *listener, const char *label);

/* What to poll for: its standard output and error; fd is -1 where there is nothing. */
#define LISTENER_POLLS 2
void listener_poll(const struct listener *listener, struct pollfd fds[LISTENER_POLLS]);
nsec listener_deadline(const struct listener *listener);

/* Starts and ends it as due, and logs what it prints on standard error. */
void listener_tick(struct listener *listener, nsec now);

/* A message that counts. */
struct heard {
	nsec stamp; /* when it was sent, as far as that is known; never later than now */
	const char *nick;
	const char *text;
};

/* The next one, after listener_tick(); false: none now. Valid until the next call. */
bool listener_next(struct listener *listener, struct moment now, struct heard *out);

/* The monitor did not run for so long: that time is not the program's. */
void listener_extend(struct listener *listener, nsec away);

/* Asks the program to end (SIGTERM); it is not started again. */
void listener_shut_down(struct listener *listener);

/* True while the program has not ended; call it after SIGCHLD. */
bool listener_runs(struct listener *listener);

/* True if it is there to be heard: it runs, is past its start, and is not silent for too long. */
bool listener_present(const struct listener *listener);

/* Else: for how long it has not been, and in *why the reason; 0: it is present. */
nsec listener_absence(const struct listener *listener, nsec now, const char **why);

/* Appends its absence, as a remark to an alarm (notification.h). */
void listener_remark(const struct listener *listener, nsec now, struct buffer *remarks);

#endif

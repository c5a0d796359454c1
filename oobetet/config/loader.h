/* SPDX-License-Identifier: MIT */
/*
 * Reads the configuration in a child process: a disk may hang, a pipe may be in the place of a
 * file, and the monitor must not wait for either. A child that takes too long is killed; until the
 * kernel lets go of it nothing is read again. It dies with the monitor.
 */
#ifndef OOBETET_CONFIG_LOADER_H
#define OOBETET_CONFIG_LOADER_H

#include "common/buffer.h"
#include "oobetet/config/config.h"

#include <poll.h>
#include <sys/types.h>

#define LOADER_LIMIT (10 * NSEC_PER_SEC)
#define LOADER_TEXT (8 * 1024 * 1024) /* bytes of a packed configuration; 64 watches need less */

struct loader {
	pid_t pid;          /* the child; 0: none */
	int fd;             /* where it writes; -1: nowhere */
	nsec limit;         /* when it is killed, CLOCK_MONOTONIC */
	bool late;          /* it was */
	const char *path;   /* the caller's */
	struct buffer text; /* what it has written; it holds secrets */
};

/* Nothing is read. */
void loader_init(struct loader *loader);

/* Begins to read `path`, which stays valid. False: see the reason. Not while loader_reads(). */
bool loader_begin(struct loader *loader, const char *path, nsec now, struct reason *why);
bool loader_reads(const struct loader *loader);

/* True if the last one was killed a moment ago and may end soon: begin afterwards. */
bool loader_dies(const struct loader *loader, nsec now);

/*
 * Call it while loader_reads(). True: it is over; *config is the caller's, or NULL: see the
 * reason, which names the file.
 */
bool loader_step(struct loader *loader, nsec now, struct config **config, struct reason *why);
nsec loader_deadline(const struct loader *loader, nsec now);
struct pollfd loader_poll(const struct loader *loader);

/* A child has ended; true: it was this one. */
bool loader_ended(struct loader *loader, pid_t pid);

/* Kills what still runs. */
void loader_free(struct loader *loader);

#endif

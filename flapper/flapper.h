/* SPDX-License-Identifier: MIT */
/*
 * Opens and closes the port in the oscillator's rhythm and serves its clients. It sleeps until the
 * next transition, a connection or a signal.
 *
 * If the port cannot be opened at its time, that is logged once and retried every second of the
 * open halves until it works, which is logged too.
 */
#ifndef FLAPPER_FLAPPER_H
#define FLAPPER_FLAPPER_H

#include "flapper/listener.h"
#include "flapper/options.h"

struct flapper;

/*
 * Begins the first half on a port that is held. Both arguments remain the caller's and must
 * outlive it. NULL, with errno and *why: the port should be open and cannot be opened.
 */
struct flapper *flapper_start(
	const struct options *options, struct listener *listener, struct reason *why);

/* Runs until SIGTERM or SIGINT, which must be caught, or until --count closed halves are over. */
void flapper_run(struct flapper *flapper);

/* Closes the port and all connections. */
void flapper_stop(struct flapper *flapper);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The port, opened and closed in the oscillator's rhythm, and the visitors that this brings.
 * It sleeps until the next transition, a connection or a signal, and does nothing else.
 *
 * If the port cannot be opened when its time comes, that is said once and tried again every
 * second of the open half and at the next, until it works, which is said too.
 */
#ifndef FLAPPER_FLAPPER_H
#define FLAPPER_FLAPPER_H

#include "flapper/options.h"
#include "flapper/port.h"

struct flapper;

/*
 * Begins the first half on a port that is held, and which remains the caller's. NULL, errno and
 * *why say so if it should be open and cannot be. Both arguments must outlive it.
 */
struct flapper *flapper_start(const struct options *options, struct port *port, struct reason *why);

/* Until SIGTERM or SIGINT has come, or the closed halves have been counted. They are caught. */
void flapper_run(struct flapper *flapper);

/* Closes the port and sees everybody off. */
void flapper_stop(struct flapper *flapper);

#endif

/* SPDX-License-Identifier: MIT */
/* The command line of flapper. */
#ifndef FLAPPER_OPTIONS_H
#define FLAPPER_OPTIONS_H

#include "common/clocks.h"

#include <stdbool.h>

struct options {
	nsec interval;    /* of one full oscillation */
	uint16_t port;    /* 0: one that is free */
	const char *bind; /* a numeric address, from argv; NULL: all of both families */
	bool align;       /* the phase follows the wall clock */
	int64_t count;    /* closed halves before the exit; 0: no exit */
	bool quiet;       /* transitions are not logged */
	int ready_fd;     /* -1: none */
};

/* --help, --version and errors (exit 64) end the program. */
void options_read(struct options *options, int argc, char **argv);

#endif

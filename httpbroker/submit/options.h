/* SPDX-License-Identifier: MIT */
/* The command line of httpbroker-submit, and the environment behind it. */
#ifndef HTTPBROKER_SUBMIT_OPTIONS_H
#define HTTPBROKER_SUBMIT_OPTIONS_H

#include "common/clocks.h"

#include <stdbool.h>

#define OPTIONS_RETRY_UNSET (-1)

struct options {
	const char *url;    /* --url, HTTPBROKER_URL, or the default */
	const char *format; /* as given: the feed knows which there are */
	const char *file;   /* NULL: standard input */
	nsec retry;         /* how long an absent broker is waited for; NSEC_NEVER: for ever;
			     * OPTIONS_RETRY_UNSET: as fits the input */
	bool verbose;       /* say each event's outcome */
};

/* Ends the program: --help and --version with 0, what cannot be understood with 64. */
struct options options_parse(int argc, char **argv);

#endif

/* SPDX-License-Identifier: MIT */
/* The command line of httpbroker-submit, and the environment behind it. */
#ifndef HTTPBROKER_SUBMIT_OPTIONS_H
#define HTTPBROKER_SUBMIT_OPTIONS_H

#include "common/clocks.h"
#include "httpbroker/submit/event.h"
#include "httpbroker/submit/report.h"

#include <stdbool.h>
#include <stdint.h>

#define OPTIONS_RETRY_UNSET (-1)

enum mode {
	MODE_FEED,   /* events from standard input or files */
	MODE_EVENT,  /* -s: the one that the options describe */
	MODE_CHECK,  /* --: how a command went */
	MODE_FORGET, /* --forget */
};

struct options {
	enum mode mode;
	struct fields event; /* -e -c -s -m -d -t -T --time, as far as they were given; owns tags */
	size_t tags_count;   /* of event.tags */
	const char *format;  /* as given: the feed knows which there are */
	char delimiter;      /* of nsca's fields */
	char **files;        /* up to a NULL; owned, the texts are not */
	size_t files_count;
	char **command; /* what is behind --, up to a NULL */
	struct report_rules rules;
	nsec timeout; /* of the command; NSEC_NEVER: none */
	char **urls;  /* up to a NULL; owned */
	size_t urls_count;
	const char *ca_file;    /* NULL: the system's */
	const char *token_file; /* NULL: look into HTTPBROKER_TOKEN */
	nsec retry;             /* how long an absent broker is waited for; NSEC_NEVER: for ever;
				 * OPTIONS_RETRY_UNSET: as fits the input */
	const char *spool;      /* NULL: none */
	size_t spool_most;      /* bytes */
	size_t batch;           /* events a request */
	bool quiet;
	bool dry_run;
	bool verbose;
};

/* Ends the program: --help and --version with 0, what cannot be understood with 64. */
struct options options_read(int argc, char **argv);

void options_free(struct options *options);

/* Values of httpbroker-submit's options that no other program has. A wrong one ends the program
 * with 64 and a message that names `option`. */

/* Not empty. */
const char *value_filled(const char *option, const char *value);

/* What httpbroker-formats(5) calls a state, in whatever case. */
const char *value_state(const char *option, const char *value);

/* A time to live in whole seconds, or FIELDS_TTL_NEVER (event.h). */
int64_t value_ttl(const char *option, const char *value);

/* Seconds since the epoch. */
int64_t value_time(const char *option, const char *value);

/* A single byte, `\t` for a tab, that no line ends with. */
char value_byte(const char *option, const char *value);

/* How long to wait; NSEC_NEVER for `forever`. */
nsec value_patience(const char *option, const char *value);

/* What the options as a whole ask for, and which of them make no sense with that. */

/* Sets options->mode, where it is not --forget already. A contradiction ends the program with 64
 * and the words that resolve it. */
void mode_set(struct options *options);

#endif

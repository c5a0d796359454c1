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
	MODE_CHECK,  /* --: a command's result */
	MODE_FORGET, /* --forget */
	MODE_QUERY,  /* --query: -e, -c and -s select checks */
};

struct options {
	enum mode mode;
	struct fields event; /* -e -c -s -m -d -t -T --time; owns tags */
	size_t tags_count;   /* of event.tags */
	const char *format;  /* as given: source_new() checks it */
	char delimiter;      /* of nsca's fields */
	char **files;        /* up to a NULL; owned, the texts are not */
	size_t files_count;
	char **command; /* the words behind --, up to a NULL; NULL: none */
	struct report_rules rules;
	nsec timeout; /* of the command or the query; NSEC_NEVER: none */
	char **urls;  /* up to a NULL; owned */
	size_t urls_count;
	const char *ca_file;    /* NULL: the system's */
	const char *token_file; /* NULL: look into HTTPBROKER_TOKEN */
	nsec retry; /* how long to retry; NSEC_NEVER: forever; OPTIONS_RETRY_UNSET: by input */
	const char *spool; /* NULL: none */
	size_t spool_max;  /* bytes */
	size_t batch;      /* events a request */
	bool json;         /* of --query */
	bool start;        /* the command's start is reported, as with a limit */
	nsec run_limit;    /* of the command's run; NSEC_NEVER: not given */
	bool quiet;
	bool dry_run;
	bool verbose;
};

/* Ends the program: --help and --version with 0, a wrong command line with 64. */
struct options options_read(int argc, char **argv);

void options_free(struct options *options);

#endif

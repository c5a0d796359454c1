/* SPDX-License-Identifier: MIT */
/* httpbroker-submit: its options, and the modes that main.c chooses from. */
#ifndef HTTPBROKER_SUBMIT_SUBMIT_H
#define HTTPBROKER_SUBMIT_SUBMIT_H

#include "common/clocks.h"
#include "httpbroker/submit/event.h"
#include "httpbroker/submit/report.h"

#include <stdbool.h>
#include <stddef.h>

struct sender;
struct source;
struct spool;

/* The command line, and the environment behind it. */

#define OPTIONS_RETRY_UNSET (-1)

enum mode {
	MODE_FEED,   /* events from standard input or files */
	MODE_EVENT,  /* -s: the one that the options describe */
	MODE_CHECK,  /* --: a command's result */
	MODE_FORGET, /* --forget */
	MODE_QUERY,  /* --query: -e, -c and -s select checks */
};

struct options {
	enum mode mode; /* follows from the others */
	bool forget, query;
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
	const char *urls_from;  /* the option or the variable, for messages */
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

/*
 * The main loop (loop.c): events from a source (or a single one) go into a queue, and from its head
 * to the broker, batch by batch and in order, until the source ends, the broker is unreachable for
 * too long, or a signal arrives. Reading goes on while the broker is unreachable. Events of the
 * spool go first; events that cannot be sent go into it.
 */

/* The time to send the rest after SIGTERM. */
#define SUBMIT_STOP_LIMIT (5 * NSEC_PER_SEC)

struct submit_parts {
	struct source *source; /* NULL: only the event below */
	const char *event;     /* one JSON object; NULL: none */
	bool timeless;         /* the event has no time */
	struct sender *sender;
	struct spool *spool; /* NULL: none */
	bool spoolless;      /* there should be one that keeps events, and there is none */
	nsec retry_limit;    /* how long to retry; NSEC_NEVER: forever */
	size_t batch;        /* events a request, at most */
	bool verbose;        /* log each accepted event, too */
};

/*
 * Runs to the end and returns the exit code: 0, EX_DATAERR (some were refused), EX_NOINPUT (a
 * read failed), EX_UNAVAILABLE (some were not delivered), EX_TEMPFAIL (some are in the spool) or
 * EX_CANTCREAT (the spool cannot be used).
 * SIGTERM, SIGINT and SIGHUP must be caught (common/signals.h), unless they are ignored.
 */
int submit_run(const struct submit_parts *parts);

/* Whether one of these signals has arrived. A call reports one of them, once. */
bool stop_signalled(void);

/* What needs no queue (requests.c): --query (a GET), --start (a ping) and --forget (a DELETE). */

/*
 * Asks the brokers in turn until one answers. Returns the exit code of a plugin: 0 ok, 1 warning, 2
 * critical, 3 unknown; 3 as well where no check matches or no broker answers. Of several states the
 * worst counts: critical, unknown, warning, ok.
 */
int query_run(const struct options *options, const struct sender *sender);

/* --start: reports that a run of a job starts, by a ping (httpbroker-http(7), PINGS). */
struct start {
	const char *entity, *check;
	nsec limit; /* of the run; NSEC_NEVER: the broker's */
};

/*
 * Asks each broker once, in turn, for 5 seconds together: the job must not wait for long. A failure
 * is logged, nothing more: the job's result is what counts.
 */
void start_send(const struct start *start, const struct sender *sender);

/*
 * Forgets a check, or all of an entity: asks until the broker responds, for parts->retry_limit at
 * most. Returns the exit code: 0, EX_DATAERR (there is no such check, or it may not be forgotten),
 * EX_UNAVAILABLE. Signals as for submit_run().
 */
int forget_run(const struct options *options, const struct submit_parts *parts);

/* --dry-run (dryrun.c): prints each event on a line instead of sending it. */

/* Return the exit code: 0; EX_IOERR, logged: writing failed; EX_DATAERR, logged: the broker would
 * refuse an event. */
int dryrun_event(const char *json, size_t length);
int dryrun_forget(const char *url, const char *query);

/* Also EX_NOINPUT. Signals as for submit_run(). */
int dryrun_source(struct source *source);

#endif

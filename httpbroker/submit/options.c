/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/submit.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/options.h"
#include "httpbroker/checks/event.h"
#include "httpbroker/limits.h"
#include "httpbroker/submit/queue.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define YEAR (365 * 86400 * NSEC_PER_SEC)
#define DEFAULT_URL "http://localhost:3090"
#define SPOOL_MAX_DEFAULT ((size_t)64 * 1024 * 1024)

/* Appends to a list of texts that ends in a NULL. */
static void texts_add(char ***list, size_t *count, const char *text)
{
	*list = memory_resized(*list, (*count + 2) * sizeof **list);
	(*list)[(*count)++] = memory_copied(text);
	(*list)[*count] = NULL;
}

static const char *state_checked(const char *option, const char *value)
{
	enum state state;
	bool unused;

	if (!state_read(value, strlen(value), &state, &unused))
		die(EX_USAGE, "%s: '%s' is none of " STATE_WORDS, option, value);
	return value;
}

static void state_set(struct options *options, const char *option, const char *value)
{
	options->event.state = state_checked(option, value);
}

static void timeout_state_set(struct options *options, const char *option, const char *value)
{
	options->rules.timeout_state = state_checked(option, value);
}

static void ttl_set(struct options *options, const char *option, const char *value)
{
	struct reason why;
	nsec ttl;

	options->event.ttl = FIELDS_TTL_NEVER;
	if (strcmp(value, "never") == 0)
		return;
	if (!duration_parse(value, NSEC_PER_MSEC, YEAR, &ttl, &why))
		die(EX_USAGE, "%s: %s; say 'never' for a state that does not go stale", option,
			why.text);
	/* the broker counts whole seconds: a fraction is rounded up */
	options->event.ttl = (ttl + NSEC_PER_SEC - 1) / NSEC_PER_SEC;
}

static void tag_set(struct options *options, const char *option, const char *value)
{
	if (value[0] == '\0')
		die(EX_USAGE, "%s: empty", option);
	texts_add(&options->event.tags, &options->tags_count, value);
}

static void time_set(struct options *options, const char *option, const char *value)
{
	struct reason why;

	if (!fields_time_read(value, &options->event.time, &why))
		die(EX_USAGE, "%s: %s", option, why.text);
}

static void delimiter_set(struct options *options, const char *option, const char *value)
{
	bool tab = strcmp(value, "\\t") == 0;

	if (!tab && (strlen(value) != 1 || *value == '\n'))
		die(EX_USAGE, "%s: '%s' is not a single byte such as ';', or '\\t' for a tab",
			option, value);
	options->delimiter = tab ? '\t' : *value;
}

static void exit_map_set(struct options *options, const char *option, const char *value)
{
	if (strcmp(value, "plugin") != 0 && strcmp(value, "plain") != 0)
		die(EX_USAGE, "%s: '%s' is neither plugin nor plain", option, value);
	options->rules.map = strcmp(value, "plain") == 0 ? EXIT_MAP_PLAIN : EXIT_MAP_PLUGIN;
}

static void url_set(struct options *options, const char *option, const char *value)
{
	if (value[0] == '\0')
		die(EX_USAGE, "%s: empty", option);
	texts_add(&options->urls, &options->urls_count, value);
	options->urls_from = "--url";
}

static void retry_set(struct options *options, const char *option, const char *value)
{
	struct reason why;

	if (strcmp(value, "forever") == 0)
		options->retry = NSEC_NEVER;
	else if (!duration_parse(value, 0, YEAR, &options->retry, &why))
		die(EX_USAGE, "%s: %s, nor 'forever'", option, why.text);
}

static void file_add(struct options *options, char *text)
{
	texts_add(&options->files, &options->files_count, text);
}

/* For the shell's completion. */
#define STATES "ok warning critical unknown up down unreachable"

static const struct option_row rows[] = {
	{"e,entity", "NAME", "whose check it is (default: this host's name)",
		OPTION_FILLED(event.entity), .choices = OPTION_HOSTS},
	{"c,check", "NAME", "of the check (with --: the command's name)",
		OPTION_FILLED(event.check)},
	{"s,state", "STATE", "one event: ok, warning, critical, unknown, up, down, unreachable",
		OPTION_SET(state_set), .choices = STATES},
	{"m,summary", "TEXT", "one line about it", OPTION_TEXT(event.summary)},
	{"d,details", "TEXT", "more about it", OPTION_TEXT(event.details)},
	{"t,ttl", "DURATION", "after which it is stale: 5m, 26h, 1d, never", OPTION_SET(ttl_set),
		.choices = "5m 1h 26h 1d never"},
	{"T,tag", "TAG", "may be given several times", OPTION_SET(tag_set)},
	{"time", "SECONDS", "when it happened, since the epoch (default: now)",
		OPTION_SET(time_set)},
	{"forget", NULL, "the broker forgets the check, or without -c all of the entity",
		OPTION_FLAG(forget)},
	{"query", NULL,
		"print the states of checks, and exit as a monitoring plugin does; -e, -c (globs) "
		"and -s select",
		OPTION_FLAG(query)},
	{"json", NULL, "with --query: as a JSON array", OPTION_FLAG(json)},
	{"format", "FORMAT", "of the input: json (default), nagios, nsca, extcmd",
		OPTION_TEXT(format), .choices = "json nagios nsca extcmd"},
	{"delimiter", "CHAR", "between the fields of nsca (default: a tab)",
		OPTION_SET(delimiter_set)},
	{"exit-map", "MAP",
		"plugin (default): 0 1 2 3 are ok, warning, critical, unknown; plain: 0 is ok; "
		"all else is critical",
		OPTION_SET(exit_map_set), .choices = "plugin plain"},
	{"start", NULL, "report the start of the command as well", OPTION_FLAG(start)},
	{"run-limit", "DURATION", "the same; it is critical if no end is reported by then",
		OPTION_DURATION(run_limit, NSEC_PER_SEC, YEAR)},
	{"timeout", "DURATION", "ends a command, or a --query, that takes longer",
		OPTION_DURATION(timeout, NSEC_PER_MSEC, YEAR)},
	{"timeout-state", "STATE", "and reports this (default critical)",
		OPTION_SET(timeout_state_set), .choices = STATES},
	{"q,quiet", NULL, "do not pass on the command's output", OPTION_FLAG(quiet)},
	{"url", "URL",
		"the broker: http://host:port, https://host or unix:/path; several are tried in "
		"turn (default $HTTPBROKER_URL, or " DEFAULT_URL ")",
		OPTION_SET(url_set), .choices = "http:// https:// unix:/"},
	{"cacert", "FILE", "certificates to trust (default: the system's)", OPTION_FILLED(ca_file)},
	{"token-file", "FILE", "with the token (or $HTTPBROKER_TOKEN)", OPTION_FILLED(token_file)},
	{"retry", "DURATION",
		"how long to retry an unreachable broker: 0, 30s, forever (default 30s; a named "
		"pipe without --spool: forever)",
		OPTION_SET(retry_set), .choices = "0 30s 5m forever"},
	{"spool", "DIR", "keeps events that could not be sent", OPTION_FILLED(spool)},
	{"spool-max", "BYTES", "and no more than this (default 64M)",
		OPTION_SIZE(spool_max, 4096, INT64_C(1) << 40)},
	{"batch", "N", "events per request (default 500)", OPTION_NUMBER(batch, 1, LIMIT_BATCH)},
	{"dry-run", NULL, "print the events instead of sending them", OPTION_FLAG(dry_run)},
	{"v,verbose", NULL, "log the result of each event", OPTION_FLAG(verbose)},
	OPTION_END,
};

static const struct option_table table = {
	.program = "httpbroker-submit",
	.operands = "[FILE... | -- COMMAND...]",
	.purpose =
		"Submits events to httpbroker:\n"
		"\n"
		"  some-feed | httpbroker-submit                    standard input, or each FILE\n"
		"  httpbroker-submit -c backup -s ok -t 1d          one event, from options\n"
		"  httpbroker-submit -t 5m -- check_load -w 5 -c 9  a command's result\n"
		"  httpbroker-submit --forget -e db-01              remove a retired host\n"
		"  httpbroker-submit --query -e 'db-*'              print states\n"
		"\n"
		"Exit status: 0 all accepted, 64 wrong usage, 65 some refused, 66 a FILE cannot\n"
		"be read, 69 no broker accepted them, 73 no spool, 75 kept in the spool, 78 no\n"
		"token; with --, the command's own; with --query, a plugin's 0 to 3.\n"
		"More in httpbroker-submit(1).\n",
	.rows = rows,
	.operand = file_add,
	.command = true,
};

/* Ends the program where an option is given that has no use here. */
static void refuse_if(bool given, const char *message)
{
	if (given)
		die(EX_USAGE, "%s", message);
}

static void mode_choose(struct options *options)
{
	bool forget = options->forget, query = options->query;
	bool state = options->event.state != NULL, command = options->command != NULL;

	/* `-- "$VARIABLE"` of one that is not set is empty */
	refuse_if(command && (options->command[0] == NULL || options->command[0][0] == '\0'),
		"a command must stand behind --");
	refuse_if(forget && (state || command || query),
		"--forget goes neither with -s nor with --query or a command");
	refuse_if(state && command, "-s does not go with a command: its exit code says the state");
	refuse_if(query && command, "--query does not go with a command");
	refuse_if(options->files_count > 0 && (forget || query || state || command),
		"a file to read does not go with -s, --, --forget or --query");
	options->mode = command  ? MODE_CHECK
			: forget ? MODE_FORGET
			: query  ? MODE_QUERY
			: state  ? MODE_EVENT
				 : MODE_FEED;
}

static void query_options_check(const struct options *options)
{
	const struct fields *event = &options->event;
	enum state state;
	bool unused;

	refuse_if(event->summary != NULL || event->details != NULL || event->ttl != 0 ||
			  options->tags_count > 0 || event->time != FIELDS_NO_TIME,
		"--query goes with -e, -c and -s, but no other part of an event");
	refuse_if(options->spool != NULL || options->dry_run || options->quiet,
		"--query does not go with --spool, --dry-run and -q");
	refuse_if(event->state != NULL &&
			  state_read(event->state, strlen(event->state), &state, &unused) &&
			  !state_lasts(state),
		"--query: a check is never in that state");
}

static void mode_check(const struct options *options)
{
	const struct fields *event = &options->event;
	bool feed = options->mode == MODE_FEED, check = options->mode == MODE_CHECK;
	bool forget = options->forget, query = options->query;

	if (query)
		query_options_check(options);
	refuse_if(!query && options->json, "--json needs --query");
	refuse_if(options->mode == MODE_EVENT && event->check == NULL, "-s needs -c");
	refuse_if(feed && event->check != NULL, "-c needs -s, a command, --forget or --query");
	refuse_if((feed || forget || check) && (event->summary != NULL || event->details != NULL),
		"-m and -d need -s");
	refuse_if(
		(feed || forget) && event->time != FIELDS_NO_TIME, "--time needs -s or a command");
	refuse_if(forget && (event->ttl != 0 || options->tags_count > 0),
		"-t and -T do not go with --forget");
	refuse_if(forget && event->entity == NULL, "--forget needs -e");
	refuse_if(forget && options->spool != NULL, "--forget cannot be kept in a spool");
	refuse_if(!check && options->quiet, "-q needs a command");
	refuse_if(!check && (options->start || options->run_limit != NSEC_NEVER),
		"--start and --run-limit need a command");
	refuse_if(!check && !query && options->timeout != NSEC_NEVER,
		"--timeout needs a command or --query");
}

/* HTTPBROKER_URL may hold several, separated by blanks. */
static void urls_complete(struct options *options)
{
	const char *given = getenv("HTTPBROKER_URL");
	char *urls = memory_copied(given != NULL ? given : "");
	char *rest = urls, *url;
	bool wanted = options->urls_count == 0;

	while (wanted && (url = strsep(&rest, " \t\n")) != NULL)
		if (*url != '\0')
			texts_add(&options->urls, &options->urls_count, url);
	free(urls);
	/* the command that is run must not see a password in it */
	if (given != NULL && strchr(given, '@') != NULL)
		unsetenv("HTTPBROKER_URL");
	if (options->urls_count == 0)
		texts_add(&options->urls, &options->urls_count, DEFAULT_URL);
}

struct options options_read(int argc, char **argv)
{
	struct options options = {
		.event = {.time = FIELDS_NO_TIME},
		.format = "json",
		.delimiter = '\t',
		.rules = {EXIT_MAP_PLUGIN, "critical"},
		.timeout = NSEC_NEVER,
		.run_limit = NSEC_NEVER,
		.retry = OPTIONS_RETRY_UNSET,
		.spool_max = SPOOL_MAX_DEFAULT,
		.batch = BATCH_DEFAULT,
		.urls_from = "HTTPBROKER_URL",
	};

	options.files = memory_zeroed(1, sizeof *options.files);
	options.command = options_parse(&table, &options, argc, argv);
	mode_choose(&options);
	mode_check(&options);
	urls_complete(&options);
	return options;
}

static void texts_free(char **list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

void options_free(struct options *options)
{
	texts_free(options->event.tags);
	texts_free(options->files);
	texts_free(options->urls);
}

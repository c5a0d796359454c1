/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/options.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/options.h"
#include "common/optiontable.h"
#include "httpbroker/submit/delivery/batch.h"
#include "httpbroker/submit/mode.h"
#include "httpbroker/submit/values.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define LONGEST (365 * 86400 * NSEC_PER_SEC)
#define DEFAULT_URL "http://localhost:3090"
#define SPOOL_MOST_LEAST 4096
#define SPOOL_MOST_MAX (INT64_C(1) << 40)
#define SPOOL_MOST_DEFAULT ((size_t)64 * 1024 * 1024)

/* Appends to a list of texts that ends in a NULL. */
static void list_add(char ***list, size_t *count, const char *text)
{
	*list = memory_resized(*list, (*count + 2) * sizeof **list);
	(*list)[(*count)++] = memory_copied(text);
	(*list)[*count] = NULL;
}

static void entity_take(struct options *options, const char *option, const char *value)
{
	options->event.entity = value_filled(option, value);
}

static void check_take(struct options *options, const char *option, const char *value)
{
	options->event.check = value_filled(option, value);
}

static void state_take(struct options *options, const char *option, const char *value)
{
	options->event.state = value_state(option, value);
}

static void summary_take(struct options *options, const char *option, const char *value)
{
	(void)option;
	options->event.summary = value;
}

static void details_take(struct options *options, const char *option, const char *value)
{
	(void)option;
	options->event.details = value;
}

static void ttl_take(struct options *options, const char *option, const char *value)
{
	options->event.ttl = value_ttl(option, value);
}

static void tag_take(struct options *options, const char *option, const char *value)
{
	list_add(&options->event.tags, &options->tags_count, value_filled(option, value));
}

static void time_take(struct options *options, const char *option, const char *value)
{
	options->event.time = value_time(option, value);
}

static void forget_take(struct options *options, const char *option, const char *value)
{
	(void)option;
	(void)value;
	options->mode = MODE_FORGET;
}

static void format_take(struct options *options, const char *option, const char *value)
{
	(void)option;
	options->format = value;
}

static void delimiter_take(struct options *options, const char *option, const char *value)
{
	options->delimiter = value_byte(option, value);
}

static void exit_map_take(struct options *options, const char *option, const char *value)
{
	if (strcmp(value, "plugin") != 0 && strcmp(value, "plain") != 0)
		die(EX_USAGE, "%s: '%s' is neither plugin nor plain", option, value);
	options->rules.map = strcmp(value, "plain") == 0 ? EXIT_MAP_PLAIN : EXIT_MAP_PLUGIN;
}

static void timeout_take(struct options *options, const char *option, const char *value)
{
	options->timeout = option_duration(option, value, NSEC_PER_MSEC, LONGEST);
}

static void timeout_state_take(struct options *options, const char *option, const char *value)
{
	options->rules.timeout_state = value_state(option, value);
}

static void quiet_take(struct options *options, const char *option, const char *value)
{
	(void)option;
	(void)value;
	options->quiet = true;
}

static void url_take(struct options *options, const char *option, const char *value)
{
	list_add(&options->urls, &options->urls_count, value_filled(option, value));
}

static void cacert_take(struct options *options, const char *option, const char *value)
{
	options->ca_file = value_filled(option, value);
}

static void token_file_take(struct options *options, const char *option, const char *value)
{
	options->token_file = value_filled(option, value);
}

static void retry_take(struct options *options, const char *option, const char *value)
{
	options->retry = value_patience(option, value);
}

static void spool_take(struct options *options, const char *option, const char *value)
{
	options->spool = value_filled(option, value);
}

static void spool_max_take(struct options *options, const char *option, const char *value)
{
	options->spool_most = (size_t)option_size(option, value, SPOOL_MOST_LEAST, SPOOL_MOST_MAX);
}

static void batch_take(struct options *options, const char *option, const char *value)
{
	options->batch = (size_t)option_number(option, value, 1, BATCH_MAX);
}

static void dry_run_take(struct options *options, const char *option, const char *value)
{
	(void)option;
	(void)value;
	options->dry_run = true;
}

static void verbose_take(struct options *options, const char *option, const char *value)
{
	(void)option;
	(void)value;
	options->verbose = true;
}

static const struct option_row rows[] = {
	{"e,entity", "NAME", entity_take, "whose check it is (default: this host's name)"},
	{"c,check", "NAME", check_take, "of the check (with --: the command's name)"},
	{"s,state", "STATE", state_take,
		"one event: ok, warning, critical, unknown, up, down, unreachable"},
	{"m,summary", "TEXT", summary_take, "one line about it"},
	{"d,details", "TEXT", details_take, "more about it"},
	{"t,ttl", "DURATION", ttl_take, "after which it is stale: 5m, 26h, 1d, never"},
	{"T,tag", "TAG", tag_take, "may be given several times"},
	{"time", "SECONDS", time_take, "when it was, since the epoch (default: now)"},
	{"forget", NULL, forget_take,
		"the broker forgets the check, or without -c all of the entity"},
	{"format", "FORMAT", format_take, "of a feed: json (default), nagios, nsca, extcmd"},
	{"delimiter", "CHAR", delimiter_take, "between the fields of nsca (default: a tab)"},
	{"exit-map", "MAP", exit_map_take,
		"plugin (default): 0 1 2 3 are ok, warning, critical, unknown; plain: 0 is ok; "
		"all else is critical"},
	{"timeout", "DURATION", timeout_take, "ends a command that takes longer"},
	{"timeout-state", "STATE", timeout_state_take, "and reports this (default critical)"},
	{"q,quiet", NULL, quiet_take, "what the command prints is not passed on"},
	{"url", "URL", url_take,
		"the broker: http://host:port, https://host or unix:/path; several are tried in "
		"turn (default $HTTPBROKER_URL, or " DEFAULT_URL ")"},
	{"cacert", "FILE", cacert_take, "whose certificates are trusted (default: the system's)"},
	{"token-file", "FILE", token_file_take, "with the token (or $HTTPBROKER_TOKEN)"},
	{"retry", "DURATION", retry_take,
		"how long to wait for a broker that is away: 0, 30s, forever (default 30s; a "
		"named pipe without --spool: forever)"},
	{"spool", "DIR", spool_take, "keeps what could not be sent"},
	{"spool-max", "BYTES", spool_max_take, "and no more than this (default 64M)"},
	{"batch", "N", batch_take, "events a request (default 500)"},
	{"dry-run", NULL, dry_run_take, "print what would be sent"},
	{"v,verbose", NULL, verbose_take, "say of each event what became of it"},
};

static const struct option_table table = {
	"httpbroker-submit",
	"[FILE... | -- COMMAND...]",
	"Hands events to httpbroker:\n"
	"\n"
	"  some-feed | httpbroker-submit                    standard input, or each FILE\n"
	"  httpbroker-submit -c backup -s ok -t 1d          one, from options\n"
	"  httpbroker-submit -t 5m -- check_load -w 5 -c 9  how a command went\n"
	"  httpbroker-submit --forget -e db-01              a host that was retired\n"
	"\n"
	"Exit status: 0 all accepted, 64 wrong usage, 65 some refused, 66 a FILE cannot\n"
	"be read, 69 no broker took them, 73 no spool, 75 kept in the spool, 78 no token;\n"
	"with --, the command's own.\n"
	"More in httpbroker-submit(1).\n",
	rows,
	sizeof rows / sizeof rows[0],
};

static void file_take(struct options *options, char *text)
{
	list_add(&options->files, &options->files_count, text);
}

/* HTTPBROKER_URL may name several, with blanks between them. */
static void urls_complete(struct options *options)
{
	const char *given = getenv("HTTPBROKER_URL");
	char *urls = memory_copied(given != NULL ? given : "");
	char *rest = urls, *url;
	bool wanted = options->urls_count == 0;

	while (wanted && (url = strsep(&rest, " \t\n")) != NULL)
		if (*url != '\0')
			list_add(&options->urls, &options->urls_count, url);
	free(urls);
	/* a password in it is not for the command that is run */
	if (given != NULL && strchr(given, '@') != NULL)
		unsetenv("HTTPBROKER_URL");
	if (options->urls_count == 0)
		list_add(&options->urls, &options->urls_count, DEFAULT_URL);
}

struct options options_read(int argc, char **argv)
{
	struct options options = {
		.event = {.time = FIELDS_NO_TIME},
		.format = "json",
		.delimiter = '\t',
		.rules = {EXIT_MAP_PLUGIN, "critical"},
		.timeout = NSEC_NEVER,
		.retry = OPTIONS_RETRY_UNSET,
		.spool_most = SPOOL_MOST_DEFAULT,
		.batch = BATCH_DEFAULT,
	};

	options.files = memory_zeroed(1, sizeof *options.files);
	options.command = option_table_read_all(&table, &options, argc, argv, file_take);
	mode_set(&options);
	urls_complete(&options);
	return options;
}

static void list_free(char **list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

void options_free(struct options *options)
{
	list_free(options->event.tags);
	list_free(options->files);
	list_free(options->urls);
}

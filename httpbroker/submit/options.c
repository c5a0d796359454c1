/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/options.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/options.h"
#include "common/optiontable.h"
#include "httpbroker/submit/event.h"
#include "httpbroker/submit/queue.h"

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

#define TTL_MAX (365 * 86400 * NSEC_PER_SEC)
#define PATIENCE_MAX TTL_MAX

static const char *const states[] = {"ok", "warning", "critical", "unknown", "up", "down",
	"unreachable", "acknowledgement", "test_notifications"};

const char *value_filled(const char *option, const char *value)
{
	if (value[0] == '\0')
		die(EX_USAGE, "%s: empty", option);
	return value;
}

const char *value_state(const char *option, const char *value)
{
	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
		if (strcasecmp(value, states[i]) == 0)
			return value;
	die(EX_USAGE,
		"%s: '%s' is none of ok, warning, critical, unknown, up, down, unreachable, "
		"acknowledgement, test_notifications",
		option, value);
}

int64_t value_ttl(const char *option, const char *value)
{
	struct reason why;
	nsec ttl;

	if (strcmp(value, "never") == 0)
		return FIELDS_TTL_NEVER;
	if (!duration_parse(value, NSEC_PER_MSEC, TTL_MAX, &ttl, &why))
		die(EX_USAGE, "%s: %s; say 'never' for a state that does not go stale", option,
			why.text);
	/* the broker counts in whole seconds: a part of one is one more */
	return (ttl + NSEC_PER_SEC - 1) / NSEC_PER_SEC;
}

int64_t value_time(const char *option, const char *value)
{
	struct reason why;
	int64_t time;

	if (!fields_time_read(value, &time, &why))
		die(EX_USAGE, "%s: %s", option, why.text);
	return time;
}

char value_byte(const char *option, const char *value)
{
	if (strcmp(value, "\\t") == 0)
		return '\t';
	if (strlen(value) != 1 || *value == '\n')
		die(EX_USAGE, "%s: '%s' is not a single byte such as ';', or '\\t' for a tab",
			option, value);
	return *value;
}

nsec value_patience(const char *option, const char *value)
{
	struct reason why;
	nsec patience;

	if (strcmp(value, "forever") == 0)
		return NSEC_NEVER;
	if (!duration_parse(value, 0, PATIENCE_MAX, &patience, &why))
		die(EX_USAGE, "%s: %s, nor 'forever'", option, why.text);
	return patience;
}

/* What was given by the user and has no use, who is told what it is for. */
static void unwanted(bool given, const char *words)
{
	if (given)
		die(EX_USAGE, "%s", words);
}

static void mode_choose(struct options *options)
{
	bool forget = options->mode == MODE_FORGET;
	bool state = options->event.state != NULL;

	unwanted(options->command != NULL && options->command[0] == NULL,
		"a command must stand behind --");
	unwanted(forget && (state || options->command != NULL),
		"--forget goes neither with -s nor with a command");
	unwanted(state && options->command != NULL,
		"-s does not go with a command: its exit code says the state");
	unwanted(options->files_count > 0 && (forget || state || options->command != NULL),
		"a file to read does not go with -s, -- or --forget");
	if (options->command != NULL)
		options->mode = MODE_CHECK;
	else if (state)
		options->mode = MODE_EVENT;
}

static void mode_check(const struct options *options)
{
	const struct fields *event = &options->event;
	bool feed = options->mode == MODE_FEED, check = options->mode == MODE_CHECK;
	bool forget = options->mode == MODE_FORGET;

	unwanted(options->mode == MODE_EVENT && event->check == NULL, "-s needs -c");
	unwanted(feed && event->check != NULL, "-c needs -s, a command or --forget");
	unwanted((feed || forget || check) && (event->summary != NULL || event->details != NULL),
		"-m and -d need -s");
	unwanted((feed || forget) && event->time != FIELDS_NO_TIME, "--time needs -s or a command");
	unwanted(forget && (event->ttl != 0 || options->tags_count > 0),
		"-t and -T do not go with --forget");
	unwanted(forget && event->entity == NULL, "--forget needs -e");
	unwanted(forget && options->spool != NULL, "--forget cannot be kept in a spool");
	unwanted(!check && (options->timeout != NSEC_NEVER || options->quiet),
		"--timeout and -q need a command");
}

void mode_set(struct options *options)
{
	mode_choose(options);
	mode_check(options);
}

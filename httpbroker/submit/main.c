/* SPDX-License-Identifier: MIT */
/* The start of httpbroker-submit: its secrets, parts and signals, and the mode that it runs in. */
#include "common/descriptors.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/secret.h"
#include "common/signals.h"
#include "httpbroker/submit/command.h"
#include "httpbroker/submit/sender.h"
#include "httpbroker/submit/source.h"
#include "httpbroker/submit/spool.h"
#include "httpbroker/submit/submit.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#define RETRY_LIMIT (30 * NSEC_PER_SEC) /* default where the input ends */

enum { HOST_NAME = 256 };

static bool reads_standard_input(const struct options *options)
{
	bool named = false;

	for (size_t i = 0; i < options->files_count; i++)
		named = named || strcmp(options->files[i], "-") == 0;
	return options->mode == MODE_FEED && (named || options->files_count == 0);
}

static void signals_begin(const struct options *options)
{
	int caught[4] = {SIGTERM, SIGINT};
	int count = 2;
	struct sigaction hangup;

	if (options->mode == MODE_QUERY) { /* it has nothing to finish: a signal ends it */
		signal(SIGPIPE, SIG_IGN);
		return;
	}
	if (options->mode == MODE_CHECK)
		caught[count++] = SIGCHLD;
	/* nohup(1) ignores it */
	if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
		caught[count++] = SIGHUP;
	signals_catch(caught, count);
}

/* It is sent in a header: no line break may be in it. */
static bool token_valid(const char *token, struct reason *why)
{
	for (; *token != '\0'; token++)
		if ((unsigned char)*token < ' ' || *token == 0x7f)
			return reason_set(why, "there is a control character in the token");
	return true;
}

/* Removes the token from the environment: the command must not see it. To be wiped and freed;
 * NULL: none. */
static char *token_of_environment(void)
{
	char *given = getenv("HTTPBROKER_TOKEN");

	if (given == NULL)
		return NULL;
	char *token = given[0] != '\0' ? memory_copied(given) : NULL;
	explicit_bzero(given, strlen(given));
	unsetenv("HTTPBROKER_TOKEN");
	return token;
}

/* Ends the program, except with a command: that must run even if its result cannot be sent. */
static void misconfigured(const struct options *options, const char *what, const char *why)
{
	if (options->mode != MODE_CHECK)
		die(EX_CONFIG, "%s: %s", what, why);
	log_error("%s: %s", what, why);
}

/* The token, to be wiped and freed; NULL: none. */
static char *token_read(const struct options *options)
{
	char *token = token_of_environment();
	const char *source = "HTTPBROKER_TOKEN";
	struct reason why = {""};

	if (options->token_file != NULL) {
		source = "--token-file";
		secret_free(token);
		token = secret_file_line(options->token_file, NULL, &why);
	}
	if (token != NULL && !token_valid(token, &why)) {
		secret_free(token);
		token = NULL;
	}
	if (why.text[0] != '\0')
		misconfigured(options, source, why.text);
	return token;
}

static struct sender *sender_make(const struct options *options)
{
	struct reason why;

	/* libcurl reads it only when it has connected */
	if (options->ca_file != NULL && access(options->ca_file, R_OK) != 0) {
		reason_set(&why, "%s: %s", options->ca_file, strerror(errno));
		misconfigured(options, "--cacert", why.text);
	}
	char *token = token_read(options);
	const struct target_options target = {
		.user_agent = "httpbroker-submit/" PACKAGE_VERSION,
		.ca_file = options->ca_file,
		.token = token,
	};
	struct sender *sender = sender_new();
	for (size_t i = 0; i < options->urls_count; i++)
		if (!sender_add(sender, options->urls[i], &target, &why))
			die(EX_USAGE, "%s: %s", options->urls_from, why.text);
	secret_free(token);
	return sender;
}

/* Sets parts->spool; NULL: none is wanted, or it cannot be opened. The events are sent anyway. */
static void spool_make(const struct options *options, struct submit_parts *parts)
{
	struct reason why;

	if (options->spool == NULL || options->dry_run)
		return;
	parts->spool = spool_open(options->spool, options->spool_max, &why);
	parts->spoolless = parts->spool == NULL || !spool_is_writable(parts->spool, &why);
	if (parts->spoolless)
		log_error("--spool: %s; events that cannot be sent are not kept", why.text);
}

static nsec retry_limit(const struct options *options, bool waits)
{
	if (options->retry != OPTIONS_RETRY_UNSET)
		return options->retry;
	return waits ? NSEC_NEVER : RETRY_LIMIT;
}

static int feed_run(const struct options *options, struct submit_parts *parts)
{
	const struct feed_options feed = {options->format, options->delimiter, options->event};
	struct reason why;
	int code;

	parts->source = source_new(options->files, &feed, &why);
	if (parts->source == NULL)
		die(EX_USAGE, "--format: %s", why.text);
	bool endless = source_endless(parts->source);
	if (endless) /* a logger whose disk is full must not hold up the events */
		log_never_wait();
	parts->retry_limit = retry_limit(options, endless && parts->spool == NULL);
	if (endless && !options->dry_run)
		log_info("reading %s, sending to %s", source_name(parts->source),
			sender_urls(parts->sender));
	code = options->dry_run ? dryrun_source(parts->source) : submit_run(parts);
	source_free(parts->source);
	return code;
}

static const char *host_name(void)
{
	static char host[HOST_NAME] = "localhost";

	gethostname(host, sizeof host - 1);
	return host;
}

/* Sends one event; its default entity is this host's name. */
static int event_run(
	const struct options *options, struct submit_parts *parts, const struct fields *given)
{
	struct buffer json = {NULL, 0, 0};
	struct fields event = *given;
	int code = 0;

	if (event.entity == NULL)
		event.entity = host_name();
	fields_write(&event, &json);
	parts->event = json.data;
	parts->timeless = event.time == FIELDS_NO_TIME;
	if (options->dry_run)
		code = dryrun_event(json.data, json.length);
	else
		code = submit_run(parts);
	buffer_free(&json);
	return code;
}

static int check_run(const struct options *options, struct submit_parts *parts)
{
	const struct command command = {options->command, options->timeout, options->quiet};
	const char *slash = strrchr(options->command[0], '/');
	const char *name = slash != NULL && slash[1] != '\0' ? slash + 1 : options->command[0];
	struct fields event = options->event;
	struct report report = {0};
	struct command_result result;

	if (event.check == NULL)
		event.check = name;
	if (event.entity == NULL)
		event.entity = host_name();
	const struct start start = {event.entity, event.check, options->run_limit};
	if ((options->start || options->run_limit != NSEC_NEVER) && !options->dry_run)
		start_send(&start, parts->sender);
	command_run(&command, &result);
	if (result.end == COMMAND_NOT_RUN)
		log_error("%s cannot be run: %s", options->command[0], strerror(result.value));
	report_make(&report, &result, &options->rules, name, &event);
	if (result.interrupted)
		parts->retry_limit = nsec_earlier(parts->retry_limit, SUBMIT_STOP_LIMIT);
	event_run(options, parts, &event);
	int code = command_exit_code(&result);
	report_free(&report);
	command_result_free(&result);
	return code;
}

static int mode_run(const struct options *options, struct submit_parts *parts)
{
	switch (options->mode) {
	case MODE_EVENT:
		return event_run(options, parts, &options->event);
	case MODE_CHECK:
		return check_run(options, parts);
	case MODE_FORGET:
		return forget_run(options, parts);
	case MODE_QUERY:
		return query_run(options, parts->sender);
	default:
		return feed_run(options, parts);
	}
}

int main(int argc, char **argv)
{
	bool input_open = descriptor_is_open(STDIN_FILENO);
	bool output_open = descriptor_is_open(STDOUT_FILENO);

	log_open("httpbroker-submit");
	secret_protect_process();
	struct options options = options_read(argc, argv);
	if (!input_open && reads_standard_input(&options))
		die(EX_NOINPUT, "standard input is closed");
	if (!output_open && options.mode == MODE_QUERY) /* a plugin's UNKNOWN */
		die(3, "standard output is closed");
	if (!output_open && options.dry_run && options.mode != MODE_CHECK)
		die(EX_IOERR, "standard output is closed");
	signals_begin(&options);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		die(EX_OSERR, "libcurl cannot be initialised");

	struct submit_parts parts = {
		.sender = sender_make(&options),
		.retry_limit = retry_limit(&options, false),
		.batch = options.batch,
		.verbose = options.verbose,
	};
	spool_make(&options, &parts);
	int code = mode_run(&options, &parts);

	spool_close(parts.spool);
	sender_free(parts.sender);
	curl_global_cleanup();
	options_free(&options);
	return code;
}

/* SPDX-License-Identifier: MIT */
#include "httpbroker/notify/options.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/options.h"
#include "common/utf8_clean.h"
#include "httpbroker/notify/limits.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#define DAY (24 * 3600 * NSEC_PER_SEC)

static void format_set(struct options *options, const char *option, const char *value)
{
	options->style.json = strcmp(value, "json") == 0;
	if (!options->style.json && strcmp(value, "text") != 0)
		die(EX_USAGE, "%s: '%s' is not text or json", option, value);
}

static void server_set(struct options *options, const char *option, const char *value)
{
	options->redis.place.server = redis_option_server(option, value, "");
	options->redis.server = true;
}

static void alertmanager_set(struct options *options, const char *option, const char *value)
{
	if (options->alertmanager_count == ALERTMANAGERS_MAX)
		die(EX_USAGE, "%s: more than %d of them", option, ALERTMANAGERS_MAX);
	options->alertmanagers[options->alertmanager_count++] = value;
}

/* NAME=VALUE. Alertmanager refuses other names than alert_label_name() makes. */
static void label_set(struct options *options, const char *option, const char *value)
{
	json_t *labels = options->alerts.labels;
	const char *equals = strchr(value, '=');

	if (equals == NULL || equals == value || equals[1] == '\0' || !utf8_is_clean_line(value))
		die(EX_USAGE, "%s: '%s' is not NAME=VALUE, in UTF-8", option, value);
	if (json_object_size(labels) == LABELS_MAX)
		die(EX_USAGE, "%s: more than %d of them", option, LABELS_MAX);
	char *given = memory_printed("%.*s", (int)(equals - value), value);
	char *name = alert_label_name(given);
	if (json_object_get(labels, name) != NULL || alert_label_is_ours(name))
		die(EX_USAGE, "%s: '%s' is there already", option, name);
	if (strcmp(name, given) != 0)
		log_warning("%s: '%s' is no name of a label: it becomes '%s'", option, given, name);
	json_object_set_new(labels, name, json_string(equals + 1));
	free(given);
	free(name);
}

static const struct option_row rows[] = {
	{"server", "ADDRESS",
		"read events from Redis: port, host:port, [v6]:port or unix:/path (default: from "
		"standard input)",
		OPTION_SET(server_set)},
	REDIS_OPTIONS_SENTINEL(redis),
	REDIS_OPTIONS_LOGIN(redis),
	{"queue", "NAME", "the list of events in Redis (default events)", OPTION_NAME(queue, 512)},
	{"name", "NAME",
		"those of one name stand by for each other; its default is the word default",
		OPTION_MEMBER_SET(name, redis_option_name)},
	{"initial-failure-delay", "DURATION",
		"send a problem only if it lasts for this time, where the event does not say "
		"(default 0)",
		OPTION_DURATION(rules.initial_failure_delay, 0, DAY)},
	{"forget-after", "DURATION",
		"end a problem whose check sends no event for this time, while others do (default "
		"1d)",
		OPTION_DURATION(rules.forget_after, 60 * NSEC_PER_SEC, 365 * DAY)},
	{"repeat", "DURATION", "send a lasting problem again at this interval (default never)",
		OPTION_DURATION(rules.repeat, NSEC_PER_SEC, 365 * DAY)},
	{"jobs", "N", "commands that run at once (default 4)", OPTION_NUMBER(jobs, 1, JOBS_MAX)},
	{"alertmanager", "URL",
		"send alerts to this Alertmanager, as http://localhost:9093; repeatable: each gets "
		"all",
		OPTION_SET(alertmanager_set)},
	{"alert-timeout", "DURATION",
		"an alert ends if it is not sent again within this time; it is sent three times as "
		"often (default 3m)",
		OPTION_DURATION(alerts.timeout, 3 * NSEC_PER_SEC, DAY)},
	{"label", "NAME=VALUE", "a label of each alert; repeatable", OPTION_SET(label_set)},
	{"output-format", "FORMAT", "of a line: text or json (default text)",
		OPTION_SET(format_set), .choices = "text json"},
	{"flapjack-version", "N",
		"word lines as Flapjack 1, with the summary, or as Flapjack 2 (default 1)",
		OPTION_NUMBER(style.flapjack, 1, 2), .choices = "1 2"},
	{"test", NULL, "send one test notification to every output, log the result, and exit",
		OPTION_FLAG(test)},
	{"metrics-file", "FILE", "write metrics for Prometheus to FILE, every 10 s",
		OPTION_FILLED(metrics_file)},
	{"ready-fd", "FD", "write a newline to FD when ready", OPTION_READY_FD(ready_fd)},
	{"debug", NULL, "log every notification", OPTION_FLAG(debug)},
	OPTION_END,
};

static const struct option_table table = {
	.program = "httpbroker-notify",
	.operands = "[-- COMMAND [ARGUMENT...]]",
	.purpose = "Reads events in Flapjack's form, from Redis or a line each, and sends a\n"
		   "notification for each change of a check, to standard output, a command or\n"
		   "Alertmanager.\n"
		   "More in httpbroker-notify(8).\n",
	.rows = rows,
	.command = true,
};

/* It is replaced by rename(2): a device, such as /dev/null, would be lost. */
static void metrics_file_check(const char *path)
{
	struct stat status;

	if (path != NULL && stat(path, &status) == 0 && !S_ISREG(status.st_mode))
		die(EX_USAGE, "--metrics-file: %s is no plain file", path);
}

struct options options_read(int argc, char **argv)
{
	struct options options = {
		.redis.password = redis_default_password(),
		.queue = "events",
		.name = "default",
		.rules = {.repeat = NSEC_NEVER,
			.forget_after = DAY,
			.max_problems = LIMIT_PROBLEMS},
		.style.flapjack = 1,
		.jobs = 4,
		.alerts = {.timeout = 180 * NSEC_PER_SEC, .labels = json_object()},
		.ready_fd = -1,
	};

	options.command = options_parse(&table, &options, argc, argv);
	/* `-- "$VARIABLE"` of one that is not set is empty */
	if (options.command != NULL &&
		(options.command[0] == NULL || options.command[0][0] == '\0'))
		die(EX_USAGE, "no command after --");
	options.alerts.name = options.name;
	options.alerts.test = options.test;
	if (options.test)
		options.metrics_file = NULL; /* it has those of the one that runs */
	redis_options_complete(&options.redis);
	options.from_redis = options.redis.server || options.redis.place.sentinel_count > 0;
	metrics_file_check(options.metrics_file);
	return options;
}

void options_free(struct options *options)
{
	redis_options_free(&options->redis);
	json_decref(options->alerts.labels);
}

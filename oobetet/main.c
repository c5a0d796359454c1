/* SPDX-License-Identifier: MIT */
/* oobetet: watches a Jabber room and raises an alarm when expected messages stop. */
#include "common/address.h"
#include "common/descriptors.h"
#include "common/duration.h"
#include "common/log.h"
#include "common/options.h"
#include "common/secret.h"
#include "oobetet/explain.h"
#include "oobetet/ipc.h"
#include "oobetet/monitor.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#define PATH_1 "/etc/oobetet.ini"
#define PATH_2 SYSCONFDIR "/oobetet.ini"

#define FLAPPER_INTERVAL (120 * NSEC_PER_SEC) /* flapper(8) */

struct options {
	const char *config;
	bool check;
	bool test;
	bool create_rooms;
	bool explain;
	nsec quiet; /* -1: not given */
	const char *reason;
	const char *watch;
	bool debug;
	int ready_fd; /* -1: none */
};

static const struct option_row rows[] = {
	{"c,config", "FILE",
		"the configuration, oobetet.ini(5) (default: " PATH_1 ", or else " PATH_2 ")",
		OPTION_TEXT(config)},
	{"n,check-config", NULL, "only check it; print the result, secrets masked",
		OPTION_FLAG(check)},
	{"test-alert", NULL, "send one marked test by every channel; report whether it arrived",
		OPTION_FLAG(test)},
	{"create-rooms", NULL, "with --test-alert: a room that did not exist is no failure",
		OPTION_FLAG(create_rooms)},
	{"explain", NULL,
		"read a room's log from standard input; print why each line counts or not",
		OPTION_FLAG(explain)},
	{"quiet", "DURATION",
		"planned work from now on: no alarm until it is over; 24h at most; 0 ends it",
		OPTION_DURATION(quiet, 0, QUIET_LONGEST)},
	{"reason", "TEXT", "of the planned work, for the rooms",
		OPTION_NAME(reason, PLANNED_REASON)},
	{"watch", "NAME", "with --quiet: only for this [watch NAME] (default: every watch)",
		OPTION_NAME(watch, WATCH_NAME_MAX)},
	{"debug", NULL, "log everything, whatever the configuration says", OPTION_FLAG(debug)},
	{"ready-fd", "FD", "write a newline to FD when watching", OPTION_READY_FD(ready_fd)},
	OPTION_END,
};

static const struct option_table table = {
	.program = "oobetet",
	.operands = "",
	.purpose = "Watches a Jabber room and raises an alarm when expected messages stop.\n",
	.rows = rows,
};

/* The first that exists, even if it cannot be read. */
static const char *config_find(void)
{
	static const char *const paths[] = {PATH_1, PATH_2};

	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		if (access(paths[i], F_OK) == 0 || errno != ENOENT) {
			log_info("configuration: %s", paths[i]);
			return paths[i];
		}
	die(EX_CONFIG, "no configuration: neither " PATH_1 " nor " PATH_2 " is there; copy the "
		       "example, doc/examples/oobetet/oobetet.ini, or use -c FILE");
}

static void explain(const struct config *config)
{
	struct reason why;

	if (!explain_run(config, STDIN_FILENO, stdout, &why))
		die(EX_IOERR, "standard input: %s", why.text);
}

static void options_read(struct options *options, int argc, char **argv)
{
	options_parse(&table, options, argc, argv);
	if (options->create_rooms && !options->test)
		die(EX_USAGE, "--create-rooms is only for --test-alert");
	if (options->check + options->test + options->explain + (options->quiet >= 0) > 1)
		die(EX_USAGE,
			"--check-config, --test-alert, --explain and --quiet exclude each other");
	if ((options->reason != NULL || options->watch != NULL) && options->quiet < 0)
		die(EX_USAGE, "--reason and --watch are only for --quiet");
	if (options->quiet > 0 && options->reason == NULL)
		die(EX_USAGE, "--quiet needs --reason, which is announced in the rooms");
	if (options->config == NULL)
		options->config = config_find();
}

/* The monitor starts its workers by running this program with their name. */
static bool worker_run(int argc, char **argv, int *code)
{
	if (argc == 2 && strcmp(argv[1], "xmpp") == 0)
		*code = xmpp_main();
	else if (argc == 2 && strcmp(argv[1], "http") == 0)
		*code = http_main();
	else if (argc == 2 && strcmp(argv[1], "probe") == 0)
		*code = probe_main();
	else
		return false;
	return true;
}

/* Quotation marks may be part of a secret, but seldom are. */
static void secret_warn(const char *key, const char *secret)
{
	size_t length = secret != NULL ? strlen(secret) : 0;

	if (length > 1 && strchr("\"'", secret[0]) != NULL && secret[length - 1] == secret[0])
		log_warning("%s: the quotation marks around it are taken as a part of it", key);
}

static void clear_text_warn(const char *key, const char *url)
{
	size_t length;

	if (url == NULL || strncasecmp(url, "http:", 5) != 0)
		return;
	const char *host = url_host(url, &length);
	if (!host_is_loopback(
		    host, host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#")))
		log_warning("%s begins with http: others can read what is sent to that machine, "
			    "and forge its answers; use https",
			key);
}

static void tls_warn(const struct config *config)
{
	const char *host = config->server;

	if (config->tls || config->jabberid == NULL)
		return;
	if (host == NULL)
		host = strchr(config->jabberid, '@') + 1;
	size_t length = strcspn(host, "/");
	if (!host_is_loopback(host, length))
		log_warning("tls = off: the password and all messages go to %.*s in clear text",
			(int)length, host);
}

/* True if an earlier watch has the same text: it was inherited, and has been looked at. */
static bool is_repeated(const struct config *config, int watch, size_t field)
{
	const char *text = *(const char *const *)((const char *)config->watch[watch] + field);

	for (int i = 0; i < watch && text != NULL; i++) {
		const char *other = *(const char *const *)((const char *)config->watch[i] + field);

		if (other != NULL && strcmp(other, text) == 0)
			return true;
	}
	return false;
}

static void watches_warn(const struct config *config)
{
	const char *open = NULL; /* the first without watched_nick */
	int count = 0;

	for (int i = 0; i < config->watch_count; i++) {
		const struct watch_config *watch = config->watch[i];

		if (!is_repeated(config, i, offsetof(struct watch_config, pagerduty_contact)))
			secret_warn("pagerduty_contact", watch->pagerduty_contact);
		if (!is_repeated(config, i, offsetof(struct watch_config, pagerduty_url)))
			clear_text_warn("pagerduty_url", watch->pagerduty_url);
		if (watch->watched_nick.count > 0 || watch->watched_jid.count > 0 ||
			watch->watched_affiliation > 0 || watch->watch_rooms.count == 0)
			continue;
		count++;
		open = open == NULL ? watch->label : open;
	}
	if (config->enabled && count > 1)
		log_warning("without watched_nick anybody in the room can prevent the alarm (%d "
			    "watches)",
			count);
	else if (config->enabled && count > 0)
		log_warning(
			"%swithout watched_nick anybody in the room can prevent the alarm", open);
}

/*
 * Raises their limit, if it is too low and may be raised: of each watch two are for its
 * listen_command, and one for its alert_command; the rest are of the process.
 */
static void descriptors_warn(const struct config *config)
{
	size_t needed = 24 + 3 * (size_t)config->watch_count;
	size_t allowed = descriptors_allow(needed);

	if (allowed < needed)
		log_warning("only %zu descriptors are allowed, %zu are needed: see ulimit -n",
			allowed, needed);
}

/* Allowed, but unwise. */
static void config_warn(const struct config *config)
{
	for (int i = 0; i < config->exposed.count; i++)
		log_warning("%s holds a secret and everybody may read it: chmod o-r would help",
			config->exposed.item[i]);
	secret_warn("password", config->password);
	secret_warn("room_password", config->room_password);
	clear_text_warn("heartbeat_url", config->heartbeat_url);
	tls_warn(config);
	watches_warn(config);
	descriptors_warn(config);
}

/* The period of this port as it was measured before; 0: it is not known. */
static nsec period_of(const struct state *state, const char *flapper)
{
	for (int i = 0; i < state->count; i++)
		if (strcmp(state->watches[i].flapper, flapper) == 0)
			return state->watches[i].period;
	return 0;
}

/*
 * For --check-config, which does not wait for changes of the port: the state file has the period
 * that was measured at run time.
 */
static void latency_warn(const struct config *config)
{
	char latency[DURATION_TEXT], span[DURATION_TEXT];
	struct state state;

	snapshot_peek(config->state_file, &state);
	for (int i = 0; i < config->watch_count; i++) {
		const struct watch_config *watch = config->watch[i];
		nsec period =
			watch->probe_flapper != NULL ? period_of(&state, watch->probe_flapper) : 0;

		if (watch->probe_flapper == NULL ||
			!period_is_long(period > 0 ? period : FLAPPER_INTERVAL, watch->max_latency))
			continue;
		duration_text(watch->max_latency, latency);
		if (period > 0)
			log_warning("%sflapper's period is %s, as the state file has it: "
				    "max_latency (%s) should be at least two periods and a minute",
				watch->label, duration_text(period_rounded(period), span), latency);
		else
			log_warning("%smax_latency (%s) should be at least two of flapper's "
				    "intervals, 2 m by default, and a minute",
				watch->label, latency);
	}
	state_free(&state);
}

static void check_show(const struct config *config)
{
	latency_warn(config);
	config_show(config, stdout);
}

/* What is unwise in a configuration that is used from now on, and what it says of the log. */
static void config_accepted(void *user, const struct config *config)
{
	const struct options *options = user;

	config_warn(config);
	log_set_level(options->debug ? LOG_LEVEL_DEBUG : config->level);
	if (config->syslog_errors)
		log_errors_to_syslog();
}

int main(int argc, char **argv)
{
	struct options options = {.config = NULL, .quiet = -1, .ready_fd = -1};
	struct reason why;
	int code = 0;

	log_open("oobetet");
	secret_protect_process();
	log_never_wait();
	if (worker_run(argc, argv, &code))
		return code;
	options_read(&options, argc, argv);

	struct selfexec *selfexec = selfexec_self();
	struct config *config = config_read(options.config, &why);
	if (config == NULL)
		die(EX_CONFIG, "%s", why.text);
	config_accepted(&options, config);
	if (selfexec == NULL)
		die(EX_OSERR, "cannot read /proc/self/exe to find this program");
	if (options.check)
		check_show(config);
	else if ((options.test || options.explain) && !config->enabled)
		die(EX_CONFIG, "disabled (enabled = no): there is nothing to test or explain");
	else if (options.explain)
		explain(config);
	else if (options.quiet >= 0)
		planned_set(config, options.quiet, options.reason, options.watch);
	else if (options.test)
		code = test_alert_run(config, selfexec, options.create_rooms) ? 0 : EX_UNAVAILABLE;
	else if (!config->enabled)
		monitor_idle(options.ready_fd);
	else
		config = monitor_run(config,
			&(struct config_source){options.config, config_accepted, &options},
			selfexec, options.ready_fd);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		log_error("cannot write to standard output: %s", strerror(errno));
		code = EX_IOERR;
	}

	config_free(config);
	free(selfexec);
	return code;
}

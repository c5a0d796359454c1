/* SPDX-License-Identifier: MIT */
/* oobetet: sits in a Jabber room and tells when the messages stop that should keep coming. */
#include "oobetet/xmpp/main.h"
#include "common/address.h"
#include "common/log.h"
#include "common/options.h"
#include "common/secret.h"
#include "oobetet/http/main.h"
#include "oobetet/monitor.h"
#include "oobetet/testalert.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#define PLACE_1 "/etc/oobetet.ini"
#define PLACE_2 SYSCONFDIR "/oobetet.ini"

struct options {
	const char *config;
	bool check;
	bool test;
	bool create_rooms;
	bool debug;
	int ready_fd; /* -1: none */
};

static const struct option_row rows[] = {
	{"c,config", "FILE",
		"the configuration, oobetet.ini(5) (default: " PLACE_1 ", or else " PLACE_2 ")",
		OPTION_TEXT(config)},
	{"n,check-config", NULL, "only check it; print the result, secrets masked",
		OPTION_FLAG(check)},
	{"test-alert", NULL, "send one marked test by every channel; report whether it arrived",
		OPTION_FLAG(test)},
	{"create-rooms", NULL, "with --test-alert: a room that did not exist is no failure",
		OPTION_FLAG(create_rooms)},
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

/* One that cannot be read is an error, and no reason to look elsewhere. */
static const char *config_find(void)
{
	static const char *const places[] = {PLACE_1, PLACE_2};

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		if (access(places[i], F_OK) == 0 || errno != ENOENT) {
			log_info("configuration: %s", places[i]);
			return places[i];
		}
	die(EX_CONFIG, "no configuration: neither " PLACE_1 " nor " PLACE_2 " is there; copy the "
		       "example, doc/examples/oobetet/oobetet.ini, or say -c FILE");
}

static void options_read(struct options *options, int argc, char **argv)
{
	options_parse(&table, options, argc, argv);
	if (options->create_rooms && !options->test)
		die(EX_USAGE, "--create-rooms is only for --test-alert");
	if (options->config == NULL)
		options->config = config_find();
}

/* Started by the clock as one of its hands? Its exit code then goes into *code. */
static bool worker_run(int argc, char **argv, int *code)
{
	if (argc != 2)
		return false;
	if (strcmp(argv[1], "xmpp") == 0)
		*code = xmpp_main();
	else if (strcmp(argv[1], "http") == 0)
		*code = http_main();
	else
		return false;
	return true;
}

/* Quotation marks may well be a part of a secret, but seldom are. */
static void secret_warn(const char *key, const char *secret)
{
	size_t length = secret != NULL ? strlen(secret) : 0;

	if (length > 1 && strchr("\"'", secret[0]) != NULL && secret[length - 1] == secret[0])
		log_warning("%s: the quotation marks around it are taken as a part of it", key);
}

/* The host in an address of a web server, which config_read() has accepted. */
static bool url_is_of_another_machine(const char *url)
{
	const char *host = strstr(url, "://") + 3;
	const char *user = memrchr(host, '@', strcspn(host, "/?#"));

	if (user != NULL)
		host = user + 1;
	size_t length = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?#");
	return !host_is_loopback(host, length);
}

static void clear_text_warn(const char *key, const char *url)
{
	if (url != NULL && strncasecmp(url, "http:", 5) == 0 && url_is_of_another_machine(url))
		log_warning("%s begins with http: what is sent to that machine can be read, and "
			    "answered, by others; use https",
			key);
}

/* The server is where the account is, unless there is another name for it. */
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

/* What is allowed, and yet not wise. */
static void config_warn(const struct config *config)
{
	for (int i = 0; i < config->exposed.count; i++)
		log_warning("%s holds a secret and everybody may read it: chmod o-r would help",
			config->exposed.item[i]);
	secret_warn("password", config->password);
	secret_warn("room_password", config->room_password);
	secret_warn("pagerduty_contact", config->pagerduty_contact);
	clear_text_warn("pagerduty_url", config->pagerduty_url);
	clear_text_warn("heartbeat_url", config->heartbeat_url);
	tls_warn(config);
	if (config->enabled && config->watched_nick.count == 0)
		log_warning("without watched_nick anybody in the room can keep the alarm silent");
}

static struct config *config_accept(const struct options *options)
{
	struct reason why;
	struct config *config = config_read(options->config, &why);

	if (config == NULL)
		die(EX_CONFIG, "%s", why.text);
	config_warn(config);
	log_set_level(options->debug ? LOG_LEVEL_DEBUG : config->level);
	if (config->syslog_errors)
		log_errors_to_syslog();
	return config;
}

static int test_alert(
	const struct config *config, const struct selfexec *selfexec, bool create_rooms)
{
	if (!config->enabled)
		die(EX_CONFIG, "disabled (enabled = no): there is nothing to test");
	return test_alert_run(config, selfexec, create_rooms) ? 0 : EX_UNAVAILABLE;
}

int main(int argc, char **argv)
{
	struct options options = {.config = NULL, .ready_fd = -1};
	int code = 0;

	log_open("oobetet");
	secret_protect_process();
	log_never_wait();
	if (worker_run(argc, argv, &code))
		return code;
	options_read(&options, argc, argv);

	struct selfexec *selfexec = selfexec_self();
	struct config *config = config_accept(&options);
	if (selfexec == NULL)
		die(EX_OSERR, "cannot tell from /proc/self/exe which program this is");
	if (options.check)
		config_show(config, stdout);
	else if (options.test)
		code = test_alert(config, selfexec, options.create_rooms);
	else if (!config->enabled)
		monitor_idle(options.ready_fd);
	else
		monitor_run(config, selfexec, options.ready_fd);

	config_free(config);
	free(selfexec);
	return code;
}

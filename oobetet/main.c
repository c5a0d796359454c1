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
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <unistd.h>

#define PLACE_1 "/etc/oobetet.ini"
#define PLACE_2 SYSCONFDIR "/oobetet.ini"

static const char usage[] =
	"usage: oobetet [-c FILE] [OPTION...]\n"
	"\n"
	"Sits in a Jabber room, and tells when the messages stop that should keep coming.\n"
	"\n"
	"  -c, --config FILE   the configuration, oobetet.ini(5); by default\n"
	"                      " PLACE_1 ", or else\n"
	"                      " PLACE_2 "\n"
	"  -n, --check-config  only check it; print what was understood, secrets masked\n"
	"      --test-alert    send one marked test by every road, say whether it arrived\n"
	"      --create-rooms  with --test-alert: a room that did not exist is no failure\n"
	"      --debug         log whatever happens, whatever the configuration says\n"
	"      --ready-fd FD   write a newline to FD when watching\n"
	"  -V, --version       print the version\n"
	"  -h, --help          print this\n";

struct options {
	const char *config;
	bool check;
	bool test;
	bool create_rooms;
	bool debug;
	int ready_fd; /* -1: none */
};

enum { OPTION_DEBUG = 1, OPTION_TEST, OPTION_CREATE_ROOMS, OPTION_READY_FD };

static const struct option long_options[] = {
	{"config", required_argument, NULL, 'c'},
	{"check-config", no_argument, NULL, 'n'},
	{"test-alert", no_argument, NULL, OPTION_TEST},
	{"create-rooms", no_argument, NULL, OPTION_CREATE_ROOMS},
	{"debug", no_argument, NULL, OPTION_DEBUG},
	{"ready-fd", required_argument, NULL, OPTION_READY_FD},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static void option_take(struct options *options, int option)
{
	switch (option) {
	case 'c':
		options->config = optarg;
		break;
	case 'n':
		options->check = true;
		break;
	case OPTION_TEST:
		options->test = true;
		break;
	case OPTION_CREATE_ROOMS:
		options->create_rooms = true;
		break;
	case OPTION_DEBUG:
		options->debug = true;
		break;
	case OPTION_READY_FD:
		options->ready_fd = option_ready_fd("--ready-fd", optarg);
		fcntl(options->ready_fd, F_SETFD, FD_CLOEXEC);
		break;
	case 'V':
		option_version("oobetet");
		exit(0);
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		option_hint("oobetet");
	}
}

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
	int option;

	while ((option = getopt_long(argc, argv, "c:nVh", long_options, NULL)) != -1)
		option_take(options, option);
	if (optind < argc)
		option_unexpected(argv[optind]);
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
	if (strcmp(argv[1], "ear") == 0)
		*code = xmpp_main();
	else if (strcmp(argv[1], "pager") == 0)
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

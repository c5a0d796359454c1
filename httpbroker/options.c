/* SPDX-License-Identifier: MIT */
#include "httpbroker/options.h"

#include "common/log.h"
#include "common/options.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define INTERVAL_MIN NSEC_PER_MSEC
#define INTERVAL_MAX (24 * 3600 * NSEC_PER_SEC)

enum { QUEUE_MOST = 512 }; /* bytes of its name */

static const char usage[] =
	"usage: httpbroker [OPTION...]\n"
	"\n"
	"Takes events over HTTP (POST /state), remembers the last state of every check, and\n"
	"repeats it to Flapjack, through Redis, until its time to live is over; then UNKNOWN.\n"
	"\n"
	"  --port=ADDRESS        listen on port, host:port or [v6]:port; a port alone is on\n"
	"                        127.0.0.1 and ::1 (default: $PORT, or 3090; 0 picks one)\n"
	"  --server=HOST:PORT    Redis (default localhost:6380)\n"
	"  --database=N          Redis database (default 0)\n"
	"  --interval=DURATION   between the repeats of a check (default 10s)\n"
	"  --queue=NAME          Flapjack's list in Redis (default events)\n"
	"  --flapjack-version=N  1 or 2 (default 2)\n"
	"  --ready-fd=FD         write a newline to FD when serving\n"
	"  --debug               log every event\n"
	"  --version             print the version\n"
	"  --help                print this\n";

enum option_name {
	OPTION_PORT = 1,
	OPTION_SERVER,
	OPTION_DATABASE,
	OPTION_INTERVAL,
	OPTION_QUEUE,
	OPTION_FLAPJACK,
	OPTION_READY,
	OPTION_DEBUG,
	OPTION_VERSION,
	OPTION_HELP,
};

static const struct option known[] = {
	{"port", required_argument, NULL, OPTION_PORT},
	{"server", required_argument, NULL, OPTION_SERVER},
	{"database", required_argument, NULL, OPTION_DATABASE},
	{"interval", required_argument, NULL, OPTION_INTERVAL},
	{"queue", required_argument, NULL, OPTION_QUEUE},
	{"flapjack-version", required_argument, NULL, OPTION_FLAPJACK},
	{"ready-fd", required_argument, NULL, OPTION_READY},
	{"debug", no_argument, NULL, OPTION_DEBUG},
	{"version", no_argument, NULL, OPTION_VERSION},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

static struct address tcp_address(const char *option, const char *text)
{
	struct address address = option_address(option, text);

	if (address.path[0] != '\0')
		die(EX_USAGE, "%s: '%s' is not [host:]port", option, text);
	return address;
}

static struct address server_address(const char *text)
{
	struct address address = option_address("--server", text);

	if (address.path[0] == '\0' && address.port == 0)
		die(EX_USAGE, "--server: there is no Redis at port 0");
	return address;
}

static const char *queue_name(const char *text)
{
	if (text[0] == '\0' || strlen(text) > QUEUE_MOST)
		die(EX_USAGE, "--queue: the name must have 1 to %d bytes", QUEUE_MOST);
	return text;
}

static void option_take(struct options *options, int option, const char *value)
{
	switch (option) {
	case OPTION_PORT:
		options->listen = tcp_address("--port", value);
		break;
	case OPTION_SERVER:
		options->server = server_address(value);
		break;
	case OPTION_DATABASE:
		options->database = (int)option_number("--database", value, 0, INT_MAX);
		break;
	case OPTION_INTERVAL:
		options->interval =
			option_duration("--interval", value, INTERVAL_MIN, INTERVAL_MAX);
		break;
	case OPTION_QUEUE:
		options->queue = queue_name(value);
		break;
	case OPTION_FLAPJACK:
		options->flapjack = (int)option_number("--flapjack-version", value, 1, 2);
		break;
	case OPTION_READY:
		options->ready_fd = option_ready_fd("--ready-fd", value);
		break;
	case OPTION_DEBUG:
		options->debug = true;
		break;
	case OPTION_VERSION:
		option_version("httpbroker");
		exit(0);
	case OPTION_HELP:
		fputs(usage, stdout);
		exit(0);
	default:
		option_hint("httpbroker");
	}
}

/* Where to listen if no --port says so: the original's way of being told in the environment. */
static struct address default_listen(void)
{
	const char *port = getenv("PORT");

	return tcp_address("PORT", port != NULL && port[0] != '\0' ? port : "3090");
}

struct options options_read(int argc, char **argv)
{
	struct options options = {
		.server = server_address("localhost:6380"),
		.interval = 10 * NSEC_PER_SEC,
		.queue = "events",
		.flapjack = 2,
		.ready_fd = -1,
	};
	bool listen_given = false;
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		option_take(&options, option, optarg);
		listen_given |= option == OPTION_PORT;
	}
	if (optind < argc)
		option_unexpected(argv[optind]);
	if (!listen_given)
		options.listen = default_listen();
	return options;
}

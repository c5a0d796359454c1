/* SPDX-License-Identifier: MIT */
#include "flapper/options.h"

#include "common/log.h"
#include "common/options.h"
#include "flapper/port.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#define INTERVAL_MIN (2 * NSEC_PER_MSEC)
#define INTERVAL_MAX (7 * 86400 * NSEC_PER_SEC)

static const char usage[] =
	"usage: flapper [OPTION...]\n"
	"\n"
	"A TCP port that opens and closes for ever: a check sees OK and critical in turn.\n"
	"\n"
	"  -i, --interval DURATION  one full oscillation: open for the first half, closed\n"
	"                           for the second; 2ms to 7d (default 120s)\n"
	"  -p, --port PORT          where to listen (default 12345; 0 picks one)\n"
	"  -b, --bind ADDRESS       a numeric address (default: all, IPv6 and IPv4)\n"
	"  -a, --align              keep the wall clock's rhythm: open in the first half\n"
	"                           of every interval since the epoch\n"
	"  -n, --count N            exit at the end of the Nth closed half (default: not)\n"
	"  -q, --quiet              do not log transitions\n"
	"      --ready-fd FD        write a newline to FD when serving\n"
	"  -V, --version            print the version\n"
	"  -h, --help               print this\n";

enum { READY_FD = 256 };

/* --frequency, --bind-port and --bind-ip are what the original called them. */
static const struct option long_options[] = {
	{"interval", required_argument, NULL, 'i'},
	{"frequency", required_argument, NULL, 'i'},
	{"port", required_argument, NULL, 'p'},
	{"bind-port", required_argument, NULL, 'p'},
	{"bind", required_argument, NULL, 'b'},
	{"bind-ip", required_argument, NULL, 'b'},
	{"align", no_argument, NULL, 'a'},
	{"count", required_argument, NULL, 'n'},
	{"quiet", no_argument, NULL, 'q'},
	{"ready-fd", required_argument, NULL, READY_FD},
	{"version", no_argument, NULL, 'V'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* The original's -p was a file for its process id. */
static uint16_t port_option(const char *text)
{
	if (strpbrk(text, "0123456789") != text && text[0] != '-')
		die(EX_USAGE,
			"--port: '%s' is not a port; flapper stays in the foreground and writes no PID "
			"file: type 'flapper --port 12345'",
			text);
	return (uint16_t)option_number("--port", text, 0, UINT16_MAX);
}

static const char *bind_option(const char *text)
{
	if (!port_host_valid(text))
		die(EX_USAGE,
			"--bind: '%s' is not a numeric address such as 127.0.0.1, ::1 or fe80::1%%eth0",
			text);
	return text;
}

/* The original was told to start, stop, restart or to say its status. */
static _Noreturn void operand_refuse(const char *operand)
{
	if (strcmp(operand, "start") == 0)
		die(EX_USAGE,
			"there is no 'start': flapper stays in the foreground, for a supervisor: type "
			"'flapper', with options such as --interval 120 --port 12345");
	if (strcmp(operand, "stop") == 0 || strcmp(operand, "restart") == 0 ||
		strcmp(operand, "status") == 0)
		die(EX_USAGE,
			"there is no '%s': ask the supervisor that runs flapper: type 'sv %s flapper', "
			"'systemctl %s flapper' or the like",
			operand, operand, operand);
	option_unexpected(operand);
}

static void option_take(struct options *options, int letter, const char *value)
{
	switch (letter) {
	case 'i':
		options->interval =
			option_duration("--interval", value, INTERVAL_MIN, INTERVAL_MAX);
		break;
	case 'p':
		options->port = port_option(value);
		break;
	case 'b':
		options->bind = bind_option(value);
		break;
	case 'a':
		options->align = true;
		break;
	case 'n':
		options->count = option_number("--count", value, 1, INT64_MAX);
		break;
	case 'q':
		options->quiet = true;
		break;
	case READY_FD:
		options->ready_fd = option_ready_fd("--ready-fd", value);
		break;
	case 'V':
		option_version("flapper");
		exit(EX_OK);
	case 'h':
		fputs(usage, stdout);
		exit(EX_OK);
	default:
		option_hint("flapper");
	}
}

void options_read(struct options *options, int argc, char **argv)
{
	int letter;

	*options = (struct options){.interval = 120 * NSEC_PER_SEC, .port = 12345, .ready_fd = -1};
	/* `+`: `flapper start -d` is to be told about the start, not about the -d */
	while ((letter = getopt_long(argc, argv, "+i:p:b:an:qVh", long_options, NULL)) != -1)
		option_take(options, letter, optarg);
	if (optind < argc)
		operand_refuse(argv[optind]);
}

/* SPDX-License-Identifier: MIT */
#include "flapper/options.h"

#include "common/log.h"
#include "common/options.h"
#include "flapper/listener.h"

#include <string.h>
#include <sysexits.h>

/* -p of the original flapper is its PID file. */
static void port_set(struct options *options, const char *option, const char *value)
{
	if (strpbrk(value, "0123456789") != value && value[0] != '-')
		die(EX_USAGE,
			"%s: '%s' is not a port; flapper stays in the foreground and writes no PID "
			"file: type 'flapper --port 12345'",
			option, value);
	options->port = (uint16_t)option_number(option, value, 0, UINT16_MAX);
}

static void bind_set(struct options *options, const char *option, const char *value)
{
	if (!listener_host_valid(value))
		die(EX_USAGE,
			"%s: '%s' is not a numeric address such as 127.0.0.1, ::1 or fe80::1%%eth0",
			option, value);
	options->bind = value;
}

/* The original's commands are answered with what to type instead. */
static void operand_refuse(struct options *options, char *operand)
{
	(void)options;
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

#define INTERVAL OPTION_DURATION(interval, 2 * NSEC_PER_MSEC, 7 * 86400 * NSEC_PER_SEC)

static const struct option_row rows[] = {
	{"i,interval", "DURATION",
		"one full oscillation: open for the first half, closed for the second; 2ms to 7d "
		"(default 120s)",
		INTERVAL},
	{"p,port", "PORT", "the port to listen on (default 12345; 0 picks one)",
		OPTION_SET(port_set)},
	{"b,bind", "ADDRESS", "a numeric address (default: all, IPv6 and IPv4)",
		OPTION_SET(bind_set)},
	{"a,align", NULL,
		"follow the wall clock: open in the first half of every interval since the epoch",
		OPTION_FLAG(align)},
	{"n,count", "N", "exit at the end of the Nth closed half (default: never)",
		OPTION_NUMBER(count, 1, INT64_MAX)},
	{"q,quiet", NULL, "do not log transitions", OPTION_FLAG(quiet)},
	{"ready-fd", "FD", "write a newline to FD when serving", OPTION_READY_FD(ready_fd)},
	/* the original's names */
	{"f,frequency", "DURATION", NULL, INTERVAL},
	{"P,bind-port", "PORT", NULL, OPTION_SET(port_set)},
	{"bind-ip", "ADDRESS", NULL, OPTION_SET(bind_set)},
	OPTION_END,
};

static const struct option_table table = {
	.program = "flapper",
	.operands = "",
	.purpose =
		"A TCP port that opens and closes forever: a check sees OK and CRITICAL in turn.\n",
	.rows = rows,
	.operand = operand_refuse,
};

void options_read(struct options *options, int argc, char **argv)
{
	*options = (struct options){.interval = 120 * NSEC_PER_SEC, .port = 12345, .ready_fd = -1};
	options_parse(&table, options, argc, argv);
}

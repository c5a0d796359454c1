/* SPDX-License-Identifier: MIT */
/*
 * flapper: opens and closes a port in the oscillator's rhythm and serves its clients. It sleeps
 * until the next transition, a connection or a signal.
 *
 * If the port cannot be opened at its time, that is logged once and retried every second of the
 * open halves until it works, which is logged too.
 */
#include "common/descriptors.h"
#include "common/duration.h"
#include "common/log.h"
#include "common/number.h"
#include "common/options.h"
#include "common/ready.h"
#include "common/signals.h"
#include "flapper/clients.h"
#include "flapper/listener.h"
#include "flapper/oscillator.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

/* Beside the clients': the standard three, the port's two, one for the log, some inherited. */
enum { OTHER_DESCRIPTORS = 16 };

#define RETRY_INTERVAL NSEC_PER_SEC

struct options {
	nsec interval;    /* of one full oscillation */
	uint16_t port;    /* 0: one that is free */
	const char *bind; /* a numeric address, from argv; NULL: all of both families */
	bool align;       /* the phase follows the wall clock */
	int64_t count;    /* closed halves before the exit; 0: no exit */
	bool quiet;       /* transitions are not logged */
	int ready_fd;     /* -1: none */
};

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

struct flapper {
	const struct options *options;
	struct listener *listener;
	struct clients *clients;
	struct oscillator oscillator;
	struct watchdog watchdog;
	int64_t closed_halves; /* ended ones */
	bool troubled;         /* the port should be open and could not be opened */
	nsec retry;            /* monotonic: when to try again, in an open half while troubled */
};

static void transition_log(const struct flapper *flapper, nsec length)
{
	char text[DURATION_TEXT];

	if (!flapper->options->quiet)
		log_info("%s on %s for %s", flapper->oscillator.open ? "up" : "down",
			listener_text(flapper->listener), duration_text(length, text));
}

static bool flapper_open(struct flapper *flapper, struct reason *why)
{
	if (!listener_open(flapper->listener, why))
		return false;
	clients_accept_from(flapper->clients, listener_socket(flapper->listener));
	return true;
}

/* Accepting stops first, while connections in the backlog can still be closed in order. */
static void flapper_close(struct flapper *flapper)
{
	clients_accept_stop(flapper->clients);
	listener_close(flapper->listener);
	clients_close(flapper->clients);
}

static void trouble_begin(struct flapper *flapper, const struct reason *why, nsec now)
{
	if (!flapper->troubled)
		log_error("%s; retrying every second", why->text);
	flapper->troubled = true;
	flapper->retry = now + RETRY_INTERVAL;
}

static void go_up(struct flapper *flapper, nsec now)
{
	struct reason why;

	if (!flapper_open(flapper, &why)) {
		trouble_begin(flapper, &why, now);
		return;
	}
	if (flapper->troubled) {
		log_info("%s works again", listener_text(flapper->listener));
		flapper->troubled = false;
		flapper->oscillator.began = now;
	}
	transition_log(flapper, flapper->oscillator.deadline - flapper->oscillator.began);
}

static void go_down(struct flapper *flapper)
{
	if (listener_socket(flapper->listener) < 0)
		return;
	flapper_close(flapper);
	transition_log(flapper, flapper->oscillator.deadline - flapper->oscillator.began);
}

/* --count halves are over. */
static bool counted_out(const struct flapper *flapper)
{
	return flapper->options->count != 0 && flapper->closed_halves == flapper->options->count;
}

static void turn(struct flapper *flapper, const struct moment *now)
{
	bool was_open = flapper->oscillator.open;
	int64_t missed = oscillator_turn(&flapper->oscillator, now);

	if (!was_open)
		flapper->closed_halves++;
	if (counted_out(flapper))
		return;
	if (missed > 0 && !flapper->options->quiet)
		log_info("skipped %" PRId64 " transition%s", missed,
			number_plural((uint64_t)missed));
	if (flapper->oscillator.open == was_open)
		return;
	if (flapper->oscillator.open)
		go_up(flapper, now->monotonic);
	else
		go_down(flapper);
}

static void state_log(const struct flapper *flapper, nsec now)
{
	bool up = listener_socket(flapper->listener) >= 0;
	const char *trouble = flapper->troubled ? " (it could not be opened)" : "";
	size_t count = clients_count(flapper->clients);
	char text[DURATION_TEXT];

	log_info("%s on %s%s, %zu connection%s, %s to the next transition", up ? "up" : "down",
		listener_text(flapper->listener), trouble, count, number_plural(count),
		duration_text(flapper->oscillator.deadline - now, text));
}

/* The next transition or retry. */
static nsec next_deadline(const struct flapper *flapper)
{
	const struct oscillator *oscillator = &flapper->oscillator;
	bool retrying = flapper->troubled && oscillator->open;

	return retrying ? nsec_earlier(flapper->retry, oscillator->deadline) : oscillator->deadline;
}

static _Noreturn void refuse(const struct reason *why, int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		die(EX_NOPERM, "%s (a port below 1024 needs root or CAP_NET_BIND_SERVICE)",
			why->text);
	case EADDRINUSE:
		die(EX_TEMPFAIL, "%s ('ss -tanp' shows by whom)", why->text);
	default:
		die(EX_TEMPFAIL, "%s", why->text);
	}
}

/* Begins the first half. */
static void flapper_begin(struct flapper *flapper)
{
	const struct options *options = flapper->options;
	struct moment now = moment_now();
	struct reason why;

	oscillator_start(&flapper->oscillator, options->interval, options->align, &now);
	if (flapper->oscillator.open && !flapper_open(flapper, &why))
		refuse(&why, errno);
	transition_log(flapper, flapper->oscillator.deadline - now.monotonic);
}

static void serve(struct flapper *flapper)
{
	struct reason why;

	if (clients_serve(flapper->clients, &why))
		return;
	flapper_close(flapper);
	trouble_begin(flapper, &why, clock_monotonic());
}

static void sleep_until_next(struct flapper *flapper)
{
	nsec next = nsec_earlier(next_deadline(flapper), watchdog_deadline(&flapper->watchdog));
	struct timespec left;

	clients_wait(flapper->clients, clock_timeout(clock_monotonic(), next, &left));
}

/* Until a signal, or until --count closed halves are over. */
static void flapper_run(struct flapper *flapper)
{
	while (!signals_say_stop()) {
		struct moment now = moment_now();

		if (now.monotonic >= flapper->oscillator.deadline)
			turn(flapper, &now);
		else if (now.monotonic >= next_deadline(flapper))
			go_up(flapper, now.monotonic);
		if (counted_out(flapper))
			return;
		if (watchdog_due(&flapper->watchdog, true, now.monotonic))
			ready_notify("WATCHDOG=1");
		/* after what was overdue: the state is current */
		if (signal_arrived(SIGUSR1))
			state_log(flapper, now.monotonic);
		sleep_until_next(flapper);
		serve(flapper);
	}
}

int main(int argc, char **argv)
{
	static const int caught[] = {SIGTERM, SIGINT, SIGUSR1};
	struct options options = {.interval = 120 * NSEC_PER_SEC, .port = 12345, .ready_fd = -1};
	struct flapper flapper = {.options = &options};
	struct reason why;

	log_open("flapper");
	options_parse(&table, &options, argc, argv);
	log_never_wait();
	signals_catch(caught, sizeof caught / sizeof caught[0]);
	descriptors_allow(CLIENTS_MAX + OTHER_DESCRIPTORS);

	flapper.listener = listener_hold(options.bind, options.port, &why);
	if (flapper.listener == NULL)
		refuse(&why, errno);
	if (options.port == 0)
		log_info("the port is %s", listener_text(flapper.listener));
	flapper.clients = clients_new();
	flapper.watchdog = watchdog_asked();
	flapper_begin(&flapper);
	ready_announce(options.ready_fd);

	flapper_run(&flapper);

	ready_notify("STOPPING=1");
	flapper_close(&flapper);
	clients_free(flapper.clients);
	listener_release(flapper.listener);
	return EX_OK;
}

/* SPDX-License-Identifier: MIT */
#include "flapper/flapper.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/ready.h"
#include "common/signals.h"
#include "flapper/clients.h"
#include "flapper/oscillator.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define RETRY_INTERVAL NSEC_PER_SEC

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
		log_info("skipped %" PRId64 " transition%s", missed, missed == 1 ? "" : "s");
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
		listener_text(flapper->listener), trouble, count, count == 1 ? "" : "s",
		duration_text(flapper->oscillator.deadline - now, text));
}

/* The next transition or retry. */
static nsec next_deadline(const struct flapper *flapper)
{
	const struct oscillator *oscillator = &flapper->oscillator;
	bool retrying = flapper->troubled && oscillator->open;

	return retrying && flapper->retry < oscillator->deadline ? flapper->retry
								 : oscillator->deadline;
}

struct flapper *flapper_start(
	const struct options *options, struct listener *listener, struct reason *why)
{
	struct flapper *flapper = memory_zeroed(1, sizeof *flapper);
	struct moment now = moment_now();

	*flapper = (struct flapper){
		.options = options, .listener = listener, .watchdog = watchdog_asked()};
	flapper->clients = clients_new();
	oscillator_start(&flapper->oscillator, options->interval, options->align, &now);
	if (flapper->oscillator.open && !flapper_open(flapper, why)) {
		int error = errno;
		flapper_stop(flapper);
		errno = error;
		return NULL;
	}
	transition_log(flapper, flapper->oscillator.deadline - now.monotonic);
	return flapper;
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

void flapper_run(struct flapper *flapper)
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

void flapper_stop(struct flapper *flapper)
{
	flapper_close(flapper);
	clients_free(flapper->clients);
	free(flapper);
}

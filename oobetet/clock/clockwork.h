/* SPDX-License-Identifier: MIT */
/* What a clock is made of, put together as the configuration says. clock.h has what drives it. */
#ifndef OOBETET_CLOCK_CLOCKWORK_H
#define OOBETET_CLOCK_CLOCKWORK_H

#include "oobetet/clock/attention.h"
#include "oobetet/clock/beat.h"
#include "oobetet/clock/carriers.h"
#include "oobetet/clock/listener.h"
#include "oobetet/clock/match.h"
#include "oobetet/clock/past.h"
#include "oobetet/clock/roads.h"
#include "oobetet/clock/rooms.h"
#include "oobetet/clock/teller.h"
#include "oobetet/clock/watch.h"
#include "oobetet/clock/watchdog.h"

#include <limits.h>

struct clockwork {
	const struct config *config;
	struct pace pace;
	char host[HOST_NAME_MAX + 1];
	struct subject subject;
	struct match match;
	struct attention attention;
	struct watch *watch;
	struct rooms *rooms;
	struct roads *roads;
	struct beat *beat; /* NULL: no heartbeat_url */
	struct carriers carriers;
	struct listener listener; /* what comes from the carriers */
	struct teller teller;     /* what goes to the roads */
	struct past past;
	struct watchdog watchdog;
	int timer; /* a timerfd, which wakes us at the next deadline */
};

/*
 * Makes all of it, and takes up the past; dies where there is no timer. `config` and `program` are
 * the caller's and stay valid. Returns how long nobody listened before this start; 0 if that is
 * not known. End it with clockwork_end().
 */
nsec clockwork_begin(
	struct clockwork *clock, const struct config *config, const struct program *program);
void clockwork_end(struct clockwork *clock);

/* `now`, of CLOCK_MONOTONIC, on the clocks that are needed to tell it. */
struct telling clockwork_telling(const struct clockwork *clock, nsec now);

#endif

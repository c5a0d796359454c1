/* SPDX-License-Identifier: MIT */
/*
 * An event made ready for the ledger, by the thread that took it in: rendered, with a deadline. Or
 * that a check is to be forgotten, where that has to be said once more.
 */
#ifndef HTTPBROKER_CHECKS_PREPARED_H
#define HTTPBROKER_CHECKS_PREPARED_H

#include "common/clocks.h"
#include "httpbroker/checks/checks.h"
#include "httpbroker/checks/encode.h"

struct prepared {
	struct names names;
	struct encoded encoded;
	enum state state;
	int64_t time;      /* seconds since the epoch, not in the future */
	uint16_t fraction; /* of that second: see event.h */
	int32_t ttl;       /* seconds; negative: never stale */
	nsec deadline;     /* monotonic, or NSEC_NEVER; fixed now, so that no clock step moves it */
	bool handed;       /* another broker has handed it over */
	bool forgotten;    /* it is to be: then there are only the names and the time of that */
	struct prepared *former; /* an ok of the check's former names; owned; NULL: none */
	char *block;             /* owned: what names and wire point into */
};

/* The event is valid (event_check), and for this version of Flapjack. */
void prepared_make(
	struct prepared *prepared, const struct event *event, int flapjack, struct moment now);

void prepared_make_forgotten(
	struct prepared *prepared, struct text entity, struct text check, struct instant time);

void prepared_free(struct prepared *prepared);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * An event as read by Flapjack 1.6 and 2.0: which keys and values they accept, reject, or crash on.
 * Found by running both.
 */
#ifndef T_TOOLS_FLAPJACK_EVENT_H
#define T_TOOLS_FLAPJACK_EVENT_H

#include "common/clocks.h"
#include "common/reason.h"

#include <jansson.h>

enum flapjack_version { FLAPJACK_1 = 1, FLAPJACK_2 = 2 };

enum check_state {
	CHECK_OK,
	CHECK_WARNING,
	CHECK_CRITICAL,
	CHECK_UNKNOWN,
	CHECK_ACKNOWLEDGED, /* an event that acknowledges, not a state to be in */
	CHECK_TESTED,       /* an event that asks for a test notification */
};

struct flapjack_event {
	json_t *document;   /* owned; the texts point into it */
	const char *entity; /* empty: none (Flapjack 2) */
	const char *check;
	const char *summary; /* may be empty */
	enum check_state state;
	nsec duration;      /* of an acknowledgement */
	nsec failure_delay; /* -1: Flapjack's own */
};

enum verdict {
	EVENT_TAKEN,
	EVENT_REJECTED, /* see the reason */
	EVENT_DEADLY,   /* Flapjack would crash; see the reason */
};

/* Only an event that was taken is to be freed. */
enum verdict flapjack_event_read(enum flapjack_version version, const char *text, size_t length,
	struct flapjack_event *out, struct reason *why);

void flapjack_event_free(struct flapjack_event *event);

#endif

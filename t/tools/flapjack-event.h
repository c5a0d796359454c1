/* SPDX-License-Identifier: MIT */
/*
 * An event as read by Flapjack 1.6 and 2.0: which keys and values they accept, reject, or crash on.
 * Found by running both.
 */
#ifndef T_TOOLS_FLAPJACK_EVENT_H
#define T_TOOLS_FLAPJACK_EVENT_H

#include "common/reason.h"

#include <stddef.h>

enum flapjack_version { FLAPJACK_1 = 1, FLAPJACK_2 = 2 };

enum verdict {
	EVENT_TAKEN,
	EVENT_REJECTED, /* see the reason */
	EVENT_DEADLY,   /* Flapjack would crash; see the reason */
};

enum verdict flapjack_event_judge(
	enum flapjack_version version, const char *text, size_t length, struct reason *why);

#endif

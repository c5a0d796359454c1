/* SPDX-License-Identifier: MIT */
/*
 * How a stand-in is told to answer, one word a request, separated by commas: a status (`202`,
 * `500`), a status after a while (`202@3s`), one whose body takes a while (`202~3s`), `hang` for
 * never, or `reset` for a connection that breaks. When the words are used up, and without any, the
 * answer is the good one.
 */
#ifndef T_TOOLS_ANSWERS_H
#define T_TOOLS_ANSWERS_H

#include "common/clocks.h"
#include "common/reason.h"

#include <stdbool.h>
#include <stddef.h>

enum { ANSWERS_MOST = 100 };

struct answer {
	int status; /* of HTTP; 0: no answer ever */
	nsec delay; /* before it */
	nsec slow;  /* that its body takes */
	bool reset; /* no answer, but the end of the connection */
};

struct answers {
	struct answer script[ANSWERS_MOST];
	size_t count; /* of them */
	size_t used;  /* of them */
};

bool answers_parse(const char *text, struct answers *out, struct reason *why);

/* The next of the script, or `good` at once. */
struct answer answers_next(struct answers *answers, int good);

#endif

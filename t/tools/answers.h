/* SPDX-License-Identifier: MIT */
/*
 * The scripted responses of a stand-in, one word a request, separated by commas: a status (`202`,
 * `500`), a delayed status (`202@3s`), a status with a slow body (`202~3s`), `hang` for no
 * response, or `reset` for a reset connection. After the last word, and without a script, the
 * response is success.
 */
#ifndef T_TOOLS_ANSWERS_H
#define T_TOOLS_ANSWERS_H

#include "common/clocks.h"
#include "common/reason.h"

#include <stdbool.h>
#include <stddef.h>

enum { ANSWERS_MOST = 100 };

struct answer {
	int status; /* of HTTP; 0: no response */
	nsec delay; /* before the response */
	nsec slow;  /* duration of the body */
	bool reset; /* the connection is reset instead */
};

struct answers {
	struct answer script[ANSWERS_MOST];
	size_t count; /* of them */
	size_t used;  /* of them */
};

bool answers_parse(const char *text, struct answers *out, struct reason *why);

/* The next response of the script, or `good` without delay. */
struct answer answers_next(struct answers *answers, int good);

#endif

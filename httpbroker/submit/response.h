/* SPDX-License-Identifier: MIT */
/*
 * What an answer means for the documents that were sent. Pure. The broker answers 200 (Redis has
 * them) or 202 (it has them in memory), 400, 403 and 413 with {"error": "…"}, and of several
 * documents, where they fared differently, it says how each did (httpbroker-http(7)). Between it and
 * us there may be anything, with pages of its own, whatever their status. So nothing is accepted, and
 * nothing refused, but in the broker's own words; all else is as if it were away. Only 413 is
 * believed of everybody: who stands in between takes no document that is too large for him, however
 * often it comes, and those behind it would wait for ever.
 */
#ifndef HTTPBROKER_SUBMIT_RESPONSE_H
#define HTTPBROKER_SUBMIT_RESPONSE_H

#include "common/reason.h"

#include <stddef.h>

enum outcome {
	OUTCOME_PENDING,  /* no answer yet */
	OUTCOME_ACCEPTED, /* the broker has it */
	OUTCOME_REFUSED,  /* sending it again would be refused again */
	OUTCOME_AWAY,     /* not now: send it again */
};

struct verdict {
	enum outcome outcome; /* of one document; never OUTCOME_PENDING */
	char *why;            /* NULL where it was accepted */
};

struct answer {
	enum outcome outcome; /* of the whole, and of each document unless verdicts say otherwise */
	struct reason why;    /* always set; of what was accepted it is the status alone */
	bool unreachable;     /* away, and nobody has answered */
	bool by_content;      /* refused, and it may be because of a single document */
	bool by_token;        /* away, until somebody gives one of us another token */
	bool by_broker;       /* away: a broker says 503, and may take it if there is no other */
	struct verdict *verdicts; /* of each document, in order; NULL: not said */
	size_t count;             /* of the verdicts: as many as were sent */
};

/*
 * `body` as far as it was kept, NUL-terminated, not trusted; NULL if it is empty. `count` is how
 * many documents were sent. `secrets`, up to a NULL, do not stand in the words that are taken from
 * the body: who does not like a token may well repeat it. What *answer holds is freed by
 * answer_clear().
 */
void answer_judge(
	long status, const char *body, size_t count, char *const *secrets, struct answer *answer);

void answer_clear(struct answer *answer);

/*
 * The beginning of a text, to name it in a message: on one line, white space made one blank, cut
 * between two characters of UTF-8 with `…` where it goes on.
 */

#define QUOTED_INPUT_SIZE 128 /* bytes that hold any excerpt */

/* Writes into `out` and returns it. */
const char *quoted_input(const char *text, char out[QUOTED_INPUT_SIZE]);

#endif

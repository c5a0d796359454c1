/* SPDX-License-Identifier: MIT */
/* What the broker's unit tests share: postings to hand in, and what came out as lines of text. */
#ifndef T_UNIT_BROKER_PARTS_H
#define T_UNIT_BROKER_PARTS_H

#include "httpbroker/checks/encode.h"
#include "httpbroker/delivery/outbox.h"

/* For rand_r(): another each time, printed; $SEED, if there is one, to see a failure again. */
unsigned seed_choose(void);

/* An event on `entity` and `check` in this condition; its time is 0, its ttl the default. */
struct event event_plain(const char *entity, const char *check, enum state state);

/* A state of its own, as the table holds it after this event; free the states. */
struct single {
	struct checks *checks;
	struct check *check;
};

struct single single_make(const struct event *event, struct moment now);

/* A list's arguments, each with a newline behind it; `out` is cleared first. Returns its text. */
const char *resp_lines(const struct resp_list *list, struct buffer *out);

/*
 * Takes and applies all commits that wait: their events, a line each, into *events, and their
 * records, two lines each, into *records (`-` for one that is deleted, and those first). Both are
 * cleared first. Returns how many commits.
 */
int outbox_drain(struct outbox *outbox, nsec clock, struct buffer *events, struct buffer *records);

#endif

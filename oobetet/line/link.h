/* SPDX-License-Identifier: MIT */
/*
 * A hand's end of the lines that protocol.h describes. The clock is trusted, and is the hand's
 * only reason to be there: when it is gone, the link is closed, and the hand should exit.
 */
#ifndef OOBETET_LINE_LINK_H
#define OOBETET_LINE_LINK_H

#include "common/clocks.h"
#include "oobetet/config/config.h"
#include "oobetet/line/protocol.h"

struct link;

/*
 * Makes this process the hand `name`: its name in ps, its signals (the clock decides when it
 * ends, not who stops the whole process group), its link. Dies if nobody is at the other end.
 */
struct link *link_open(const char *name);
void link_free(struct link *link);

/* Waits for the configuration. NULL: the link is closed. Free with config_free(). */
struct config *link_configuration(struct link *link);

/* Then: how many of this hand's lives in a row have come to nothing before this one. */
int64_t link_attempt(const struct link *link);

/* Says one line, as message_write() takes it. Waits for the clock if need be. */
void link_say(struct link *link, enum word word, const char *const fields[]);

/* Says `alive` if it is time to, or if `patience` is not what was said last. */
void link_live(struct link *link, nsec now, nsec interval, nsec patience);

/* Takes in what the clock has said: one read(2), so wait until PROTOCOL_FD is readable. */
void link_listen(struct link *link);

/* The next message; false: there is none. It holds until the next call of link_listen(). */
bool link_next(struct link *link, struct message *message);

/* The clock is gone. */
bool link_closed(const struct link *link);

#endif

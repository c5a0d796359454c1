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

struct ipc;

/*
 * Makes this process the hand `name`: its name in ps, its signals (the clock decides when it
 * ends, not who stops the whole process group), its link. Dies if nobody is at the other end.
 */
struct ipc *ipc_open(const char *name);
void ipc_free(struct ipc *ipc);

/* Waits for the configuration. NULL: the link is closed. Free with config_free(). */
struct config *ipc_configuration(struct ipc *ipc);

/* Then: how many of this hand's lives in a row have come to nothing before this one. */
int64_t ipc_attempt(const struct ipc *ipc);

/* Says one line, as message_write() takes it. Waits for the clock if need be. */
void ipc_say(struct ipc *ipc, enum message_type type, const char *const fields[]);

/* Says `alive` if it is time to, or if `patience` is not what was said last. */
void ipc_live(struct ipc *ipc, nsec now, nsec interval, nsec timeout);

/* Takes in what the clock has said: one read(2), so wait until IPC_FD is readable. */
void ipc_listen(struct ipc *ipc);

/* The next message; false: there is none. It holds until the next call of ipc_listen(). */
bool ipc_next(struct ipc *ipc, struct message *message);

/* The clock is gone. */
bool ipc_closed(const struct ipc *ipc);

#endif

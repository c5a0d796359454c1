/* SPDX-License-Identifier: MIT */
/*
 * A worker's end of the link to the monitor (message.h). It trusts the monitor, and should exit
 * when the link is closed.
 */
#ifndef OOBETET_IPC_H
#define OOBETET_IPC_H

#include "oobetet/config/config.h"
#include "oobetet/message.h"

#include <stdbool.h>

/* The descriptor of a worker's end of the socketpair. */
#define IPC_FD 3

struct ipc;

/*
 * Makes this process the worker `name`: sets its name in ps, ignores signals to the process group
 * (the monitor stops it), opens the link. Dies if IPC_FD is not a socket.
 */
struct ipc *ipc_open(const char *name);
void ipc_free(struct ipc *ipc);

/* Waits for the configuration. NULL: the link is closed. Free with config_free(). */
struct config *ipc_configuration(struct ipc *ipc);

/* Then: how many runs in a row ended before they were online. */
int64_t ipc_attempt(const struct ipc *ipc);

/* Sends one message, as message_write() takes it; blocks while the link is full. */
void ipc_send(struct ipc *ipc, enum message_type type, const char *const fields[]);

/* Sends `alive` if it is time to, or if `timeout` has changed. */
void ipc_live(struct ipc *ipc, nsec now, nsec interval, nsec timeout);

/* Calls read(2) once: wait until IPC_FD is readable. */
void ipc_listen(struct ipc *ipc);

/* The next message; false: there is none. Valid until the next ipc_listen(). */
bool ipc_next(struct ipc *ipc, struct message *message);

/* True if the monitor has closed the link, or died. */
bool ipc_closed(const struct ipc *ipc);

/*
 * The workers, each a process of its own with all that can block. They run until the monitor
 * ends them, and return the exit code.
 */

/*
 * The xmpp worker, which runs libstrophe. It logs in, joins the rooms, proves that it stays in
 * them, sends messages and reports those of others. It lives for one connection: when that ends it
 * reports why and exits, and the monitor starts another.
 */
int xmpp_main(void);

/*
 * The http worker, which runs libcurl. It posts each event to PagerDuty once and reports the
 * result; the monitor decides on retries. It fetches heartbeat_url on request.
 */
int http_main(void);

/*
 * The probe worker: reads the flapper's port, the broker and Redis of each watch that names them.
 * Each probe has a limit, and none waits for another.
 */
int probe_main(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A TCP port that is held for the whole run, and that can be opened and closed.
 *
 * A socket that is bound but never listens holds it: while it is closed, connections are refused
 * and the kernel assigns the port to no outgoing connection. (Otherwise a client that probes a
 * closed port of the ephemeral range is sooner or later given that port as its own, and connects
 * to itself.) To open it, a second socket is bound beside the first, which SO_REUSEADDR permits
 * while neither listens, and listens. Another program may take a closed port in the same way;
 * opening then fails with EADDRINUSE, from bind(2) or from listen(2).
 */
#ifndef FLAPPER_LISTENER_H
#define FLAPPER_LISTENER_H

#include "common/reason.h"

#include <stdbool.h>
#include <stdint.h>

struct listener;

/* True for `127.0.0.1`, `::1`, `fe80::1%eth0`: numeric, and an interface that exists. */
bool listener_host_valid(const char *host);

/*
 * Holds port `number` (0: any free one) at the valid address `host`; NULL: every address of both
 * families, or of IPv4 where there is no IPv6. NULL on failure, with errno and *why.
 */
struct listener *listener_hold(const char *host, uint16_t number, struct reason *why);

/* Closes and releases the port. NULL does nothing. */
void listener_release(struct listener *listener);

/* `[::]:12345`, with the number chosen for 0. Lives as long as the listener. */
const char *listener_text(const struct listener *listener);

/* Listens. False, with errno and *why: not possible now; it may be tried again. */
bool listener_open(struct listener *listener, struct reason *why);

void listener_close(struct listener *listener);

/* The non-blocking socket to accept from; -1 while closed. It remains the listener's. */
int listener_socket(const struct listener *listener);

#endif

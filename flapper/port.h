/* SPDX-License-Identifier: MIT */
/*
 * A TCP port that is ours for the whole run, and that can be opened and closed.
 *
 * It is held by a socket that is bound but never listens, so that while it is closed connections
 * are refused and the kernel gives the port to no outgoing connection. (Without it a client that
 * probes a closed port of the ephemeral range is in the end given that very port as its own, and
 * connects to itself.) To open it a second socket is bound beside the first, which SO_REUSEADDR
 * permits while nobody listens, and made to listen. The same permits another program to take a
 * closed port; opening then fails with EADDRINUSE, from bind(2) or from listen(2).
 */
#ifndef FLAPPER_PORT_H
#define FLAPPER_PORT_H

#include "common/reason.h"

#include <stdint.h>

struct port;

/* True for `127.0.0.1`, `::1`, `fe80::1%eth0`: numeric, and an interface that exists. */
bool port_host_valid(const char *host);

/*
 * Holds `number` (0: one that is free) at the valid address `host`; NULL stands for every address
 * of both families, or of IPv4 where there is no IPv6. NULL on failure, errno and *why saying why.
 */
struct port *port_hold(const char *host, uint16_t number, struct reason *why);

/* Closes it if it is open, and gives it up. NULL does nothing. */
void port_release(struct port *port);

/* `[::]:12345`, with the number that was found for 0. Lives as long as the port. */
const char *port_text(const struct port *port);

/* Listens; false if that is not possible now (errno is set), and then it may be tried again. */
bool port_open(struct port *port, struct reason *why);

/* Stops listening, if it does. */
void port_close(struct port *port);

/* The socket to accept from, without blocking; -1 while closed. It remains the port's. */
int port_listener(const struct port *port);

#endif

/* SPDX-License-Identifier: MIT */
/* The sockets on which the broker listens. */
#ifndef HTTPBROKER_HTTP_LISTEN_H
#define HTTPBROKER_HTTP_LISTEN_H

#include "common/address.h"

enum { LISTENERS_MOST = 8 };

struct listeners {
	int fds[LISTENERS_MOST];
	int count;
};

/*
 * Listens on all addresses that the host stands for; an empty host is 127.0.0.1 and ::1 (where
 * there is IPv6). With port 0 one is chosen, the same for all. Logs each. Exits with a message
 * if that cannot be: 75 (the port is taken), 77 (not permitted), 68 (no such host) or 71.
 */
void listeners_open(const struct address *address, struct listeners *out);

#endif

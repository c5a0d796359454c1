/* SPDX-License-Identifier: MIT */
/*
 * Where to listen or to connect to, as people write it: `port`, `host:port`, `[v6]:port`,
 * `unix:/path`. Nothing is resolved here.
 */
#ifndef COMMON_ADDRESS_H
#define COMMON_ADDRESS_H

#include "common/reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct address {
	char host[256]; /* name or numeric; empty: the reader's default; without brackets */
	uint16_t port;  /* 0 where path is set */
	char path[108]; /* of a UNIX socket (as long as sun_path); empty: this is host and port */
};

bool address_parse(const char *text, struct address *out, struct reason *why);

#define ADDRESS_TEXT 320 /* bytes that hold any address as text */

/* As address_parse() reads it. Writes into `out` and returns it. */
const char *address_text(const struct address *address, char out[ADDRESS_TEXT]);

/* The same for a socket's address: `127.0.0.1:80`, `[::]:12345`, `unix:/path`. */
const char *address_of_socket(const struct sockaddr *address, char out[ADDRESS_TEXT]);

/*
 * Whether the name or address, of `length` bytes and perhaps in brackets, is this machine's own by
 * its nature: localhost, *.localhost, ip6-localhost, 127.0.0.0/8, ::1.
 */
bool host_is_loopback(const char *host, size_t length);

#endif

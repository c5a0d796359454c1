/* SPDX-License-Identifier: MIT */
/* Addresses: `port`, `host:port`, `[v6]:port`, `unix:/path`. No name is resolved here. */
#ifndef COMMON_ADDRESS_H
#define COMMON_ADDRESS_H

#include "common/reason.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct address {
	char host[256]; /* name or number, without brackets; empty: the caller's default */
	uint16_t port;  /* 0 where path is set */
	char path[108]; /* of a UNIX socket (as long as sun_path); empty: this is host and port */
};

bool address_parse(const char *text, struct address *out, struct reason *why);

#define ADDRESS_TEXT 320 /* bytes that hold any address as text */

/* In the form that address_parse() reads. Writes into `out` and returns it. */
const char *address_text(const struct address *address, char out[ADDRESS_TEXT]);

/* The same for a socket's address: `127.0.0.1:80`, `[::]:12345`, `unix:/path`. */
const char *address_of_socket(const struct sockaddr *address, char out[ADDRESS_TEXT]);

/*
 * Whether the host, of `length` bytes and perhaps in brackets, is localhost, *.localhost,
 * ip6-localhost, in 127.0.0.0/8, or ::1.
 */
bool host_is_loopback(const char *host, size_t length);

#endif

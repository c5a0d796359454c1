/* SPDX-License-Identifier: MIT */
/*
 * TLS to Redis and its sentinels, by OpenSSL: hiredis of Debian 12 has none. At least TLS 1.2; the
 * certificate must be of a trusted authority and name the host, or the IP address, that is
 * connected to. SIGPIPE must be ignored.
 */
#ifndef HTTPBROKER_REDIS_TLS_H
#define HTTPBROKER_REDIS_TLS_H

#include "common/clocks.h"
#include "common/reason.h"

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>

struct tls_settings {
	bool on;
	const char *ca_file;   /* authorities, in PEM; NULL: the system's */
	const char *cert_file; /* a certificate for the server, in PEM, and its chain; NULL: none */
	const char *key_file;  /* its key, in PEM, without a passphrase; NULL with that */
};

/*
 * What all connections share; to be freed by SSL_CTX_free(), NULL: the reason names the option.
 * Call it before any other use of OpenSSL: no thread that is still connecting may find it cleaned
 * up at the end of the program.
 */
SSL_CTX *tls_new(const struct tls_settings *settings, struct reason *why);

/*
 * Does the handshake on a connected, non-blocking socket, which stays the caller's, within the
 * timeout. The SSL is for tls_free(); NULL: it failed, and why.
 */
SSL *tls_connect(SSL_CTX *tls, int fd, const char *host, nsec timeout, struct reason *why);

/*
 * Sends, or receives, what is possible now: *done bytes, which may be 0. False: the connection is
 * over, and why. After 0 were sent the same bytes must be sent again; more may stand behind them,
 * and they may have moved.
 */
bool tls_send(SSL *ssl, const void *data, size_t length, size_t *done, struct reason *why);
bool tls_receive(SSL *ssl, void *data, size_t size, size_t *done, struct reason *why);

/* Whether poll(2) must also wait until the last tls_receive() can write. */
bool tls_wants_write(const SSL *ssl);

/* Ends TLS in order, unless the connection has failed (`broken`), and frees it; NULL is allowed. */
void tls_free(SSL *ssl, bool broken);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Whether a certificate may be believed: a chain leads from it to an authority that we trust,
 * every link is within its dates, and it is one for servers, as SNS's are.
 */
#ifndef HTTPBROKER_SNS_CHAIN_H
#define HTTPBROKER_SNS_CHAIN_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "common/reason.h"

#include <openssl/x509.h>

struct chain;

/* The authorities of this file (PEM); NULL: the system's. NULL and a reason if it cannot be read.
 */
struct chain *chain_new(const char *ca_file, struct reason *why);
void chain_free(struct chain *chain);

/*
 * The first certificate of the PEM text, verified at this wall time. The others in it may serve as
 * links, and so may those of `helpers`: SNS's file has the certificate alone, but the server that
 * it comes from presents links that it shares. NULL and a reason if it is not to be believed.
 * The caller's, to be freed with X509_free(). Any thread.
 */
X509 *chain_verify(const struct chain *chain, const struct buffer *pem,
	const struct buffer *helpers, nsec wall, struct reason *why);

#endif

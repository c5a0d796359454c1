/* SPDX-License-Identifier: MIT */
/* Certificates for tests, made as they are needed. */
#ifndef T_UNIT_CERTIFICATES_H
#define T_UNIT_CERTIFICATES_H

#include "common/buffer.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <time.h>

/* A key and the certificate for it. */
struct identity {
	EVP_PKEY *key;
	X509 *certificate;
};

struct identity_wish {
	const char *name;
	const char *usage;  /* extendedKeyUsage: `serverAuth`, `clientAuth`; NULL: an authority's */
	time_t from, until; /* validity */
};

/* Signed by `issuer`; NULL: by itself. */
struct identity identity_make(const struct identity_wish *wish, const struct identity *issuer);
void identity_free(struct identity *identity);

/* Appends the certificate as PEM. */
void identity_pem(struct buffer *out, const struct identity *identity);

#endif

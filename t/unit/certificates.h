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
	const char *curve;  /* of its key: `P-256`; NULL: it is RSA's, of 2,048 bits */
};

/* Signed by `issuer`; NULL: by itself. */
struct identity identity_make(const struct identity_wish *wish, const struct identity *issuer);
void identity_free(struct identity *identity);

/* Appends the certificate as PEM. */
void identity_pem(struct buffer *out, const struct identity *identity);

/* Writes it to a file of its own, whose name is then in `path`: the caller's to remove. */
enum { IDENTITY_PATH = 32 };
void identity_file(char path[IDENTITY_PATH], const struct identity *identity);

#endif

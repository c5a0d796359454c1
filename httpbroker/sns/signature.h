/* SPDX-License-Identifier: MIT */
/*
 * Whether a message was signed with the key of a certificate: RSA PKCS#1 v1.5 over its canonical
 * form, with SHA-1 (SignatureVersion 1) or SHA-256 (2).
 */
#ifndef HTTPBROKER_SNS_SIGNATURE_H
#define HTTPBROKER_SNS_SIGNATURE_H

#include "httpbroker/sns/envelope.h"

#include <openssl/x509.h>

bool signature_verify(const struct envelope *envelope, X509 *certificate, struct reason *why);

#endif

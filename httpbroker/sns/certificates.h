/* SPDX-License-Identifier: MIT */
/*
 * The certificates that SNS signs with, by URL: fetched and verified once, then cached for a day.
 * Failures are cached as well, so that no sender can cause a fetch with every message.
 */
#ifndef HTTPBROKER_SNS_CERTIFICATES_H
#define HTTPBROKER_SNS_CERTIFICATES_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "common/reason.h"
#include "httpbroker/checks/event.h"
#include "httpbroker/sns/fetcher.h"

#include <openssl/x509.h>

/* The authorities of this file (PEM); NULL: the system's. NULL and a reason if none can be read. */
X509_STORE *authorities_read(const char *ca_file, struct reason *why);

/*
 * The first certificate of `pem` if a chain of server certificates, each within its dates at
 * `wall`, leads to an authority; else NULL and a reason. The chain is made of the other
 * certificates of `pem` and of `intermediates`: SNS's file has the certificate alone, but its
 * server presents those above it. The caller calls X509_free(). Any thread.
 */
X509 *certificate_verify(X509_STORE *authorities, const struct buffer *pem,
	const struct buffer *intermediates, nsec wall, struct reason *why);

enum { CERTIFICATES_MAX = 64 }; /* cached or pending */

enum certificate_status {
	CERTIFICATE_VALID,
	CERTIFICATE_PENDING,     /* being fetched: done() will be called, then get it again */
	CERTIFICATE_UNAVAILABLE, /* the fetch failed */
	CERTIFICATE_INVALID,     /* fetched, but not verified */
};

/* How long each is cached. */
#define CERTIFICATE_VALID_LASTS (86400 * NSEC_PER_SEC)
#define CERTIFICATE_UNAVAILABLE_LASTS (10 * NSEC_PER_SEC)
#define CERTIFICATE_INVALID_LASTS (600 * NSEC_PER_SEC)

struct certificate_wait {
	void (*done)(struct certificate_wait *wait); /* called once, in the fetcher's thread */
	struct certificate_wait *next;               /* internal */
};

struct certificates;

/* Owns neither the authorities nor the fetcher; stop the fetcher before certificates_free(). */
struct certificates *certificates_new(X509_STORE *authorities, struct fetcher *fetcher);
void certificates_free(struct certificates *certificates);

/*
 * Any thread. CERTIFICATE_VALID: the caller calls X509_free(*out). CERTIFICATE_UNAVAILABLE and
 * CERTIFICATE_INVALID: the reason is set.
 */
enum certificate_status certificates_get(struct certificates *certificates, struct text url,
	struct moment now, struct certificate_wait *wait, X509 **out, struct reason *why);

#endif

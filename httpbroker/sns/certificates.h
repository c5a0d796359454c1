/* SPDX-License-Identifier: MIT */
/*
 * Whether a certificate may be believed: a chain leads from it to an authority that we trust,
 * every link is within its dates, and it is one for servers, as SNS's are.
 */
#ifndef HTTPBROKER_SNS_CERTIFICATES_H
#define HTTPBROKER_SNS_CERTIFICATES_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "common/reason.h"
#include "httpbroker/checks/event.h"
#include "httpbroker/sns/fetcher.h"

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

/*
 * The certificates that SNS signs with, by the URL where each is kept: fetched and verified once,
 * then remembered for a day. What could not be had is remembered as well, so that nobody can make
 * us ask for it all the time: ten minutes if it is wrong, ten seconds if it may yet come.
 */

enum { CERTIFICATES_MAX = 64 }; /* remembered or under way */

#define CERTIFICATE_SOUND_LASTS (86400 * NSEC_PER_SEC)
#define CERTIFICATE_WRONG_LASTS (600 * NSEC_PER_SEC)
#define CERTIFICATE_LATER_LASTS (10 * NSEC_PER_SEC)

enum certificate_verdict {
	CERTIFICATE_SOUND,   /* here it is */
	CERTIFICATE_AWAITED, /* done() of the wait will be called: then look again */
	CERTIFICATE_LATER,   /* it cannot be had now */
	CERTIFICATE_WRONG,   /* it is there, and not to be believed */
};

/* Somebody who waits for a certificate. */
struct certificate_wait {
	void (*done)(struct certificate_wait *wait); /* called once, in the fetcher's thread */
	struct certificate_wait *next;               /* the certificates' */
};

struct certificates;

/* The chain and the fetcher are used, not owned; stop the fetcher before freeing this. */
struct certificates *certificates_new(const struct chain *chain, struct fetcher *fetcher);
void certificates_free(struct certificates *certificates);

/*
 * Any thread. With CERTIFICATE_SOUND *out is the caller's, to be freed with X509_free(); with
 * _LATER and _WRONG the reason is set.
 */
enum certificate_verdict certificates_look(struct certificates *certificates, struct text url,
	struct moment now, struct certificate_wait *wait, X509 **out, struct reason *why);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What Amazon SNS posts. None of it may be trusted before signature_verify().
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
 */
#ifndef HTTPBROKER_SNS_ENVELOPE_H
#define HTTPBROKER_SNS_ENVELOPE_H

#include "common/buffer.h"
#include "common/reason.h"
#include "httpbroker/checks/event.h"

#include <openssl/x509.h>

enum sns_type { SNS_NOTIFICATION, SNS_SUBSCRIBE, SNS_UNSUBSCRIBE };

/* All texts point into the document. */
struct envelope {
	enum sns_type type;
	struct text type_word; /* as it is signed */
	struct text message_id;
	struct text topic;   /* ARN */
	struct text subject; /* of a notification, or not given */
	struct text message;
	struct text timestamp;         /* ISO 8601 */
	struct text token;             /* of confirmations, and so is the next */
	struct text subscribe_url;     /* signed, never fetched */
	struct text signature_version; /* 1: SHA-1, 2: SHA-256 */
	struct text signature;         /* base64 */
	struct text certificate_url;
};

/* Every field must be a string, present, and no longer than SNS sends it. */
bool envelope_read(const json_t *document, struct envelope *out, struct reason *why);

/*
 * The bytes that SNS signs: `Name\nValue\n` of certain fields in byte order, the values without
 * JSON's escapes.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */
void canonical_append(struct buffer *out, const struct envelope *envelope);

/* RSA PKCS#1 v1.5 over these, with SHA-1 (SignatureVersion 1) or SHA-256 (2). */
bool signature_verify(const struct envelope *envelope, X509 *certificate, struct reason *why);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What Amazon SNS posts: a message and who says to have sent it. Nothing of it is to be believed
 * before its signature was verified.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
 */
#ifndef HTTPBROKER_SNS_ENVELOPE_H
#define HTTPBROKER_SNS_ENVELOPE_H

#include "common/buffer.h"
#include "common/reason.h"
#include "httpbroker/checks/event.h"
#include "httpbroker/formats/format.h"

enum sns_type { SNS_NOTIFICATION, SNS_SUBSCRIBE, SNS_UNSUBSCRIBE };

/* All texts point into the document. */
struct envelope {
	enum sns_type type;
	struct text type_word; /* as it was written, and signed */
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

/* Whether the document has the shape of an envelope; not yet whether it is sound. */
bool envelope_matches(const json_t *document);

/* In the table of formats it is recognised by that, and refused: it has to come alone. */
extern const struct format format_sns;

/* Reads it: every field a string, none missing, none longer than anything that SNS sends. */
bool envelope_read(const json_t *document, struct envelope *out, struct reason *why);

/*
 * The bytes that SNS has signed: `Name\nValue\n` of certain fields in byte order, the values as
 * they are behind JSON's escapes.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
 */

void canonical_append(struct buffer *out, const struct envelope *envelope);

#endif

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

/*
 * Topics: their names (ARNs), which of them may post here, and the URLs that follow from a name, so
 * that no URL in a message has to be trusted.
 *
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
 */

/* The parts of `arn:aws:sns:eu-west-1:123456789012:alarms`; they point into it. */
struct topic {
	struct text region;
	struct text account;
	struct text name;
	bool china; /* the partition aws-cn, with its own domain */
};

bool topic_read(struct text arn, struct topic *out, struct reason *why);

/*
 * A pattern is a topic's ARN, or its beginning and `*`. The beginning must include the account, or
 * any account at Amazon would be allowed.
 */
bool topic_pattern_check(const char *pattern, struct reason *why);

bool topic_is_allowed(struct text arn, const char *const *patterns, size_t count);

/* Whether the URL is that of a certificate of SNS in the topic's region, and nothing more. */
bool topic_certificate_url_check(const struct topic *topic, struct text url, struct reason *why);

/* Appends the URL that confirms the subscription. */
void topic_confirm_url(
	struct buffer *out, const struct topic *topic, struct text arn, struct text token);

enum { POLICY_TIME_MAX = 3600 }; /* seconds that a message may be old, or in the future */

struct policy {
	const char *const *patterns; /* of the allowed topics; not owned */
	size_t count;
};

/*
 * Checks, without fetching anything, the topic, the certificate's URL, the signature's version and
 * the timestamp, in this order. False and a reason, or true and the topic. `now` is in seconds
 * since the epoch.
 */
bool policy_check(const struct policy *policy, const struct envelope *envelope, int64_t now,
	struct topic *topic, struct reason *why);

#endif

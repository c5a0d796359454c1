/* SPDX-License-Identifier: MIT */
/*
 * Topics: their names (ARNs), which of them may post here, and the URLs that follow from a name, so
 * that no URL in a message has to be trusted.
 *
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
 */
#ifndef HTTPBROKER_SNS_POLICY_H
#define HTTPBROKER_SNS_POLICY_H

#include "common/buffer.h"
#include "httpbroker/sns/envelope.h"

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

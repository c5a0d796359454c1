/* SPDX-License-Identifier: MIT */
/*
 * Topics: what their names (ARNs) say, which of them may post here, and the addresses that
 * follow from a name alone, so that no address in a message has to be believed.
 *
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
 */
#ifndef HTTPBROKER_SNS_POLICY_H
#define HTTPBROKER_SNS_POLICY_H

#include "common/buffer.h"
#include "httpbroker/sns/envelope.h"

/* `arn:aws:sns:eu-west-1:123456789012:alarms`, taken apart; the texts point into the name. */
struct topic {
	struct text region;
	struct text account;
	struct text name;
	bool china; /* the partition aws-cn, which has a domain of its own */
};

bool topic_read(struct text arn, struct topic *out, struct reason *why);

/*
 * Whether this can be allowed: a topic's ARN, or the beginning of one and `*`. The beginning has
 * to reach past the account, or everybody who has an account at Amazon would be allowed.
 */
bool topic_pattern_check(const char *pattern, struct reason *why);

bool topic_is_allowed(struct text arn, const char *const *patterns, size_t count);

/*
 * Whether this is where SNS keeps the certificates of the topic's region: https, the one host
 * and a path of one form; no user, port, query or anything else.
 */
bool topic_certificate_url_check(const struct topic *topic, struct text url, struct reason *why);

/* Appends the URL that confirms the subscription. */
void topic_confirm_url(
	struct buffer *out, const struct topic *topic, struct text arn, struct text token);

/*
 * Who may pass, as far as that can be told without fetching anything: in this order the topic,
 * the place of the certificate, the version of the signature, and the age of the message.
 */

enum { POLICY_TIME_MOST = 3600 }; /* seconds that a message may be old, or ahead of our clock */

struct policy {
	const char *const *patterns; /* the topics that are allowed; not owned */
	size_t count;
};

/* False and a reason, or true and the topic. `now` in seconds since the epoch. */
bool policy_judge(const struct policy *policy, const struct envelope *envelope, int64_t now,
	struct topic *topic, struct reason *why);

#endif

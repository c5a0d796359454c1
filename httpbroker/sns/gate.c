/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/gate.h"

#include "httpbroker/events/isotime.h"

#include <string.h>

static bool topic_judge(const struct policy *policy, struct text arn, struct reason *why)
{
	if (policy->count == 0)
		return reason_set(why, "SNS is not taken here: no --sns-topic is given");
	return topic_is_allowed(arn, policy->patterns, policy->count) ||
	       reason_set(why, "no --sns-topic allows %.*s", (int)arn.length, arn.bytes);
}

static bool version_judge(struct text version, struct reason *why)
{
	return (version.length == 1 && (version.bytes[0] == '1' || version.bytes[0] == '2')) ||
	       reason_set(why, "'SignatureVersion' is neither 1 nor 2");
}

static bool time_judge(struct text timestamp, int64_t now, struct reason *why)
{
	int64_t time;

	if (!isotime_read(timestamp, &time))
		return reason_set(why, "'Timestamp' is not like 2026-01-02T03:04:05.678Z");
	if (time < now - POLICY_TIME_MOST)
		return reason_set(why, "'Timestamp' is more than an hour ago");
	if (time > now + POLICY_TIME_MOST)
		return reason_set(
			why, "'Timestamp' is more than an hour ahead: which clock is wrong?");
	return true;
}

bool policy_judge(const struct policy *policy, const struct envelope *envelope, int64_t now,
	struct topic *topic, struct reason *why)
{
	return topic_read(envelope->topic, topic, why) &&
	       topic_judge(policy, envelope->topic, why) &&
	       topic_certificate_url_check(topic, envelope->certificate_url, why) &&
	       version_judge(envelope->signature_version, why) &&
	       time_judge(envelope->timestamp, now, why);
}

/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/policy.h"

#include "httpbroker/checks/event.h"

#include <string.h>

enum { ACCOUNT_DIGITS = 12, REGION_MIN = 3, TOPIC_MAX = 256, CERTIFICATE_DIGITS = 32 };

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

#define CERTIFICATE_PATH "/SimpleNotificationService-"

/* These read a text from its beginning and shorten it by what they read. */
static bool skip_text(struct text *from, struct text prefix)
{
	if (from->length < prefix.length || memcmp(from->bytes, prefix.bytes, prefix.length) != 0)
		return false;
	from->bytes += prefix.length;
	from->length -= prefix.length;
	return true;
}

static bool skip(struct text *from, const char *prefix)
{
	return skip_text(from, text_literal(prefix));
}

/* Returns the longest prefix that consists of these bytes. */
static struct text span_read(struct text *from, const char *bytes)
{
	struct text taken = {from->bytes, 0};

	while (taken.length < from->length && taken.bytes[taken.length] != '\0' &&
		strchr(bytes, taken.bytes[taken.length]) != NULL)
		taken.length++;
	from->bytes += taken.length;
	from->length -= taken.length;
	return taken;
}

/* Reads up to the colon behind the account. */
static bool account_read(struct text *arn, struct topic *out)
{
	out->china = skip(arn, "arn:aws-cn:sns:");
	if (!out->china && !skip(arn, "arn:aws:sns:") && !skip(arn, "arn:aws-us-gov:sns:"))
		return false;
	out->region = span_read(arn, LOWER DIGITS "-");
	if (out->region.length < REGION_MIN || !skip(arn, ":"))
		return false;
	out->account = span_read(arn, DIGITS);
	return out->account.length == ACCOUNT_DIGITS && skip(arn, ":");
}

bool topic_read(struct text arn, struct topic *out, struct reason *why)
{
	struct text rest = arn;

	if (account_read(&rest, out)) {
		out->name = rest;
		span_read(&rest, LOWER UPPER DIGITS "-_");
		skip(&rest, ".fifo");
		if (rest.length == 0 && out->name.length > 0 && out->name.length <= TOPIC_MAX)
			return true;
	}
	return reason_set(why, "'TopicArn' is not arn:aws:sns:REGION:ACCOUNT:NAME");
}

bool topic_pattern_check(const char *pattern, struct reason *why)
{
	struct text rest = {pattern, strlen(pattern)};
	struct topic topic;
	struct reason ignored;
	size_t star = strcspn(pattern, "*");

	if (pattern[star] == '\0')
		return topic_read(rest, &topic, &ignored) ||
		       reason_set(why, "'%.300s' is not arn:aws:sns:REGION:ACCOUNT:NAME", pattern);
	if (pattern[star + 1] != '\0')
		return reason_set(why, "'%.300s' has a '*' before its end", pattern);
	return account_read(&rest, &topic) ||
	       reason_set(why,
		       "'%.300s' would allow other accounts' topics: write "
		       "arn:aws:sns:REGION:ACCOUNT:*",
		       pattern);
}

static bool pattern_matches(const char *pattern, struct text arn)
{
	size_t length = strcspn(pattern, "*");

	if (pattern[length] == '\0')
		return arn.length == length && memcmp(arn.bytes, pattern, length) == 0;
	return arn.length >= length && memcmp(arn.bytes, pattern, length) == 0;
}

bool topic_is_allowed(struct text arn, const char *const *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (pattern_matches(patterns[i], arn))
			return true;
	return false;
}

bool topic_certificate_url_check(const struct topic *topic, struct text url, struct reason *why)
{
	struct text rest = url;

	if (!skip(&rest, "https://sns.") || !skip_text(&rest, topic->region) ||
		!skip(&rest, topic->china ? ".amazonaws.com.cn" : ".amazonaws.com") ||
		rest.length == 0 || rest.bytes[0] != '/')
		return reason_set(why,
			"'SigningCertURL' is not at https://sns.%.*s.amazonaws.com%s",
			(int)topic->region.length, topic->region.bytes, topic->china ? ".cn" : "");
	if (!skip(&rest, CERTIFICATE_PATH) ||
		span_read(&rest, DIGITS "abcdef").length != CERTIFICATE_DIGITS ||
		!skip(&rest, ".pem") || rest.length != 0)
		return reason_set(
			why, "the path of 'SigningCertURL' is not that of an SNS certificate");
	return true;
}

static void percent_append(struct buffer *out, struct text value)
{
	for (size_t i = 0; i < value.length; i++) {
		char byte = value.bytes[i];

		if (byte != '\0' && strchr(LOWER UPPER DIGITS "-._~", byte) != NULL)
			buffer_append(out, &byte, 1);
		else
			buffer_printf(out, "%%%02X", (unsigned)(unsigned char)byte);
	}
}

void topic_confirm_url(
	struct buffer *out, const struct topic *topic, struct text arn, struct text token)
{
	buffer_printf(out, "https://sns.%.*s.amazonaws.com%s/?Action=ConfirmSubscription&TopicArn=",
		(int)topic->region.length, topic->region.bytes, topic->china ? ".cn" : "");
	percent_append(out, arn);
	buffer_append_text(out, "&Token=");
	percent_append(out, token);
}

static bool topic_check(const struct policy *policy, struct text arn, struct reason *why)
{
	if (policy->count == 0)
		return reason_set(why, "SNS is not enabled: no --sns-topic is given");
	return topic_is_allowed(arn, policy->patterns, policy->count) ||
	       reason_set(why, "no --sns-topic allows %.*s", (int)arn.length, arn.bytes);
}

static bool time_check(struct text timestamp, int64_t now, struct reason *why)
{
	int64_t time;

	if (!isotime_read(timestamp, &time))
		return reason_set(why, "'Timestamp' is not like 2026-01-02T03:04:05.678Z");
	if (time < now - POLICY_TIME_MAX)
		return reason_set(why, "'Timestamp' is more than an hour ago");
	if (time > now + POLICY_TIME_MAX)
		return reason_set(
			why, "'Timestamp' is more than an hour in the future: check the clocks");
	return true;
}

bool policy_check(const struct policy *policy, const struct envelope *envelope, int64_t now,
	struct topic *topic, struct reason *why)
{
	struct text version = envelope->signature_version;

	if (!topic_read(envelope->topic, topic, why) ||
		!topic_check(policy, envelope->topic, why) ||
		!topic_certificate_url_check(topic, envelope->certificate_url, why))
		return false;
	if (version.length != 1 || (version.bytes[0] != '1' && version.bytes[0] != '2'))
		return reason_set(why, "'SignatureVersion' is not 1 or 2");
	return time_check(envelope->timestamp, now, why);
}

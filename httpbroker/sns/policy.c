/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/policy.h"

#include "httpbroker/checks/event.h"

#include <string.h>

enum { ACCOUNT_DIGITS = 12, REGION_LEAST = 3, NAME_MAX = 256, CERTIFICATE_DIGITS = 32 };

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

#define CERTIFICATE_PATH "/SimpleNotificationService-"

/* Text is read from its beginning, and what has been read is gone from it. */
static bool take_word(struct text *from, const char *word)
{
	size_t length = strlen(word);

	if (from->length < length || memcmp(from->bytes, word, length) != 0)
		return false;
	from->bytes += length;
	from->length -= length;
	return true;
}

/* As many bytes as there are of these. */
static struct text take_of(struct text *from, const char *these)
{
	struct text taken = {from->bytes, 0};

	while (taken.length < from->length && taken.bytes[taken.length] != '\0' &&
		strchr(these, taken.bytes[taken.length]) != NULL)
		taken.length++;
	from->bytes += taken.length;
	from->length -= taken.length;
	return taken;
}

/* Up to the account and the colon behind it; the rest is left in *arn. */
static bool account_take(struct text *arn, struct topic *out)
{
	out->china = take_word(arn, "arn:aws-cn:sns:");
	if (!out->china && !take_word(arn, "arn:aws:sns:") &&
		!take_word(arn, "arn:aws-us-gov:sns:"))
		return false;
	out->region = take_of(arn, LOWER DIGITS "-");
	if (out->region.length < REGION_LEAST || !take_word(arn, ":"))
		return false;
	out->account = take_of(arn, DIGITS);
	return out->account.length == ACCOUNT_DIGITS && take_word(arn, ":");
}

bool topic_read(struct text arn, struct topic *out, struct reason *why)
{
	struct text rest = arn;

	if (account_take(&rest, out)) {
		out->name = rest;
		take_of(&rest, LOWER UPPER DIGITS "-_");
		take_word(&rest, ".fifo");
		if (rest.length == 0 && out->name.length > 0 && out->name.length <= NAME_MAX)
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
		return reason_set(why, "'%.300s' has a '*' that is not at its end", pattern);
	return account_take(&rest, &topic) ||
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

static bool take_text(struct text *from, struct text word)
{
	if (from->length < word.length || memcmp(from->bytes, word.bytes, word.length) != 0)
		return false;
	from->bytes += word.length;
	from->length -= word.length;
	return true;
}

bool topic_certificate_url_check(const struct topic *topic, struct text url, struct reason *why)
{
	struct text rest = url;

	if (!take_word(&rest, "https://sns.") || !take_text(&rest, topic->region) ||
		!take_word(&rest, topic->china ? ".amazonaws.com.cn" : ".amazonaws.com") ||
		rest.length == 0 || rest.bytes[0] != '/')
		return reason_set(why,
			"'SigningCertURL' is not at https://sns.%.*s.amazonaws.com%s",
			(int)topic->region.length, topic->region.bytes, topic->china ? ".cn" : "");
	if (!take_word(&rest, CERTIFICATE_PATH) ||
		take_of(&rest, DIGITS "abcdef").length != CERTIFICATE_DIGITS ||
		!take_word(&rest, ".pem") || rest.length != 0)
		return reason_set(why, "'SigningCertURL' has not the path of an SNS certificate");
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

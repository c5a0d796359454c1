/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/envelope.h"

#include "common/memory.h"
#include "httpbroker/checks/event.h"

#include <openssl/evp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
	IN_NOTIFICATIONS = 1,
	IN_CONFIRMATIONS = 2,
	IN_ALL = IN_NOTIFICATIONS | IN_CONFIRMATIONS,
	MAYBE = 4, /* may be missing */
	LINES = 8, /* may have line breaks */
};

enum { SHORT_MAX = 4096, MESSAGE_MAX = 256 * 1024 }; /* bytes; SNS's own limit for a message */

static const struct field {
	const char *name;
	size_t where; /* offset in struct envelope */
	size_t max;   /* bytes */
	unsigned in;
} fields[] = {
	{"Type", offsetof(struct envelope, type_word), SHORT_MAX, IN_ALL},
	{"MessageId", offsetof(struct envelope, message_id), 128, IN_ALL},
	{"TopicArn", offsetof(struct envelope, topic), 512, IN_ALL},
	{"Subject", offsetof(struct envelope, subject), SHORT_MAX, IN_NOTIFICATIONS | MAYBE},
	{"Message", offsetof(struct envelope, message), MESSAGE_MAX, IN_ALL | LINES},
	{"Timestamp", offsetof(struct envelope, timestamp), 64, IN_ALL},
	{"Token", offsetof(struct envelope, token), SHORT_MAX, IN_CONFIRMATIONS},
	{"SubscribeURL", offsetof(struct envelope, subscribe_url), SHORT_MAX, IN_CONFIRMATIONS},
	{"SignatureVersion", offsetof(struct envelope, signature_version), 8, IN_ALL},
	{"Signature", offsetof(struct envelope, signature), SHORT_MAX, IN_ALL},
	{"SigningCertURL", offsetof(struct envelope, certificate_url), SHORT_MAX, IN_ALL},
};

enum { FIELDS = sizeof fields / sizeof fields[0] };

static const char *const type_words[] = {
	[SNS_NOTIFICATION] = "Notification",
	[SNS_SUBSCRIBE] = "SubscriptionConfirmation",
	[SNS_UNSUBSCRIBE] = "UnsubscribeConfirmation",
};

static bool type_read(const json_t *document, enum sns_type *out, struct reason *why)
{
	const char *word = json_string_value(json_object_get(document, "Type"));

	for (enum sns_type type = SNS_NOTIFICATION; type <= SNS_UNSUBSCRIBE; type++) {
		if (word != NULL && strcmp(word, type_words[type]) == 0) {
			*out = type;
			return true;
		}
	}
	return reason_set(why, "'Type' is not one of Notification, SubscriptionConfirmation, "
			       "UnsubscribeConfirmation");
}

static bool field_read(
	const json_t *document, const struct field *field, struct text *out, struct reason *why)
{
	const json_t *value = json_object_get(document, field->name);

	if (value == NULL || json_is_null(value)) {
		*out = (struct text){NULL, 0};
		return (field->in & MAYBE) != 0 || reason_set(why, "'%s' is missing", field->name);
	}
	if (!json_is_string(value))
		return reason_set(why, "'%s' is not a string", field->name);
	*out = (struct text){json_string_value(value), json_string_length(value)};
	/* SNS sends none; the signature does not tell `ID` + Subject from an id of several lines */
	if ((field->in & LINES) == 0 && memchr(out->bytes, '\n', out->length) != NULL)
		return reason_set(why, "'%s' has a line break", field->name);
	return out->length <= field->max || reason_set(why, "'%s' is %zu bytes long, more than %zu",
						    field->name, out->length, field->max);
}

bool envelope_read(const json_t *document, struct envelope *out, struct reason *why)
{
	*out = (struct envelope){0};
	if (!type_read(document, &out->type, why))
		return false;
	unsigned kind = out->type == SNS_NOTIFICATION ? IN_NOTIFICATIONS : IN_CONFIRMATIONS;
	for (int i = 0; i < FIELDS; i++) {
		struct text *into = (struct text *)((char *)out + fields[i].where);
		if ((fields[i].in & kind) != 0 && !field_read(document, &fields[i], into, why))
			return false;
	}
	return true;
}

static void field_append(struct buffer *out, const char *name, struct text value)
{
	if (value.bytes == NULL)
		return;
	buffer_append_text(out, name);
	buffer_append(out, "\n", 1);
	buffer_append(out, value.bytes, value.length);
	buffer_append(out, "\n", 1);
}

/* A field that is not given is left out. */
void canonical_append(struct buffer *out, const struct envelope *envelope)
{
	field_append(out, "Message", envelope->message);
	field_append(out, "MessageId", envelope->message_id);
	field_append(out, "Subject", envelope->subject);
	field_append(out, "SubscribeURL", envelope->subscribe_url);
	field_append(out, "Timestamp", envelope->timestamp);
	field_append(out, "Token", envelope->token);
	field_append(out, "TopicArn", envelope->topic);
	field_append(out, "Type", envelope->type_word);
}

/* EVP_DecodeBlock() counts padding as bytes: subtract it. */
static unsigned char *base64_read(struct text text, size_t *length)
{
	unsigned char *bytes = memory_zeroed(text.length + 1, 1);
	int decoded = EVP_DecodeBlock(bytes, (const unsigned char *)text.bytes, (int)text.length);

	if (decoded < 0) {
		free(bytes);
		return NULL;
	}
	*length = (size_t)decoded;
	for (size_t i = 0; i < 2 && i < text.length && text.bytes[text.length - 1 - i] == '='; i++)
		--*length;
	return bytes;
}

static bool bytes_verify(EVP_PKEY *key, const EVP_MD *digest, const struct buffer *bytes,
	const unsigned char *signature, size_t length)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool valid = context != NULL &&
		     EVP_DigestVerifyInit(context, NULL, digest, NULL, key) == 1 &&
		     EVP_DigestVerify(context, signature, length,
			     (const unsigned char *)bytes->data, bytes->length) == 1;

	EVP_MD_CTX_free(context);
	return valid;
}

bool signature_verify(const struct envelope *envelope, X509 *certificate, struct reason *why)
{
	const EVP_MD *digest =
		envelope->signature_version.bytes[0] == '1' ? EVP_sha1() : EVP_sha256();
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	struct buffer canonical = {0};
	size_t length = 0;

	if (key == NULL || EVP_PKEY_base_id(key) != EVP_PKEY_RSA)
		return reason_set(why, "the signing certificate has no RSA key");
	unsigned char *signature = base64_read(envelope->signature, &length);
	if (signature == NULL)
		return reason_set(why, "'Signature' is not base64");
	canonical_append(&canonical, envelope);
	bool valid = bytes_verify(key, digest, &canonical, signature, length);
	buffer_free(&canonical);
	free(signature);
	return valid || reason_set(why, "the signature does not match the message");
}

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
	int64_t time;
	if (!isotime_read(envelope->timestamp, &time))
		return reason_set(why, "'Timestamp' is not like 2026-01-02T03:04:05.678Z");
	if (time < now - POLICY_TIME_MAX)
		return reason_set(why, "'Timestamp' is more than an hour ago");
	if (time > now + POLICY_TIME_MAX)
		return reason_set(
			why, "'Timestamp' is more than an hour in the future: check the clocks");
	return true;
}

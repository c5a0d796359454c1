/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/envelope.h"

#include "common/memory.h"

#include <openssl/evp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
	IN_NOTIFICATIONS = 1,
	IN_CONFIRMATIONS = 2,
	IN_ALL = IN_NOTIFICATIONS | IN_CONFIRMATIONS,
	MAYBE = 4, /* may be missing */
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
	{"Message", offsetof(struct envelope, message), MESSAGE_MAX, IN_ALL},
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

/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/envelope.h"

#include <stddef.h>
#include <string.h>

enum {
	IN_NOTIFICATIONS = 1,
	IN_CONFIRMATIONS = 2,
	IN_ALL = IN_NOTIFICATIONS | IN_CONFIRMATIONS,
	MAYBE = 4, /* SNS leaves it out where there is none */
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

bool envelope_matches(const json_t *document)
{
	return json_object_get(document, "entity") == NULL &&
	       json_is_string(json_object_get(document, "Type")) &&
	       json_is_string(json_object_get(document, "TopicArn"));
}

static bool type_read(const json_t *document, enum sns_type *out, struct reason *why)
{
	const char *word = json_string_value(json_object_get(document, "Type"));

	for (enum sns_type type = SNS_NOTIFICATION; type <= SNS_UNSUBSCRIBE; type++) {
		if (word != NULL && strcmp(word, type_words[type]) == 0) {
			*out = type;
			return true;
		}
	}
	return reason_set(why, "'Type' is none of Notification, SubscriptionConfirmation, "
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

static void sns_translate(
	json_t *document, const struct format_context *context, struct event_sink *out)
{
	struct reason why;

	(void)document, (void)context;
	reason_set(&why, "a message of SNS has to come alone");
	out->refuse(out, &why);
}

const struct format format_sns = {"sns", false, envelope_matches, sns_translate};

static void field_append(struct buffer *out, const char *name, struct text value)
{
	if (value.bytes == NULL)
		return;
	buffer_append_text(out, name);
	buffer_append(out, "\n", 1);
	buffer_append(out, value.bytes, value.length);
	buffer_append(out, "\n", 1);
}

/* A field that its type of message has not is not given, and so is left out. */
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

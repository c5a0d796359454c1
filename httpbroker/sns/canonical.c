/* SPDX-License-Identifier: MIT */
#include "httpbroker/sns/canonical.h"

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

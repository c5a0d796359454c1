/* SPDX-License-Identifier: MIT */
#include "oobetet/http/pagerduty.h"

#include "common/buffer.h"
#include "common/log.h"
#include "oobetet/text.h"

#include <jansson.h>
#include <stddef.h>
#include <string.h>
#include <sysexits.h>

/* ---- what is posted ---- */

static json_t *payload_new(const char *severity, const struct page *page)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "summary", page->text, "source",
		page->source, "severity", severity, "timestamp", page->since, "component",
		page->component, "class", "self monitoring");
}

static json_t *event_new(const struct integration *integration, const struct page *page)
{
	json_t *event =
		json_pack("{s:s, s:s, s:s}", "routing_key", integration->key, "event_action",
			page->since != NULL ? "trigger" : "resolve", "dedup_key", page->key);

	if (page->since != NULL) {
		json_object_set_new(event, "payload", payload_new(integration->severity, page));
		json_object_set_new(event, "client", json_string("oobetet"));
	}
	return event;
}

static json_t *generic_event_new(const struct integration *integration, const struct page *page)
{
	json_t *event = json_pack("{s:s, s:s, s:s}", "service_key", integration->key, "event_type",
		page->since != NULL ? "trigger" : "resolve", "incident_key", page->key);

	if (page->since != NULL) {
		json_object_set_new(event, "description", json_string(page->text));
		json_object_set_new(event, "client", json_string("oobetet"));
		json_object_set_new(event, "details",
			json_pack("{s:s, s:s, s:s}", "source", page->source, "since", page->since,
				"component", page->component));
	}
	return event;
}

char *pagerduty_body(const struct integration *integration, const struct page *page)
{
	json_t *event = integration->version == 1 ? generic_event_new(integration, page)
						  : event_new(integration, page);
	char *body = json_dumps(event, JSON_COMPACT);

	json_decref(event);
	/* every text was made UTF-8 when it came in: only memory can be missing */
	if (body == NULL)
		die(EX_OSERR, "out of memory");
	return body;
}

/* ---- what is answered ---- */

static bool is_success(const char *answer)
{
	json_t *root = json_loads(answer, JSON_REJECT_DUPLICATES, NULL);
	const char *status = json_string_value(json_object_get(root, "status"));
	bool success = status != NULL && strcmp(status, "success") == 0;

	json_decref(root);
	return success;
}

enum message_type pagerduty_judge(int64_t version, long status, const char *answer)
{
	if (version == 1 ? status == 200 && is_success(answer) : status == 202)
		return MESSAGE_DONE;
	return status == 400 ? MESSAGE_REFUSED : MESSAGE_FAILED;
}

static void words_add(struct buffer *message_types, const json_t *text)
{
	const char *value = json_string_value(text);

	if (value != NULL && value[0] != '\0')
		buffer_printf(message_types, ": %s", value);
}

/* `message`, and each of `errors`; false: it is no such answer. */
static bool answer_read(const char *answer, struct buffer *message_types)
{
	json_t *root = json_loads(answer, JSON_REJECT_DUPLICATES, NULL);
	const json_t *errors = json_object_get(root, "errors");
	size_t before = message_types->length;

	words_add(message_types, json_object_get(root, "message"));
	for (size_t i = 0; i < json_array_size(errors); i++)
		words_add(message_types, json_array_get(errors, i));
	json_decref(root);
	return message_types->length > before;
}

/* The keys of both versions look alike, but each is known to its own only. */
static void key_hint(int64_t version, const char *answer, struct buffer *message_types)
{
	const char *name = version == 1 ? "service" : "routing";
	int other = version == 1 ? 2 : 1;

	if (strcasestr(answer, name) != NULL && strcasestr(answer, "key") != NULL)
		buffer_printf(message_types,
			" (if that key is for version %d of the Events API: set pagerduty_api = v%d)",
			other, other);
}

char *pagerduty_explain(const struct integration *integration, long status, const char *answer,
	char *out, size_t size)
{
	const char *const secrets[] = {integration->key, NULL};
	int64_t version = integration->version;
	struct buffer message_types = {NULL, 0, 0};

	buffer_printf(&message_types, "HTTP %ld", status);
	if (status == 200 && version == 1)
		buffer_append_text(&message_types, ", but the answer is not PagerDuty's");
	if (status == 400)
		key_hint(version, answer, &message_types);
	if (!answer_read(answer, &message_types) && answer[0] != '\0')
		buffer_printf(&message_types, ": %s", answer);
	text_of_peer(message_types.data, secrets, out, size);
	buffer_free(&message_types);
	return out;
}

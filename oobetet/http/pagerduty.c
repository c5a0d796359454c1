/* SPDX-License-Identifier: MIT */
#include "oobetet/http/pagerduty.h"

#include "common/buffer.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/secret.h"

#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* ---- requests ---- */

/* The lines as an object. */
static json_t *details_of(const struct event *event, json_t *details)
{
	const char *line = event->details;

	while (*line != '\0') {
		size_t length = strcspn(line, "\n"), name = strcspn(line, ":");

		if (name + 2 < length) {
			char *key = memory_printed("%.*s", (int)name, line);

			json_object_set_new(
				details, key, json_stringn(line + name + 2, length - name - 2));
			free(key);
		}
		line += length + (line[length] == '\n');
	}
	return details;
}

static json_t *body_of_v2(const struct integration *integration, const struct event *event)
{
	if (event->since == NULL)
		return json_pack("{s:s, s:s, s:s}", "routing_key", integration->key, "event_action",
			"resolve", "dedup_key", event->key);
	return json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s, s:s, s:s, s:s, s:s, s:o}}",
		"routing_key", integration->key, "event_action", "trigger", "dedup_key", event->key,
		"client", "oobetet", "payload", "summary", event->text, "source", event->source,
		"severity", integration->severity, "timestamp", event->since, "component",
		event->component, "class", "self monitoring", "custom_details",
		details_of(event, json_object()));
}

static json_t *body_of_v1(const struct integration *integration, const struct event *event)
{
	if (event->since == NULL)
		return json_pack("{s:s, s:s, s:s}", "service_key", integration->key, "event_type",
			"resolve", "incident_key", event->key);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "service_key", integration->key,
		"event_type", "trigger", "incident_key", event->key, "client", "oobetet",
		"description", event->text, "details",
		details_of(event, json_pack("{s:s, s:s, s:s}", "source", event->source, "since",
					  event->since, "component", event->component)));
}

char *pagerduty_body(const struct integration *integration, const struct event *event)
{
	json_t *root = integration->version == 1 ? body_of_v1(integration, event)
						 : body_of_v2(integration, event);
	char *body = json_dumps(root, JSON_COMPACT);

	json_decref(root);
	/* all texts are UTF-8 already */
	if (body == NULL)
		die(EX_OSERR, "out of memory");
	return body;
}

/* ---- answers ---- */

static bool is_success(const char *answer)
{
	json_t *root = json_loads(answer, JSON_REJECT_DUPLICATES, NULL);
	const char *status = json_string_value(json_object_get(root, "status"));
	bool success = status != NULL && strcmp(status, "success") == 0;

	json_decref(root);
	return success;
}

enum message_type pagerduty_result(int64_t version, long status, const char *answer)
{
	if (version == 1 ? status == 200 && is_success(answer) : status == 202)
		return MESSAGE_DONE;
	return status == 400 ? MESSAGE_REFUSED : MESSAGE_FAILED;
}

static void text_append(struct buffer *out, const json_t *text)
{
	const char *value = json_string_value(text);

	if (value != NULL && value[0] != '\0')
		buffer_printf(out, ": %s", value);
}

/* Appends `message` and each of `errors`; false: the answer has neither. */
static bool answer_read(const char *answer, struct buffer *text)
{
	json_t *root = json_loads(answer, JSON_REJECT_DUPLICATES, NULL);
	const json_t *errors = json_object_get(root, "errors");
	size_t before = text->length;

	text_append(text, json_object_get(root, "message"));
	for (size_t i = 0; i < json_array_size(errors); i++)
		text_append(text, json_array_get(errors, i));
	json_decref(root);
	return text->length > before;
}

/* The keys of both versions look alike, but each version knows only its own. */
static void key_hint(int64_t version, const char *answer, struct buffer *text)
{
	const char *name = version == 1 ? "service" : "routing";
	int other = version == 1 ? 2 : 1;

	if (strcasestr(answer, name) != NULL && strcasestr(answer, "key") != NULL)
		buffer_printf(text,
			" (if that key is for version %d of the Events API: set pagerduty_api = v%d)",
			other, other);
}

char *pagerduty_explain(const struct integration *integration, long status, const char *answer,
	char *out, size_t size)
{
	const char *const secrets[] = {integration->key, NULL};
	int64_t version = integration->version;
	struct buffer text = {NULL, 0, 0};

	buffer_printf(&text, "HTTP %ld", status);
	if (status == 200 && version == 1)
		buffer_append_text(&text, ", but the answer is not PagerDuty's");
	if (status == 400)
		key_hint(version, answer, &text);
	if (!answer_read(answer, &text) && answer[0] != '\0')
		buffer_printf(&text, ": %s", answer);
	secret_clean_line(text.data, secrets, out, size);
	buffer_free(&text);
	return out;
}

/* ---- no answer ---- */

/* Cuts from "after" to the colon before the reason, or to the end. */
char *error_unmeasured(char *error)
{
	static const char after[] = " after ";

	for (char *cut = strstr(error, after); cut != NULL; cut = strstr(cut, after)) {
		const char *rest = cut + strcspn(cut, ":");
		const char *span = cut + strlen(after), *unit = span + strspn(span, "0123456789");

		/* "12 ms", "5001 milliseconds" */
		if (unit > span &&
			(strncmp(unit, " ms", 3) == 0 || strncmp(unit, " milli", 6) == 0))
			memmove(cut, rest, strlen(rest) + 1);
		else
			cut++;
	}
	return error;
}

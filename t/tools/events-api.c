/* SPDX-License-Identifier: MIT */
#include "t/tools/events-api.h"

#include "t/tools/enqueue.h"

#include <string.h>

static const struct events_api apis[] = {
	{1, "/generic/2010-04-15/create_event.json", 200, "service_key", "event_type",
		"incident_key", generic_check},
	{2, "/v2/enqueue", 202, "routing_key", "event_action", "dedup_key", enqueue_check},
};

const struct events_api *events_api_at(const char *path)
{
	for (size_t i = 0; i < sizeof apis / sizeof apis[0]; i++)
		if (strcmp(apis[i].path, path) == 0)
			return &apis[i];
	return NULL;
}

json_t *events_api_read(
	const struct events_api *api, const char *body, size_t length, struct reason *why)
{
	json_error_t error;
	json_t *event = json_loadb(body, length, JSON_REJECT_DUPLICATES, &error);

	if (event == NULL) {
		reason_set(why, "not JSON: line %d: %s", error.line, error.text);
	} else if (!api->check(event, why)) {
		json_decref(event);
		event = NULL;
	}
	return event;
}

static const char *text_of(const json_t *event, const char *name)
{
	const char *text = json_string_value(json_object_get(event, name));

	return text != NULL ? text : "";
}

const char *events_api_action(const struct events_api *api, const json_t *event)
{
	return text_of(event, api->action);
}

const char *events_api_key(const struct events_api *api, const json_t *event)
{
	return text_of(event, api->key);
}

const json_t *events_api_summary(const struct events_api *api, const json_t *event)
{
	return api->version == 1 ? json_object_get(event, "description")
				 : json_object_get(json_object_get(event, "payload"), "summary");
}

const json_t *events_api_payload(const struct events_api *api, const json_t *event)
{
	return json_object_get(event, api->version == 1 ? "details" : "payload");
}

json_t *events_api_success(const struct events_api *api, const json_t *event)
{
	const char *key = events_api_key(api, event);

	return json_pack("{s:s, s:s, s:s}", "status", "success", "message", "Event processed",
		api->key, key[0] != '\0' ? key : "chosen-by-the-stand-in");
}

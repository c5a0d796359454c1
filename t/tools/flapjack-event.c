/* SPDX-License-Identifier: MIT */
#include "t/tools/flapjack-event.h"

#include "common/number.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define TEST "test_notifications"

enum kind { KIND_TEXT, KIND_NAME, KIND_STATE, KIND_TYPE, KIND_SECONDS, KIND_TAGS };

/* The versions that know a key and those that require it: bits of 1 << version. */
enum { NOBODY = 0, ONLY_1 = 1 << FLAPJACK_1, ONLY_2 = 1 << FLAPJACK_2, BOTH = ONLY_1 | ONLY_2 };

static const struct key {
	const char *name;
	enum kind kind;
	int known;
	int required;
} keys[] = {
	{"type", KIND_TYPE, BOTH, ONLY_1},
	{"state", KIND_STATE, BOTH, BOTH},
	{"entity", KIND_NAME, BOTH, ONLY_1},
	{"check", KIND_NAME, BOTH, BOTH},
	{"time", KIND_SECONDS, BOTH, NOBODY},
	{"summary", KIND_TEXT, BOTH, NOBODY},
	{"details", KIND_TEXT, BOTH, NOBODY},
	{"acknowledgement_id", KIND_TEXT, BOTH, NOBODY},
	{"duration", KIND_SECONDS, BOTH, NOBODY},
	{"tags", KIND_TAGS, BOTH, NOBODY},
	{"perfdata", KIND_TEXT, BOTH, NOBODY},
	{"initial_failure_delay", KIND_SECONDS, BOTH, NOBODY},
	{"repeat_failure_delay", KIND_SECONDS, BOTH, NOBODY},
	{"initial_recovery_delay", KIND_SECONDS, ONLY_2, NOBODY},
};

#define KEYS (sizeof keys / sizeof keys[0])

static const struct {
	const char *name;
	int known;
} states[] = {
	{"ok", BOTH},
	{"warning", BOTH},
	{"critical", BOTH},
	{"unknown", BOTH},
	{"acknowledgement", BOTH},
	{TEST, ONLY_2},
};

#define STATES (sizeof states / sizeof states[0])

/* `test_notifications critical` has a state after the name. */
static bool state_good(enum flapjack_version version, const char *text)
{
	for (size_t i = 0; i < STATES; i++) {
		size_t length = strlen(states[i].name);
		char end = strcmp(states[i].name, TEST) == 0 ? ' ' : '\0';

		if ((states[i].known & 1 << version) != 0 &&
			strncasecmp(text, states[i].name, length) == 0 &&
			(text[length] == '\0' || text[length] == end))
			return true;
	}
	return false;
}

/* A whole number, or a string of digits. */
static bool seconds_good(const json_t *value)
{
	const char *text = json_string_value(value);
	int64_t seconds;
	struct reason why;

	return text != NULL ? number_parse(text, 0, INT64_MAX, &seconds, &why)
			    : json_is_integer(value);
}

static bool tags_good(const json_t *value)
{
	bool good = json_is_array(value) || json_is_null(value);

	for (size_t i = 0; good && i < json_array_size(value); i++)
		good = json_is_string(json_array_get(value, i));
	return good;
}

static bool value_good(enum flapjack_version version, enum kind kind, const json_t *value)
{
	const char *text = json_string_value(value);

	switch (kind) {
	case KIND_TEXT:
		return text != NULL;
	case KIND_NAME:
		return text != NULL && *text != '\0';
	case KIND_STATE:
		return text != NULL && state_good(version, text);
	case KIND_TYPE:
		return text != NULL &&
		       (strcasecmp(text, "service") == 0 || strcasecmp(text, "action") == 0);
	case KIND_SECONDS:
		return seconds_good(value);
	case KIND_TAGS:
		return tags_good(value);
	}
	return false;
}

static const struct key *key_find(const char *name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static bool keys_check(enum flapjack_version version, json_t *event, struct reason *why)
{
	const char *name;
	json_t *value;

	json_object_foreach(event, name, value) {
		const struct key *key = key_find(name);

		if (key == NULL || (key->known & 1 << version) == 0)
			return reason_set(why, "Flapjack %d has no key '%s'", version, name);
		if (!value_good(version, key->kind, value))
			return reason_set(
				why, "'%s' has a value that Flapjack does not take", name);
	}
	for (size_t i = 0; i < KEYS; i++)
		if ((keys[i].required & 1 << version) != 0 &&
			json_object_get(event, keys[i].name) == NULL)
			return reason_set(why, "'%s' is missing", keys[i].name);
	return true;
}

/* Input that crashes Flapjack before it checks the keys. */
static bool is_deadly_unseen(enum flapjack_version version, const json_t *event, struct reason *why)
{
	if (version == FLAPJACK_1)
		return json_is_array(event) && !reason_set(why, "a JSON array");
	if (json_is_null(event))
		return !reason_set(why, "JSON null");
	if (json_is_number(json_object_get(event, "state")))
		return !reason_set(why, "a number as state");
	return json_is_number(json_object_get(event, "check")) &&
	       !reason_set(why, "a number as check");
}

/* Input that crashes Flapjack after it has accepted the event. */
static bool is_deadly_later(enum flapjack_version version, const json_t *event, struct reason *why)
{
	const char *perfdata = json_string_value(json_object_get(event, "perfdata"));
	const char *state = json_string_value(json_object_get(event, "state"));

	if (version == FLAPJACK_1)
		return false;
	if (perfdata != NULL && *perfdata != '\0')
		return !reason_set(why, "perfdata that is not empty");
	return strncasecmp(state, TEST " ", strlen(TEST " ")) == 0 &&
	       !reason_set(why, "test_notifications with a condition");
}

static enum verdict event_judge(enum flapjack_version version, json_t *document, struct reason *why)
{
	if (is_deadly_unseen(version, document, why))
		return EVENT_DEADLY;
	if (!json_is_object(document)) {
		reason_set(why, "not a JSON object");
		return EVENT_REJECTED;
	}
	if (!keys_check(version, document, why))
		return EVENT_REJECTED;
	return is_deadly_later(version, document, why) ? EVENT_DEADLY : EVENT_TAKEN;
}

enum verdict flapjack_event_judge(
	enum flapjack_version version, const char *text, size_t length, struct reason *why)
{
	json_error_t error;
	json_t *document = json_loadb(text, length, JSON_DECODE_ANY, &error);

	if (document == NULL) {
		reason_set(why, "not JSON: %s", error.text);
		return EVENT_REJECTED;
	}
	enum verdict verdict = event_judge(version, document, why);
	json_decref(document);
	return verdict;
}

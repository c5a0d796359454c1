/* SPDX-License-Identifier: MIT */
/* The pure parts of pagerduty-standin: validation of events, incidents, scripted responses. */
#include "t/unit/unit.h"

#include "t/tools/answers.h"
#include "t/tools/enqueue.h"
#include "t/tools/events-api.h"
#include "t/tools/incidents.h"

#include <string.h>

#define KEY "\"routing_key\":\"0123456789abcdef0123456789abcdef\""
#define TRIGGER KEY ",\"event_action\":\"trigger\""
#define PAYLOAD "\"summary\":\"s\",\"source\":\"vm\",\"severity\":\"critical\""

static bool check(const char *text, struct reason *why)
{
	json_t *event = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(event);
	bool good = enqueue_check(event, why);
	json_decref(event);
	return good;
}

static void documented_events_are_accepted(void **state)
{
	static const char *const events[] = {
		"{" TRIGGER ",\"payload\":{" PAYLOAD "}}",
		"{" TRIGGER ",\"dedup_key\":\"k\",\"payload\":{" PAYLOAD
		",\"timestamp\":\"2026-11-20T10:29:06.123+0000\",\"component\":\"c\",\"group\":\"g\""
		",\"class\":\"c\",\"custom_details\":{\"any\":[1,{}]}}"
		",\"links\":[{\"href\":\"http://x\",\"text\":\"t\"}],\"images\":[{\"src\":\"s\"}]"
		",\"client\":\"c\",\"client_url\":\"u\"}",
		"{" TRIGGER ",\"payload\":{" PAYLOAD ",\"timestamp\":\"2026-11-20T10:29:06Z\"}}",
		"{" KEY ",\"event_action\":\"resolve\",\"dedup_key\":\"k\"}",
		"{" KEY ",\"event_action\":\"acknowledge\",\"dedup_key\":\"k\"}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(events); i++) {
		struct reason why;

		if (!check(events[i], &why))
			fail_msg("%s was refused: %s", events[i], why.text);
	}
}

static void other_events_are_refused_with_a_reason(void **state)
{
	static const struct {
		const char *event, *why;
	} cases[] = {
		{"[]", "must be an object"},
		{"{}", "'routing_key' is missing"},
		{"{\"routing_key\":\"short\"}", "'routing_key': 'short' is not a documented value"},
		{"{\"routing_key\":7}", "'routing_key': must be a string"},
		{"{" KEY "}", "'event_action' is missing"},
		{"{" KEY ",\"event_action\":\"open\"}",
			"'event_action': 'open' is not a documented value"},
		{"{" TRIGGER "}", "'payload' is missing, which trigger needs"},
		{"{" KEY ",\"event_action\":\"resolve\"}",
			"'dedup_key' is missing, which resolve needs"},
		{"{" TRIGGER ",\"payload\":[]}", "'payload': must be an object"},
		{"{" TRIGGER ",\"payload\":{}}", "'payload': 'summary' is missing"},
		{"{" TRIGGER ",\"payload\":{\"summary\":\"\"}}", "'payload': 'summary': is empty"},
		{"{" TRIGGER ",\"payload\":{" PAYLOAD ",\"timestamp\":\"today\"}}",
			"'payload': 'timestamp': 'today' is not a documented value"},
		{"{" TRIGGER ",\"payload\":{" PAYLOAD ",\"custom_details\":\"x\"}}",
			"'payload': 'custom_details': must be an object"},
		{"{" TRIGGER ",\"payload\":{" PAYLOAD ",\"service\":\"x\"}}",
			"'payload': 'service' is not a documented key"},
		{"{" TRIGGER ",\"links\":[{\"href\":\"h\"},{\"text\":\"t\"}]}",
			"'links': element 1: 'href' is missing"},
		{"{" TRIGGER ",\"service_key\":\"x\"}", "'service_key' is not a documented key"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct reason why;

		if (check(cases[i].event, &why))
			fail_msg("%s was taken", cases[i].event);
		assert_string_equal(why.text, cases[i].why);
	}
}

/* Limits count characters, not bytes. */
static void limits_are_exact(void **state)
{
	char event[2048];
	char key[257 * 2 + 1] = "";
	struct reason why;

	(void)state;
	for (int i = 0; i < 255; i++)
		strcat(key, "ö");
	snprintf(event, sizeof event, "{" KEY ",\"event_action\":\"resolve\",\"dedup_key\":\"%s\"}",
		key);
	assert_true(check(event, &why));
	strcat(key, "ö");
	snprintf(event, sizeof event, "{" KEY ",\"event_action\":\"resolve\",\"dedup_key\":\"%s\"}",
		key);
	assert_false(check(event, &why));
	assert_string_equal(why.text, "'dedup_key': has 256 characters, at most 255 are allowed");
}

#define V1 "\"service_key\":\"0123456789abcdef0123456789abcdef\""

static bool generic(const char *text, struct reason *why)
{
	const struct events_api *api = events_api_at("/generic/2010-04-15/create_event.json");
	json_t *event = events_api_read(api, text, strlen(text), why);

	json_decref(event);
	return event != NULL;
}

static void version_1_has_its_own_field_names(void **state)
{
	static const struct {
		const char *event, *why;
	} cases[] = {
		{"{" V1 ",\"event_type\":\"trigger\"}",
			"'description' is missing, which trigger needs"},
		{"{" V1 ",\"event_type\":\"resolve\"}",
			"'incident_key' is missing, which resolve needs"},
		{"{" V1 ",\"event_type\":\"resolve\",\"dedup_key\":\"k\"}",
			"'dedup_key' is not a documented key"},
		{"{\"service_key\":\"0123456789ABCDEF0123456789ABCDEF\"}",
			"'service_key': '0123456789ABCDEF0123456789ABCDEF' is not a documented "
			"value"},
	};
	struct reason why;

	(void)state;
	assert_true(generic("{" V1 ",\"event_type\":\"trigger\",\"description\":\"d\","
			    "\"incident_key\":\"k\",\"details\":{\"a\":1},\"client\":\"c\","
			    "\"contexts\":[{\"type\":\"link\",\"href\":\"h\"}]}",
		&why));
	assert_true(generic("{" V1 ",\"event_type\":\"resolve\",\"incident_key\":\"k\"}", &why));
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		if (generic(cases[i].event, &why))
			fail_msg("%s was taken", cases[i].event);
		assert_string_equal(why.text, cases[i].why);
	}
	assert_null(events_api_at("/v3/enqueue"));
}

static void assert_incident(
	struct incidents *incidents, const char *event, const char *key, const char *expected)
{
	char result[100];

	assert_string_equal(incidents_take(incidents, event, key, result, sizeof result), expected);
}

static void incidents_follow_events_and_people(void **state)
{
	struct incidents *incidents = incidents_new();

	(void)state;
	assert_incident(incidents, "trigger", "a", "incident 1 opened");
	assert_incident(incidents, "trigger", "a", "incident 1 goes on");
	assert_incident(incidents, "trigger", "b", "incident 2 opened");
	assert_incident(incidents, "resolve", "a", "incident 1 resolved");
	assert_incident(incidents, "resolve", "a", "no incident is open with that key");
	assert_int_equal(incidents_acknowledge(incidents), 1);
	assert_incident(incidents, "trigger", "b", "incident 2 goes on, unheard: acknowledged");
	incidents_maintain(incidents, true);
	assert_incident(incidents, "resolve", "b", "incident 2 stays open: maintenance");
	assert_incident(incidents, "trigger", "c", "no incident: maintenance");
	incidents_maintain(incidents, false);
	assert_incident(incidents, "trigger", "b", "incident 2 goes on, unheard: acknowledged");
	assert_int_equal(incidents_resolve(incidents), 1);
	assert_incident(incidents, "trigger", "b", "incident 3 opened");
	incidents_free(incidents);
}

static void scripted_responses_are_used_once(void **state)
{
	struct answers answers;
	struct reason why;

	(void)state;
	assert_true(answers_parse("500,202@1.5,hang,reset,202~2s", &answers, &why));
	assert_int_equal(answers_next(&answers, 202).status, 500);
	struct answer slow = answers_next(&answers, 202);
	assert_int_equal(slow.status, 202);
	assert_int_equal(slow.delay, 1500 * NSEC_PER_MSEC);
	assert_int_equal(answers_next(&answers, 202).status, 0);
	assert_true(answers_next(&answers, 202).reset);
	assert_int_equal(answers_next(&answers, 202).slow, 2 * NSEC_PER_SEC);
	assert_int_equal(answers_next(&answers, 202).status, 202);
	assert_int_equal(answers_next(&answers, 202).status, 202);
	assert_false(answers_parse("", &answers, &why));
	assert_false(answers_parse("500,", &answers, &why));
	assert_false(answers_parse("99", &answers, &why));
	assert_false(answers_parse("202@soon", &answers, &why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documented_events_are_accepted),
		cmocka_unit_test(other_events_are_refused_with_a_reason),
		cmocka_unit_test(limits_are_exact),
		cmocka_unit_test(version_1_has_its_own_field_names),
		cmocka_unit_test(incidents_follow_events_and_people),
		cmocka_unit_test(scripted_responses_are_used_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

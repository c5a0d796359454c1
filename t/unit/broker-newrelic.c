/* SPDX-License-Identifier: MIT */
/* Documents of New Relic: legacy webhooks and workflows. */
#include "t/unit/unit.h"

#include "t/unit/broker-formats.h"

#include <string.h>

/* The legacy payload of New Relic's documentation, with these fields replaced. */
static struct pieces *legacy(int32_t ttl, const char *current_state, const char *severity)
{
	char json[2048];

	snprintf(json, sizeof json,
		"{\"account_id\":1,\"account_name\":\"A\",\"condition_id\":23,"
		"\"condition_name\":\"Apdex (Low)\",\"current_state\":%s,"
		"\"details\":\"Apdex < 0.7 for at least 5 minutes on 'shop'\","
		"\"duration\":60,\"event_type\":\"INCIDENT\",\"incident_acknowledge_url\":\"https://a\","
		"\"incident_id\":42,\"incident_url\":\"https://alerts.example.org/42\","
		"\"owner\":\"\",\"policy_name\":\"Shop\",\"policy_url\":\"https://p\","
		"\"runbook_url\":\"https://r\",\"severity\":%s,\"targets\":[{\"id\":\"1\","
		"\"name\":\"shop\",\"link\":\"https://t\",\"labels\":{},\"product\":\"APM\","
		"\"type\":\"Application\"}],\"timestamp\":1795224300123}",
		current_state, severity);
	return pieces_take(1, ttl, json);
}

static void a_condition_of_a_policy_becomes_a_check(void **state)
{
	struct pieces *pieces = legacy(0, "\"open\"", "\"CRITICAL\"");
	const struct event *event = &pieces->list[0].event;

	(void)state;
	assert_ptr_equal(pieces->format, &format_newrelic);
	assert_int_equal(pieces->count, 1);
	assert_event(pieces, 0, "Shop", "Apdex (Low)", "critical");
	assert_text(event->summary, "Apdex < 0.7 for at least 5 minutes on 'shop'");
	assert_text(event->details, "https://alerts.example.org/42");
	assert_int_equal(event->time, 1795224300);
	assert_int_equal(event->ttl, EVENT_TTL_NEVER);
	assert_int_equal(event->duration, EVENT_NOT_GIVEN);
	pieces_free(pieces);
}

static void assert_legacy(const char *current, const char *severity, const char *expected)
{
	struct pieces *pieces = legacy(60, current, severity);

	assert_event(pieces, 0, "Shop", "Apdex (Low)", expected);
	assert_int_equal(pieces->list[0].event.ttl, 60);
	pieces_free(pieces);
}

static void an_open_incident_has_its_severity_and_a_closed_one_is_ok(void **state)
{
	(void)state;
	assert_legacy("\"open\"", "\"CRITICAL\"", "critical");
	assert_legacy("\"OPEN\"", "\"critical\"", "critical");
	assert_legacy("\"open\"", "\"WARNING\"", "warning");
	assert_legacy("\"open\"", "\"WARN\"", "warning");
	assert_legacy("\"open\"", "\"INFO\"", "warning");
	assert_legacy("\"open\"", "\"\"", "critical");
	assert_legacy("\"open\"", "null", "critical");
	assert_legacy("\"open\"", "7", "critical");
	assert_legacy("\"acknowledged\"", "\"CRITICAL\"", "critical");
	assert_legacy("\"Acknowledged\"", "\"WARNING\"", "warning");
	assert_legacy("\"closed\"", "\"CRITICAL\"", "ok");
	assert_legacy("\"CLOSED\"", "\"INFO\"", "ok");
}

static void a_channel_test_creates_no_check(void **state)
{
	struct pieces *pieces = pieces_take(2, 0,
		"{\"account_id\":0,\"condition_id\":0,\"condition_name\":\"New Relic Alert - Test "
		"Condition\",\"current_state\":\"test\",\"details\":\"New Relic Alert - Channel "
		"Test\",\"event_type\":\"NOTIFICATION\",\"incident_id\":0,\"policy_name\":\"New "
		"Relic Alert - Test Policy\",\"severity\":\"INFO\",\"targets\":[],"
		"\"timestamp\":1795224300123}");

	(void)state;
	assert_int_equal(pieces->count, 1);
	assert_passed(pieces, 0, SKIPPED_TEST);
	pieces_free(pieces);
}

static void invalid_fields_are_named(void **state)
{
	(void)state;
	assert_refused(2,
		"{\"current_state\":\"opened\",\"condition_name\":\"c\",\"policy_name\":\"p\"}",
		"'current_state' is 'opened', not open, acknowledged, closed or test");
	assert_refused(2, "{\"current_state\":7,\"condition_name\":\"c\"}",
		"'current_state' is 7, not a string");
	assert_refused(2, "{\"current_state\":null,\"condition_name\":\"c\",\"policy_name\":\"p\"}",
		"'current_state' is '', not open, acknowledged, closed or test");
	assert_refused(2,
		"{\"current_state\":\"open\",\"condition_name\":[],\"policy_name\":\"p\"}",
		"'condition_name', 'condition_id' and 'incident_id' are missing");
	assert_refused(2, "{\"condition_name\":\"c\",\"policy_name\":\"p\"}",
		"this is no event: 'entity' is missing");
}

static void assert_legacy_names(const char *more, const char *entity, const char *check)
{
	char json[512];

	snprintf(json, sizeof json, "{\"current_state\":\"open\",%s}", more);
	struct pieces *pieces = pieces_take(2, 0, json);
	assert_event(pieces, 0, entity, check, "critical");
	assert_int_equal(pieces->list[0].event.time, NOW);
	pieces_free(pieces);
}

/* The sender ignores refusals. */
static void invalid_optional_values_are_repaired(void **state)
{
	(void)state;
	assert_legacy_names("\"condition_name\":\"c\"", "newrelic", "c");
	assert_legacy_names("\"condition_name\":\"c\\n\\\"d\\\"\",\"policy_name\":7", "7", "c 'd'");
	assert_legacy_names(
		"\"condition_name\":\"\",\"condition_id\":23,\"policy_name\":\"p\"", "p", "23");
	assert_legacy_names(
		"\"condition_name\":\"c\",\"policy_name\":\"p\",\"timestamp\":\"now\"", "p", "c");
}

/* The text of the problem no longer applies. */
static void a_recovery_omits_the_text_of_the_problem(void **state)
{
	struct pieces *pieces = legacy(0, "\"closed\"", "\"CRITICAL\"");

	(void)state;
	assert_text(pieces->list[0].event.summary, "closed");
	assert_text(pieces->list[0].event.details, "https://alerts.example.org/42");
	pieces_free(pieces);
}

/* The payload of the default workflow template, with these fields replaced. */
static struct pieces *workflow(const char *state, const char *more)
{
	char json[2048];

	snprintf(json, sizeof json,
		"{\"id\":\"d1b1f3fd-995a-4066-88ab-8ce4f6960654\",\"issueUrl\":"
		"\"https://radar-api.service.newrelic.com/accounts/7/issues/1b2c?notifier=WEBHOOK\","
		"\"title\":\"Memory Used %% > 90 for at least 2 minutes on 'Some-Entity'\","
		"\"totalIncidents\":42,\"state\":%s,\"trigger\":\"INCIDENT_ADDED\","
		"\"isCorrelated\":\"false\",\"sources\":[\"newrelic\"],\"workflowName\":\"DBA\"%s}",
		state, more);
	return pieces_take(2, 0, json);
}

#define NAMES                                                               \
	",\"impactedEntities\":[\"logs.itg.cloud\",\"MonitorTTFB query\"]," \
	"\"alertPolicyNames\":[\"Policy1\",\"Policy2\"],"                   \
	"\"alertConditionNames\":[\"condition1\",\"condition2\"]"

static void an_issue_becomes_a_check(void **state)
{
	struct pieces *pieces = workflow("\"ACTIVATED\"",
		NAMES ",\"priority\":\"CRITICAL\",\"createdAt\":1795224200123,"
		      "\"updatedAt\":1795224300123");
	const struct event *event = &pieces->list[0].event;

	(void)state;
	assert_ptr_equal(pieces->format, &format_newrelic_workflow);
	assert_int_equal(pieces->count, 1);
	assert_event(pieces, 0, "logs.itg.cloud", "condition1", "critical");
	assert_text(event->summary, "Memory Used % > 90 for at least 2 minutes on 'Some-Entity'");
	assert_text(event->details,
		"https://radar-api.service.newrelic.com/accounts/7/issues/1b2c?notifier=WEBHOOK");
	assert_int_equal(event->time, 1795224300);
	assert_int_equal(event->ttl, EVENT_TTL_NEVER);
	pieces_free(pieces);
}

static void assert_workflow(const char *current, const char *priority, const char *expected)
{
	char more[512];

	snprintf(more, sizeof more, NAMES ",\"priority\":%s", priority);
	struct pieces *pieces = workflow(current, more);
	assert_event(pieces, 0, "logs.itg.cloud", "condition1", expected);
	assert_int_equal(pieces->list[0].event.time, NOW);
	pieces_free(pieces);
}

static void an_issue_has_its_priority_until_it_is_closed(void **state)
{
	(void)state;
	assert_workflow("\"CREATED\"", "\"CRITICAL\"", "critical");
	assert_workflow("\"ACTIVATED\"", "\"CRITICAL\"", "critical");
	assert_workflow("\"activated\"", "\"HIGH\"", "warning");
	assert_workflow("\"ACTIVATED\"", "\"MEDIUM\"", "warning");
	assert_workflow("\"ACTIVATED\"", "\"LOW\"", "warning");
	assert_workflow("\"ACTIVATED\"", "\"P1\"", "critical");
	assert_workflow("\"ACTIVATED\"", "null", "critical");
	assert_workflow("\"ACKNOWLEDGED\"", "\"CRITICAL\"", "critical");
	assert_workflow("\"CLOSED\"", "\"CRITICAL\"", "ok");
	assert_workflow("\"closed\"", "\"LOW\"", "ok");
	assert_workflow("\"DEACTIVATED\"", "\"CRITICAL\"", "ok");
	assert_workflow("\"ACTIVATED\"", "7", "critical");
}

static void assert_names(const char *more, const char *entity, const char *check)
{
	struct pieces *pieces = workflow("\"CLOSED\"", more);

	assert_event(pieces, 0, entity, check, "ok");
	assert_text(pieces->list[0].event.summary, "closed");
	pieces_free(pieces);
}

static void names_come_from_the_remaining_template_fields(void **state)
{
	static const char title[] = "Memory Used % > 90 for at least 2 minutes on 'Some-Entity'";

	(void)state;
	assert_names(
		",\"impactedEntities\":[],\"alertPolicyNames\":[\"Policy1\"]", "Policy1", title);
	assert_names(
		",\"alertPolicyNames\":\"Policy1\",\"alertConditionNames\":[]", "Policy1", title);
	assert_names(",\"impactedEntities\":\"e\",\"alertConditionNames\":\"c\"", "e", "c");
	assert_names(",\"impactedEntities\":null,\"alertPolicyNames\":[\"p\"],"
		     "\"alertConditionNames\":null",
		"p", title);
	assert_names("", "newrelic", title);
	assert_names(
		",\"impactedEntities\":[7],\"alertConditionNames\":[{\"a\":1}]", "7", "{'a':1}");
}

static void assert_issue_time(const char *more, int64_t expected)
{
	char all[512];

	snprintf(all, sizeof all, NAMES ",%s", more);
	struct pieces *pieces = workflow("\"CLOSED\"", all);
	assert_event(pieces, 0, "logs.itg.cloud", "condition1", "ok");
	assert_int_equal(pieces->list[0].event.time, expected);
	pieces_free(pieces);
}

static void an_issue_has_the_time_of_its_last_change(void **state)
{
	(void)state;
	assert_issue_time("\"createdAt\":1795224200999", 1795224200);
	assert_issue_time("\"updatedAt\":\"1795224300999\",\"createdAt\":1", 1795224300);
	assert_issue_time("\"updatedAt\":1795224300", 1795224300); /* in seconds, by a template */
	assert_issue_time("\"updatedAt\":1795999999999", NOW);     /* the future */
	assert_issue_time("\"updatedAt\":null", NOW);
	assert_issue_time("\"updatedAt\":1795224300123456789", 1795224300);
	assert_issue_time("\"updatedAt\":\"yesterday\"", NOW);
	assert_issue_time("\"updatedAt\":-1", NOW);
}

static void an_invalid_issue_is_named(void **state)
{
	static const char *const cases[][2] = {
		{"\"x\",\"title\":\"t\"",
			"'state' is 'x', not CREATED, ACTIVATED, ACKNOWLEDGED, DEACTIVATED or CLOSED"},
		{"7", "'state' is 7, not a string"},
		{"null",
			"'state' is '', not CREATED, ACTIVATED, ACKNOWLEDGED, DEACTIVATED or CLOSED"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char text[256];

		snprintf(text, sizeof text, "{\"issueUrl\":\"https://x/\",\"state\":%s}",
			cases[i][0]);
		assert_refused(2, text, cases[i][1]);
	}
	assert_refused(2, "{\"issueUrl\":\"\",\"state\":\"CLOSED\"}", "'issueUrl' is empty");
}

static void the_sample_issue_creates_no_check(void **state)
{
	struct pieces *pieces = pieces_take(2, 0,
		"{\"id\":\"d1b1f3fd-995a-4066-88ab-8ce4f6960654\",\"issueUrl\":"
		"\"https://radar-api.service.newrelic.com/accounts/1/issues/"
		"0ea2df1c-adab-45d2-aae0-042b609d2322?notifier=SLACK\",\"title\":\"t\","
		"\"state\":\"ACTIVATED\",\"priority\":\"HIGH\"" NAMES "}");

	(void)state;
	assert_int_equal(pieces->count, 1);
	assert_passed(pieces, 0, SKIPPED_TEST);
	pieces_free(pieces);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_condition_of_a_policy_becomes_a_check),
		cmocka_unit_test(an_open_incident_has_its_severity_and_a_closed_one_is_ok),
		cmocka_unit_test(a_channel_test_creates_no_check),
		cmocka_unit_test(invalid_fields_are_named),
		cmocka_unit_test(invalid_optional_values_are_repaired),
		cmocka_unit_test(a_recovery_omits_the_text_of_the_problem),
		cmocka_unit_test(an_issue_becomes_a_check),
		cmocka_unit_test(an_issue_has_its_priority_until_it_is_closed),
		cmocka_unit_test(names_come_from_the_remaining_template_fields),
		cmocka_unit_test(an_issue_has_the_time_of_its_last_change),
		cmocka_unit_test(an_invalid_issue_is_named),
		cmocka_unit_test(the_sample_issue_creates_no_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

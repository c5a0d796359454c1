/* SPDX-License-Identifier: MIT */
/* The alerts of an Alertmanager: what is sent when. Time is made up. */
#include "t/unit/unit.h"

#include "common/buffer.h"
#include "httpbroker/notify/alerts.h"

#include <stdlib.h>
#include <string.h>

#define BEGIN INT64_C(1764440000) /* 2025-11-29T18:13:20Z */

struct fixture {
	struct alerts_settings settings;
	struct alerts alerts;
	struct moment now;
	struct buffer sent;
	enum state previous; /* of the next notification */
};

static void fixture_open(struct fixture *fixture)
{
	*fixture = (struct fixture){
		.settings = {.timeout = 180 * NSEC_PER_SEC, .name = "default"},
		.now = {BEGIN * NSEC_PER_SEC, 1000 * NSEC_PER_SEC},
	};
	fixture->alerts.settings = &fixture->settings;
	alerts_begin(&fixture->alerts, fixture->now);
}

static void fixture_close(struct fixture *fixture)
{
	alerts_clear(&fixture->alerts);
	buffer_free(&fixture->sent);
}

static void later(struct fixture *fixture, int seconds)
{
	fixture->now.wall += seconds * NSEC_PER_SEC;
	fixture->now.monotonic += seconds * NSEC_PER_SEC;
}

/* `check state starts-ends`, relative to BEGIN. */
static void note(struct fixture *fixture, struct alert *alert)
{
	struct buffer json = {NULL, 0, 0};

	alert_encode(&fixture->alerts, alert, fixture->now.wall / NSEC_PER_SEC, &json);
	json_t *document = json_loadb(json.data, json.length, JSON_REJECT_DUPLICATES, NULL);
	json_t *labels = json_object_get(document, "labels");
	assert_string_equal(json_string_value(json_object_get(labels, "via")), "httpbroker-notify");
	const char *starts = json_string_value(json_object_get(document, "startsAt"));
	const char *ends = json_string_value(json_object_get(document, "endsAt"));
	assert_memory_equal(starts, "2025-11-29T18:", 14);
	assert_memory_equal(ends, "2025-11-29T18:", 14);
	buffer_printf(&fixture->sent, "%s%.8s %s %.5s-%.5s", fixture->sent.length > 0 ? ", " : "",
		json_string_value(json_object_get(labels, "alertname")),
		json_string_value(json_object_get(labels, "state")), starts + 14, ends + 14);
	json_decref(document);
	buffer_free(&json);
}

static struct notification notification(enum notification_kind kind, enum state state)
{
	return (struct notification){
		.kind = kind,
		.state = state,
		.entity = text_literal("db-01"),
		.check = text_literal("disk"),
		.summary = text_literal("full"),
		.since = BEGIN,
	};
}

/* What a notification sends; Alertmanager accepts it. */
static const char *told(struct fixture *fixture, enum notification_kind kind, enum state state)
{
	struct notification what = notification(kind, state);
	struct alert *out[ALERTS_PER_CHECK];

	what.previous = fixture->previous;
	fixture->previous = state;
	buffer_clear(&fixture->sent);
	buffer_append(&fixture->sent, "", 0);
	size_t count = alerts_apply(&fixture->alerts, &what, fixture->now, out);
	assert_true(count <= ALERTS_PER_CHECK);
	for (size_t i = 0; i < count; i++) {
		note(fixture, out[i]);
		alerts_sent(&fixture->alerts, out[i], fixture->now.monotonic);
	}
	return fixture->sent.data;
}

/* What is sent again now. */
static const char *due(struct fixture *fixture)
{
	struct alert *alert;

	buffer_clear(&fixture->sent);
	buffer_append(&fixture->sent, "", 0);
	while ((alert = alerts_due(&fixture->alerts, fixture->now.monotonic)) != NULL) {
		note(fixture, alert);
		alerts_sent(&fixture->alerts, alert, fixture->now.monotonic);
	}
	return fixture->sent.data;
}

static void a_firing_alert_is_sent_each_third_of_its_timeout(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	assert_string_equal(due(&fixture), "Httpbrok ok 13:20-16:20");
	later(&fixture, 10);
	assert_string_equal(
		told(&fixture, NOTIFICATION_PROBLEM, STATE_CRITICAL), "disk critical 13:20-16:30");
	later(&fixture, 49);
	assert_string_equal(due(&fixture), "");
	assert_int_equal(alerts_deadline(&fixture.alerts), 1060 * NSEC_PER_SEC);
	later(&fixture, 1);
	assert_string_equal(due(&fixture), "Httpbrok ok 13:20-17:20");
	assert_int_equal(alerts_deadline(&fixture.alerts), 1070 * NSEC_PER_SEC);
	later(&fixture, 10);
	assert_string_equal(due(&fixture), "disk critical 13:20-17:30");
	later(&fixture, 60);
	assert_string_equal(due(&fixture), "Httpbrok ok 13:20-18:30, disk critical 13:20-18:30");
	fixture_close(&fixture);
}

static void another_state_resolves_the_alert_before_and_keeps_its_start(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	due(&fixture);
	told(&fixture, NOTIFICATION_PROBLEM, STATE_WARNING);
	later(&fixture, 10);
	assert_string_equal(told(&fixture, NOTIFICATION_PROBLEM, STATE_CRITICAL),
		"disk warning 13:20-13:30, disk critical 13:20-16:30");
	later(&fixture, 10);
	assert_string_equal(told(&fixture, NOTIFICATION_PROBLEM, STATE_WARNING),
		"disk critical 13:20-13:40, disk warning 13:20-16:40");
	fixture_close(&fixture);
}

static void a_resolved_alert_is_sent_for_15_minutes(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	due(&fixture);
	told(&fixture, NOTIFICATION_PROBLEM, STATE_UNKNOWN);
	later(&fixture, 20);
	assert_string_equal(
		told(&fixture, NOTIFICATION_RECOVERY, STATE_OK), "disk unknown 13:20-13:40");
	for (int i = 1; i < 15; i++) {
		later(&fixture, 60);
		assert_non_null(strstr(due(&fixture), "disk unknown 13:20-13:40"));
	}
	later(&fixture, 60);
	assert_null(strstr(due(&fixture), "disk"));
	later(&fixture, 60);
	assert_null(strstr(due(&fixture), "disk"));
	/* and it may fire again */
	assert_string_equal(
		told(&fixture, NOTIFICATION_PROBLEM, STATE_UNKNOWN), "disk unknown 13:20-32:40");
	fixture_close(&fixture);
}

/* The problem was told before a restart. */
static void a_recovery_of_an_unknown_problem_resolves_what_was_told(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	fixture.previous = STATE_CRITICAL;
	later(&fixture, 10);
	assert_string_equal(
		told(&fixture, NOTIFICATION_RECOVERY, STATE_OK), "disk critical 13:20-13:30");
	fixture_close(&fixture);
}

static void what_is_resolved_stays_one_alert_when_its_request_failed(void **state)
{
	const struct notification recovery = notification(NOTIFICATION_RECOVERY, STATE_OK);
	struct alert *out[ALERTS_PER_CHECK];
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	due(&fixture);
	told(&fixture, NOTIFICATION_PROBLEM, STATE_CRITICAL);
	later(&fixture, 10);
	assert_int_equal(alerts_apply(&fixture.alerts, &recovery, fixture.now, out), 1);
	alerts_again(&fixture.alerts, out[0]);
	later(&fixture, 10);
	assert_string_equal(
		told(&fixture, NOTIFICATION_RECOVERY, STATE_OK), "disk critical 13:20-13:30");
	fixture_close(&fixture);
}

/* Only the newest of too many notifications was kept. */
static void a_recovery_resolves_also_what_was_told_before_the_previous_state(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	due(&fixture);
	told(&fixture, NOTIFICATION_PROBLEM, STATE_WARNING);
	fixture.previous = STATE_CRITICAL;
	later(&fixture, 10);
	assert_string_equal(told(&fixture, NOTIFICATION_RECOVERY, STATE_OK),
		"disk warning 13:20-13:30, disk critical 13:20-13:30");
	fixture_close(&fixture);
}

/* Alertmanager refuses what ends before it begins. */
static void nothing_begins_in_the_future_when_the_clock_was_set_back(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	due(&fixture);
	told(&fixture, NOTIFICATION_PROBLEM, STATE_CRITICAL);
	told(&fixture, NOTIFICATION_PROBLEM, STATE_UNKNOWN); /* resolves the other */
	later(&fixture, 60);
	fixture.now.wall -= 600 * NSEC_PER_SEC;
	assert_string_equal(due(&fixture),
		"Httpbrok ok 04:20-07:20, disk critical 04:20-04:20, disk unknown 04:20-07:20");
	assert_string_equal(told(&fixture, NOTIFICATION_RECOVERY, STATE_OK),
		"disk critical 04:20-04:20, disk unknown 04:20-04:20");
	fixture_close(&fixture);
}

static void a_test_of_the_outputs_sends_nothing_else(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	fixture.settings.test = true;
	alerts_clear(&fixture.alerts);
	alerts_begin(&fixture.alerts, fixture.now);
	assert_int_equal(alerts_deadline(&fixture.alerts), NSEC_NEVER);
	assert_string_equal(told(&fixture, NOTIFICATION_TEST, STATE_OK), "disk test 13:20-16:20");
	fixture_close(&fixture);
}

static void a_loaded_problem_is_due_at_once(void **state)
{
	struct fixture fixture;
	const struct notification problem = notification(NOTIFICATION_PROBLEM, STATE_CRITICAL);

	(void)state;
	fixture_open(&fixture);
	due(&fixture);
	later(&fixture, 1);
	alerts_load(&fixture.alerts, &problem);
	assert_string_equal(due(&fixture), "disk critical 13:20-16:21");
	assert_string_equal(
		told(&fixture, NOTIFICATION_RECOVERY, STATE_OK), "disk critical 13:20-13:21");
	fixture_close(&fixture);
}

static void a_test_is_sent_once(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_open(&fixture);
	due(&fixture);
	assert_string_equal(told(&fixture, NOTIFICATION_TEST, STATE_OK), "disk test 13:20-16:20");
	later(&fixture, 100);
	assert_null(strstr(due(&fixture), "disk"));
	fixture_close(&fixture);
}

static void an_acknowledgement_is_a_text_of_its_problem(void **state)
{
	struct fixture fixture;
	struct notification mine = notification(NOTIFICATION_ACKNOWLEDGEMENT, STATE_CRITICAL);
	struct alert *out[ALERTS_PER_CHECK];
	struct buffer json = {NULL, 0, 0};

	(void)state;
	fixture_open(&fixture);
	assert_int_equal(alerts_apply(&fixture.alerts, &mine, fixture.now, out), 0);
	told(&fixture, NOTIFICATION_PROBLEM, STATE_CRITICAL);
	mine.summary = text_literal("\"mine\"");
	assert_int_equal(alerts_apply(&fixture.alerts, &mine, fixture.now, out), 1);
	alert_encode(&fixture.alerts, out[0], BEGIN, &json);
	assert_string_equal(json.data,
		"{\"labels\":{\"alertname\":\"disk\",\"instance\":\"db-01\",\"severity\":\"critical\","
		"\"state\":\"critical\",\"via\":\"httpbroker-notify\"},\"annotations\":{\"summary\":"
		"\"full\",\"acknowledged\":\"\\\"mine\\\"\"},\"startsAt\":\"2025-11-29T18:13:20Z\","
		"\"endsAt\":\"2025-11-29T18:16:20Z\"}");
	alerts_sent(&fixture.alerts, out[0], fixture.now.monotonic);
	buffer_free(&json);
	fixture_close(&fixture);
}

static void what_was_not_accepted_is_due_again(void **state)
{
	struct fixture fixture;
	const struct notification problem = notification(NOTIFICATION_PROBLEM, STATE_CRITICAL);
	struct alert *out[ALERTS_PER_CHECK];

	(void)state;
	fixture_open(&fixture);
	due(&fixture);
	assert_int_equal(alerts_apply(&fixture.alerts, &problem, fixture.now, out), 1);
	alerts_again(&fixture.alerts, out[0]);
	assert_int_equal(alerts_apply(&fixture.alerts, &problem, fixture.now, out), 1);
	assert_null(alerts_due(&fixture.alerts, fixture.now.monotonic)); /* it is being sent */
	alerts_drop(&fixture.alerts, out[0]);
	later(&fixture, 100);
	assert_string_equal(due(&fixture), "Httpbrok ok 13:20-18:00");
	fixture_close(&fixture);
}

static void answers_are_understood(void **state)
{
	static const struct {
		long status;
		const char *body;
		enum alerts_answer answer;
		const char *why;
	} rows[] = {
		{200, "", ALERTS_ACCEPTED, ""},
		{200, "{\"status\":\"success\"}", ALERTS_ACCEPTED, ""},
		{200, "\n<!DOCTYPE html><title>Log in</title>", ALERTS_AWAY,
			"it answers 200 with a page: it is no Alertmanager"},
		{400, "\"invalid label set: invalid name \\\"a-b\\\"\"\n", ALERTS_REFUSED,
			"it answers 400: invalid label set: invalid name \"a-b\""},
		{422, "{\"code\":602,\"message\":\"alerts.0.labels in body is required\"}",
			ALERTS_REFUSED, "it answers 422: alerts.0.labels in body is required"},
		{413, "", ALERTS_REFUSED, "it answers 413"},
		{404, "404 page not found\n", ALERTS_AWAY, "it answers 404: 404 page not found "},
		{503, "{\"message\":7}\x1b[31m", ALERTS_AWAY, "it answers 503: {\"message\":7}"},
		{302, NULL, ALERTS_AWAY, "it answers 302"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct reason why = {""};
		size_t length = rows[i].body != NULL ? strlen(rows[i].body) : 0;

		assert_int_equal(alerts_answer_read(rows[i].status, rows[i].body, length, &why),
			rows[i].answer);
		assert_string_equal(why.text, rows[i].why);
	}
}

static void names_of_labels_are_made_valid(void **state)
{
	static const char *const rows[][2] = {{"site", "site"}, {"data-centre", "data_centre"},
		{"9lives", "_9lives"}, {"\xc3\xa4", "__"}, {"a.b:c", "a_b_c"}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *name = alert_label_name(rows[i][0]);

		assert_string_equal(name, rows[i][1]);
		free(name);
	}
	assert_true(alert_label_is_ours("via"));
	assert_false(alert_label_is_ours("site"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_firing_alert_is_sent_each_third_of_its_timeout),
		cmocka_unit_test(another_state_resolves_the_alert_before_and_keeps_its_start),
		cmocka_unit_test(a_resolved_alert_is_sent_for_15_minutes),
		cmocka_unit_test(a_recovery_of_an_unknown_problem_resolves_what_was_told),
		cmocka_unit_test(what_is_resolved_stays_one_alert_when_its_request_failed),
		cmocka_unit_test(a_recovery_resolves_also_what_was_told_before_the_previous_state),
		cmocka_unit_test(nothing_begins_in_the_future_when_the_clock_was_set_back),
		cmocka_unit_test(a_test_of_the_outputs_sends_nothing_else),
		cmocka_unit_test(a_loaded_problem_is_due_at_once),
		cmocka_unit_test(a_test_is_sent_once),
		cmocka_unit_test(an_acknowledgement_is_a_text_of_its_problem),
		cmocka_unit_test(what_was_not_accepted_is_due_again),
		cmocka_unit_test(answers_are_understood),
		cmocka_unit_test(names_of_labels_are_made_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

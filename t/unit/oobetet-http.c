/* SPDX-License-Identifier: MIT */
/* The pure parts of requests to PagerDuty, of the heartbeat and of the systemd watchdog. */
#include "t/unit/unit.h"

#include "common/ready.h"
#include "common/utf8_clean.h"
#include "oobetet/http/pagerduty.h"
#include "oobetet/watch/rooms.h"

#include <curl/curl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define KEY "0123456789abcdef0123456789abcdef"

static const struct event trigger = {"the \"key\"", "2026-11-20T10:29:06.123Z", "vm",
	"\"Flapper\" on web-01", "it is broken",
	"queue: empty for 5 s, read 3 s ago\nqueue length: 0\nno name\n"};
static const struct event resolve = {.key = "the \"key\""};

static json_t *event_body(int version, const char *severity, const struct event *event)
{
	const struct integration integration = {version, KEY, severity};
	char *body = pagerduty_body(&integration, event);
	json_t *root = json_loads(body, JSON_REJECT_DUPLICATES, NULL);

	assert_non_null(root);
	free(body);
	return root;
}

static const char *text_at(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static void version_2_nests_fields_in_a_payload(void **state)
{
	json_t *event = event_body(2, "warning", &trigger);
	const json_t *payload = json_object_get(event, "payload");

	(void)state;
	assert_string_equal(text_at(event, "routing_key"), KEY);
	assert_string_equal(text_at(event, "event_action"), "trigger");
	assert_string_equal(text_at(event, "dedup_key"), "the \"key\"");
	assert_string_equal(text_at(payload, "summary"), "it is broken");
	assert_string_equal(text_at(payload, "severity"), "warning");
	assert_string_equal(text_at(payload, "timestamp"), "2026-11-20T10:29:06.123Z");
	const json_t *details = json_object_get(payload, "custom_details");
	assert_int_equal(json_object_size(details), 2);
	assert_string_equal(text_at(details, "queue"), "empty for 5 s, read 3 s ago");
	assert_string_equal(text_at(details, "queue length"), "0");
	json_decref(event);
	event = event_body(2, "warning", &resolve);
	assert_string_equal(text_at(event, "event_action"), "resolve");
	assert_int_equal(json_object_size(event), 3);
	json_decref(event);
}

static void version_1_uses_other_field_names(void **state)
{
	json_t *event = event_body(1, "warning", &trigger);

	(void)state;
	assert_string_equal(text_at(event, "service_key"), KEY);
	assert_string_equal(text_at(event, "event_type"), "trigger");
	assert_string_equal(text_at(event, "incident_key"), "the \"key\"");
	assert_string_equal(text_at(event, "description"), "it is broken");
	assert_string_equal(text_at(json_object_get(event, "details"), "source"), "vm");
	assert_string_equal(text_at(json_object_get(event, "details"), "queue length"), "0");
	json_decref(event);
	event = event_body(1, "warning", &resolve);
	assert_string_equal(text_at(event, "event_type"), "resolve");
	assert_int_equal(json_object_size(event), 3);
	json_decref(event);
}

static void each_version_has_its_own_success_status(void **state)
{
	static const struct {
		int version;
		long status;
		enum message_type type;
	} cases[] = {
		{2, 202, MESSAGE_DONE},
		{2, 200, MESSAGE_FAILED},
		{2, 400, MESSAGE_REFUSED},
		{2, 429, MESSAGE_FAILED},
		{2, 500, MESSAGE_FAILED},
		{2, 0, MESSAGE_FAILED},
		{1, 200, MESSAGE_DONE},
		{1, 202, MESSAGE_FAILED},
		{1, 400, MESSAGE_REFUSED},
		{1, 403, MESSAGE_FAILED},
		{1, 500, MESSAGE_FAILED},
		{1, 0, MESSAGE_FAILED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		assert_int_equal(
			pagerduty_result(cases[i].version, cases[i].status,
				"{\"status\":\"success\",\"message\":\"Event processed\"}"),
			cases[i].type);
}

/* Responses of a proxy, a captive portal, another service. */
static void a_response_of_another_service_is_a_failure(void **state)
{
	static const char *const pages[] = {"", "<html>Welcome</html>", "OK", "[]", "\"success\"",
		"{\"status\":\"invalid event\"}", "{\"status\":1}", "{\"status\":\"success\""};
	char out[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(pages); i++)
		assert_int_equal(pagerduty_result(1, 200, pages[i]), MESSAGE_FAILED);
	assert_string_equal(pagerduty_explain(&(struct integration){1, KEY, "critical"}, 200,
				    pages[1], out, sizeof out),
		"HTTP 200, but the answer is not PagerDuty's: <html>Welcome</html>");
}

static void any_other_status_is_a_failure(void **state)
{
	static const long again[] = {100, 201, 301, 302, 401, 404, 408, 503};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(again); i++)
		for (int version = 1; version <= 2; version++)
			assert_int_equal(pagerduty_result(version, again[i], ""), MESSAGE_FAILED);
}

static void a_failed_response_is_explained(void **state)
{
	static const struct {
		int version;
		long status;
		const char *answer, *text;
	} cases[] = {
		{2, 500, "", "HTTP 500"},
		{2, 502, "<html>\nBad\x01 gateway", "HTTP 502: <html> Bad gateway"},
		{2, 429, "{\"message\":\"Too many\"}", "HTTP 429: Too many"},
		{2, 400, "{\"message\":\"bad\",\"errors\":[\"one\",2,\"\",\"two\"]}",
			"HTTP 400: bad: one: two"},
		{2, 400, "{\"message\":7,\"errors\":\"x\"}",
			"HTTP 400: {\"message\":7,\"errors\":\"x\"}"},
		{2, 400, "[", "HTTP 400: ["},
		{2, 400, "{\"message\":\"Invalid Routing Key\"}",
			"HTTP 400 (if that key is for version 1 of the Events API: set "
			"pagerduty_api = v1): Invalid Routing Key"},
		{1, 400, "{\"errors\":[\"Service key is the wrong size\"]}",
			"HTTP 400 (if that key is for version 2 of the Events API: set "
			"pagerduty_api = v2): Service key is the wrong size"},
		{2, 403, "{\"message\":\"Invalid Routing Key\"}", "HTTP 403: Invalid Routing Key"},
	};
	char out[300];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct integration integration = {cases[i].version, KEY, "critical"};

		assert_string_equal(pagerduty_explain(&integration, cases[i].status,
					    cases[i].answer, out, sizeof out),
			cases[i].text);
	}
}

/* At any position of the key in the response, and of the cut. */
static void no_part_of_the_key_is_shown(void **state)
{
	static const struct {
		const char *begin, *end;
	} forms[] = {
		{"", KEY " is unknown"},
		{"{\"message\":\"", KEY "\"}"},
		{"{\"message\":\"", "\\u0030123456789abcdef0123456789abcdef\"}"},
		{"", "0123\x7f"
		     "456789abcdef0123456789abcdef"},
	};
	const struct integration integration = {2, KEY, "critical"};

	(void)state;
	for (size_t form = 0; form < ARRAY_LENGTH(forms); form++)
		for (int before = 1; before < 1024; before++) {
			char answer[2000], out[300];

			snprintf(answer, sizeof answer, "%s%*s%s", forms[form].begin, before, "x",
				forms[form].end);
			for (int cut = 0; cut < 2; cut++) {
				pagerduty_explain(&integration, 400, answer, out, sizeof out);
				if (strstr(out, "0123") != NULL || strstr(out, "456789") != NULL)
					fail_msg("%d: %s", before, out);
				answer[1024] = '\0'; /* the part that is kept */
			}
		}
}

static void a_long_response_is_cut(void **state)
{
	char answer[2000], out[300];

	(void)state;
	memset(answer, 'x', sizeof answer - 1);
	answer[sizeof answer - 1] = '\0';
	pagerduty_explain(&(struct integration){2, KEY, "critical"}, 400, answer, out, sizeof out);
	assert_int_equal(strlen(out), sizeof out - 1);
	assert_true(utf8_is_clean_line(out));
}

static void durations_are_removed_from_errors(void **state)
{
	static const struct {
		const char *error, *text;
	} cases[] = {
		{"Failed to connect to pager.example port 443 after 12 ms: Connection refused",
			"Failed to connect to pager.example port 443: Connection refused"},
		{"Failed to connect to ::1 port 9 after 0 ms: Couldn't connect to server",
			"Failed to connect to ::1 port 9: Couldn't connect to server"},
		{"Connection timed out after 5001 milliseconds", "Connection timed out"},
		{"Connection timeout after 5000 ms", "Connection timeout"},
		{"Resolving timed out after 5000 milliseconds", "Resolving timed out"},
		{"Operation timed out after 5001 milliseconds with 12 out of 40 bytes received",
			"Operation timed out"},
		{"Recv failure: Connection reset by peer",
			"Recv failure: Connection reset by peer"},
		{"closed after 7 bytes", "closed after 7 bytes"},
		{"given up after trying", "given up after trying"},
		{"tried after a pause after 3 ms", "tried after a pause"},
		{"ends after ", "ends after "},
		{"", ""},
	};
	char error[CURL_ERROR_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		strcpy(error, cases[i].error);
		assert_string_equal(error_unmeasured(error), cases[i].text);
	}
}

static void the_heartbeat_is_sent_while_all_rooms_are_joined(void **state)
{
	char one[] = "a@c", two[] = "B@c";
	char *item[] = {one, two};
	const struct config config = {.rooms = {item, 2}};
	struct rooms *rooms = rooms_new(&config, 0, 0);
	struct heartbeat heartbeat = {.rooms = rooms, .interval = 60};

	(void)state;
	assert_false(heartbeat_due(&heartbeat, 0));
	assert_int_equal(heartbeat_deadline(&heartbeat), NSEC_NEVER);
	rooms_set_joined(rooms, "a@c", "nick");
	rooms_set_joined(rooms, "elsewhere@c", "nick");
	assert_false(heartbeat_due(&heartbeat, 0));
	rooms_set_joined(rooms, "b@c", "nick");
	assert_true(heartbeat_due(&heartbeat, 5));
	assert_int_equal(heartbeat_deadline(&heartbeat), 65);
	assert_false(heartbeat_due(&heartbeat, 64));
	rooms_left(rooms, "b@c", "kicked", 64);
	assert_false(heartbeat_due(&heartbeat, 65));
	rooms_set_joined(rooms, "b@c", "nick");
	assert_true(heartbeat_due(&heartbeat, 500)); /* once, not seven times */
	assert_false(heartbeat_due(&heartbeat, 559));
	rooms_all_left(rooms, "gone", 559);
	assert_false(heartbeat_due(&heartbeat, 560));
	rooms_set_joined(rooms, "b@c", "nick");
	assert_false(heartbeat_due(&heartbeat, 560));
	rooms_free(rooms);
}

static void no_heartbeat_is_sent_without_a_url(void **state)
{
	const struct config config = {.rooms = {NULL, 0}};
	struct rooms *none = rooms_new(&config, 0, 0);
	struct heartbeat heartbeat = {.rooms = none, .interval = 0};

	(void)state;
	assert_true(rooms_all_joined(none));
	assert_false(heartbeat_due(&heartbeat, 5));
	assert_int_equal(heartbeat_deadline(&heartbeat), NSEC_NEVER);
	rooms_free(none);
}

static void the_watchdog_is_notified_twice_in_its_timeout(void **state)
{
	struct watchdog watchdog = watchdog_of("3000000", NULL, 7);

	(void)state;
	assert_true(watchdog_due(&watchdog, true, 10));
	assert_int_equal(watchdog_deadline(&watchdog), 10 + 3 * NSEC_PER_SEC / 2);
	assert_false(watchdog_due(&watchdog, true, 11));
	assert_false(watchdog_due(&watchdog, false, 2 * NSEC_PER_SEC));
	assert_false(watchdog_due(&watchdog, true, 2 * NSEC_PER_SEC + 1));
	assert_true(watchdog_due(&watchdog, true, 4 * NSEC_PER_SEC));
}

static void the_watchdog_of_another_process_is_not_notified(void **state)
{
	static const struct {
		const char *usec, *pid;
		bool ours;
	} cases[] = {
		{NULL, NULL, false},
		{"1000", "7", true},
		{"1000", "8", false},
		{"1000", "x", false},
		{"0", NULL, false},
		{"often", NULL, false},
		{"9223372036854775807", NULL, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct watchdog watchdog = watchdog_of(cases[i].usec, cases[i].pid, 7);

		assert_int_equal(watchdog_due(&watchdog, true, 1), cases[i].ours);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_2_nests_fields_in_a_payload),
		cmocka_unit_test(version_1_uses_other_field_names),
		cmocka_unit_test(a_response_of_another_service_is_a_failure),
		cmocka_unit_test(each_version_has_its_own_success_status),
		cmocka_unit_test(any_other_status_is_a_failure),
		cmocka_unit_test(a_failed_response_is_explained),
		cmocka_unit_test(no_part_of_the_key_is_shown),
		cmocka_unit_test(a_long_response_is_cut),
		cmocka_unit_test(durations_are_removed_from_errors),
		cmocka_unit_test(the_heartbeat_is_sent_while_all_rooms_are_joined),
		cmocka_unit_test(the_watchdog_is_notified_twice_in_its_timeout),
		cmocka_unit_test(the_watchdog_of_another_process_is_not_notified),
		cmocka_unit_test(no_heartbeat_is_sent_without_a_url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

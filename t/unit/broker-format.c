/* SPDX-License-Identifier: MIT */
/* Flapjack's own events: from a posted document to an event. */
#include "t/unit/unit.h"

#include "common/buffer.h"
#include "t/unit/broker-formats.h"

#include <stdlib.h>
#include <string.h>

static void every_key_is_read(void **state)
{
	struct pieces *pieces = pieces_take(2, 0,
		"{\"entity\":\"db-01\",\"check\":\"load\",\"type\":\"host\",\"state\":\"Warning\","
		"\"summary\":\"s\",\"details\":\"d\",\"perfdata\":\"a=1\",\"tags\":[\"x\",\"y\"],"
		"\"time\":1429505587,\"ttl\":30,\"acknowledgement_id\":\"7f\",\"duration\":1,"
		"\"initial_failure_delay\":2,\"repeat_failure_delay\":3,\"initial_recovery_delay\":4}");
	const struct event *event = &pieces->list[0].event;

	(void)state;
	assert_string_equal(pieces->list[0].why.text, "");
	assert_ptr_equal(pieces->format, &format_flapjack);
	assert_text(event->entity, "db-01");
	assert_text(event->check, "load");
	assert_text(event->state_text, "Warning");
	assert_int_equal(event->state, STATE_WARNING);
	assert_text(event->summary, "s");
	assert_text(event->details, "d");
	assert_text(event->perfdata, "a=1");
	assert_text(event->acknowledgement_id, "7f");
	assert_int_equal(json_array_size(event->tags), 2);
	assert_int_equal(event->time, 1429505587);
	assert_int_equal(event->ttl, 30);
	assert_int_equal(event->duration, 1);
	assert_int_equal(event->initial_failure_delay, 2);
	assert_int_equal(event->repeat_failure_delay, 3);
	assert_int_equal(event->initial_recovery_delay, 4);
	pieces_free(pieces);
}

static void assert_defaults(const char *text)
{
	struct pieces *pieces = pieces_take(1, 0, text);
	const struct event *event = &pieces->list[0].event;

	assert_string_equal(pieces->list[0].why.text, "");
	assert_null(event->summary.bytes);
	assert_null(event->details.bytes);
	assert_null(event->perfdata.bytes);
	assert_null(event->acknowledgement_id.bytes);
	assert_null(event->tags);
	assert_int_equal(event->time, NOW);
	assert_int_equal(event->ttl, 300);
	assert_int_equal(event->duration, EVENT_NOT_GIVEN);
	assert_int_equal(event->initial_failure_delay, EVENT_NOT_GIVEN);
	assert_int_equal(event->repeat_failure_delay, EVENT_NOT_GIVEN);
	assert_int_equal(event->initial_recovery_delay, EVENT_NOT_GIVEN);
	pieces_free(pieces);
}

static void missing_null_and_unknown_keys_keep_the_defaults(void **state)
{
	(void)state;
	assert_defaults("{\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\"}");
	assert_defaults("{\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\",\"type\":null,"
			"\"summary\":null,\"details\":null,\"perfdata\":null,\"tags\":null,"
			"\"time\":null,\"ttl\":null,\"acknowledgement_id\":null,\"duration\":null,"
			"\"initial_failure_delay\":null,\"repeat_failure_delay\":null,"
			"\"initial_recovery_delay\":null}");
	assert_defaults("{\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\",\"Time\":1,"
			"\"condition_name\":\"x\",\"\":[{}]}");
}

/* The types accepted by one kind of key, as bits. */
enum { TEXT = 1, TAGS = 2, TIME = 4, TTL = 8, SECONDS = 16, ALL = 31 };

static const struct {
	const char *name;
	unsigned kind;
} keys[] = {
	{"entity", TEXT},
	{"check", TEXT},
	{"type", TEXT},
	{"state", TEXT},
	{"summary", TEXT},
	{"details", TEXT},
	{"perfdata", TEXT},
	{"acknowledgement_id", TEXT},
	{"tags", TAGS},
	{"time", TIME},
	{"ttl", TTL},
	{"duration", SECONDS},
	{"initial_failure_delay", SECONDS},
	{"repeat_failure_delay", SECONDS},
	{"initial_recovery_delay", SECONDS},
};

static const struct {
	const char *json;
	unsigned taken_by;
} values[] = {
	{"null", ALL},
	{"true", 0},
	{"false", 0},
	{"{}", 0},
	{"{\"a\":1}", 0},
	{"[]", TAGS},
	{"[\"a\",\"b\"]", TAGS},
	{"[\"a\",1]", 0},
	{"[null]", 0},
	{"[[\"a\"]]", 0},
	{"\"\"", TEXT | TAGS},
	{"\"a\"", TEXT | TAGS},
	{"\"7\"", ALL},
	{"\"-7\"", TEXT | TAGS | TTL},
	{"\" 7\"", TEXT | TAGS},
	{"\"7 \"", TEXT | TAGS},
	{"\"+7\"", TEXT | TAGS},
	{"\"0x7\"", TEXT | TAGS},
	{"\"7.0\"", TEXT | TAGS},
	{"\"2147483648\"", TEXT | TAGS | TIME},
	{"\"9223372036854775808\"", TEXT | TAGS},
	{"0", TIME | TTL | SECONDS},
	{"7", TIME | TTL | SECONDS},
	{"-1", TTL},
	{"7.0", 0},
	{"0.5", 0},
	{"2147483647", TIME | TTL | SECONDS},
	{"2147483648", TIME},
	{"-2147483648", TTL},
	{"-2147483649", 0},
};

/* Returns the refusal of an event with only this key added; "" if it is accepted. */
static struct reason refusal_of(const char *key, const char *value)
{
	struct reason why = {""};
	char text[256];

	snprintf(text, sizeof text, "{\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\",\"%s\":%s}",
		key, value);
	struct pieces *pieces = pieces_take(2, 0, text);
	why = pieces->list[0].why;
	pieces_free(pieces);
	return why;
}

static void a_key_of_the_wrong_type_is_named(void **state)
{
	(void)state;
	for (size_t k = 0; k < ARRAY_LENGTH(keys); k++) {
		for (size_t v = 0; v < ARRAY_LENGTH(values); v++) {
			bool wanted = (values[v].taken_by & keys[k].kind) != 0;
			struct reason why = refusal_of(keys[k].name, values[v].json);
			char start[128];

			/* a string of an invalid value is refused with another message */
			snprintf(start, sizeof start, "'%s' is %s, not ", keys[k].name,
				values[v].json);
			if ((strncmp(why.text, start, strlen(start)) != 0) != wanted)
				fail_msg("'%s': %s: '%s'", keys[k].name, values[v].json, why.text);
		}
	}
}

static void refusals_name_the_expected_value(void **state)
{
	static const char *const cases[][2] = {
		{"\"summary\":7", "'summary' is 7, not a string"},
		{"\"tags\":[1]", "'tags' is [1], not an array of strings, or one string"},
		{"\"time\":\"2015-04-20\"",
			"'time' is \"2015-04-20\", not whole seconds since 1970"},
		{"\"ttl\":1.5", "'ttl' is 1.5, not whole seconds, 2147483647 at most"},
		{"\"duration\":-1", "'duration' is -1, not whole seconds, from 0 to 2147483647"},
		{"\"details\":[\"\\n\\u009b\"]", "'details' is [\"\\n\\u009B\"], not a string"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char text[256];

		snprintf(text, sizeof text,
			"{\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\",%s}", cases[i][0]);
		assert_refused(2, text, cases[i][1]);
	}
}

static void a_document_that_is_not_an_event_is_refused(void **state)
{
	(void)state;
	assert_refused(2, "{}", "this is no event: 'entity' is missing");
	assert_refused(
		2, "{\"check\":\"c\",\"state\":\"ok\"}", "this is no event: 'entity' is missing");
	assert_refused(2, "[{\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\"}]",
		"this is no event, but an array: post an object");
	assert_refused(2, "7", "this is no event, but a number: post an object");
	assert_refused(2, "\"x\"", "this is no event, but a string: post an object");
	assert_refused(2, "null", "this is no event, but true, false or null: post an object");
	assert_refused(
		2, "{\"entity\":null,\"check\":\"c\",\"state\":\"ok\"}", "'entity' is missing");
	assert_refused(2, "{\"entity\":\"e\",\"state\":\"ok\"}", "'check' is missing");
	assert_refused(2, "{\"entity\":\"e\",\"check\":\"c\"}", "'state' is missing");
	assert_refused(
		2, "{\"entity\":\"e\",\"check\":\"c\",\"state\":null}", "'state' is missing");
}

/* Compares the resulting time and ttl. */
static void assert_times(const char *more, int64_t time, int32_t ttl)
{
	char text[256];

	snprintf(text, sizeof text, "{\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\",%s}", more);
	struct pieces *pieces = pieces_take(2, 0, text);
	assert_event(pieces, 0, "e", "c", "ok");
	assert_int_equal(pieces->list[0].event.time, time);
	assert_int_equal(pieces->list[0].event.ttl, ttl);
	pieces_free(pieces);
}

static void times_and_durations_are_normalized(void **state)
{
	(void)state;
	assert_times("\"time\":1", 1, 300);
	assert_times("\"time\":\"1429505587\"", 1429505587, 300);
	assert_times("\"time\":0", NOW, 300);
	assert_times("\"time\":\"0\"", NOW, 300);
	assert_times("\"time\":1795224304", NOW - 1, 300);
	assert_times("\"time\":1795224306", NOW, 300);
	assert_times("\"time\":99999999999", NOW, 300);
	assert_times("\"ttl\":30", NOW, 30);
	assert_times("\"ttl\":\"30\"", NOW, 30);
	assert_times("\"ttl\":0", NOW, 300);
	assert_times("\"ttl\":\"0\"", NOW, 300);
	assert_times("\"ttl\":-1", NOW, EVENT_TTL_NEVER);
	assert_times("\"ttl\":\"-300\"", NOW, EVENT_TTL_NEVER);
	assert_times("\"ttl\":2147483647", NOW, INT32_MAX);
}

/* Builds an event with this depth of nested arrays and objects. */
static void assert_nested(unsigned depth, const char *words)
{
	struct buffer json = {NULL, 0, 0};

	buffer_append_text(&json, "{\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\",\"x\":");
	for (unsigned i = 0; i < depth; i++)
		buffer_append_text(&json, i % 2 == 0 ? "[" : "{\"a\":");
	buffer_append_text(&json, "1");
	for (unsigned i = depth; i-- > 0;)
		buffer_append_text(&json, i % 2 == 0 ? "]" : "}");
	buffer_append_text(&json, "}");
	assert_refused(2, json.data, words);
	buffer_free(&json);
}

static void nesting_is_bounded(void **state)
{
	static const char words[] = "arrays and objects are nested more than 32 deep";

	(void)state;
	assert_nested(31, NULL);
	assert_nested(32, words);
	assert_nested(1000, words);
}

static void an_external_ttl_applies_to_events_without_one(void **state)
{
	static const char *const more[] = {"", ",\"ttl\":0", ",\"ttl\":null", ",\"ttl\":30"};
	static const int32_t expected[] = {77, 77, 77, 30};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(more); i++) {
		char text[256];

		snprintf(text, sizeof text, "{\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\"%s}",
			more[i]);
		struct pieces *pieces = pieces_take(2, 77, text);
		assert_event(pieces, 0, "e", "c", "ok");
		assert_int_equal(pieces->list[0].event.ttl, expected[i]);
		pieces_free(pieces);
	}
}

static void keys_that_no_flapjack_accepts_are_counted(void **state)
{
	struct pieces *pieces = pieces_take(2, 0,
		"{\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\",\"a\":1,\"time\":null,\"b\":null}");

	(void)state;
	assert_event(pieces, 0, "e", "c", "ok");
	assert_int_equal(pieces->list[0].event.unknown_keys, 2);
	pieces_free(pieces);
}

/* Keys that identify other formats do not matter in an object with an entity. */
static void a_document_with_an_entity_is_flapjacks(void **state)
{
	static const char *const more[] = {
		"\"condition_name\":\"x\",\"current_state\":\"open\"",
		"\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":\"x\"}}],\"version\":\"4\"",
		"\"issueUrl\":\"https://x/\",\"priority\":\"CRITICAL\"",
		"\"Type\":\"Notification\",\"Message\":\"{}\",\"TopicArn\":\"a\"",
		"\"AlarmName\":\"a\",\"NewStateValue\":\"ALARM\"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(more); i++) {
		char text[256];

		snprintf(text, sizeof text,
			"{%s,\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\"}", more[i]);
		struct pieces *pieces = pieces_take(2, 0, text);
		assert_ptr_equal(pieces->format, &format_flapjack);
		assert_event(pieces, 0, "e", "c", "ok");
		assert_int_equal(pieces->list[0].event.ttl, EVENT_TTL_DEFAULT);
		pieces_free(pieces);
	}
}

/* The refusal names the format and the remedy. */
static void known_unsupported_formats_are_named(void **state)
{
	(void)state;
	assert_refused(2,
		"{\"title\":\"[Alerting] CPU\",\"ruleId\":1,\"ruleName\":\"CPU\",\"state\":\"alerting\","
		"\"evalMatches\":[{\"value\":100,\"metric\":\"High value\",\"tags\":null}]}",
		"this is a webhook of Grafana's legacy alerting, which is not supported: use Grafana Alerting");
	assert_refused(2,
		"{\"Records\":[{\"EventSource\":\"aws:sns\",\"EventVersion\":\"1.0\",\"Sns\":{}}]}",
		"this is what Amazon gives to Lambda ('Records'), which is not supported: subscribe the broker "
		"to the SNS topic itself");
	assert_refused(2,
		"{\"id\":\"x\",\"client\":{\"name\":\"e\"},\"check\":{\"name\":\"c\",\"status\":1},"
		"\"action\":\"create\"}",
		"this is an event of Sensu Core 1, which is not supported: only Sensu Go's are");
	assert_refused(2, "{\"routing_key\":\"k\",\"event_action\":\"trigger\",\"payload\":{}}",
		"this is an event for PagerDuty, which is not supported");
	assert_refused(2,
		"{\"detail-type\":\"EC2 Instance State-change Notification\",\"source\":\"aws.ec2\"}",
		"this is an event of EventBridge other than a CloudWatch alarm, which is not supported");
	assert_refused(2, "{\"labels\":{\"alertname\":\"a\"},\"annotations\":{}}",
		"this is an alert as Prometheus posts it to Alertmanager, which is not supported: post by a "
		"webhook of Alertmanager");
	assert_refused(
		2, "{\"client\":\"c\",\"state\":\"ok\"}", "this is no event: 'entity' is missing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_unsupported_formats_are_named),
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(missing_null_and_unknown_keys_keep_the_defaults),
		cmocka_unit_test(a_key_of_the_wrong_type_is_named),
		cmocka_unit_test(refusals_name_the_expected_value),
		cmocka_unit_test(a_document_that_is_not_an_event_is_refused),
		cmocka_unit_test(times_and_durations_are_normalized),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(an_external_ttl_applies_to_events_without_one),
		cmocka_unit_test(keys_that_no_flapjack_accepts_are_counted),
		cmocka_unit_test(a_document_with_an_entity_is_flapjacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Formats: from a document, as a client posts it, to an event. */
#include "t/unit/unit.h"

#include "httpbroker/formats/format.h"

#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1795224305)

/* One event as a client posts it; free it with taken_free(). */
struct taken {
	json_t *document;
	struct events events;
	const struct format *format;
	struct reason why;
	bool sound;
};

static struct taken take(int flapjack, const char *text)
{
	const struct format_context context = {flapjack, NOW};
	struct taken taken = {.why = {"no reason"}};

	taken.document = json_loads(text, 0, NULL);
	assert_non_null(taken.document);
	taken.sound = format_translate(
		taken.document, &context, &taken.events, &taken.format, &taken.why);
	if (taken.sound)
		assert_int_equal(taken.events.count, 1);
	return taken;
}

static void taken_free(struct taken *taken)
{
	events_free(&taken->events);
	json_decref(taken->document);
}

/* Whether the document is refused in these words; NULL: it is taken. */
static void assert_refused(int flapjack, const char *text, const char *expected)
{
	struct taken taken = take(flapjack, text);

	if (taken.sound != (expected == NULL))
		fail_msg("%s: %s", text, taken.sound ? "taken" : taken.why.text);
	if (expected != NULL)
		assert_string_equal(taken.why.text, expected);
	taken_free(&taken);
}

static void assert_text(struct text text, const char *expected)
{
	assert_non_null(text.bytes);
	assert_int_equal(text.length, strlen(expected));
	assert_memory_equal(text.bytes, expected, text.length);
}

static void every_key_is_read(void **state)
{
	struct taken taken = take(2,
		"{\"entity\":\"db-01\",\"check\":\"load\",\"type\":\"host\",\"state\":\"Warning\","
		"\"summary\":\"s\",\"details\":\"d\",\"perfdata\":\"a=1\",\"tags\":[\"x\",\"y\"],"
		"\"time\":1429505587,\"ttl\":30,\"acknowledgement_id\":\"7f\",\"duration\":1,"
		"\"initial_failure_delay\":2,\"repeat_failure_delay\":3,\"initial_recovery_delay\":4}");
	const struct event *event = &taken.events.list[0];

	(void)state;
	assert_true(taken.sound);
	assert_ptr_equal(taken.format, &format_flapjack);
	assert_text(event->entity, "db-01");
	assert_text(event->check, "load");
	assert_text(event->state, "Warning");
	assert_int_equal(event->condition, CONDITION_WARNING);
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
	taken_free(&taken);
}

static void assert_defaults(const char *text)
{
	struct taken taken = take(1, text);
	const struct event *event = &taken.events.list[0];

	assert_true(taken.sound);
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
	taken_free(&taken);
}

static void nothing_null_and_unknown_keys_leave_the_defaults(void **state)
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

/* What one kind of key takes, by the bits of the kinds. */
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

static bool translates(const char *key, const char *value, struct reason *why)
{
	const struct format_context context = {2, NOW};
	struct events events = {NULL, 0, 0};
	char text[256];

	snprintf(text, sizeof text, "{\"%s\":%s}", key, value);
	json_t *document = json_loads(text, 0, NULL);
	assert_non_null(document);
	bool sound = format_flapjack.translate(document, &context, &events, why);
	json_decref(document);
	events_free(&events);
	return sound;
}

static void every_key_takes_its_type_and_names_itself_else(void **state)
{
	(void)state;
	for (size_t k = 0; k < ARRAY_LENGTH(keys); k++) {
		for (size_t v = 0; v < ARRAY_LENGTH(values); v++) {
			bool wanted = (values[v].taken_by & keys[k].kind) != 0;
			struct reason why = {"no reason"};
			char start[128];

			snprintf(start, sizeof start, "'%s' is %s, not ", keys[k].name,
				values[v].json);
			if (translates(keys[k].name, values[v].json, &why) != wanted)
				fail_msg("'%s': %s: %s", keys[k].name, values[v].json, why.text);
			if (!wanted && strncmp(why.text, start, strlen(start)) != 0)
				fail_msg("%s does not begin with %s", why.text, start);
		}
	}
}

static void refusals_say_what_was_expected(void **state)
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

static void what_is_no_event_is_refused(void **state)
{
	(void)state;
	assert_refused(2, "{}", "this is no event: 'entity' is missing");
	assert_refused(
		2, "{\"check\":\"c\",\"state\":\"ok\"}", "this is no event: 'entity' is missing");
	assert_refused(2, "[{\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\"}]",
		"this is an array: post one event, an object, at a time");
	assert_refused(
		2, "{\"entity\":null,\"check\":\"c\",\"state\":\"ok\"}", "'entity' is missing");
	assert_refused(2, "{\"entity\":\"e\",\"state\":\"ok\"}", "'check' is missing");
	assert_refused(2, "{\"entity\":\"e\",\"check\":\"c\"}", "'state' is missing");
	assert_refused(
		2, "{\"entity\":\"e\",\"check\":\"c\",\"state\":null}", "'state' is missing");
}

/* What becomes of a time and a ttl. */
static void assert_times(const char *more, int64_t time, int32_t ttl)
{
	char text[256];

	snprintf(text, sizeof text, "{\"entity\":\"e\",\"check\":\"c\",\"state\":\"ok\",%s}", more);
	struct taken taken = take(2, text);
	if (!taken.sound)
		fail_msg("%s: %s", text, taken.why.text);
	assert_int_equal(taken.events.list[0].time, time);
	assert_int_equal(taken.events.list[0].ttl, ttl);
	taken_free(&taken);
}

static void times_and_spans_are_made_usable(void **state)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_is_read),
		cmocka_unit_test(nothing_null_and_unknown_keys_leave_the_defaults),
		cmocka_unit_test(every_key_takes_its_type_and_names_itself_else),
		cmocka_unit_test(refusals_say_what_was_expected),
		cmocka_unit_test(what_is_no_event_is_refused),
		cmocka_unit_test(times_and_spans_are_made_usable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

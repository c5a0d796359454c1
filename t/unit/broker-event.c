/* SPDX-License-Identifier: MIT */
/* Rules for events of every format. */
#include "t/unit/unit.h"

#include "httpbroker/limits.h"
#include "t/unit/broker-parts.h"

#include <string.h>

#define NOW INT64_C(1795224305)

static void assert_checked(struct event *event, int flapjack, const char *expected)
{
	struct reason why = {""};

	assert_int_equal(event_check(event, flapjack, NOW * NSEC_PER_SEC, &why), expected == NULL);
	assert_string_equal(why.text, expected != NULL ? expected : "");
}

/* Tries it as an entity and as a check; `expected` is the error text after the quoted key. */
static void assert_name(const char *name, const char *expected)
{
	struct event entity = event_plain(name, "x", STATE_OK);
	struct event check = event_plain("x", name, STATE_OK);
	char words[128];

	snprintf(words, sizeof words, "'entity' %s", expected != NULL ? expected : "");
	assert_checked(&entity, 2, expected != NULL ? words : NULL);
	snprintf(words, sizeof words, "'check' %s", expected != NULL ? expected : "");
	assert_checked(&check, 2, expected != NULL ? words : NULL);
}

static void names_have_no_control_characters(void **state)
{
	(void)state;
	assert_name("\x01", "has a control character at byte 1");
	assert_name("ab\n", "has a control character at byte 3");
	assert_name("a\x1f-", "has a control character at byte 2");
	assert_name("a\x7f-", "has a control character at byte 2");
	assert_name("\xc3\xa9\xc2\x80", "has a control character at byte 3");
	assert_name("a\xc2\x9f-", "has a control character at byte 2");
	assert_name(" ", NULL);
	assert_name("~", NULL);
	assert_name("a:b \"c\" \\", NULL);
	assert_name("\xc2\xa0", NULL);                     /* just behind C1 */
	assert_name("\xc3\x82\xc4\x82\xe2\x82\x80", NULL); /* 80 and 82, but not behind C2 */
}

/* JSON never has them; a path or a query may. */
static void names_are_valid_utf8(void **state)
{
	(void)state;
	assert_name("a\xe4", "has no valid UTF-8 character at byte 2");
	assert_name("a\xc2", "has no valid UTF-8 character at byte 2");
	assert_name("\xed\xa0\x80", "has no valid UTF-8 character at byte 1");
	assert_name("ab\xef\xbf\xbf", "has no valid UTF-8 character at byte 3");
}

static void names_are_required_and_bounded(void **state)
{
	struct event nobody = event_plain("x", "y", STATE_OK);
	char name[LIMIT_NAME + 2];

	(void)state;
	nobody.check.bytes = NULL;
	assert_checked(&nobody, 2, "'check' is missing");
	nobody.entity.bytes = NULL;
	assert_checked(&nobody, 2, "'entity' is missing");
	assert_name("", "is empty");
	memset(name, 'n', sizeof name);
	name[LIMIT_NAME] = '\0';
	assert_name(name, NULL);
	name[LIMIT_NAME] = 'n';
	name[LIMIT_NAME + 1] = '\0';
	assert_name(name, "is 1025 bytes long, more than 1024");
}

static void assert_state(int flapjack, const char *word, enum state state, const char *sent_on)
{
	struct event event = event_plain("e", "c", STATE_OK);

	event.state_text = (struct text){word, strlen(word)};
	assert_checked(&event, flapjack, NULL);
	assert_int_equal(event.state, state);
	assert_int_equal(event.state_text.length, strlen(sent_on));
	assert_memory_equal(event.state_text.bytes, sent_on, event.state_text.length);
}

static void states_are_read_in_any_case(void **state)
{
	(void)state;
	for (int flapjack = 1; flapjack <= 2; flapjack++) {
		assert_state(flapjack, "ok", STATE_OK, "ok");
		assert_state(flapjack, "OK", STATE_OK, "OK");
		assert_state(flapjack, "CriTical", STATE_CRITICAL, "CriTical");
		assert_state(flapjack, "warning", STATE_WARNING, "warning");
		assert_state(flapjack, "UNKNOWN", STATE_UNKNOWN, "UNKNOWN");
		assert_state(flapjack, "acknowledgement", STATE_ACKNOWLEDGEMENT, "acknowledgement");
		assert_state(flapjack, "UP", STATE_OK, "ok");
		assert_state(flapjack, "Down", STATE_CRITICAL, "critical");
		assert_state(flapjack, "unreachable", STATE_CRITICAL, "critical");
	}
	assert_state(2, "Test_Notifications", STATE_TEST_NOTIFICATIONS, "Test_Notifications");
}

static void an_invalid_state_is_refused(void **state)
{
	static const char *const words[] = {
		"", " ok", "ok ", "o", "okay", "BANANA", "test_notifications critical", "0"};
	struct event event = event_plain("e", "c", STATE_OK);

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
		char expected[256];

		event.state_text = (struct text){words[i], strlen(words[i])};
		snprintf(expected, sizeof expected, "'state' is '%s', not one of %s", words[i],
			STATE_WORDS);
		assert_checked(&event, 2, expected);
	}
	event.state_text.bytes = NULL;
	assert_checked(&event, 2, "'state' is missing");
	event = event_plain("e", "c", STATE_TEST_NOTIFICATIONS);
	assert_checked(&event, 1, "'state' is test_notifications, which Flapjack 1 rejects");
}

static void only_conditions_are_states(void **state)
{
	(void)state;
	assert_true(state_lasts(STATE_OK));
	assert_true(state_lasts(STATE_WARNING));
	assert_true(state_lasts(STATE_CRITICAL));
	assert_true(state_lasts(STATE_UNKNOWN));
	assert_false(state_lasts(STATE_ACKNOWLEDGEMENT));
	assert_false(state_lasts(STATE_TEST_NOTIFICATIONS));
}

/* Checks a time; `expected` is the refusal, or NULL. */
static void assert_time(int64_t given, int64_t time, const char *expected)
{
	struct event event = event_plain("e", "c", STATE_OK);

	event.time = given;
	assert_checked(&event, 2, expected);
	if (expected == NULL)
		assert_int_equal(event.time, time);
}

static void a_time_set_by_the_broker_has_milliseconds(void **state)
{
	struct event event = event_plain("e", "c", STATE_OK);
	struct reason why;

	(void)state;
	event.time = NOW - 1;
	assert_true(event_check(&event, 2, NOW * NSEC_PER_SEC + 250 * NSEC_PER_MSEC, &why));
	assert_int_equal(event.fraction, 0);
	event.time = EVENT_NOT_GIVEN;
	assert_true(event_check(&event, 2, NOW * NSEC_PER_SEC + 250 * NSEC_PER_MSEC, &why));
	assert_int_equal(event.time, NOW);
	assert_int_equal(event.fraction, 251);
	event.time = NOW + 5;
	assert_true(event_check(&event, 2, NOW * NSEC_PER_SEC, &why));
	assert_int_equal(event.time, NOW);
	assert_int_equal(event.fraction, 1);
}

static void seconds_are_compared_if_either_lacks_milliseconds(void **state)
{
	static const struct {
		struct instant one, other;
		int expected;
	} cases[] = {{{7, 0}, {7, 0}, 0}, {{7, 0}, {8, 0}, -1}, {{7, 1000}, {8, 1}, -1},
		{{7, 500}, {7, 0}, 0}, {{7, 500}, {7, 501}, -1}, {{7, 500}, {7, 500}, 0},
		{{7, 1}, {7, 1000}, -1}, {{8, 0}, {7, 1000}, 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		int order = instant_compare(cases[i].one, cases[i].other);
		int reverse = instant_compare(cases[i].other, cases[i].one);

		assert_int_equal((order > 0) - (order < 0), cases[i].expected);
		assert_int_equal((reverse > 0) - (reverse < 0), -cases[i].expected);
	}
}

static void future_and_millisecond_times_are_refused(void **state)
{
	(void)state;
	assert_time(0, 0, NULL);
	assert_time(NOW - 1, NOW - 1, NULL);
	assert_time(NOW, NOW, NULL);
	assert_time(NOW + 1, NOW, NULL);
	assert_time(99999999999, NOW, NULL);
	assert_time(100000000000, 0,
		"'time' is 100000000000: that looks like milliseconds, not seconds");
	assert_time(NOW * 1000, 0,
		"'time' is 1795224305000: that looks like milliseconds, not seconds");
}

/* A text one byte shorter is accepted, one of this length is refused with this message. */
static void assert_bounded(struct event *event, struct text *text, size_t refused, const char *why)
{
	static char bytes[LIMIT_PERFDATA + 1];

	memset(bytes, 'x', sizeof bytes);
	*text = (struct text){bytes, refused - 1};
	assert_checked(event, 1, NULL);
	text->length = refused;
	assert_checked(event, 1, why);
	*text = (struct text){NULL, 0};
}

static void other_texts_are_bounded(void **state)
{
	struct event event = event_plain("e", "c", STATE_OK);

	(void)state;
	assert_bounded(&event, &event.acknowledgement_id, LIMIT_NAME + 1,
		"'acknowledgement_id' is 1025 bytes long, more than 1024");
	assert_bounded(&event, &event.perfdata, LIMIT_PERFDATA + 1,
		"'perfdata' is 65537 bytes long, "
		"more than 65536");
}

static void all_tags_together_are_bounded(void **state)
{
	struct event event = event_plain("e", "c", STATE_OK);
	json_t *tags = json_array();

	(void)state;
	for (size_t length = 0; length < LIMIT_TAGS; length += 8)
		json_array_append_new(tags, json_string("seven.."));
	event.tags = tags;
	assert_checked(&event, 1, NULL);
	json_array_append_new(tags, json_string(""));
	assert_checked(&event, 1, "'tags' is 65537 bytes long, more than 65536");
	json_decref(tags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_have_no_control_characters),
		cmocka_unit_test(names_are_valid_utf8),
		cmocka_unit_test(names_are_required_and_bounded),
		cmocka_unit_test(states_are_read_in_any_case),
		cmocka_unit_test(an_invalid_state_is_refused),
		cmocka_unit_test(only_conditions_are_states),
		cmocka_unit_test(other_texts_are_bounded),
		cmocka_unit_test(all_tags_together_are_bounded),
		cmocka_unit_test(a_time_set_by_the_broker_has_milliseconds),
		cmocka_unit_test(seconds_are_compared_if_either_lacks_milliseconds),
		cmocka_unit_test(future_and_millisecond_times_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

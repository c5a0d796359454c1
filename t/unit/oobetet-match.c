/* SPDX-License-Identifier: MIT */
/* Which messages match a watch, and why others do not. */
#include "t/unit/unit.h"

#include "oobetet/channel/notification.h"
#include "oobetet/watch/match.h"

#include <string.h>

static const struct match flapper = {
	.check = "Flapper", .entity = "flapper-on-nagios-01.example.org"};

struct sample {
	enum kind expected;
	const char *body;
};

static void samples_check(const struct match *match, const struct sample *samples, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (match_body(match, samples[i].body) != samples[i].expected)
			fail_msg("taken for %s: %s", kind_name(match_body(match, samples[i].body)),
				samples[i].body);
}

#define ENTITY "flapper-on-nagios-01.example.org"

static void both_formats_of_flapjack_match(void **state)
{
	static const struct sample samples[] = {
		{KIND_PROBLEM, "Problem: flapjack: ACKID f79395cd, \"Flapper\" on " ENTITY
			       " is Critical, Connection refused"},
		{KIND_PROBLEM, "Problem: \"Flapper\" on " ENTITY " is Warning"},
		{KIND_PROBLEM, "Problem: flapjack: ACKID 1, \"Flapper\" on " ENTITY
			       " is Unknown, first\nsecond"},
		{KIND_RECOVERY, "Recovery: \"Flapper\" on " ENTITY " is OK, TCP OK"},
		{KIND_RECOVERY, "Recovery: \"Flapper\" on " ENTITY " is OK"},
		{KIND_ACKNOWLEDGEMENT,
			"Acknowledgement: \"Flapper\" on " ENTITY
			" has been acknowledged, unscheduled maintenance created for 1 hour, x"},
		{KIND_PROBLEM, "Problem: flapjack: ACKID , \"" ENTITY ":Flapper\" is Critical"},
		{KIND_RECOVERY, "Recovery: \"" ENTITY ":Flapper\" is OK"},
		{KIND_ACKNOWLEDGEMENT,
			"Acknowledgement: \"" ENTITY
			":Flapper\" has been acknowledged, unscheduled maintenance created for 1 hour"},
	};

	(void)state;
	samples_check(&flapper, samples, ARRAY_LENGTH(samples));
}

static void only_the_check_is_case_sensitive(void **state)
{
	static const struct sample samples[] = {
		{KIND_PROBLEM,
			"PROBLEM: \"Flapper\" on FLAPPER-on-Nagios-01.example.org is Critical"},
		{KIND_RECOVERY, "recovery: \"FLAPPER-ON-nagios-01.example.org:Flapper\" is OK"},
		{KIND_NONE, "Recovery: \"flapper\" on " ENTITY " is OK"},
		{KIND_NONE, "Recovery: \"" ENTITY ":flapper\" is OK"},
	};

	(void)state;
	samples_check(&flapper, samples, ARRAY_LENGTH(samples));
}

static void similar_texts_do_not_match(void **state)
{
	static const struct sample samples[] = {
		{KIND_NONE, ""},
		{KIND_NONE, "Problem"},
		{KIND_NONE, "Problem: "},
		{KIND_NONE, "Problem: \""},
		{KIND_NONE, "Problem: \"Flapper\" on "},
		{KIND_NONE, "Problem: \"Flapper\" on " ENTITY},
		{KIND_NONE, "Problem: \"Flapper\" on " ENTITY "2 is Critical"},
		{KIND_NONE, "Problem: \"Flapper\" on " ENTITY ".au is Critical"},
		{KIND_NONE, "Problem: \"Flapper\" on x" ENTITY " is Critical"},
		{KIND_NONE, "Problem: \"Flapper\" on flapper-on-nagios-01xexample.org is Critical"},
		{KIND_NONE, "Problem: \"Flapper2\" on " ENTITY " is Critical"},
		{KIND_NONE, "Problem: \"My Flapper\" on " ENTITY " is Critical"},
		{KIND_NONE, "Problem: \"x" ENTITY ":Flapper\" is Critical"},
		{KIND_NONE, "Problem: \"" ENTITY ":Flapper:2\" is Critical"},
		/* another check, whose summary quotes ours */
		{KIND_NONE, "Problem: ACKID 1, \"Other\" on web is Critical, \"Flapper\" on " ENTITY
			    " is Critical"},
		{KIND_NONE, "Test: \"Flapper\" on " ENTITY ", testing"},
		{KIND_NONE, "Problem summary: Critical: 1 (Critical: \"Flapper\" on " ENTITY
			    " is bad)"},
		{KIND_NONE, "I see: Problem: \"Flapper\" on " ENTITY " is Critical"},
		{KIND_NONE,
			"flapjack's jabber gateway started at 2026-11-20 10:21:06 +0000, hello! "
			"Try typing 'help'."},
	};

	(void)state;
	samples_check(&flapper, samples, ARRAY_LENGTH(samples));
}

static void a_check_may_contain_quotation_marks(void **state)
{
	static const struct match match = {.check = "He said \"x\"", .entity = "foo"};
	static const struct sample samples[] = {
		{KIND_PROBLEM, "Problem: ACKID 1, \"He said \"x\"\" on foo is Critical"},
		{KIND_RECOVERY, "Recovery: \"foo:He said \"x\"\" is OK"},
		{KIND_NONE, "Problem: \"He said \"x\"\" on foo2 is Critical"},
		{KIND_NONE, "Problem: \"He said \"y\"\" on foo is Critical"},
	};

	(void)state;
	samples_check(&match, samples, ARRAY_LENGTH(samples));
}

static void the_check_alone_matches_without_an_entity(void **state)
{
	static const struct match match = {.check = "web-01:Flapper"};
	static const struct sample samples[] = {
		{KIND_PROBLEM, "Problem: flapjack: ACKID , \"web-01:Flapper\" is Critical"},
		{KIND_RECOVERY, "Recovery: \"web-01:Flapper\" is OK"},
		{KIND_NONE, "Problem: \"web-01:Flapper\" on web-01 is Critical"},
		{KIND_NONE, "Problem: \"WEB-01:Flapper\" is Critical"},
	};

	(void)state;
	samples_check(&match, samples, ARRAY_LENGTH(samples));
}

static void texts_of_oobetet_do_not_match(void **state)
{
	const struct target target = {
		"vm", "Flapper\" on x is OK", "flapper", 60 * NSEC_PER_SEC, NULL, NULL};
	struct match match = {.check = target.check, .entity = target.entity};
	const struct outage outage = {.key = "Problem: x"};
	struct notification notification;
	struct reason why;
	char greeting[NOTIFICATION_TEXT];

	(void)state;
	assert_true(match_pattern(&match, KIND_HEARTBEAT, ".", &why));
	assert_int_equal(match_body(&match, "anything"), KIND_HEARTBEAT);
	notification_alarm(&notification, &target, &outage, KIND_PROBLEM, 0, 0, "; Problem: x");
	assert_int_equal(match_body(&match, notification.text), KIND_NONE);
	notification_ok(&notification, &target, &outage, KIND_PROBLEM, NSEC_PER_SEC, 0);
	assert_int_equal(match_body(&match, notification.text), KIND_NONE);
	notification_greeting((const struct target *const[]){&target}, 1, "started", 0, greeting,
		sizeof greeting);
	assert_int_equal(match_body(&match, greeting), KIND_NONE);
	match_free(&match);
}

static void patterns_replace_the_built_in_formats(void **state)
{
	static const struct sample samples[] = {
		{KIND_PROBLEM, "[FIRING:1] Flapper (web 1)"},
		{KIND_RECOVERY, "[RESOLVED] Flapper"},
		{KIND_NONE, "[RESOLVED] flapper"},
		{KIND_NONE, "well: [RESOLVED] Flapper"},
		{KIND_NONE, "Problem: \"Flapper\" on web is Critical"},
		{KIND_NONE, "Recovery: \"Flapper\" on web is OK"},
		{KIND_ACKNOWLEDGEMENT, "Acknowledgement: \"Flapper\" on web has been acknowledged"},
	};
	struct match match = {.check = "Flapper", .entity = "web"};
	struct reason why;

	(void)state;
	assert_true(match_pattern(&match, KIND_PROBLEM, "^\\[FIRING:[0-9]+\\] Flapper", &why));
	assert_true(match_pattern(&match, KIND_RECOVERY, "^\\[RESOLVED\\] Flapper", &why));
	samples_check(&match, samples, ARRAY_LENGTH(samples));
	assert_true(match_pattern(&match, KIND_ACKNOWLEDGEMENT, "silenced", &why));
	assert_int_equal(match_body(&match, "[RESOLVED] Flapper: silenced"), KIND_ACKNOWLEDGEMENT);
	assert_int_equal(match_body(&match, samples[6].body), KIND_NONE);
	assert_true(match_awaits(&match, KIND_RECOVERY));
	assert_false(match_awaits(&match, KIND_HEARTBEAT));
	match_free(&match);
	assert_false(match_pattern(&match, KIND_PROBLEM, "a(b", &why));
}

static void a_heartbeat_pattern_matches_one_kind_only(void **state)
{
	static const struct sample samples[] = {
		{KIND_HEARTBEAT, "[FIRING:1] Watchdog"},
		{KIND_NONE, "[RESOLVED] Watchdog"},
		{KIND_NONE, "Problem: \"Watchdog\" on web is Critical"},
		{KIND_NONE, "Recovery: \"Watchdog\" on web is OK"},
		{KIND_ACKNOWLEDGEMENT,
			"Acknowledgement: \"Watchdog\" on web has been acknowledged"},
		{KIND_NONE, "Heartbeat: \"Watchdog\" on web is OK"},
	};
	struct match match = {.check = "Watchdog", .entity = "web"};
	struct reason why;

	(void)state;
	assert_true(match_pattern(&match, KIND_HEARTBEAT, "^\\[FIRING.*Watchdog", &why));
	samples_check(&match, samples, ARRAY_LENGTH(samples));
	assert_true(match_awaits(&match, KIND_HEARTBEAT));
	assert_false(match_awaits(&match, KIND_PROBLEM));
	assert_false(match_awaits(&match, KIND_RECOVERY));
	assert_false(match_awaits(&match, KIND_ACKNOWLEDGEMENT));
	match_free(&match);
}

struct reading {
	enum mismatch mismatch;
	const char *why; /* a part of the text */
	const char *body;
};

static void readings_check(const struct match *match, const struct reading *readings, size_t count)
{
	struct explanation explanation;

	for (size_t i = 0; i < count; i++) {
		match_explain(match, readings[i].body, &explanation);
		assert_int_equal(explanation.kind, match_body(match, readings[i].body));
		if (explanation.mismatch != readings[i].mismatch ||
			strstr(explanation.text, readings[i].why) == NULL)
			fail_msg("%s: explained as %d, %s", readings[i].body, explanation.mismatch,
				explanation.text);
	}
}

static void the_nearest_reason_is_given(void **state)
{
	static const struct reading readings[] = {
		{MISMATCH_NONE, "in a format of Flapjack",
			"Problem: flapjack: ACKID 1, \"Flapper\" on " ENTITY " is Critical, x"},
		{MISMATCH_NONE, "in a format of Flapjack",
			"Recovery: \"" ENTITY ":Flapper\" is OK"},
		{MISMATCH_OOBETET, "an oobetet", "oobetet on vm, started at noon: watching"},
		{MISMATCH_OOBETET, "an oobetet", "Flapjack Self Monitoring is OK (it was"},
		{MISMATCH_TEXT, "does not begin with Problem:", "hello"},
		{MISMATCH_TEXT, "does not begin with", "I see: Problem: \"Flapper\" on " ENTITY},
		{MISMATCH_TEST, "a test", "Test: \"Flapper\" on " ENTITY ", testing"},
		{MISMATCH_ROLLUP, "rollup_threshold",
			"Problem summary: Critical: 2 (Critical: ru:A, ru:B)"},
		{MISMATCH_NAME, "no check in quotation marks", "Problem: Flapper is Critical"},
		{MISMATCH_NAME, "no 'is ' follows", "Problem: \"Flapper\" on " ENTITY},
		{MISMATCH_NAME, "no 'has been acknowledged' follows",
			"Acknowledgement: \"Flapper\" on " ENTITY " is OK"},
		{MISMATCH_BOTH, "about \"Other\" on web", "Problem: \"Other\" on web is Critical"},
		{MISMATCH_BOTH, "about \"web:Other\"", "Problem: \"web:Other\" is Critical"},
		/* another check, whose summary quotes ours */
		{MISMATCH_BOTH, "about \"Other\" on web",
			"Problem: \"Other\" on web is Critical, \"Flapper\" on " ENTITY
			" is Critical"},
		{MISMATCH_CHECK, "the check is \"Flaper\", not \"Flapper\"",
			"Problem: \"Flaper\" on " ENTITY " is Critical"},
		{MISMATCH_CHECK, "\"flapper\", not \"Flapper\": upper and lower case",
			"Problem: \"flapper\" on " ENTITY " is Critical"},
		{MISMATCH_CHECK, "the check is \"Flaper\"",
			"Recovery: \"" ENTITY ":Flaper\" is OK"},
		{MISMATCH_ENTITY, "the entity is " ENTITY "2, not " ENTITY,
			"Problem: \"Flapper\" on " ENTITY "2 is Critical"},
		{MISMATCH_ENTITY, "the entity is web, not", "Recovery: \"web:Flapper\" is OK"},
	};
	static const struct reading whole[] = {
		{MISMATCH_NONE, "", "Recovery: \"Flapper\" is OK"},
		{MISMATCH_ENTITY, "names the entity web: set watched_entity",
			"Recovery: \"Flapper\" on web is OK"},
		{MISMATCH_CHECK, "the check is \"web:Flapper\"", "Recovery: \"web:Flapper\" is OK"},
		{MISMATCH_BOTH, "about \"x\" on web", "Recovery: \"x\" on web is OK"},
	};

	(void)state;
	readings_check(&flapper, readings, ARRAY_LENGTH(readings));
	readings_check(&(struct match){.check = "Flapper"}, whole, ARRAY_LENGTH(whole));
}

static void the_reason_tells_of_patterns(void **state)
{
	static const struct reading readings[] = {
		{MISMATCH_NONE, "problem_pattern matches", "[FIRING:1] Flapper"},
		{MISMATCH_NONE, "recovery_pattern matches", "[RESOLVED] Flapper"},
		{MISMATCH_TEXT, "no pattern matches", "[FIRING:1] Flaper"},
		{MISMATCH_PATTERN, "which recovery_pattern replaces",
			"Recovery: \"Flapper\" on web is OK"},
		{MISMATCH_NONE, "in a format of Flapjack",
			"Acknowledgement: \"Flapper\" on web has been acknowledged"},
	};
	static const struct reading heartbeat = {MISMATCH_PATTERN, "heartbeat_pattern replaces",
		"Problem: \"Flapper\" on web is Critical"};
	struct match match = {.check = "Flapper", .entity = "web"};
	struct reason why;

	(void)state;
	assert_true(match_pattern(&match, KIND_PROBLEM, "^\\[FIRING:[0-9]+\\] Flapper", &why));
	assert_true(match_pattern(&match, KIND_RECOVERY, "^\\[RESOLVED\\] Flapper", &why));
	readings_check(&match, readings, ARRAY_LENGTH(readings));
	match_free(&match);
	assert_true(match_pattern(&match, KIND_HEARTBEAT, "^Watchdog", &why));
	readings_check(&match, &heartbeat, 1);
	match_free(&match);
}

static void what_a_reason_quotes_is_clean(void **state)
{
	struct explanation explanation;

	(void)state;
	match_explain(&flapper, "Problem: \"\033[31m\n\377\" on web is Critical", &explanation);
	assert_int_equal(explanation.mismatch, MISMATCH_BOTH);
	assert_string_equal(explanation.text, "it is about \" \357\277\275\" on web");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_formats_of_flapjack_match),
		cmocka_unit_test(only_the_check_is_case_sensitive),
		cmocka_unit_test(similar_texts_do_not_match),
		cmocka_unit_test(a_check_may_contain_quotation_marks),
		cmocka_unit_test(the_check_alone_matches_without_an_entity),
		cmocka_unit_test(patterns_replace_the_built_in_formats),
		cmocka_unit_test(a_heartbeat_pattern_matches_one_kind_only),
		cmocka_unit_test(texts_of_oobetet_do_not_match),
		cmocka_unit_test(the_nearest_reason_is_given),
		cmocka_unit_test(the_reason_tells_of_patterns),
		cmocka_unit_test(what_a_reason_quotes_is_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Flapjack's rules for events (t/tools/flapjack-event.h): the table was recorded from both
 * versions. */
#include "t/unit/unit.h"

#include "t/tools/flapjack-event.h"

#include <string.h>

#define FULL "\"type\":\"service\",\"entity\":\"foo\",\"check\":\"PING\",\"state\":\"ok\""
#define WITH(key) "{" FULL ",\"" key "}"

static enum verdict verdict_of(enum flapjack_version version, const char *text, struct reason *why)
{
	return flapjack_event_judge(version, text, strlen(text), why);
}

static void verdicts_match_each_version(void **state)
{
	static const struct {
		const char *event;
		enum verdict by_1, by_2;
	} cases[] = {
		{"{" FULL "}", EVENT_TAKEN, EVENT_TAKEN},
		{"{\"check\":\"PING\",\"state\":\"OK\"}", EVENT_REJECTED, EVENT_TAKEN},
		{"{\"entity\":\"foo\",\"state\":\"OK\"}", EVENT_REJECTED, EVENT_REJECTED},
		{WITH("time\":1429505587"), EVENT_TAKEN, EVENT_TAKEN},
		{WITH("time\":\"1429505587\""), EVENT_TAKEN, EVENT_TAKEN},
		{WITH("time\":1.5"), EVENT_REJECTED, EVENT_REJECTED},
		{WITH("time\":\"\""), EVENT_REJECTED, EVENT_REJECTED},
		{WITH("time\":\"2015-04-20T14:29:56Z\""), EVENT_REJECTED, EVENT_REJECTED},
		{WITH("ttl\":30"), EVENT_REJECTED, EVENT_REJECTED},
		{WITH("tags\":[\"a\",\"b\"]"), EVENT_TAKEN, EVENT_TAKEN},
		{WITH("tags\":null"), EVENT_TAKEN, EVENT_TAKEN},
		{WITH("tags\":\"apps\""), EVENT_REJECTED, EVENT_REJECTED},
		{WITH("tags\":[1]"), EVENT_REJECTED, EVENT_REJECTED},
		{WITH("perfdata\":\"\""), EVENT_TAKEN, EVENT_TAKEN},
		{WITH("perfdata\":\"a=1\""), EVENT_TAKEN, EVENT_DEADLY},
		{WITH("perfdata\":\"a=1\",\"ttl\":1"), EVENT_REJECTED, EVENT_REJECTED},
		{WITH("initial_failure_delay\":0"), EVENT_TAKEN, EVENT_TAKEN},
		{WITH("initial_recovery_delay\":0"), EVENT_REJECTED, EVENT_TAKEN},
		{WITH("state\":\"CriTical\""), EVENT_TAKEN, EVENT_TAKEN},
		{WITH("state\":\"up\""), EVENT_REJECTED, EVENT_REJECTED},
		{WITH("state\":\" ok \""), EVENT_REJECTED, EVENT_REJECTED},
		{WITH("state\":0"), EVENT_REJECTED, EVENT_DEADLY},
		{WITH("check\":7"), EVENT_REJECTED, EVENT_DEADLY},
		{WITH("state\":\"test_notifications\""), EVENT_REJECTED, EVENT_TAKEN},
		{WITH("state\":\"test_notifications critical\""), EVENT_REJECTED, EVENT_DEADLY},
		{"[{" FULL "}]", EVENT_DEADLY, EVENT_REJECTED},
		{"null", EVENT_REJECTED, EVENT_DEADLY},
		{"{\"half\":", EVENT_REJECTED, EVENT_REJECTED},
		{"", EVENT_REJECTED, EVENT_REJECTED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct reason why = {"no reason"};

		if (verdict_of(FLAPJACK_1, cases[i].event, &why) != cases[i].by_1)
			fail_msg("Flapjack 1, %s: %s", cases[i].event, why.text);
		if (verdict_of(FLAPJACK_2, cases[i].event, &why) != cases[i].by_2)
			fail_msg("Flapjack 2, %s: %s", cases[i].event, why.text);
	}
}

static void reasons_contain_the_key(void **state)
{
	struct reason why;

	(void)state;
	verdict_of(FLAPJACK_2, WITH("ttl\":30"), &why);
	assert_string_equal(why.text, "Flapjack 2 has no key 'ttl'");
	verdict_of(FLAPJACK_1, "{\"check\":\"PING\",\"state\":\"OK\"}", &why);
	assert_string_equal(why.text, "'type' is missing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_match_each_version),
		cmocka_unit_test(reasons_contain_the_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

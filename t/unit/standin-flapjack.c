/* SPDX-License-Identifier: MIT */
/* The pure parts of flapjack-standin: the table and the messages were recorded from Flapjack. */
#include "t/unit/unit.h"

#include "t/tools/flapjack-alerts.h"

#include <stdlib.h>
#include <string.h>

#define FULL "\"type\":\"service\",\"entity\":\"foo\",\"check\":\"PING\",\"state\":\"ok\""
#define WITH(key) "{" FULL ",\"" key "}"

static enum verdict verdict_of(enum flapjack_version version, const char *text, struct reason *why)
{
	struct flapjack_event event;
	enum verdict verdict = flapjack_event_read(version, text, strlen(text), &event, why);

	if (verdict == EVENT_TAKEN)
		flapjack_event_free(&event);
	return verdict;
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

/* Passes an event to `alerts` at that second and compares the message; NULL: none. */
static void expect(struct alerts *alerts, enum flapjack_version version, int second,
	const char *entity, const char *state, const char *more, const char *expected)
{
	struct flapjack_event event;
	struct reason why;
	char text[512];

	snprintf(text, sizeof text,
		"{\"type\":\"service\",\"entity\":\"%s\",\"check\":\"Flapper\",\"state\":\"%s\"%s}",
		entity, state, more);
	assert_int_equal(
		flapjack_event_read(version, text, strlen(text), &event, &why), EVENT_TAKEN);
	char *message = alerts_take(alerts, &event, second * NSEC_PER_SEC);
	if (expected == NULL)
		assert_null(message);
	else
		assert_string_equal(message, expected);
	free(message);
	flapjack_event_free(&event);
}

static void version_2_sends_on_state_changes_only(void **state)
{
	struct alerts *alerts = alerts_new(FLAPJACK_2, 0);
	const char *problem = "Problem: flapjack: ACKID , \"Host:Flapper\" is Critical";
	const char *recovery = "Recovery: \"Host:Flapper\" is OK";

	(void)state;
	expect(alerts, FLAPJACK_2, 0, "Host", "ok", "", NULL);
	expect(alerts, FLAPJACK_2, 1, "Host", "critical", ",\"summary\":\"refused\"", problem);
	expect(alerts, FLAPJACK_2, 2, "Host", "critical", "", NULL);
	expect(alerts, FLAPJACK_2, 3, "Host", "warning", "",
		"Problem: flapjack: ACKID , \"Host:Flapper\" is Warning");
	expect(alerts, FLAPJACK_2, 4, "Host", "ok", "", recovery);
	expect(alerts, FLAPJACK_2, 5, "Host", "OK", "", NULL);
	expect(alerts, FLAPJACK_2, 6, "Host", "unknown", "",
		"Problem: flapjack: ACKID , \"Host:Flapper\" is Unknown");
	expect(alerts, FLAPJACK_2, 7, "other", "ok", "", NULL);
	alerts_free(alerts);
}

static void version_1_has_its_own_messages(void **state)
{
	struct alerts *alerts = alerts_new(FLAPJACK_1, 0);

	(void)state;
	expect(alerts, FLAPJACK_1, 0, "Host.Example", "critical",
		",\"summary\":\"Connection refused\"",
		"Problem: flapjack: ACKID 9e3779b1, \"Flapper\" on host.example is Critical, "
		"Connection refused");
	expect(alerts, FLAPJACK_1, 1, "Host.Example", "acknowledgement",
		",\"duration\":5430,\"summary\":\"looking into it\"",
		"Acknowledgement: \"Flapper\" on host.example has been acknowledged, unscheduled "
		"maintenance created for 1 hour 30 minutes 30 seconds, looking into it");
	expect(alerts, FLAPJACK_1, 2, "HOST.example", "warning", "", NULL);
	expect(alerts, FLAPJACK_1, 3, "Host.Example", "ok", ",\"summary\":\"TCP OK\"",
		"Recovery: \"Flapper\" on host.example is OK, TCP OK");
	expect(alerts, FLAPJACK_1, 4, "Host.Example", "unknown", "", NULL);
	expect(alerts, FLAPJACK_1, 5, "Host.Example", "ok", "", NULL);
	/* split at the first colon, even one inside the entity */
	expect(alerts, FLAPJACK_1, 6, "A:B", "critical", "",
		"Problem: flapjack: ACKID 3c6ef362, \"B:Flapper\" on a is Critical");
	alerts_free(alerts);
}

static void a_failure_must_last_for_the_delay(void **state)
{
	struct alerts *alerts = alerts_new(FLAPJACK_2, 30 * NSEC_PER_SEC);
	const char *problem = "Problem: flapjack: ACKID , \"h:Flapper\" is Critical";

	(void)state;
	expect(alerts, FLAPJACK_2, 0, "h", "critical", "", NULL);
	expect(alerts, FLAPJACK_2, 20, "h", "critical", "", NULL);
	expect(alerts, FLAPJACK_2, 25, "h", "ok", "", NULL);
	expect(alerts, FLAPJACK_2, 30, "h", "critical", "", NULL);
	expect(alerts, FLAPJACK_2, 59, "h", "critical", "", NULL);
	expect(alerts, FLAPJACK_2, 60, "h", "critical", "", problem);
	expect(alerts, FLAPJACK_2, 61, "h", "ok", "", "Recovery: \"h:Flapper\" is OK");
	expect(alerts, FLAPJACK_2, 62, "h", "critical", ",\"initial_failure_delay\":0", problem);
	alerts_free(alerts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_match_each_version),
		cmocka_unit_test(reasons_contain_the_key),
		cmocka_unit_test(version_2_sends_on_state_changes_only),
		cmocka_unit_test(version_1_has_its_own_messages),
		cmocka_unit_test(a_failure_must_last_for_the_delay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* CloudWatch's alarms, in each of the shapes in which SNS delivers them. */
#include "t/unit/unit.h"

#include "httpbroker/sns/alarm.h"
#include "t/unit/broker-formats.h"

#define DIRECT(state, more)                                                                   \
	"{\"AlarmName\":\"slow\",\"AlarmDescription\":\"call Ann\",\"AWSAccountId\":\"123\"," \
	"\"NewStateValue\":\"" state "\",\"NewStateReason\":\"Threshold Crossed\","           \
	"\"StateChangeTime\":\"2026-11-20T10:29:06.678+0000\",\"Region\":\"EU (Ireland)\","   \
	"\"OldStateValue\":\"OK\"" more "}"

static void a_metrics_alarm(void **state)
{
	struct pieces *pieces = pieces_take(2, 0,
		DIRECT("ALARM",
			",\"Trigger\":{\"MetricName\":\"Latency\",\"Namespace\":\"AWS/RDS\","
			"\"Dimensions\":[{\"value\":\"db-01\",\"name\":\"DB\"},{\"x\":1}],"
			"\"Threshold\":1.5}"));
	const struct event *event = &pieces->list[0].event;

	(void)state;
	assert_ptr_equal(pieces->format, &format_cloudwatch);
	assert_int_equal(pieces->count, 1);
	assert_event(pieces, 0, "slow", "Latency", "critical");
	assert_text(event->summary, "Threshold Crossed");
	assert_text(event->details, "call Ann\naccount: 123\nregion: EU (Ireland)\n"
				    "namespace: AWS/RDS\nDB: db-01\nthreshold: 1.5");
	assert_string_equal(json_string_value(event->tags), "httpbroker");
	assert_int_equal(event->time, 1795170546);
	assert_int_equal(event->ttl, EVENT_TTL_NEVER);
	pieces_free(pieces);
}

static void assert_state(const char *json, const char *check, const char *expected)
{
	struct pieces *pieces = pieces_take(2, 60, json);

	assert_event(pieces, 0, "slow", check, expected);
	assert_int_equal(pieces->list[0].event.ttl, 60);
	pieces_free(pieces);
}

static void what_the_states_are(void **state)
{
	(void)state;
	assert_state(DIRECT("OK", ""), "slow", "ok");
	assert_state(DIRECT("ALARM", ""), "slow", "critical");
	assert_state(DIRECT("INSUFFICIENT_DATA", ""), "slow", "unknown");
	assert_refused(
		2, DIRECT("Ok", ""), "the alarm's state is none of OK, ALARM, INSUFFICIENT_DATA");
}

static void without_a_metric_the_check_is_the_alarm(void **state)
{
	struct pieces *pieces = pieces_take(1, 0,
		DIRECT("ALARM",
			",\"AlarmRule\":\"ALARM(a) OR ALARM(b)\",\"TriggeringChildren\":[]"));

	(void)state;
	assert_event(pieces, 0, "slow", "slow", "critical");
	assert_text(pieces->list[0].event.details,
		"call Ann\naccount: 123\nregion: EU (Ireland)\nrule: ALARM(a) OR ALARM(b)");
	pieces_free(pieces);
	assert_state(
		DIRECT("ALARM", ",\"Trigger\":{\"Metrics\":[{\"Id\":\"m1\"},{\"Id\":\"e1\"}]}"),
		"slow", "critical");
}

#define EVENTBRIDGE(metrics)                                                                       \
	"{\"version\":\"0\",\"detail-type\":\"CloudWatch Alarm State Change\","                    \
	"\"source\":\"aws.cloudwatch\",\"account\":\"123\",\"region\":\"eu-west-1\","              \
	"\"detail\":{\"alarmName\":\"slow\",\"state\":{\"value\":\"ALARM\",\"reason\":\"10 > 5\"," \
	"\"timestamp\":\"2026-11-20T10:29:06.678+0000\"},\"previousState\":{\"value\":\"OK\"},"    \
	"\"configuration\":{\"description\":\"call Ann\",\"metrics\":[" metrics "]}}}"

#define METRIC                                                                         \
	"{\"metricStat\":{\"metric\":{\"name\":\"Latency\",\"namespace\":\"AWS/RDS\"," \
	"\"dimensions\":{\"DB\":\"db-01\"}}}}"

static void through_eventbridge(void **state)
{
	struct pieces *pieces = pieces_take(2, 0, EVENTBRIDGE(METRIC));
	const struct event *event = &pieces->list[0].event;

	(void)state;
	assert_event(pieces, 0, "slow", "Latency", "critical");
	assert_text(event->summary, "10 > 5");
	assert_text(event->details, "call Ann\naccount: 123\nregion: eu-west-1\n"
				    "namespace: AWS/RDS\nDB: db-01");
	assert_int_equal(event->time, 1795170546);
	pieces_free(pieces);
	assert_state(EVENTBRIDGE(METRIC "," METRIC), "slow", "critical");
	assert_state(EVENTBRIDGE(""), "slow", "critical");
}

static void what_is_no_alarm_is_not_taken_for_one(void **state)
{
	struct pieces *pieces = pieces_take(2, 0,
		"{\"AlarmName\":\"a\",\"NewStateValue\":\"OK\",\"entity\":\"e\","
		"\"check\":\"c\",\"state\":\"ok\"}");

	(void)state;
	assert_ptr_equal(pieces->format, &format_flapjack);
	pieces_free(pieces);
	assert_refused(2, "{\"AlarmName\":\"\",\"NewStateValue\":\"OK\"}", "the alarm has no name");
	assert_refused(2, "{\"AlarmName\":1,\"NewStateValue\":\"OK\"}", "the alarm has no name");
	assert_refused(2, "{\"AlarmName\":\"a\"}", "this is no event: 'entity' is missing");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_metrics_alarm),
		cmocka_unit_test(what_the_states_are),
		cmocka_unit_test(without_a_metric_the_check_is_the_alarm),
		cmocka_unit_test(through_eventbridge),
		cmocka_unit_test(what_is_no_alarm_is_not_taken_for_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

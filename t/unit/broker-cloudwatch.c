/* SPDX-License-Identifier: MIT */
/* CloudWatch's alarms, in each of the shapes in which SNS delivers them. */
#include "t/unit/unit.h"

#include "httpbroker/sns/cloudwatch.h"
#include "t/unit/broker-formats.h"

#include <string.h>

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

/* The alarm is the check, and its details end so. */
static void assert_without_metric(const char *json, const char *expected)
{
	struct pieces *pieces = pieces_take(1, 0, json);
	struct text details = pieces->list[0].event.details;
	const char *begin = strstr(details.bytes, "region: ");

	assert_event(pieces, 0, "slow", "slow", "critical");
	assert_non_null(begin);
	assert_string_equal(strchr(begin, '\n') + 1, expected);
	pieces_free(pieces);
}

static void of_several_metrics(void **state)
{
	(void)state;
	assert_without_metric(
		DIRECT("ALARM",
			",\"Trigger\":{\"Threshold\":5,\"Metrics\":[{\"Expression\":\"m1 / 60\","
			"\"Id\":\"e1\",\"ReturnData\":true},{\"Id\":\"m1\",\"MetricStat\":{"
			"\"Metric\":{\"Dimensions\":[{\"value\":\"lb\",\"name\":\"LB\"},"
			"{\"value\":\"a\",\"name\":\"AZ\"}],\"MetricName\":\"5XX\",\"Namespace\":"
			"\"AWS/ELB\"},\"Period\":60,\"Stat\":\"Sum\"},\"ReturnData\":false}]}"),
		"threshold: 5\ne1: m1 / 60\nm1: AWS/ELB 5XX, LB: lb, AZ: a");
	assert_without_metric(
		DIRECT("ALARM", ",\"Trigger\":{\"Threshold\":5,\"Metrics\":[1,{},{\"Id\":\"m1\"},"
				"{\"Id\":1,\"Expression\":\"x\"},{\"MetricStat\":{\"Metric\":{"
				"\"MetricName\":\"y\"}}}]}"),
		"threshold: 5\nx\ny");
}

static void of_other_alarms(void **state)
{
	(void)state;
	assert_without_metric(DIRECT("ALARM", ",\"AlarmRule\":\"ALARM(a) OR ALARM(b)\","
					      "\"TriggeringChildren\":[]"),
		"rule: ALARM(a) OR ALARM(b)");
	assert_without_metric(
		DIRECT("ALARM",
			",\"AlarmRule\":\"ALARM(a)\",\"TriggeringChildren\":[{\"Arn\":\"arn:a\","
			"\"State\":{\"Value\":\"ALARM\",\"Timestamp\":\"x\"}},{\"Arn\":[]},"
			"{\"Arn\":\"arn:b\"}]"),
		"rule: ALARM(a)\nALARM: arn:a\narn:b");
}

#define EVENTBRIDGE(metrics)                                                                       \
	"{\"version\":\"0\",\"detail-type\":\"CloudWatch Alarm State Change\","                    \
	"\"source\":\"aws.cloudwatch\",\"account\":\"123\",\"region\":\"eu-west-1\","              \
	"\"detail\":{\"alarmName\":\"slow\",\"state\":{\"value\":\"ALARM\",\"reason\":\"10 > 5\"," \
	"\"timestamp\":\"2026-11-20T10:29:06.678+0000\"},\"previousState\":{\"value\":\"OK\"},"    \
	"\"configuration\":{\"description\":\"call Ann\",\"metrics\":[" metrics "]}}}"

#define METRIC(id)                                                                           \
	"{\"id\":\"" id "\",\"metricStat\":{\"metric\":{\"name\":\"Latency\",\"namespace\":" \
	"\"AWS/RDS\",\"dimensions\":{\"DB\":\"db-01\"}}}}"

static void through_eventbridge(void **state)
{
	struct pieces *pieces = pieces_take(2, 0, EVENTBRIDGE(METRIC("m1")));
	const struct event *event = &pieces->list[0].event;

	(void)state;
	assert_event(pieces, 0, "slow", "Latency", "critical");
	assert_text(event->summary, "10 > 5");
	assert_text(event->details, "call Ann\naccount: 123\nregion: eu-west-1\n"
				    "namespace: AWS/RDS\nDB: db-01");
	assert_int_equal(event->time, 1795170546);
	pieces_free(pieces);
	assert_state(EVENTBRIDGE(""), "slow", "critical");
	assert_without_metric(
		EVENTBRIDGE(METRIC("m1") ",{\"id\":\"e1\",\"expression\":\"m1 / 60\"}"),
		"m1: AWS/RDS Latency, DB: db-01\ne1: m1 / 60");
	assert_without_metric(
		EVENTBRIDGE("{\"id\":\"q1\",\"expression\":\"SELECT 1\"}"), "q1: SELECT 1");
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
		cmocka_unit_test(of_several_metrics),
		cmocka_unit_test(of_other_alarms),
		cmocka_unit_test(through_eventbridge),
		cmocka_unit_test(what_is_no_alarm_is_not_taken_for_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

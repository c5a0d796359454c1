/* SPDX-License-Identifier: MIT */
/* CloudWatch alarms, in each format delivered by SNS. */
#include "t/unit/unit.h"

#include "httpbroker/formats/format.h"
#include "t/unit/broker-formats.h"

#include <string.h>

#define DIRECT(state, more)                                                                   \
	"{\"AlarmName\":\"slow\",\"AlarmDescription\":\"call Ann\",\"AWSAccountId\":\"123\"," \
	"\"NewStateValue\":\"" state "\",\"NewStateReason\":\"Threshold Crossed\","           \
	"\"StateChangeTime\":\"2026-11-20T10:29:06.678+0000\",\"Region\":\"EU (Ireland)\","   \
	"\"OldStateValue\":\"OK\"" more "}"

static void a_metric_alarm_is_an_event(void **state)
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
	assert_event(pieces, 0, "slow", "Latency{account=123,region=EU (Ireland)}", "critical");
	assert_text(event->former_entity, "slow");
	assert_text(event->former_check, "Latency");
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

#define SLOW "slow{account=123,region=EU (Ireland)}"

static void alarm_states_are_mapped_to_states(void **state)
{
	(void)state;
	assert_state(DIRECT("OK", ""), SLOW, "ok");
	assert_state(DIRECT("ALARM", ""), SLOW, "critical");
	assert_state(DIRECT("INSUFFICIENT_DATA", ""), SLOW, "unknown");
	assert_refused(2, DIRECT("Ok", ""),
		"the alarm's state is not one of OK, ALARM, INSUFFICIENT_DATA");
}

/* The check is named after the alarm; the details end with `expected`. */
static void assert_without_metric(const char *json, const char *check, const char *expected)
{
	struct pieces *pieces = pieces_take(1, 0, json);
	struct text details = pieces->list[0].event.details;
	const char *begin = strstr(details.bytes, "region: ");

	assert_event(pieces, 0, "slow", check, "critical");
	assert_text(pieces->list[0].event.former_check, "slow");
	assert_non_null(begin);
	assert_string_equal(strchr(begin, '\n') + 1, expected);
	pieces_free(pieces);
}

static void an_alarm_of_several_metrics_is_an_event(void **state)
{
	(void)state;
	assert_without_metric(
		DIRECT("ALARM",
			",\"Trigger\":{\"Threshold\":5,\"Metrics\":[{\"Expression\":\"m1 / 60\","
			"\"Id\":\"e1\",\"ReturnData\":true},{\"Id\":\"m1\",\"MetricStat\":{"
			"\"Metric\":{\"Dimensions\":[{\"value\":\"lb\",\"name\":\"LB\"},"
			"{\"value\":\"a\",\"name\":\"AZ\"}],\"MetricName\":\"5XX\",\"Namespace\":"
			"\"AWS/ELB\"},\"Period\":60,\"Stat\":\"Sum\"},\"ReturnData\":false}]}"),
		SLOW, "threshold: 5\ne1: m1 / 60\nm1: AWS/ELB 5XX, LB: lb, AZ: a");
	assert_without_metric(
		DIRECT("ALARM", ",\"Trigger\":{\"Threshold\":5,\"Metrics\":[1,{},{\"Id\":\"m1\"},"
				"{\"Id\":1,\"Expression\":\"x\"},{\"MetricStat\":{\"Metric\":{"
				"\"MetricName\":\"y\"}}}]}"),
		SLOW, "threshold: 5\nx\ny");
}

static void a_composite_alarm_is_an_event(void **state)
{
	(void)state;
	assert_without_metric(DIRECT("ALARM", ",\"AlarmRule\":\"ALARM(a) OR ALARM(b)\","
					      "\"TriggeringChildren\":[]"),
		SLOW, "rule: ALARM(a) OR ALARM(b)");
	assert_without_metric(
		DIRECT("ALARM",
			",\"AlarmRule\":\"ALARM(a)\",\"TriggeringChildren\":[{\"Arn\":\"arn:a\","
			"\"State\":{\"Value\":\"ALARM\",\"Timestamp\":\"x\"}},{\"Arn\":[]},"
			"{\"Arn\":\"arn:b\"}]"),
		SLOW, "rule: ALARM(a)\nALARM: arn:a\narn:b");
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

#define SLOW_IRELAND "slow{account=123,region=eu-west-1}"

static void an_alarm_from_eventbridge_is_an_event(void **state)
{
	struct pieces *pieces = pieces_take(2, 0, EVENTBRIDGE(METRIC("m1")));
	const struct event *event = &pieces->list[0].event;

	(void)state;
	assert_event(pieces, 0, "slow", "Latency{account=123,region=eu-west-1}", "critical");
	assert_text(event->former_check, "Latency");
	assert_text(event->summary, "10 > 5");
	assert_text(event->details, "call Ann\naccount: 123\nregion: eu-west-1\n"
				    "namespace: AWS/RDS\nDB: db-01");
	assert_int_equal(event->time, 1795170546);
	pieces_free(pieces);
	assert_state(EVENTBRIDGE(""), SLOW_IRELAND, "critical");
	assert_without_metric(
		EVENTBRIDGE(METRIC("m1") ",{\"id\":\"e1\",\"expression\":\"m1 / 60\"}"),
		SLOW_IRELAND, "m1: AWS/RDS Latency, DB: db-01\ne1: m1 / 60");
	assert_without_metric(EVENTBRIDGE("{\"id\":\"q1\",\"expression\":\"SELECT 1\"}"),
		SLOW_IRELAND, "q1: SELECT 1");
}

#define ARN(region, account) "arn:aws:cloudwatch:" region ":" account ":alarm:slow"
#define WITH_ARN(arn) ",\"AlarmArn\":\"" arn "\""

/* The same name in two regions or accounts, delivered directly or by EventBridge. */
static void names_are_unique_across_regions_and_accounts(void **state)
{
	char both[2048];

	(void)state;
	assert_state(DIRECT("ALARM", WITH_ARN(ARN("eu-west-1", "111111111111"))),
		"slow{account=111111111111,region=eu-west-1}", "critical");
	assert_state(DIRECT("OK", WITH_ARN(ARN("us-east-1", "111111111111"))),
		"slow{account=111111111111,region=us-east-1}", "ok");
	assert_state(DIRECT("OK", WITH_ARN("arn:aws-cn:cloudwatch:cn-north-1::alarm:slow")),
		"slow{account=123,region=cn-north-1}", "ok");
	assert_state(DIRECT("OK", WITH_ARN("arn:")), SLOW, "ok");
	assert_state(DIRECT("OK", ",\"AlarmArn\":7"), SLOW, "ok");
	snprintf(both, sizeof both, "{\"resources\":[\"%s\"],%s", ARN("us-east-1", "222222222222"),
		&EVENTBRIDGE(METRIC("m1"))[1]);
	assert_state(both, "Latency{account=222222222222,region=us-east-1}", "critical");
}

/* A list of one metric must give the same check name as a single metric. */
static void a_list_of_one_metric_is_read_as_a_single_metric(void **state)
{
	struct pieces *pieces = pieces_take(2, 0,
		DIRECT("ALARM",
			WITH_ARN(ARN("eu-west-1",
				"123")) ",\"Trigger\":{\"Threshold\":5,\"Metrics\":[{\"Id\":\"m1\",\"MetricStat\":{"
					"\"Metric\":{\"Dimensions\":[{\"value\":\"db-01\",\"name\":\"DB\"}],"
					"\"MetricName\":\"Latency\",\"Namespace\":\"AWS/RDS\"},\"Period\":60,"
					"\"Stat\":\"Sum\"},\"ReturnData\":true}]}"));

	(void)state;
	assert_event(pieces, 0, "slow", "Latency{account=123,region=eu-west-1}", "critical");
	assert_text(pieces->list[0].event.former_check, "slow");
	assert_text(pieces->list[0].event.details, "call Ann\naccount: 123\nregion: EU (Ireland)\n"
						   "namespace: AWS/RDS\nDB: db-01\nthreshold: 5");
	pieces_free(pieces);
}

/* The sender ignores refusals; the description is that of the problem. */
static void invalid_optional_values_are_repaired(void **state)
{
	struct pieces *pieces = pieces_take(2, 0,
		"{\"AlarmName\":\"\",\"NewStateValue\":\"OK\",\"NewStateReason\":\"fine\","
		"\"AlarmDescription\":\"broken\",\"AlarmArn\":\"arn:aws:cloudwatch:eu-west-1:1:alarm:a: \\\"b\\\"\"}");

	(void)state;
	assert_event(pieces, 0, "a: 'b'", "a_ 'b'{account=1,region=eu-west-1}", "ok");
	assert_text(pieces->list[0].event.summary, "fine");
	assert_null(pieces->list[0].event.details.bytes);
	pieces_free(pieces);
}

static void other_documents_are_not_alarms(void **state)
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
		cmocka_unit_test(a_metric_alarm_is_an_event),
		cmocka_unit_test(alarm_states_are_mapped_to_states),
		cmocka_unit_test(an_alarm_of_several_metrics_is_an_event),
		cmocka_unit_test(a_composite_alarm_is_an_event),
		cmocka_unit_test(an_alarm_from_eventbridge_is_an_event),
		cmocka_unit_test(names_are_unique_across_regions_and_accounts),
		cmocka_unit_test(a_list_of_one_metric_is_read_as_a_single_metric),
		cmocka_unit_test(invalid_optional_values_are_repaired),
		cmocka_unit_test(other_documents_are_not_alarms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

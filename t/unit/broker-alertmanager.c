/* SPDX-License-Identifier: MIT */
/* What Prometheus's Alertmanager and Grafana post. */
#include "t/unit/unit.h"

#include "common/buffer.h"
#include "t/unit/broker-formats.h"

/* A document of version 4 with these alerts, as Alertmanager writes it. */
static struct pieces *group(int32_t ttl, const char *alerts)
{
	struct buffer json = {NULL, 0, 0};

	buffer_printf(&json,
		"{\"receiver\":\"quietnight\",\"status\":\"firing\",\"alerts\":[%s],"
		"\"groupLabels\":{\"alertname\":\"DiskFull\"},\"commonLabels\":{},"
		"\"commonAnnotations\":{},\"externalURL\":\"http://am.example.org:9093\","
		"\"version\":\"4\",\"groupKey\":\"{}:{alertname=\\\"DiskFull\\\"}\","
		"\"truncatedAlerts\":0}",
		alerts);
	struct pieces *pieces = pieces_take(2, ttl, json.data);
	buffer_free(&json);
	return pieces;
}

#define ALERT(status, labels)                                                            \
	"{\"status\":\"" status "\",\"labels\":{" labels                                 \
	"},\"annotations\":{\"summary\":\"s\",\"description\":\"d\"},"                   \
	"\"startsAt\":\"2026-11-20T10:29:06.123Z\",\"endsAt\":\"0001-01-01T00:00:00Z\"," \
	"\"generatorURL\":\"http://prometheus/graph\",\"fingerprint\":\"c0ffee\"}"

#define NAMED "\"alertname\":\"DiskFull\",\"instance\":\"db-01:9100\""

static void each_alert_is_an_event(void **state)
{
	struct pieces *pieces = group(0,
		ALERT("firing", NAMED ",\"severity\":\"warning\"") "," ALERT("resolved",
			"\"alertname\":\"Down\",\"job\":\"node\",\"severity\":\"critical\"") "," ALERT("firing",
			"\"alertname\":\"Down\",\"host\":\"db-02\",\"severity\":\"page\"") "," ALERT("firing",
			"\"alertname\":\"Watchdog\""));

	(void)state;
	assert_ptr_equal(pieces->format, &format_alertmanager);
	assert_int_equal(pieces->count, 4);
	assert_event(pieces, 0, "db-01:9100", "DiskFull", "warning");
	assert_event(pieces, 1, "node", "Down", "ok");
	assert_event(pieces, 2, "db-02", "Down", "critical");
	assert_event(pieces, 3, "alertmanager", "Watchdog", "critical");
	assert_text(pieces->list[0].event.summary, "s");
	assert_text(pieces->list[0].event.details, "d");
	pieces_free(pieces);
}

static void it_is_of_now_and_never_stale_unless_told_otherwise(void **state)
{
	struct pieces *pieces = group(0, ALERT("firing", NAMED));

	(void)state;
	assert_int_equal(pieces->list[0].event.time, NOW);
	assert_int_equal(pieces->list[0].event.ttl, EVENT_TTL_NEVER);
	pieces_free(pieces);
	pieces = group(18000, ALERT("firing", NAMED));
	assert_int_equal(pieces->list[0].event.ttl, 18000);
	pieces_free(pieces);
}

static void the_instance_is_the_entity_before_job_and_host(void **state)
{
	struct pieces *pieces = group(0,
		ALERT("firing", "\"alertname\":\"a\",\"host\":\"h\",\"job\":\"j\",\"instance\":\"i\"") "," ALERT(
			"firing", "\"alertname\":\"a\",\"job\":\"j\",\"host\":\"h\""));

	(void)state;
	assert_event(pieces, 0, "i", "a", "critical");
	assert_event(pieces, 1, "j", "a", "critical");
	pieces_free(pieces);
}

/* /var is full, / no longer is: the check is not ok. */
static void the_worst_alert_speaks_for_a_check(void **state)
{
	struct pieces *pieces = group(
		0, ALERT("resolved", NAMED ",\"mountpoint\":\"/\"") "," ALERT("firing", NAMED
			   ",\"mountpoint\":\"/srv\",\"severity\":\"warning\"") "," ALERT("firing",
			   NAMED ",\"mountpoint\":\"/var\"") "," ALERT("firing",
			   NAMED ",\"mountpoint\":\"/tmp\"") "," ALERT("resolved",
			   "\"alertname\":\"DiskFull\",\"instance\":\"db-02:9100\""));

	(void)state;
	assert_int_equal(pieces->count, 5);
	assert_passed(pieces, 0, PASSED_WORSE);
	assert_passed(pieces, 1, PASSED_WORSE);
	assert_event(pieces, 2, "db-01:9100", "DiskFull", "critical");
	assert_passed(pieces, 3, PASSED_WORSE);
	assert_event(pieces, 4, "db-02:9100", "DiskFull", "ok");
	pieces_free(pieces);
}

static void a_bad_alert_does_not_spoil_the_others(void **state)
{
	struct pieces *pieces = group(0,
		"7,{},{\"status\":\"firing\",\"labels\":[]},{\"status\":\"firing\",\"labels\":{}},"
		"{\"status\":\"firing\",\"labels\":{\"alertname\":7}}," ALERT(
			"pending", NAMED) "," ALERT("firing",
			"\"alertname\":\"a\",\"severity\":1") "," ALERT("firing",
			"\"alertname\":\"\"") "," ALERT("firing",
			"\"alertname\":\"a\\n\"") "," ALERT("firing", NAMED));

	(void)state;
	assert_int_equal(pieces->count, 10);
	assert_refusal(pieces, 0, "an alert is a number, not an object");
	assert_refusal(pieces, 1, "the label 'alertname' is missing");
	assert_refusal(pieces, 2, "'labels' is [], not an object");
	assert_refusal(pieces, 3, "the label 'alertname' is missing");
	assert_refusal(pieces, 4, "'alertname' is 7, not a string");
	assert_refusal(pieces, 5, "'status' is 'pending', not firing or resolved");
	assert_refusal(pieces, 6, "'severity' is 1, not a string");
	assert_refusal(pieces, 7, "'check' is empty");
	assert_refusal(pieces, 8, "'check' has a control character at byte 2");
	assert_event(pieces, 9, "db-01:9100", "DiskFull", "critical");
	pieces_free(pieces);
}

static void a_group_without_alerts_is_refused(void **state)
{
	struct pieces *pieces = group(0, "");

	(void)state;
	assert_int_equal(pieces->count, 1);
	assert_refusal(pieces, 0, "'alerts' is empty");
	pieces_free(pieces);
	assert_refused(2, "{\"alerts\":{}}", "this is no event: 'entity' is missing");
	assert_refused(
		2, "{\"alerts\":[{\"labels\":{\"alertname\":\"a\"}}]}", "'status' is missing");
}

static void the_description_serves_where_there_is_no_summary(void **state)
{
	struct pieces *pieces = pieces_take(2, 0,
		"{\"status\":\"firing\",\"alerts\":["
		"{\"labels\":{\"alertname\":\"a\"},\"annotations\":{\"description\":\"d\"}},"
		"{\"labels\":{\"alertname\":\"b\"}}]}");

	(void)state;
	assert_event(pieces, 0, "alertmanager", "a", "critical");
	assert_text(pieces->list[0].event.summary, "d");
	assert_text(pieces->list[0].event.details, "d");
	assert_event(pieces, 1, "alertmanager", "b", "critical");
	assert_null(pieces->list[1].event.summary.bytes);
	pieces_free(pieces);
}

/* Grafana's has more keys, of which some look like those of an event. */
static void grafana_is_the_same_with_more_in_it(void **state)
{
	struct pieces *pieces = pieces_take(2, 0,
		"{\"receiver\":\"hook\",\"status\":\"resolved\",\"alerts\":[{\"status\":\"resolved\","
		"\"labels\":{\"alertname\":\"High latency\",\"grafana_folder\":\"web\","
		"\"instance\":\"www-1\"},\"annotations\":{\"summary\":\"p99 is high\"},"
		"\"startsAt\":\"2026-11-20T10:29:00Z\",\"endsAt\":\"2026-11-20T10:39:00Z\","
		"\"generatorURL\":\"\",\"fingerprint\":\"57c6d9296de2ad39\","
		"\"silenceURL\":\"http://grafana/silence\",\"dashboardURL\":\"\",\"panelURL\":\"\","
		"\"values\":{\"B\":44.2},\"valueString\":\"[ var='B' ]\"}],"
		"\"groupLabels\":{},\"commonLabels\":{},\"commonAnnotations\":{},"
		"\"externalURL\":\"http://grafana/\",\"version\":\"1\",\"groupKey\":\"{}\","
		"\"truncatedAlerts\":0,\"orgId\":1,\"title\":\"[RESOLVED] High latency\","
		"\"state\":\"ok\",\"message\":\"m\"}");

	(void)state;
	assert_ptr_equal(pieces->format, &format_alertmanager);
	assert_int_equal(pieces->count, 1);
	assert_event(pieces, 0, "www-1", "High latency", "ok");
	pieces_free(pieces);
}

static void grafanas_test_makes_no_check(void **state)
{
	struct pieces *pieces = group(0,
		ALERT("firing", "\"alertname\":\"TestAlert\",\"instance\":\"Grafana\"") "," ALERT(
			"firing", "\"alertname\":\"TestAlert\",\"instance\":\"db-01\""));

	(void)state;
	assert_int_equal(pieces->count, 2);
	assert_passed(pieces, 0, PASSED_TEST);
	assert_event(pieces, 1, "db-01", "TestAlert", "critical");
	pieces_free(pieces);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_alert_is_an_event),
		cmocka_unit_test(it_is_of_now_and_never_stale_unless_told_otherwise),
		cmocka_unit_test(the_instance_is_the_entity_before_job_and_host),
		cmocka_unit_test(the_worst_alert_speaks_for_a_check),
		cmocka_unit_test(a_bad_alert_does_not_spoil_the_others),
		cmocka_unit_test(a_group_without_alerts_is_refused),
		cmocka_unit_test(the_description_serves_where_there_is_no_summary),
		cmocka_unit_test(grafana_is_the_same_with_more_in_it),
		cmocka_unit_test(grafanas_test_makes_no_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

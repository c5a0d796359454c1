/* SPDX-License-Identifier: MIT */
/* Documents of Prometheus Alertmanager and Grafana. */
#include "t/unit/unit.h"

#include "common/buffer.h"
#include "t/unit/broker-formats.h"

#include <string.h>

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
			"\"alertname\":\"Down\""));

	(void)state;
	assert_ptr_equal(pieces->format, &format_alertmanager);
	assert_int_equal(pieces->count, 4);
	assert_event(pieces, 0, "db-01:9100", "DiskFull{severity=warning}", "warning");
	assert_event(pieces, 1, "node", "Down{severity=critical}", "ok");
	assert_event(pieces, 2, "db-02", "Down{severity=page}", "critical");
	assert_event(pieces, 3, "alertmanager", "Down", "critical");
	assert_text(pieces->list[0].event.summary, "s");
	assert_text(pieces->list[0].event.details, "d");
	pieces_free(pieces);
}

static void the_time_is_now_and_the_ttl_infinite_by_default(void **state)
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

static void the_instance_label_precedes_job_and_host_as_entity(void **state)
{
	struct pieces *pieces = group(0,
		ALERT("firing", "\"alertname\":\"a\",\"host\":\"h\",\"job\":\"j\",\"instance\":\"i\"") "," ALERT(
			"firing",
			"\"alertname\":\"a\",\"job\":\"j\",\"host\":\"h\"") "," ALERT("firing",
			"\"alertname\":\"a\",\"job\":\"\",\"host\":\"h\",\"instance\":null"));

	(void)state;
	assert_event(pieces, 0, "i", "a{host=h,job=j}", "critical");
	assert_event(pieces, 1, "j", "a{host=h}", "critical");
	assert_event(pieces, 2, "h", "a", "critical");
	pieces_free(pieces);
}

/* /var is full, / no longer is; grouped by Alertmanager, or in separate documents. */
static void alerts_that_differ_in_a_label_are_separate_checks(void **state)
{
	struct pieces *pieces = group(0,
		ALERT("resolved", NAMED ",\"mountpoint\":\"/\"") "," ALERT("firing",
			NAMED ",\"severity\":\"warning\",\"mountpoint\":\"/\"") "," ALERT("firing",
			NAMED ",\"mountpoint\":\"/var\"") "," ALERT("firing",
			"\"pod\":\"web-1\",\"namespace\":\"shop\",\"alertname\":\"KubePodNotReady\"") "," ALERT("resolved",
			"\"alertname\":\"KubePodNotReady\",\"namespace\":\"ci\",\"pod\":\"job-7\""));

	(void)state;
	assert_int_equal(pieces->count, 5);
	assert_event(pieces, 0, "db-01:9100", "DiskFull{mountpoint=/}", "ok");
	assert_event(pieces, 1, "db-01:9100", "DiskFull{mountpoint=/,severity=warning}", "warning");
	assert_event(pieces, 2, "db-01:9100", "DiskFull{mountpoint=/var}", "critical");
	assert_event(
		pieces, 3, "alertmanager", "KubePodNotReady{namespace=shop,pod=web-1}", "critical");
	assert_event(pieces, 4, "alertmanager", "KubePodNotReady{namespace=ci,pod=job-7}", "ok");
	pieces_free(pieces);
}

/* The same labels twice, which Alertmanager never sends. */
static void the_worst_alert_sets_the_state_of_a_check(void **state)
{
	struct pieces *pieces =
		group(0, ALERT("resolved", NAMED) "," ALERT("firing", NAMED) "," ALERT(
				 "firing", NAMED) "," ALERT("resolved",
				 "\"alertname\":\"DiskFull\",\"instance\":\"db-02:9100\""));

	(void)state;
	assert_int_equal(pieces->count, 4);
	assert_passed(pieces, 0, SKIPPED_MERGED);
	assert_event(pieces, 1, "db-01:9100", "DiskFull", "critical");
	assert_passed(pieces, 2, SKIPPED_MERGED);
	assert_event(pieces, 3, "db-02:9100", "DiskFull", "ok");
	pieces_free(pieces);
}

#define LONG "0123456789012345678901234567890123456789"

static struct text long_name(struct pieces *pieces, size_t i)
{
	struct text check = pieces->list[i].event.check;

	assert_int_equal(check.length, 216);
	assert_memory_equal(check.bytes, "Long{a=" LONG LONG LONG LONG, 167);
	assert_int_equal(strspn(check.bytes + 200, "0123456789abcdef"), 16);
	return check;
}

/* The hash over the sorted labels distinguishes cut names. */
static void a_long_name_is_cut_and_ends_in_a_hash(void **state)
{
	struct pieces *pieces =
		group(0, ALERT("firing", "\"alertname\":\"Long\",\"a\":\"" LONG LONG LONG LONG LONG
					 "\",\"b\":\"1\"") "," ALERT("firing",
				 "\"b\":\"1\",\"a\":\"" LONG LONG LONG LONG LONG
				 "\",\"alertname\":\"Long\"") "," ALERT("firing",
				 "\"alertname\":\"Long\",\"a\":\"" LONG LONG LONG LONG LONG
				 "\",\"b\":\"2\""));
	struct pieces *umlauts =
		group(0, ALERT("firing", "\"alertname\":\"\xc3\xa4" LONG LONG LONG LONG
					 "0123456789012345678901234567890123456\xc3\xa4x\""));

	(void)state;
	struct text first = long_name(pieces, 0);
	assert_passed(pieces, 1, SKIPPED_MERGED);
	assert_memory_not_equal(first.bytes, long_name(pieces, 2).bytes, 216);
	assert_int_equal(umlauts->list[0].event.check.length, 199 + 16);
	pieces_free(pieces);
	pieces_free(umlauts);
}

/* The sender ignores refusals: an invalid name is replaced by a valid one. */
static void invalid_names_are_made_valid(void **state)
{
	struct pieces *pieces = group(0,
		ALERT("firing", "\"name\":\"replica lag\",\"instance\":\"db-2:9100\",\"cluster\":\"a\"") "," ALERT(
			"firing",
			"\"alertname\":\"Two\\nLines\",\"instance\":\"a\\nb\\u001b[1mc\"") "," ALERT("firing",
			"\"alertname\":\"\\\"a\\\": b\",\"instance\":\"\\\"x\\\"\",\"url\":\"http://h:80/\"") "," ALERT("firing",
			"\"alertname\":\"\",\"instance\":\"\\u0007\"") "," ALERT("firing",
			"\"alertname\":7,\"instance\":{\"b\":1,\"a\":2},\"severity\":1,\"x\":[true]"));

	(void)state;
	assert_int_equal(pieces->count, 5);
	assert_event(pieces, 0, "db-2:9100", "alert{cluster=a,name=replica lag}", "critical");
	assert_event(pieces, 1, "a bc", "Two Lines", "critical");
	assert_event(pieces, 2, "'x'", "'a'_ b{url=http_//h_80/}", "critical");
	assert_event(pieces, 3, "alertmanager", "alert", "critical");
	assert_event(pieces, 4, "{'a':2,'b':1}", "7{severity=1,x=[true]}", "critical");
	pieces_free(pieces);
}

static void a_long_entity_is_cut_and_ends_in_a_hash(void **state)
{
	struct buffer labels = {NULL, 0, 0};
	struct pieces *pieces;

	(void)state;
	buffer_append_text(
		&labels, "{\"status\":\"firing\",\"labels\":{\"alertname\":\"a\",\"instance\":\"");
	for (int i = 0; i < 1025; i++)
		buffer_append_text(&labels, "i");
	buffer_append_text(&labels, "\"}}");
	pieces = group(0, labels.data);
	struct text entity = pieces->list[0].event.entity;
	assert_int_equal(entity.length, 1024);
	assert_memory_equal(entity.bytes + 1024 - 16, "958470fd9623deba", 16);
	pieces_free(pieces);
	buffer_free(&labels);
}

static void assert_former(
	const struct pieces *pieces, size_t i, const char *entity, const char *check)
{
	assert_text(pieces->list[i].event.former_entity, entity);
	assert_text(pieces->list[i].event.former_check, check);
}

/* Names from before all labels counted, where they differ and were valid. */
static void former_names_are_set(void **state)
{
	struct pieces *pieces = group(
		0, ALERT("firing", NAMED ",\"severity\":\"page\"") "," ALERT(
			   "firing", "\"alertname\":\"a\",\"x\":\"y\"") "," ALERT("firing",
			   "\"alertname\":\"a\",\"instance\":\"\\\"i\\\"\"") "," ALERT("firing",
			   NAMED) "," ALERT("firing",
			   "\"alertname\":\"a\\n\",\"instance\":\"i\"") "," ALERT("firing",
			   "\"alertname\":\"a\",\"instance\":7,\"x\":\"y\"") "," ALERT("firing",
			   "\"instance\":\"i\",\"x\":\"y\""));

	(void)state;
	assert_former(pieces, 0, "db-01:9100", "DiskFull");
	assert_former(pieces, 1, "alertmanager", "a");
	assert_former(pieces, 2, "\"i\"", "a");
	for (size_t i = 3; i < pieces->count; i++)
		assert_null(pieces->list[i].event.former_check.bytes);
	pieces_free(pieces);
}

static void an_invalid_alert_does_not_affect_the_others(void **state)
{
	struct pieces *pieces = group(0,
		"7,{},{\"status\":\"firing\",\"labels\":[]},{\"status\":\"firing\",\"labels\":{}}," ALERT(
			"pending", NAMED) "," ALERT("firing", NAMED));

	(void)state;
	assert_int_equal(pieces->count, 6);
	assert_refusal(pieces, 0, "an alert is a number, not an object");
	assert_refusal(pieces, 1, "the alert has no labels");
	assert_refusal(pieces, 2, "'labels' is [], not an object");
	assert_refusal(pieces, 3, "the alert has no labels");
	assert_refusal(pieces, 4, "'status' is 'pending', not firing or resolved");
	assert_event(pieces, 5, "db-01:9100", "DiskFull", "critical");
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

static void the_description_replaces_a_missing_summary(void **state)
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

/* Grafana's document has more keys; some look like those of an event. */
static void a_grafana_document_is_read_like_one_of_alertmanager(void **state)
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
	assert_event(pieces, 0, "www-1", "High latency{grafana_folder=web}", "ok");
	pieces_free(pieces);
}

/* The annotations describe the problem. */
static void a_recovery_omits_the_text_of_the_problem(void **state)
{
	struct pieces *pieces = group(0, ALERT("resolved", NAMED));

	(void)state;
	assert_event(pieces, 0, "db-01:9100", "DiskFull", "ok");
	assert_text(pieces->list[0].event.summary, "resolved");
	assert_null(pieces->list[0].event.details.bytes);
	pieces_free(pieces);
}

/* Grafana uses one alert name for all rules without data or with an unreachable source. */
static void grafana_rules_without_data_are_separate_checks(void **state)
{
	struct pieces *pieces = group(0,
		ALERT("firing", "\"alertname\":\"DatasourceNoData\",\"rulename\":\"CPU: high\",\"ref_id\":\"A\"") "," ALERT(
			"resolved",
			"\"alertname\":\"DatasourceNoData\",\"rulename\":\"Disk\",\"ref_id\":\"A\"") "," ALERT("firing",
			"\"alertname\":\"DatasourceError\",\"rulename\":\"Disk\",\"ref_id\":\"A\""));

	(void)state;
	assert_event(pieces, 0, "alertmanager", "DatasourceNoData{ref_id=A,rulename=CPU_ high}",
		"critical");
	assert_event(pieces, 1, "alertmanager", "DatasourceNoData{ref_id=A,rulename=Disk}", "ok");
	assert_event(
		pieces, 2, "alertmanager", "DatasourceError{ref_id=A,rulename=Disk}", "critical");
	pieces_free(pieces);
}

static void a_grafana_test_creates_no_check(void **state)
{
	struct pieces *pieces = group(0,
		ALERT("firing", "\"alertname\":\"TestAlert\",\"instance\":\"Grafana\"") "," ALERT(
			"firing", "\"alertname\":\"TestAlert\",\"instance\":\"db-01\""));

	(void)state;
	assert_int_equal(pieces->count, 2);
	assert_passed(pieces, 0, SKIPPED_TEST);
	assert_event(pieces, 1, "db-01", "TestAlert", "critical");
	pieces_free(pieces);
}

static void a_heartbeat_is_ok_while_it_fires(void **state)
{
	struct pieces *pieces = group(
		0, ALERT("firing", "\"alertname\":\"Watchdog\",\"severity\":\"none\"") "," ALERT(
			   "resolved", "\"alertname\":\"Pulse\"") "," ALERT("firing",
			   "\"alertname\":\"Pulses\""));

	(void)state;
	assert_event(pieces, 0, "alertmanager", "Watchdog{severity=none}", "ok");
	assert_int_equal(pieces->list[0].event.ttl, 600);
	assert_text(pieces->list[0].event.summary, "s");
	assert_event(pieces, 1, "alertmanager", "Pulse", "critical");
	assert_int_equal(pieces->list[1].event.ttl, EVENT_TTL_NEVER);
	assert_text(pieces->list[1].event.summary,
		"resolved, but this heartbeat must fire all the time: Prometheus, or its rule, "
		"does not send it any more");
	assert_null(pieces->list[1].event.details.bytes);
	assert_event(pieces, 2, "alertmanager", "Pulses", "critical");
	pieces_free(pieces);
	pieces = group(90, ALERT("firing", "\"alertname\":\"Watchdog\""));
	assert_int_equal(pieces->list[0].event.ttl, 90);
	pieces_free(pieces);
}

static void severities_none_and_info_are_ok_and_never_stale(void **state)
{
	struct pieces *pieces = group(90,
		ALERT("firing", "\"alertname\":\"InfoInhibitor\",\"severity\":\"none\"") "," ALERT(
			"firing",
			"\"alertname\":\"Throttled\",\"severity\":\"Info\"") "," ALERT("resolved",
			"\"alertname\":\"Restarted\",\"severity\":\"info\"") "," ALERT("firing",
			"\"alertname\":\"Slow\",\"severity\":\"information\""));

	(void)state;
	assert_event(pieces, 0, "alertmanager", "InfoInhibitor{severity=none}", "ok");
	assert_event(pieces, 1, "alertmanager", "Throttled{severity=Info}", "ok");
	assert_event(pieces, 2, "alertmanager", "Restarted{severity=info}", "ok");
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pieces->list[i].event.ttl, EVENT_TTL_NEVER);
	assert_text(pieces->list[0].event.summary, "s");
	assert_text(pieces->list[2].event.summary, "resolved");
	assert_event(pieces, 3, "alertmanager", "Slow{severity=information}", "critical");
	assert_int_equal(pieces->list[3].event.ttl, 90);
	pieces_free(pieces);
}

/* A check whose alert came back would report itself. */
static void an_alert_of_httpbroker_notify_makes_no_check(void **state)
{
	struct pieces *pieces = group(
		0, ALERT("firing", NAMED ",\"via\":\"httpbroker-notify\"") "," ALERT(
			   "resolved", NAMED ",\"via\":\"httpbroker-notify\"") "," ALERT("firing",
			   NAMED ",\"via\":\"vpn\"") "," ALERT("firing",
			   "\"alertname\":\"Pulse\",\"via\":\"httpbroker-notify\""));

	(void)state;
	assert_passed(pieces, 0, SKIPPED_RETURNED);
	assert_passed(pieces, 1, SKIPPED_RETURNED);
	assert_event(pieces, 2, "db-01:9100", "DiskFull{via=vpn}", "critical");
	assert_event(pieces, 3, "alertmanager", "Pulse{via=httpbroker-notify}", "ok");
	pieces_free(pieces);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_alert_is_an_event),
		cmocka_unit_test(the_time_is_now_and_the_ttl_infinite_by_default),
		cmocka_unit_test(the_instance_label_precedes_job_and_host_as_entity),
		cmocka_unit_test(alerts_that_differ_in_a_label_are_separate_checks),
		cmocka_unit_test(the_worst_alert_sets_the_state_of_a_check),
		cmocka_unit_test(a_long_name_is_cut_and_ends_in_a_hash),
		cmocka_unit_test(invalid_names_are_made_valid),
		cmocka_unit_test(a_long_entity_is_cut_and_ends_in_a_hash),
		cmocka_unit_test(former_names_are_set),
		cmocka_unit_test(an_invalid_alert_does_not_affect_the_others),
		cmocka_unit_test(a_group_without_alerts_is_refused),
		cmocka_unit_test(the_description_replaces_a_missing_summary),
		cmocka_unit_test(a_grafana_document_is_read_like_one_of_alertmanager),
		cmocka_unit_test(a_recovery_omits_the_text_of_the_problem),
		cmocka_unit_test(grafana_rules_without_data_are_separate_checks),
		cmocka_unit_test(a_grafana_test_creates_no_check),
		cmocka_unit_test(a_heartbeat_is_ok_while_it_fires),
		cmocka_unit_test(severities_none_and_info_are_ok_and_never_stale),
		cmocka_unit_test(an_alert_of_httpbroker_notify_makes_no_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Events of Sensu Go handlers. */
#include "t/unit/unit.h"

#include "t/unit/broker-formats.h"

/* Sensu's documented event, shortened, with additions in and after its check. */
#define SENSU(check, more)                                                                       \
	"{\"check\":{\"command\":\"check-cpu.sh -w 75 -c 90\",\"interval\":60,\"ttl\":0,"        \
	"\"state\":\"failing\",\"history\":[{\"status\":1,\"executed\":1795224200}],"            \
	"\"metadata\":{\"name\":\"check-cpu\",\"namespace\":\"default\"}," check "},\"entity\":" \
	"{\"entity_class\":\"agent\",\"system\":{\"hostname\":\"sensu-centos\"},\"metadata\":{"  \
	"\"name\":\"web-1\",\"namespace\":\"default\"}},\"id\":\"3c3e68f6\"" more "}"

static void an_event_of_a_check_is_read(void **state)
{
	struct pieces *pieces = pieces_take(1, 0,
		SENSU("\"status\":2,\"output\":\"CPU CRITICAL: 97 % | 95 %\\nsecond\\nthird\\n\"",
			",\"timestamp\":1795224300"));
	const struct event *event = &pieces->list[0].event;

	(void)state;
	assert_ptr_equal(pieces->format, &format_sensu);
	assert_int_equal(pieces->count, 1);
	assert_event(pieces, 0, "web-1", "check-cpu", "critical");
	assert_text(event->summary, "CPU CRITICAL: 97 % | 95 %");
	assert_text(event->details, "second\nthird\n");
	assert_null(event->perfdata.bytes);
	assert_int_equal(event->time, 1795224300);
	assert_int_equal(event->ttl, EVENT_TTL_NEVER);
	pieces_free(pieces);
}

static void assert_sensu(const char *json, const char *check, const char *expected)
{
	struct pieces *pieces = pieces_take(2, 90, json);

	assert_event(pieces, 0, "web-1", check, expected);
	assert_int_equal(pieces->list[0].event.time, NOW);
	assert_int_equal(pieces->list[0].event.ttl, 90);
	pieces_free(pieces);
}

static void the_status_is_a_plugin_exit_status(void **state)
{
	(void)state;
	assert_sensu(SENSU("\"status\":0", ""), "check-cpu", "ok");
	assert_sensu(SENSU("\"status\":1", ""), "check-cpu", "warning");
	assert_sensu(SENSU("\"status\":3", ""), "check-cpu", "unknown");
	assert_sensu(SENSU("\"status\":127", ""), "check-cpu", "unknown");
	assert_sensu(SENSU("\"status\":-1", ",\"timestamp\":\"x\""), "check-cpu", "unknown");
	assert_sensu(SENSU("\"output\":7", ""), "check-cpu", "ok");
	assert_refused(2, SENSU("\"status\":\"bad\"", ""),
		"'check.status' is \"bad\", not a whole number");
}

static void performance_data_is_extracted_from_the_named_format(void **state)
{
	struct pieces *pieces = pieces_take(1, 0,
		SENSU("\"status\":0,\"output_metric_format\":\"nagios_perfdata\","
		      "\"output\":\"fine | a=1\\n\"",
			""));

	(void)state;
	assert_text(pieces->list[0].event.summary, "fine ");
	assert_text(pieces->list[0].event.perfdata, " a=1");
	assert_null(pieces->list[0].event.details.bytes);
	pieces_free(pieces);
}

static void names_include_their_namespace(void **state)
{
	(void)state;
	assert_sensu(
		"{\"check\":{\"metadata\":{\"name\":\"c\",\"namespace\":\"ops\"},\"status\":1},"
		"\"entity\":{\"metadata\":{\"name\":\"web-1\",\"namespace\":\"ops\"}}}",
		"c{namespace=ops}", "warning");
	assert_sensu("{\"check\":{\"metadata\":{\"name\":\"c\"},\"status\":1},"
		     "\"entity\":{\"metadata\":{\"name\":\"web-1\",\"namespace\":\"ops\"}}}",
		"c{namespace=ops}", "warning");
	assert_sensu(
		"{\"check\":{\"metadata\":{\"name\":\"c\\n\"},\"proxy_entity_name\":\"web-1\"}}",
		"c ", "ok");
}

static void missing_fields_are_named(void **state)
{
	(void)state;
	assert_refused(2, "{\"check\":{\"metadata\":{\"name\":\"c\"},\"status\":0}}",
		"this event of Sensu has no entity");
	assert_refused(2,
		"{\"check\":{\"metadata\":{},\"status\":0},\"entity\":{\"metadata\":{\"name\":\"e\"}}}",
		"this event of Sensu has no check's name");
	assert_refused(2, "{\"entity\":{\"metadata\":{\"name\":\"e\"}},\"metrics\":{}}",
		"this event of Sensu has no check, only metrics");
	assert_refused(2, "{\"entity\":{},\"check\":\"c\",\"state\":\"ok\"}",
		"'entity' is {}, not a string");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_of_a_check_is_read),
		cmocka_unit_test(the_status_is_a_plugin_exit_status),
		cmocka_unit_test(performance_data_is_extracted_from_the_named_format),
		cmocka_unit_test(names_include_their_namespace),
		cmocka_unit_test(missing_fields_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

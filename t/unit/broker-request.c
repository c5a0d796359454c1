/* SPDX-License-Identifier: MIT */
/* The query, headers and names of a request; the counters; the cached count of checks. */
#include "t/unit/unit.h"

#include "httpbroker/http/counters.h"
#include "httpbroker/http/health.h"
#include "httpbroker/http/hosts.h"
#include "httpbroker/http/routes.h"

#include <string.h>

static void parameters_are_found_by_name(void **state)
{
	const struct query query = {{{"ttl", "30"}, {"entity", NULL}}, 2, true};

	(void)state;
	assert_string_equal(query_get(&query, "ttl"), "30");
	assert_string_equal(query_get(&query, "entity"), "");
	assert_null(query_get(&query, "check"));
}

static void assert_query(const struct query *query, unsigned status, const char *words)
{
	static const char *const known[] = {"ttl", "entity", NULL};
	struct response answer = {.status = 0};

	assert_int_equal(query_check(query, known, &answer), status == 0);
	assert_int_equal(answer.status, status);
	if (words != NULL)
		assert_non_null(strstr(answer.body.data, words));
	response_free(&answer);
}

static void a_query_with_anything_else_is_refused(void **state)
{
	(void)state;
	assert_query(&(struct query){.valid = true}, 0, NULL);
	assert_query(&(struct query){{{"ttl", "30"}, {"entity", "e"}}, 2, true}, 0, NULL);
	assert_query(&(struct query){{{"ttl", "30"}, {"tll", "1"}}, 2, true}, 400,
		"there is no parameter 'tll' here");
	assert_query(&(struct query){{{"ttl", "30"}}, 1, false}, 400, "twice");
}

static void a_preference_is_found_among_others(void **state)
{
	static const char *const found[] = {"respond-async", "Respond-Async; x=1",
		"wait=5, respond-async", " ,respond-async ,return=minimal", "respond-async=1"};
	static const char *const others[] = {"", ",", "respond", "respond-asynchronous",
		"wait=respond-async", "x;respond-async"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(found); i++)
		assert_true(prefer_has(found[i], "respond-async"));
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		assert_false(prefer_has(others[i], "respond-async"));
	assert_false(prefer_has(NULL, "respond-async"));
}

static void json_is_preferred_by_its_weight(void **state)
{
	static const char *const json[] = {"application/json", "Application/JSON",
		"application/json;q=0.001", "application/json; charset=utf-8; Q=0.5, */*;q=0.1",
		"text/plain;q=0.1, application/json", "application/json, text/plain, */*",
		"application/json;q=0.5, */*;q=0.5", "application/*",
		"text/html, application/json;q=0.9", ", ,application/json", "application/json;q",
		"text/plain;q=0, */*"};
	static const char *const text[] = {"", "*/*", "text/*", "text/plain", "text/html",
		"application/json;q=0", "application/json;q=0.0, */*",
		"application/json;q=0.000, text/plain;q=0", "application/*;q=0.9, text/plain",
		"application/json;q=0.2, */*;q=0.3", "text/plain, application/json;q=0.999",
		"application/*, */*", "application/jsonx", "application/jso",
		"x;a=application/json", "application/json;q=", ";q=1", "*",
		"application/json;q=0;q"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(json); i++)
		if (!accepts_json(json[i]))
			fail_msg("'%s' asks for JSON", json[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(text); i++)
		if (accepts_json(text[i]))
			fail_msg("'%s' asks for text", text[i]);
	assert_false(accepts_json(NULL));
}

static void events_are_counted_by_format_and_outcome(void **state)
{
	struct counters *counters = counters_new();

	(void)state;
	counters_event(counters, &format_flapjack, OUTCOME_DELIVERED, 1);
	counters_event(counters, &format_flapjack, OUTCOME_DELIVERED, 2);
	counters_event(counters, &format_flapjack, OUTCOME_STOPPING, 1);
	counters_event(counters, NULL, OUTCOME_SYNTAX, 4);
	assert_ptr_equal(format_at(0), &format_flapjack);
	assert_int_equal(counters_events(counters, 0, OUTCOME_DELIVERED), 3);
	assert_int_equal(counters_events(counters, 0, OUTCOME_STOPPING), 1);
	assert_int_equal(counters_events(counters, 0, OUTCOME_ACCEPTED), 0);
	assert_int_equal(counters_events(counters, formats_count(), OUTCOME_SYNTAX), 4);
	assert_int_equal(counters_events(counters, formats_count(), OUTCOME_DELIVERED), 0);
	counters_free(counters);
}

static void dropped_fields_are_counted(void **state)
{
	struct counters *counters = counters_new();

	(void)state;
	counters_dropped(counters, DROPPED_KEY, 2);
	counters_dropped(counters, DROPPED_KEY, 1);
	counters_dropped(counters, DROPPED_DETAILS, 1);
	assert_int_equal(counters_dropped_total(counters, DROPPED_KEY), 3);
	assert_int_equal(counters_dropped_total(counters, DROPPED_PERFDATA), 0);
	assert_int_equal(counters_dropped_total(counters, DROPPED_DETAILS), 1);
	counters_free(counters);
}

static void every_outcome_and_dropped_field_has_its_own_name(void **state)
{
	(void)state;
	for (int i = 0; i < OUTCOMES; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(
				outcome_name((enum outcome)i), outcome_name((enum outcome)j));
	for (int i = 0; i < DROPPED_FIELDS; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(dropped_name((enum dropped_field)i),
				dropped_name((enum dropped_field)j));
	assert_true(outcome_is_success(OUTCOME_DELIVERED));
	assert_true(outcome_is_success(OUTCOME_TEST));
	assert_false(outcome_is_success(OUTCOME_TOO_LARGE));
	assert_false(outcome_is_success(OUTCOME_STOPPING));
}

static void overload_is_logged_at_its_start_and_end(void **state)
{
	struct overload overload = {0};
	const nsec end = 7 * NSEC_PER_SEC + OVERLOAD_QUIET;

	(void)state;
	assert_int_equal(overload_note(&overload, false, NSEC_PER_SEC), OVERLOAD_SAME);
	assert_int_equal(overload_note(&overload, true, 5 * NSEC_PER_SEC), OVERLOAD_BEGINS);
	assert_int_equal(overload_note(&overload, false, 6 * NSEC_PER_SEC), OVERLOAD_SAME);
	assert_int_equal(overload_note(&overload, true, 7 * NSEC_PER_SEC), OVERLOAD_SAME);
	assert_int_equal(overload_note(&overload, false, end - 1), OVERLOAD_SAME);
	assert_int_equal(overload_note(&overload, false, end), OVERLOAD_ENDS);
	assert_int_equal(overload_note(&overload, false, end + OVERLOAD_QUIET), OVERLOAD_SAME);
	assert_int_equal(overload_note(&overload, true, 2 * end), OVERLOAD_BEGINS);
}

static const char *const host_names[] = {"Broker.example.org", "192.0.2.1", "[2001:db8::1]"};
static const struct hosts hosts = {host_names, ARRAY_LENGTH(host_names), "lab-01.example.net"};

static void names_of_loopback_and_of_this_machine_are_known(void **state)
{
	static const char *const known[] = {"localhost", "localhost:3090", "LocalHost:1",
		"localhost.", "a.localhost:80", "ip6-localhost:3090", "127.0.0.1", "127.1.2.3:3090",
		"[::1]", "[::1]:3090", "[0:0::1]:1", "[::ffff:127.0.0.1]:3090", "lab-01:3090",
		"lab-01.example.net:3090", "LAB-01", "broker.example.org", "192.0.2.1:80",
		"[2001:db8::1]:3090", "httpbroker", "httpbroker:80"};
	static const char *const foreign[] = {"", "httpbroker.evil.example", ":3090", ".",
		"evil.example", "evil.example:3090", "localhost.evil.example", "evil-localhost",
		".localhost", "127.0.0.1.evil.example", "128.0.0.1", "0.0.0.0", "127.1", "[::2]",
		"[::1", "::1", "lab-01.evil.example", "lab", "localhost:80:80", "localhost:x",
		"user@localhost", "localhost/", "x localhost", "broker.example.org.evil.example",
		"[2001:db8::2]"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(known); i++)
		if (!hosts_know(&hosts, known[i]))
			fail_msg("'%s' is not known", known[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(foreign); i++)
		if (hosts_know(&hosts, foreign[i]))
			fail_msg("'%s' is known", foreign[i]);
}

static void requests_of_a_page_of_another_site_are_recognised(void **state)
{
	static const struct {
		const char *fetch_site, *origin, *host;
		bool trusted;
	} cases[] = {
		{NULL, NULL, "x", true},
		{NULL, NULL, NULL, true},
		{"none", NULL, "x", true},
		{"same-origin", "http://x:3090", "x:3090", true},
		{"same-site", "http://x:3090", "x:3090", false},
		{"cross-site", NULL, "x", false},
		{"", NULL, "x", false},
		{NULL, "http://x:3090", "x:3090", true},
		{NULL, "https://X", "x", true},
		{NULL, "http://x:3091", "x:3090", false},
		{NULL, "http://evil.example", "x:3090", false},
		{NULL, "http://evil.example", NULL, false},
		{NULL, "null", "null", false},
		{NULL, "", "x", false},
		{NULL, "https://broker.example.org", "localhost", true},
		{NULL, "https://broker.example.org:8443", "localhost", true},
		{NULL, "https://broker.example.org.evil.example", "localhost", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		if (hosts_trust(&hosts, cases[i].fetch_site, cases[i].origin, cases[i].host) !=
			cases[i].trusted)
			fail_msg("case %zu", i);
}

static void a_host_name_is_one_without_a_port(void **state)
{
	static const char *const good[] = {
		"a", "broker.example.org", "a_b-c", "192.0.2.1", "[::1]"};
	static const char *const bad[] = {"", ".", "a.", "a:80", "http://a", "a/b", "a b",
		"[::1]:80", "::1", "[]", "[a]", "*.a"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
		assert_true(hosts_name_check(good[i]));
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
		assert_false(hosts_name_check(bad[i]));
}

static void a_target_is_validated_before_it_is_parsed(void **state)
{
	char many[400] = "/state?";

	(void)state;
	assert_true(target_read("/state%00x").has_nul);
	assert_false(target_read("/state?a=%00").has_nul);
	assert_false(target_read("/state?a=b&c").too_many);
	assert_int_equal(target_read("/state?a").length, 8);
	memset(many + 7, '&', 63);
	assert_false(target_read(many).too_many);
	many[7 + 63] = '&';
	assert_true(target_read(many).too_many);
}

static void state_add(struct checks *checks, const char *name, nsec deadline)
{
	const struct names names = {name, (uint16_t)strlen(name), 1};
	char bytes[] = "{}";
	const struct prepared event = {
		.names = names, .encoded = {bytes, 2, 0}, .ttl = 300, .deadline = deadline};

	checks_add(checks, &event);
}

static void a_recent_count_of_checks_is_reused(void **state)
{
	struct checks *checks = checks_new(&(struct siphash_key){1, 2});
	const nsec now = 1000 * NSEC_PER_SEC;
	struct state_counts_cache cache;

	(void)state;
	state_counts_cache_init(&cache);
	state_add(checks, "a:b", now - 1);
	state_add(checks, "a:c", now + 1);
	struct counts counts = state_counts_recent(&cache, checks, now);
	assert_int_equal(counts.checks, 2);
	assert_int_equal(counts.stale, 1);
	cache.took = NSEC_PER_SEC;
	counts = state_counts_recent(&cache, checks, now + 2);
	assert_int_equal(counts.stale, 1);
	state_add(checks, "a:d", 1);
	counts = state_counts_recent(&cache, checks, now + 100 * NSEC_PER_SEC - 1);
	assert_int_equal(counts.checks, 3);
	assert_int_equal(counts.stale, 1);
	counts = state_counts_recent(&cache, checks, now + 100 * NSEC_PER_SEC);
	assert_int_equal(counts.stale, 3);
	/* while another thread counts, the cached number */
	state_add(checks, "a:e", 1);
	cache.counting = true;
	counts = state_counts_recent(&cache, checks, now + 1000 * NSEC_PER_SEC);
	assert_int_equal(counts.checks, 4);
	assert_int_equal(counts.stale, 3);
	checks_free(checks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_loopback_and_of_this_machine_are_known),
		cmocka_unit_test(requests_of_a_page_of_another_site_are_recognised),
		cmocka_unit_test(a_host_name_is_one_without_a_port),
		cmocka_unit_test(a_target_is_validated_before_it_is_parsed),
		cmocka_unit_test(a_recent_count_of_checks_is_reused),
		cmocka_unit_test(parameters_are_found_by_name),
		cmocka_unit_test(a_query_with_anything_else_is_refused),
		cmocka_unit_test(a_preference_is_found_among_others),
		cmocka_unit_test(json_is_preferred_by_its_weight),
		cmocka_unit_test(events_are_counted_by_format_and_outcome),
		cmocka_unit_test(dropped_fields_are_counted),
		cmocka_unit_test(overload_is_logged_at_its_start_and_end),
		cmocka_unit_test(every_outcome_and_dropped_field_has_its_own_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

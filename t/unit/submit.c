/* SPDX-License-Identifier: MIT */
#include "t/unit/unit.h"

#include "httpbroker/submit/delivery/answer.h"
#include "httpbroker/submit/delivery/excerpt.h"
#include "httpbroker/submit/delivery/outage.h"
#include "httpbroker/submit/delivery/queue.h"
#include "httpbroker/submit/event/utf8.h"
#include "httpbroker/submit/feed/feed.h"
#include "httpbroker/submit/formats/nagios.h"

#include <string.h>

/* What a Nagios line becomes: the event, or `!` and the reason. */
static void assert_translated(const char *line, const char *expected)
{
	struct buffer json = {NULL, 0, 0};
	char copy[1024];
	struct reason why;

	snprintf(copy, sizeof copy, "%s", line);
	if (!nagios_translate(copy, &json, &why))
		buffer_printf(&json, "!%s", why.text);
	assert_string_equal(json.data, expected);
	buffer_free(&json);
}

static void nagios_lines_become_events(void **state)
{
	(void)state;
	assert_translated("[SERVICEPERFDATA]\t1795224305\tdb-01\tload\tWARNING\t0.001\t0.002\t"
			  "WARNING - load 5\tload1=5;4;8\tlong",
		"{\"entity\":\"db-01\",\"check\":\"load\",\"state\":\"warning\","
		"\"summary\":\"WARNING - load 5\",\"details\":\"long\",\"perfdata\":\"load1=5;4;8\","
		"\"time\":1795224305}");
	assert_translated("[HOSTPERFDATA]\t7\tdb-01\tHOST\tUNREACHABLE\t\t\tgone\t\t",
		"{\"entity\":\"db-01\",\"check\":\"HOST\",\"state\":\"critical\",\"summary\":\"gone\","
		"\"time\":7}");
	assert_translated("[SERVICEPERFDATA]\t7\th\ts\tOK\t0\t0\t",
		"{\"entity\":\"h\",\"check\":\"s\",\"state\":\"ok\",\"time\":7}");
}

static void nagios_states_are_those_of_their_kind(void **state)
{
	static const struct {
		const char *kind, *state, *expected;
	} cases[] = {
		{"SERVICE", "OK", "ok"},
		{"SERVICE", "WARNING", "warning"},
		{"SERVICE", "CRITICAL", "critical"},
		{"SERVICE", "UNKNOWN", "unknown"},
		{"HOST", "UP", "ok"},
		{"HOST", "DOWN", "critical"},
		{"HOST", "UNREACHABLE", "critical"},
		{"SERVICE", "UP", NULL},
		{"HOST", "OK", NULL},
		{"SERVICE", "ok", NULL},
		{"SERVICE", "", NULL},
		{"SERVICE", "$SERVICESTATE$", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char line[256], expected[256];

		snprintf(line, sizeof line, "[%sPERFDATA]\t1\th\ts\t%s\t0\t0\t", cases[i].kind,
			cases[i].state);
		if (cases[i].expected != NULL)
			snprintf(expected, sizeof expected,
				"{\"entity\":\"h\",\"check\":\"s\",\"state\":\"%s\",\"time\":1}",
				cases[i].expected);
		else
			snprintf(expected, sizeof expected,
				"!'s' on 'h': '%s' is not a state of a [%sPERFDATA] line",
				cases[i].state, cases[i].kind);
		assert_translated(line, expected);
	}
}

static void nagios_long_output_is_unescaped(void **state)
{
	(void)state;
	assert_translated(
		"[SERVICEPERFDATA]\t1\th\ts\tOK\t0\t0\tC:\\new\tp=\\n\tC:\\\\new\\nline\\x\\",
		"{\"entity\":\"h\",\"check\":\"s\",\"state\":\"ok\",\"summary\":\"C:\\\\new\","
		"\"details\":\"C:\\\\new\\nline\\\\x\\\\\",\"perfdata\":\"p=\\\\n\",\"time\":1}");
}

static void nagios_tabs_in_output_lose_nothing(void **state)
{
	(void)state;
	assert_translated("[SERVICEPERFDATA]\t1\th\ts\tOK\t0\t0\ta\tb\tc\td\te",
		"{\"entity\":\"h\",\"check\":\"s\",\"state\":\"ok\",\"summary\":\"a\","
		"\"details\":\"c\\td\\te\",\"perfdata\":\"b\",\"time\":1}");
}

static void nagios_refuses_the_rest(void **state)
{
	(void)state;
	assert_translated("hello", "!'hello' is not [SERVICEPERFDATA] or [HOSTPERFDATA] and a tab");
	assert_translated("[SERVICEPERFDATA]\t1\th\ts\tOK\t0\t0",
		"!7 fields between tabs where at least 8 are needed");
	assert_translated("[SERVICEPERFDATA]\t1\t\ts\tOK\t0\t0\t", "!the host's name is empty");
	assert_translated("[SERVICEPERFDATA]\t1\th\t\tOK\t0\t0\t", "!the service's name is empty");
	assert_translated("[SERVICEPERFDATA]\tnow\th\ts\tOK\t0\t0\t",
		"!'s' on 'h': time: 'now' is not a whole number");
}

static void assert_utf8(const char *text, const char *expected)
{
	struct buffer out = {NULL, 0, 0};

	utf8_append(&out, text);
	assert_string_equal(out.data, expected);
	buffer_free(&out);
}

#define BAD "\xef\xbf\xbd"

static void utf8_keeps_characters_and_replaces_the_rest(void **state)
{
	static const char *const whole[] = {"plain", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
		"\xed\x9f\xbf", "\xee\x80\x80", "\xf4\x8f\xbf\xbf", "\x01\x7f"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(whole); i++)
		assert_utf8(whole[i], whole[i]);
	assert_utf8("gr\xfc\xdf"
		    "e",
		"gr" BAD BAD "e");
	assert_utf8("\xc3", BAD);
	assert_utf8("\xc3(", BAD "(");
	assert_utf8("\x80", BAD);
	assert_utf8("\xe2\x82", BAD BAD);
	assert_utf8("\xe2\x82x", BAD BAD "x");
	assert_utf8("\xc0\xaf", BAD BAD);                 /* overlong */
	assert_utf8("\xe0\x9f\xbf", BAD BAD BAD);         /* overlong */
	assert_utf8("\xf0\x8f\xbf\xbf", BAD BAD BAD BAD); /* overlong */
	assert_utf8("\xed\xa0\x80", BAD BAD BAD);         /* a surrogate */
	assert_utf8("\xf4\x90\x80\x80", BAD BAD BAD BAD); /* above U+10FFFF */
	assert_utf8("\xf5\x80\x80\x80", BAD BAD BAD BAD);
}

static void assert_judged(long status, const char *body, enum outcome expected, const char *words)
{
	struct reason why = {""};

	assert_int_equal(answer_judge(status, body, &why), expected);
	assert_string_equal(why.text, words);
}

static void answers_are_judged(void **state)
{
	(void)state;
	assert_judged(200, "Caching state: {}\n", OUTCOME_ACCEPTED, "HTTP 200");
	assert_judged(202, "Caching state: {}\n", OUTCOME_ACCEPTED, "HTTP 202");
	assert_judged(400, "{\"error\": \"state is missing\"}\n", OUTCOME_REFUSED,
		"state is missing (HTTP 400)");
	assert_judged(
		404, "404 page not found\nmore", OUTCOME_REFUSED, "404 page not found (HTTP 404)");
	assert_judged(413, NULL, OUTCOME_REFUSED, "HTTP 413");
	assert_judged(301, "", OUTCOME_REFUSED, "HTTP 301");
	assert_judged(204, NULL, OUTCOME_REFUSED, "HTTP 204");
	assert_judged(500, "{\"error\": 5}", OUTCOME_REFUSED, "{\"error\": 5} (HTTP 500)");
	assert_judged(503, "{\"error\": \"stand-by\"}", OUTCOME_AWAY, "stand-by (HTTP 503)");
	assert_judged(408, NULL, OUTCOME_AWAY, "HTTP 408");
	assert_judged(429, NULL, OUTCOME_AWAY, "HTTP 429");
	assert_judged(502, "<html>\r\n", OUTCOME_AWAY, "<html> (HTTP 502)");
	assert_judged(504, NULL, OUTCOME_AWAY, "HTTP 504");
}

static void assert_excerpt(const char *text, const char *expected)
{
	char out[EXCERPT_SIZE];

	assert_string_equal(excerpt(text, out), expected);
}

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define ELLIPSIS "\xe2\x80\xa6"
#define EURO "\xe2\x82\xac"

static void an_excerpt_is_one_line_of_whole_characters(void **state)
{
	(void)state;
	assert_excerpt("", "");
	assert_excerpt(" {\n\t\"a\": 1\r\n}\n", "{ \"a\": 1 } ");
	assert_excerpt(HUNDRED TEN TEN "0123", HUNDRED TEN TEN "0123");
	assert_excerpt(HUNDRED TEN TEN "01234", HUNDRED TEN TEN "0123" ELLIPSIS);
	assert_excerpt(HUNDRED TEN TEN "0" EURO "4", HUNDRED TEN TEN "0" EURO ELLIPSIS);
	assert_excerpt(HUNDRED TEN TEN "01" EURO "4", HUNDRED TEN TEN "01" ELLIPSIS);
	assert_excerpt(HUNDRED TEN TEN "012" EURO "4", HUNDRED TEN TEN "012" ELLIPSIS);
}

static void an_outage_is_announced_once_and_ended_once(void **state)
{
	struct outage outage;

	(void)state;
	outage_init(&outage, NSEC_NEVER);
	assert_false(outage_over(&outage));
	assert_true(outage_failed(&outage, NSEC_PER_SEC, 0));
	assert_int_equal(outage.try_again, NSEC_PER_SEC + 100 * NSEC_PER_MSEC);
	assert_false(outage_failed(&outage, 1000 * NSEC_PER_SEC, 0));
	assert_false(outage.given_up);
	assert_int_equal(outage.since, NSEC_PER_SEC);
	assert_true(outage_over(&outage));
	assert_false(outage_over(&outage));
	assert_int_equal(outage.try_again, 0);
	assert_true(outage_failed(&outage, 0, 0));
}

/* Tries on and on until it gives up; returns when that was. */
static nsec attempts_fail(struct outage *outage, nsec now)
{
	while (!outage->given_up) {
		outage_failed(outage, now, UINT32_MAX / 2);
		now = outage->given_up ? now : outage->try_again;
	}
	return now;
}

static void an_outage_ends_with_patience(void **state)
{
	struct outage outage;

	(void)state;
	outage_init(&outage, 30 * NSEC_PER_SEC);
	assert_int_equal(attempts_fail(&outage, 7 * NSEC_PER_SEC), 37 * NSEC_PER_SEC);
	outage_init(&outage, 0);
	assert_int_equal(attempts_fail(&outage, 7), 7);
}

static void hurry_tries_at_once_and_not_for_long(void **state)
{
	struct outage outage;

	(void)state;
	outage_init(&outage, NSEC_NEVER);
	for (nsec now = 0; now < 60 * NSEC_PER_SEC; now = outage.try_again)
		outage_failed(&outage, now, 0);
	outage_hurry(&outage, 61 * NSEC_PER_SEC, 5 * NSEC_PER_SEC);
	assert_int_equal(outage.try_again, 61 * NSEC_PER_SEC);
	assert_false(outage_failed(&outage, 61 * NSEC_PER_SEC, 0));
	assert_int_equal(outage.try_again, 61 * NSEC_PER_SEC + 100 * NSEC_PER_MSEC);
	assert_int_equal(attempts_fail(&outage, outage.try_again), 66 * NSEC_PER_SEC);
}

static void the_queue_keeps_order_and_account(void **state)
{
	struct queue queue = {NULL, NULL, 0, 0};

	(void)state;
	for (int round = 0; round < 2; round++) {
		queue_append(&queue, 1, "{}..", 2);
		queue_append(&queue, 5, "{\"a\":1}", 7);
		assert_int_equal(queue.count, 2);
		assert_true(queue.bytes > 9);
		assert_string_equal(queue.first->json, "{}");
		queue_drop(&queue);
		assert_int_equal(queue.first->line, 5);
		assert_int_equal(queue.first->length, 7);
		queue_drop(&queue);
		assert_null(queue.first);
		assert_int_equal(queue.count, 0);
		assert_int_equal(queue.bytes, 0);
	}
	queue_append(&queue, 1, "{}", 2);
	queue_clear(&queue);
	assert_null(queue.first);
}

/* The next of the feed, which must be `result`, of this line, with this event or reason. */
static void assert_next(struct feed *feed, enum feed_result result, uint64_t line, const char *text)
{
	struct reason why = {""};
	struct feed_item item;

	assert_int_equal(feed_next(feed, &item, &why), result);
	assert_int_equal(item.line, line);
	if (result == FEED_BAD)
		assert_string_equal(why.text, text);
	else
		assert_memory_equal(item.json, text, item.length);
}

static void push_text(struct feed *feed, const char *text)
{
	feed_push(feed, text, strlen(text));
}

static void the_json_feed_says_where_a_document_is_wrong(void **state)
{
	struct reason why;
	struct feed_item item;
	struct feed *feed = feed_new("json", &why);

	(void)state;
	push_text(feed, "{\"a\":1} {\"b\":tru} {\"c\":3}\n{\"d\":\n  01}\n{\"e\":\"\xff\"}\n");
	assert_next(feed, FEED_EVENT, 1, "{\"a\":1}");
	assert_next(feed, FEED_BAD, 1, "invalid token near 'tru' (line 1, column 16)");
	assert_next(feed, FEED_EVENT, 1, "{\"c\":3}");
	assert_next(feed, FEED_BAD, 2, "invalid token near '0' (line 3, column 3)");
	assert_next(feed, FEED_BAD, 4, "unable to decode byte 0xff near '\"' (line 4, column 6)");
	assert_int_equal(feed_next(feed, &item, &why), FEED_NONE);
	feed_free(feed);
}

static void the_nagios_feed_goes_on_behind_bad_lines(void **state)
{
	static const char good[] = "[HOSTPERFDATA]\t1\th\tHOST\tUP\t0\t0\t\n";
	static const char event[] =
		"{\"entity\":\"h\",\"check\":\"HOST\",\"state\":\"ok\",\"time\":1}";
	struct reason why;
	struct feed_item item;
	struct feed *feed = feed_new("nagios", &why);

	(void)state;
	push_text(feed, "\nx\n");
	push_text(feed, good);
	for (size_t pushed = 0; pushed <= FEED_LINE_MOST; pushed += sizeof event - 1)
		push_text(feed, event);
	push_text(feed, "\n");
	push_text(feed, good);
	assert_next(feed, FEED_BAD, 2, "'x' is not [SERVICEPERFDATA] or [HOSTPERFDATA] and a tab");
	assert_next(feed, FEED_EVENT, 3, event);
	assert_next(feed, FEED_BAD, 4, "longer than 65536 bytes");
	assert_next(feed, FEED_EVENT, 5, event);
	feed_push(feed, good, sizeof good - 2);
	assert_int_equal(feed_next(feed, &item, &why), FEED_NONE);
	feed_finish(feed);
	assert_next(feed, FEED_EVENT, 6, event);
	assert_int_equal(feed_next(feed, &item, &why), FEED_NONE);
	feed_free(feed);
}

static void an_unknown_format_is_refused_with_the_known_ones(void **state)
{
	struct reason why;

	(void)state;
	assert_null(feed_new("xml", &why));
	assert_string_equal(why.text, "'xml' is none of the formats json, nagios");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nagios_lines_become_events),
		cmocka_unit_test(nagios_states_are_those_of_their_kind),
		cmocka_unit_test(nagios_long_output_is_unescaped),
		cmocka_unit_test(nagios_tabs_in_output_lose_nothing),
		cmocka_unit_test(nagios_refuses_the_rest),
		cmocka_unit_test(utf8_keeps_characters_and_replaces_the_rest),
		cmocka_unit_test(answers_are_judged),
		cmocka_unit_test(an_excerpt_is_one_line_of_whole_characters),
		cmocka_unit_test(an_outage_is_announced_once_and_ended_once),
		cmocka_unit_test(an_outage_ends_with_patience),
		cmocka_unit_test(hurry_tries_at_once_and_not_for_long),
		cmocka_unit_test(the_queue_keeps_order_and_account),
		cmocka_unit_test(the_json_feed_says_where_a_document_is_wrong),
		cmocka_unit_test(the_nagios_feed_goes_on_behind_bad_lines),
		cmocka_unit_test(an_unknown_format_is_refused_with_the_known_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

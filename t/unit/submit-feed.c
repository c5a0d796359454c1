/* SPDX-License-Identifier: MIT */
/* A source of events in each format, and the lines of its errors. */
#include "t/unit/unit.h"

#include "httpbroker/submit/source.h"

#include <string.h>

static struct feed *feed_of(const char *format, struct reason *why)
{
	const struct feed_options options = {
		.format = format, .delimiter = '\t', .defaults = {.time = FIELDS_NO_TIME}};

	return feed_new(&options, why);
}

/* The next result of the feed must be `result`, of this line, with this event or reason. */
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

static void the_json_feed_reports_the_line_of_an_error(void **state)
{
	struct reason why;
	struct feed_item item;
	struct feed *feed = feed_of("json", &why);

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

static void the_nagios_feed_continues_after_invalid_lines(void **state)
{
	static const char good[] = "[HOSTPERFDATA]\t1\th\tHOST\tUP\t0\t0\t\n";
	static const char event[] =
		"{\"entity\":\"h\",\"check\":\"HOST\",\"state\":\"ok\",\"time\":1}";
	struct reason why;
	struct feed_item item;
	struct feed *feed = feed_of("nagios", &why);

	(void)state;
	push_text(feed, "\nx\n");
	push_text(feed, good);
	for (size_t pushed = 0; pushed <= FEED_LINE_MAX; pushed += sizeof event - 1)
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

static void input_after_a_nul_byte_is_read(void **state)
{
	static const char lines[] = "h\ts\t0\ta\0b\n\0h\ts\t1\t\0\n";
	struct reason why;
	struct feed *feed = feed_of("nsca", &why);

	(void)state;
	feed_push(feed, lines, sizeof lines - 1);
	assert_next(feed, FEED_EVENT, 1,
		"{\"entity\":\"h\",\"check\":\"s\",\"state\":\"ok\",\"summary\":\"a\xef\xbf\xbd\x62\"}");
	assert_next(feed, FEED_EVENT, 2,
		"{\"entity\":\"\xef\xbf\xbdh\",\"check\":\"s\",\"state\":\"warning\",\"summary\":"
		"\"\xef\xbf\xbd\"}");
	feed_free(feed);
}

static void one_send_nsca_input_may_hold_several_results(void **state)
{
	struct reason why;
	struct feed_item item;
	struct feed *feed = feed_of("nsca", &why);

	(void)state;
	push_text(feed, "h\ta\t0\tx\x17h\t1\ty\n\x17h\tb\n\x17h\tc\t2\tz");
	assert_next(feed, FEED_EVENT, 1,
		"{\"entity\":\"h\",\"check\":\"a\",\"state\":\"ok\",\"summary\":\"x\"}");
	assert_next(feed, FEED_EVENT, 1,
		"{\"entity\":\"h\",\"check\":\"HOST\",\"state\":\"critical\",\"summary\":\"y\"}");
	assert_next(feed, FEED_BAD, 2, "fewer than three fields between delimiters");
	assert_int_equal(feed_next(feed, &item, &why), FEED_NONE);
	feed_finish(feed);
	assert_next(feed, FEED_EVENT, 3,
		"{\"entity\":\"h\",\"check\":\"c\",\"state\":\"critical\",\"summary\":\"z\"}");
	feed_free(feed);
}

static void an_unknown_format_is_refused_with_a_list(void **state)
{
	struct reason why;

	(void)state;
	assert_null(feed_of("xml", &why));
	assert_string_equal(why.text, "'xml' is none of the formats json, nagios, nsca, extcmd");
}

static void defaults_apply_to_every_format(void **state)
{
	static const struct {
		const char *format, *input, *expected;
		bool timeless;
	} cases[] = {
		{"json", "{\"check\":\"c\"}", "{\"entity\":\"e\",\"ttl\":9,\"check\":\"c\"}", true},
		{"json", "{\"time\":1}", "{\"entity\":\"e\",\"ttl\":9,\"time\":1}", false},
		{"nsca", "h\tc\t0\tx\n",
			"{\"entity\":\"h\",\"check\":\"c\",\"state\":\"ok\",\"summary\":\"x\",\"ttl\":9}",
			true},
		{"extcmd", "[1] PROCESS_HOST_CHECK_RESULT;h;0;\n",
			"{\"entity\":\"h\",\"check\":\"HOST\",\"state\":\"ok\",\"time\":1,\"ttl\":9}",
			false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct feed_options options = {.format = cases[i].format,
			.delimiter = '\t',
			.defaults = {.entity = "e", .ttl = 9, .time = FIELDS_NO_TIME}};
		struct feed_item item = {.json = NULL};
		struct reason why;
		struct feed *feed = feed_new(&options, &why);

		push_text(feed, cases[i].input);
		assert_int_equal(feed_next(feed, &item, &why), FEED_EVENT);
		assert_int_equal(item.length, strlen(cases[i].expected));
		assert_memory_equal(item.json, cases[i].expected, item.length);
		assert_int_equal(item.timeless, cases[i].timeless);
		feed_free(feed);
	}
}

static void only_an_event_with_an_entity_gets_a_time(void **state)
{
	struct reason why;
	struct feed *feed = feed_of("json", &why);
	struct feed_item item;

	(void)state;
	push_text(feed, "{\"alerts\":[]}{\"entity\":\"e\"}");
	assert_int_equal(feed_next(feed, &item, &why), FEED_EVENT);
	assert_false(item.timeless);
	assert_int_equal(feed_next(feed, &item, &why), FEED_EVENT);
	assert_true(item.timeless);
	feed_free(feed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_json_feed_reports_the_line_of_an_error),
		cmocka_unit_test(the_nagios_feed_continues_after_invalid_lines),
		cmocka_unit_test(input_after_a_nul_byte_is_read),
		cmocka_unit_test(one_send_nsca_input_may_hold_several_results),
		cmocka_unit_test(an_unknown_format_is_refused_with_a_list),
		cmocka_unit_test(defaults_apply_to_every_format),
		cmocka_unit_test(only_an_event_with_an_entity_gets_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

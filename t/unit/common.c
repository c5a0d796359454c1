/* SPDX-License-Identifier: MIT */
/* Durations, numbers, addresses, lines, buffers, back-off, log limits, UTF-8 and metrics. */
#include "t/unit/unit.h"

#include "common/address.h"
#include "common/backoff.h"
#include "common/buffer.h"
#include "common/duration.h"
#include "common/lines.h"
#include "common/log.h"
#include "common/number.h"
#include "common/prometheus.h"
#include "common/utf8_clean.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static void duration_reads_units(void **state)
{
	static const struct {
		const char *text;
		nsec expected;
	} cases[] = {
		{"10", 10 * NSEC_PER_SEC},
		{"10s", 10 * NSEC_PER_SEC},
		{"0", 0},
		{"2m", 120 * NSEC_PER_SEC},
		{"1.5", 1500 * NSEC_PER_MSEC},
		{"1.5m", 90 * NSEC_PER_SEC},
		{"500ms", 500 * NSEC_PER_MSEC},
		{"0.5ms", NSEC_PER_MSEC / 2},
		{"1h", 3600 * NSEC_PER_SEC},
		{"1d", 86400 * NSEC_PER_SEC},
		{"1h30m", 5400 * NSEC_PER_SEC},
		{"1d2h3m4s5ms",
			((86400 + 2 * 3600 + 3 * 60 + 4) * NSEC_PER_SEC) + 5 * NSEC_PER_MSEC},
		{"0.000000001", 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct reason why;
		nsec value = -1;

		if (!duration_parse(cases[i].text, 0, INT64_MAX, &value, &why))
			fail_msg("'%s' was refused: %s", cases[i].text, why.text);
		assert_int_equal(value, cases[i].expected);
	}
}

static void duration_refuses_invalid_text(void **state)
{
	static const char *const cases[] = {"", " 10", "10 ", "-1", "+1", "1x", "s", "1.", ".5",
		"1,5", "10S", "1h30", "30m1h", "1m1m", "1e3", "0x10", "99999999999999999999",
		"300000000000", "106752d", "1ms1s", "inf"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct reason why = {""};
		nsec value;

		if (duration_parse(cases[i], 0, INT64_MAX - 1, &value, &why))
			fail_msg("'%s' was taken for %lld ns", cases[i], (long long)value);
		assert_non_null(strstr(why.text, cases[i]));
	}
}

static void duration_is_bounded(void **state)
{
	struct reason why;
	nsec value;

	(void)state;
	assert_true(duration_parse("2ms", 2 * NSEC_PER_MSEC, NSEC_PER_SEC, &value, &why));
	assert_true(duration_parse("1s", 2 * NSEC_PER_MSEC, NSEC_PER_SEC, &value, &why));
	assert_false(duration_parse("1ms", 2 * NSEC_PER_MSEC, NSEC_PER_SEC, &value, &why));
	assert_false(duration_parse("1001ms", 2 * NSEC_PER_MSEC, NSEC_PER_SEC, &value, &why));
	assert_string_equal(why.text, "'1001ms' is not from 2ms to 1s");
	assert_false(duration_parse("8d", 0, 7 * 86400 * NSEC_PER_SEC, &value, &why));
	assert_string_equal(why.text, "'8d' is not from 0 to 7d");
	assert_false(duration_parse("0", NSEC_PER_SEC, 90 * 60 * NSEC_PER_SEC, &value, &why));
	assert_string_equal(why.text, "'0' is not from 1s to 90m");
}

static void duration_is_written_with_units(void **state)
{
	char text[DURATION_TEXT];

	(void)state;
	assert_string_equal(duration_text(60 * NSEC_PER_SEC, text), "60 s");
	assert_string_equal(duration_text(3 * NSEC_PER_SEC / 2, text), "1.5 s");
	assert_string_equal(duration_text(NSEC_PER_MSEC, text), "1 ms");
	assert_string_equal(duration_text(NSEC_PER_MSEC / 4, text), "0.25 ms");
	assert_string_equal(duration_text(0, text), "0 s");
	assert_string_equal(duration_text(-3500 * NSEC_PER_MSEC, text), "-3.5 s");
	assert_string_equal(duration_text(-NSEC_PER_MSEC / 4, text), "-0.25 ms");
	assert_string_equal(duration_text(100 * NSEC_PER_SEC, text), "100 s");
	assert_string_equal(duration_text(60 * NSEC_PER_SEC - NSEC_PER_MSEC / 2, text), "60 s");
	assert_string_equal(duration_text(60 * NSEC_PER_SEC - NSEC_PER_MSEC, text), "59.999 s");
	assert_string_equal(duration_text(NSEC_PER_SEC - 500, text), "1 s");
	assert_string_equal(duration_text(NSEC_PER_SEC - 501, text), "999.999 ms");
	assert_string_equal(duration_text(7 * 86400 * NSEC_PER_SEC, text), "604800 s");
}

static void number_is_strict(void **state)
{
	static const char *const refused[] = {
		"", " 1", "1 ", "+1", "1.0", "0x1", "--1", "11", "-11", "99999999999999999999"};
	struct reason why;
	int64_t value;

	(void)state;
	assert_true(number_parse("10", -10, 10, &value, &why));
	assert_int_equal(value, 10);
	assert_true(number_parse("-10", -10, 10, &value, &why));
	assert_int_equal(value, -10);
	for (size_t i = 0; i < ARRAY_LENGTH(refused); i++)
		assert_false(number_parse(refused[i], -10, 10, &value, &why));
	assert_false(number_parse("9223372036854775808", INT64_MIN, INT64_MAX, &value, &why));
}

static void address_reads_its_four_forms(void **state)
{
	struct address address;
	struct reason why;
	char text[ADDRESS_TEXT];
	static const char *const cases[] = {
		"3090", "localhost:6380", "[::1]:80", "127.0.0.1:0", "unix:/run/x.sock"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		if (!address_parse(cases[i], &address, &why))
			fail_msg("'%s' was refused: %s", cases[i], why.text);
		assert_string_equal(address_text(&address, text), cases[i]);
	}
	assert_true(address_parse("[::1]:80", &address, &why));
	assert_string_equal(address.host, "::1");
	assert_int_equal(address.port, 80);
}

static void address_refuses_invalid_text(void **state)
{
	static const char *const cases[] = {"", ":80", "host:", "host:65536", "::1:80", "[::1]",
		"[::1]80", "[host]:80", "unix:", "unix:relative", "host:80x", "-1"};
	struct address address;
	struct reason why;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		if (address_parse(cases[i], &address, &why))
			fail_msg("'%s' was taken", cases[i]);
	assert_false(address_parse("redis", &address, &why));
	assert_string_equal(why.text,
		"'redis' is not port, host:port, [v6]:port or unix:/path: a host needs its port behind "
		"it, redis:PORT");
}

/* A pipe that holds these bytes and whose writing end is closed. */
static int pipe_with(const char *bytes)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], bytes, strlen(bytes)), strlen(bytes));
	close(ends[1]);
	return ends[0];
}

static void lines_are_complete_and_numbered(void **state)
{
	struct lines lines;
	char *line;
	int fd = pipe_with("one\n\nthree is too long\nfour");

	(void)state;
	lines_init(&lines, 8);
	assert_int_equal(lines_next(&lines, &line), LINES_NONE);
	assert_int_equal(lines_read(&lines, fd), LINES_READ);
	assert_int_equal(lines_next(&lines, &line), LINES_LINE);
	assert_string_equal(line, "one");
	assert_int_equal(lines_next(&lines, &line), LINES_LINE);
	assert_string_equal(line, "");
	assert_int_equal(lines_next(&lines, &line), LINES_TOO_LONG);
	assert_int_equal(lines.number, 3);
	assert_int_equal(lines_next(&lines, &line), LINES_NONE);
	assert_int_equal(lines_read(&lines, fd), LINES_END);
	assert_int_equal(lines_next(&lines, &line), LINES_LINE);
	assert_string_equal(line, "four");
	assert_int_equal(lines.number, 4);
	assert_int_equal(lines_next(&lines, &line), LINES_NONE);
	lines_free(&lines);
	close(fd);
}

static void lines_can_be_pushed(void **state)
{
	struct lines lines;
	char *line;

	(void)state;
	lines_init(&lines, 8);
	lines_finish(&lines);
	assert_int_equal(lines_next(&lines, &line), LINES_NONE);
	lines_push(&lines, "one\ntw", 6);
	assert_int_equal(lines_next(&lines, &line), LINES_LINE);
	assert_string_equal(line, "one");
	assert_int_equal(lines_next(&lines, &line), LINES_NONE);
	lines_push(&lines, "o", 1);
	lines_finish(&lines);
	assert_int_equal(lines_next(&lines, &line), LINES_LINE);
	assert_string_equal(line, "two");
	assert_int_equal(lines.number, 2);
	assert_int_equal(lines_next(&lines, &line), LINES_NONE);
	lines_free(&lines);
}

static void assert_line(struct lines *lines, uint64_t number, const char *expected)
{
	char *line;

	assert_int_equal(lines_next(lines, &line), LINES_LINE);
	assert_string_equal(line, expected);
	assert_int_equal(lines->number, number);
}

static void a_mark_ends_the_output_but_not_the_line(void **state)
{
	struct lines lines;
	char *line;

	(void)state;
	lines_init(&lines, 8);
	lines.mark = ';';
	lines_push(&lines, "a;b\n;c\nd;", 10);
	assert_line(&lines, 1, "a");
	assert_line(&lines, 1, "b");
	assert_line(&lines, 2, "");
	assert_line(&lines, 2, "c");
	assert_line(&lines, 3, "d");
	assert_int_equal(lines_next(&lines, &line), LINES_NONE);
	lines_push(&lines, "is too long;e", 13);
	assert_int_equal(lines_next(&lines, &line), LINES_TOO_LONG);
	lines_finish(&lines);
	assert_line(&lines, 3, "e");
	lines_free(&lines);
}

static void lines_without_end_use_no_memory(void **state)
{
	static const char filler[] = "0123456789abcdef";
	struct lines lines;
	char *line;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	lines_init(&lines, 20);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(write(ends[1], filler, sizeof filler - 1), sizeof filler - 1);
		assert_int_equal(lines_read(&lines, ends[0]), LINES_READ);
		assert_int_equal(lines_next(&lines, &line), LINES_NONE);
		assert_true(lines.pending.length <= 20 + sizeof filler);
	}
	assert_int_equal(write(ends[1], "\nnext\n", 6), 6);
	assert_int_equal(lines_read(&lines, ends[0]), LINES_READ);
	assert_int_equal(lines_next(&lines, &line), LINES_TOO_LONG);
	assert_int_equal(lines_next(&lines, &line), LINES_LINE);
	assert_string_equal(line, "next");
	lines_free(&lines);
	close(ends[0]);
	close(ends[1]);
}

static void buffer_grows_and_shrinks(void **state)
{
	struct buffer buffer = {NULL, 0, 0};
	char expected[3001] = "";

	(void)state;
	for (int i = 0; i < 300; i++) {
		buffer_printf(&buffer, "%05d", i);
		buffer_append_text(&buffer, ",,,,,");
		snprintf(expected + 10 * i, 11, "%05d,,,,,", i);
	}
	assert_string_equal(buffer.data, expected);
	buffer_consume(&buffer, 2990);
	assert_string_equal(buffer.data, "00299,,,,,");
	buffer_clear(&buffer);
	assert_string_equal(buffer.data, "");
	buffer_free(&buffer);
}

static void backoff_doubles_to_its_maximum(void **state)
{
	struct backoff backoff = {.min = 100, .max = 1000};

	(void)state;
	assert_int_equal(backoff_wait(&backoff, 0), 100);
	assert_int_equal(backoff_wait(&backoff, 0), 200);
	assert_int_equal(backoff_wait(&backoff, UINT32_MAX), 300);
	assert_int_equal(backoff_wait(&backoff, 0), 800);
	assert_int_equal(backoff_wait(&backoff, 0), 1000);
	assert_int_equal(backoff_wait(&backoff, 0), 1000);
	backoff_reset(&backoff);
	assert_int_equal(backoff_wait(&backoff, 0), 100);
}

static void timeout_is_the_remaining_time(void **state)
{
	struct timespec t;

	(void)state;
	assert_null(clock_timeout(5, NSEC_NEVER, &t));
	assert_ptr_equal(clock_timeout(7, 5, &t), &t);
	assert_true(t.tv_sec == 0 && t.tv_nsec == 0);
	clock_timeout(1, 2 * NSEC_PER_SEC, &t);
	assert_true(t.tv_sec == 1 && t.tv_nsec == NSEC_PER_SEC - 1);
}

#define BAD "\xef\xbf\xbd"

/* `bytes` and the results with several lines and with one; all without NULs. */
static const struct {
	const char *bytes, *lines, *one_line;
} texts[] = {
	{"", "", ""},
	{"plain", "plain", "plain"},
	{"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x92\xa5",
		"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x92\xa5",
		"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x92\xa5"},
	{"a\tb\nc", "a\tb\nc", "a b c"},
	{"a\r\nb\rc\r", "a\nb\nc\n", "a b c "},
	{"\x1b[31mCRITICAL\x1b[0m disk 99%", "CRITICAL disk 99%", "CRITICAL disk 99%"},
	{"\x1b[38;5;196mx\xc2\x9b"
	 "1;2Hy",
		"xy", "xy"},
	{"\x1b(Bx\x1b[", "(Bx[", "(Bx["}, /* incomplete: only the ESC is removed */
	{"\x1b[12\x01m", "[12m", "[12m"},
	{"a\x01\x08\x0b\x0c\x1f\x7f"
	 "b",
		"ab", "ab"},
	{"a\xc2\x80\xc2\x85\xc2\x9f\xc2\xa0"
	 "b",
		"a\xc2\xa0"
		"b",
		"a\xc2\xa0"
		"b"},
	{"a\xef\xbf\xbe\xef\xbf\xbf\xef\xbf\xbd", "a" BAD BAD BAD, "a" BAD BAD BAD},
	{"\xed\xa0\x80", BAD BAD BAD, BAD BAD BAD}, /* a surrogate */
	{"\xc0\x9b[m\xc3", BAD BAD "[m" BAD, BAD BAD "[m" BAD},
	{"\xe2\x82", BAD BAD, BAD BAD},
};

static void assert_cleaned(const char *bytes, enum utf8_lines lines, const char *expected)
{
	struct buffer out = {NULL, 0, 0};
	size_t length = strlen(bytes);
	char copy[64];

	utf8_clean_append(&out, bytes, length, lines);
	buffer_append(&out, "", 0);
	assert_string_equal(out.data, expected);
	assert_int_equal(utf8_clean_copy(copy, sizeof copy, bytes, length, lines), out.length);
	assert_string_equal(copy, expected);
	assert_int_equal(
		utf8_clean_span(bytes, length, lines) == length, strcmp(bytes, expected) == 0);
	assert_int_equal(utf8_clean_span(out.data, out.length, lines), out.length);
	buffer_free(&out);
}

static void text_is_cleaned_before_it_is_sent(void **state)
{
	struct buffer out = {NULL, 0, 0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		assert_cleaned(texts[i].bytes, UTF8_LINES, texts[i].lines);
		assert_cleaned(texts[i].bytes, UTF8_ONE_LINE, texts[i].one_line);
	}
	utf8_clean_append(&out, NULL, 0, UTF8_LINES);
	utf8_clean_append(&out, "a\0b\xe2\x82\xac", 5, UTF8_LINES); /* incomplete last character */
	assert_string_equal(out.data, "ab" BAD BAD);
	buffer_free(&out);
}

static void cleaned_text_is_cut_between_characters(void **state)
{
	char out[6];

	(void)state;
	assert_int_equal(utf8_clean_copy(out, 6,
				 "ab\x01"
				 "cde\xe2\x82\xac",
				 9, UTF8_LINES),
		5);
	assert_string_equal(out, "abcde");
	assert_int_equal(utf8_clean_copy(out, 6, "abc\xe2\x82\xac", 6, UTF8_LINES), 3);
	assert_string_equal(out, "abc");
	assert_int_equal(utf8_clean_copy(out, 6, "abc\xff", 4, UTF8_LINES), 3);
	assert_string_equal(out, "abc");
	assert_int_equal(utf8_clean_copy(out, 1, "abc", 3, UTF8_LINES), 0);
	assert_string_equal(out, "");
}

static void invalid_json_escapes_are_replaced(void **state)
{
	static const struct {
		const char *json, *mended;
	} cases[] = {
		{"", ""},
		{"\"\\u00e4\\n\\\\ud800\"", "\"\\u00e4\\n\\\\ud800\""}, /* a backslash, then text */
		{"\\ud83d\\ude00", "\\ud83d\\ude00"},
		{"\\uD83D\\uDE00", "\\uD83D\\uDE00"},
		{"\\ud83dx", "\\uffffx"},
		{"\\udce4", "\\uffff"},
		{"\\ud83d\\ud83d\\ude00", "\\uffff\\ud83d\\ude00"},
		{"\\ude00\\ud83d", "\\uffff\\uffff"},
		{"\\ud83d\\u0041", "\\uffff\\u0041"},
		{"a\\u0000b", "a\\u0001b"},
		{"\\ud83", "\\ud83"},
		{"\\ud8zz\\", "\\ud8zz\\"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char json[64];
		size_t length = strlen(cases[i].json);

		memcpy(json, cases[i].json, length + 1);
		assert_int_equal(utf8_mend_escapes(json, length),
			strcmp(cases[i].json, cases[i].mended) != 0);
		assert_string_equal(json, cases[i].mended);
	}
}

static char limited[200];

__attribute__((format(printf, 1, 2))) static void limited_write(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(limited, sizeof limited, format, arguments);
	va_end(arguments);
}

static void a_limited_line_says_how_many_were_not_logged(void **state)
{
	struct log_limit limit = {0};
	int passed = 0;

	(void)state;
	for (int i = 0; i < LOG_LIMIT_BURST + 3; i++)
		passed += log_limited(&limit, 0, limited_write, "%s %d", "line", i);
	assert_int_equal(passed, LOG_LIMIT_BURST);
	assert_string_equal(limited, "line 9");
	assert_true(log_limited(&limit, LOG_LIMIT_INTERVAL, limited_write, "%s", "100 %s"));
	assert_string_equal(limited, "100 %s (3 more like it were not logged)");
}

static void log_limit_passes_a_burst_and_then_a_few(void **state)
{
	struct log_limit limit = {0};
	unsigned long left_out = 0, passed = 0;
	char text[LOG_LIMIT_TEXT];
	nsec now = 1000 * NSEC_PER_SEC;

	(void)state;
	for (int i = 0; i < 1000; i++)
		passed += log_limit_pass(&limit, now, &left_out);
	assert_int_equal(passed, LOG_LIMIT_BURST);
	assert_int_equal(left_out, 0);
	assert_false(log_limit_pass(&limit, now + LOG_LIMIT_INTERVAL - 1, &left_out));
	assert_true(log_limit_pass(&limit, now + LOG_LIMIT_INTERVAL, &left_out));
	assert_int_equal(left_out, 1000 - LOG_LIMIT_BURST + 1);
	assert_string_equal(log_limit_text(left_out, text), " (991 more like it were not logged)");
	assert_false(log_limit_pass(&limit, now + LOG_LIMIT_INTERVAL, &left_out));
	passed = 0;
	for (nsec i = 0; i < 3600; i++)
		passed += log_limit_pass(&limit, now += NSEC_PER_SEC, &left_out);
	assert_between(passed, 359, 361);
	now += LOG_LIMIT_BURST * LOG_LIMIT_INTERVAL;
	for (passed = 0; log_limit_pass(&limit, now, &left_out); passed++)
		assert_int_equal(passed == 0 ? 0 : left_out, 0);
	assert_int_equal(passed, LOG_LIMIT_BURST);
	assert_string_equal(log_limit_text(0, text), "");
}

static void singular_and_plural_are_distinguished(void **state)
{
	(void)state;
	assert_string_equal(number_plural(0), "s");
	assert_string_equal(number_plural(1), "");
	assert_string_equal(number_plural(2), "s");
}

static void metrics_are_written_and_their_labels_escaped(void **state)
{
	struct buffer out = {NULL, 0, 0};

	(void)state;
	prometheus_single(&out, "one_total", "counter", "Ones.", 7);
	prometheus_family(&out, "two", "gauge", "Twos.");
	prometheus_number(&out, "two", PROMETHEUS_LABELS("a", "x\\y\"z\n", "b", ""), -1);
	prometheus_seconds(&out, "two", PROMETHEUS_LABELS("a", "plain"), 1500 * NSEC_PER_MSEC);
	assert_string_equal(out.data, "# HELP one_total Ones.\n# TYPE one_total counter\n"
				      "one_total 7\n# HELP two Twos.\n# TYPE two gauge\n"
				      "two{a=\"x\\\\y\\\"z\\n\",b=\"\"} -1\n"
				      "two{a=\"plain\"} 1.500\n");
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(duration_reads_units),
		cmocka_unit_test(duration_refuses_invalid_text),
		cmocka_unit_test(duration_is_bounded),
		cmocka_unit_test(duration_is_written_with_units),
		cmocka_unit_test(number_is_strict),
		cmocka_unit_test(address_reads_its_four_forms),
		cmocka_unit_test(address_refuses_invalid_text),
		cmocka_unit_test(lines_are_complete_and_numbered),
		cmocka_unit_test(lines_can_be_pushed),
		cmocka_unit_test(a_mark_ends_the_output_but_not_the_line),
		cmocka_unit_test(lines_without_end_use_no_memory),
		cmocka_unit_test(buffer_grows_and_shrinks),
		cmocka_unit_test(backoff_doubles_to_its_maximum),
		cmocka_unit_test(singular_and_plural_are_distinguished),
		cmocka_unit_test(log_limit_passes_a_burst_and_then_a_few),
		cmocka_unit_test(a_limited_line_says_how_many_were_not_logged),
		cmocka_unit_test(timeout_is_the_remaining_time),
		cmocka_unit_test(text_is_cleaned_before_it_is_sent),
		cmocka_unit_test(cleaned_text_is_cut_between_characters),
		cmocka_unit_test(invalid_json_escapes_are_replaced),
		cmocka_unit_test(metrics_are_written_and_their_labels_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

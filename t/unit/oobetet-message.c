/* SPDX-License-Identifier: MIT */
/* Messages between the monitor and its workers; texts of the alarms. */
#include "t/unit/unit.h"

#include "common/secret.h"
#include "common/utf8.h"
#include "common/utf8_clean.h"
#include "oobetet/channel/notification.h"
#include "oobetet/config/config.h"
#include "oobetet/message.h"

#include <stdlib.h>
#include <string.h>

#define ANYBODY ((enum speaker)(SPEAKER_MONITOR | SPEAKER_XMPP | SPEAKER_HTTP | SPEAKER_PROBE))

/* The only line in the buffer, without its newline. */
static char *line_of(struct buffer *buffer)
{
	char *newline = strchr(buffer->data, '\n');

	assert_ptr_equal(newline, buffer->data + buffer->length - 1);
	*newline = '\0';
	return buffer->data;
}

static void a_message_is_parsed_as_it_was_written(void **state)
{
	static const char odd[] = "a\tb\nc\rd\\e\\t \\\\ \xc3\xa9";
	struct buffer buffer = {NULL, 0, 0};
	struct message message;
	struct reason why;

	(void)state;
	assert_true(message_write(&buffer, MESSAGE_HEARD, FIELDS("12", "room@x", odd, "", "")));
	assert_string_equal(
		buffer.data, "heard\t12\troom@x\ta\\tb\\nc\\rd\\\\e\\\\t \\\\\\\\ \xc3\xa9\t\t\n");
	assert_true(message_read(line_of(&buffer), ANYBODY, &message, &why));
	assert_int_equal(message.type, MESSAGE_HEARD);
	assert_string_equal(message.field[0], "12");
	assert_string_equal(message.field[1], "room@x");
	assert_string_equal(message.field[2], odd);
	assert_string_equal(message.field[3], "");
	assert_null(message.field[5]);
	buffer_free(&buffer);
}

static void a_message_may_have_no_fields(void **state)
{
	struct buffer buffer = {NULL, 0, 0};
	struct message message;
	struct reason why;

	(void)state;
	assert_true(message_write(&buffer, MESSAGE_STOP, NO_FIELDS));
	assert_string_equal(buffer.data, "stop\n");
	assert_true(message_read(line_of(&buffer), ANYBODY, &message, &why));
	assert_int_equal(message.type, MESSAGE_STOP);
	buffer_free(&buffer);
}

static void invalid_messages_are_refused(void **state)
{
	static const char *const lines[] = {"", "\t", "hello", "stop\t", "stop\tx", "done",
		"done\t1\t2", "say\t1\troom", "gone\ta\\", "gone\ta\\x", "Done\t1", "done 1",
		"trigger\t1\t2\t3\t4\t5\t6\t7\t8\t9"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
		char line[64];
		struct message message;
		struct reason why;

		snprintf(line, sizeof line, "%s", lines[i]);
		if (message_read(line, ANYBODY, &message, &why))
			fail_msg("taken: %s", lines[i]);
	}
}

static void each_sender_may_send_only_its_own_types(void **state)
{
	static const char *const everybodys[] = {"alive\t1", "online\tx", "gone\tx", NULL};
	static const char *const senders[] = {"done\t1", "failed\t1\tx", NULL};
	static const char *const probes[] = {"port\t0\t1\topen", "broker\t0\t1\thr-\tok\t1\t2",
		"queue\t0\t1\t2\t3\t\t\t\t", "silent\t0\t1\t2", "blind\t0\t1\t2\t0\tx", NULL};
	static const char *const ears[] = {"created\tr", "joined\tr\tn", "left\tr\tx",
		"occupant\tr\tn\tj\t\t", "departed\tr\tn", "vacated\tr\tn", "heard\t1\tr\tn\tx\ti",
		"recalled\t1\tr\tn\tx\ti", NULL};
	static const char *const pagers[] = {"refused\t1\tx", NULL};
	static const char *const clocks[] = {"config\t0\tk\tv", "go\t0", "say\t1\tr\tx", "stop",
		"trigger\t1\t0\tk\ts\th\tc\tx\td", "resolve\t1\t0\tk", "beat", "missed\tr\t1",
		NULL};
	static const struct {
		const char *const *lines;
		unsigned speakers;
	} lists[] = {{everybodys, SPEAKER_XMPP | SPEAKER_HTTP | SPEAKER_PROBE},
		{senders, SPEAKER_XMPP | SPEAKER_HTTP}, {probes, SPEAKER_PROBE},
		{ears, SPEAKER_XMPP}, {pagers, SPEAKER_HTTP}, {clocks, SPEAKER_MONITOR}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(lists); i++)
		for (const char *const *line = lists[i].lines; *line != NULL; line++)
			for (unsigned speaker = SPEAKER_MONITOR; speaker <= SPEAKER_PROBE;
				speaker *= 2) {
				char copy[64];
				struct message message;
				struct reason why;

				snprintf(copy, sizeof copy, "%s", *line);
				if (message_read(copy, (enum speaker)speaker, &message, &why) !=
					((lists[i].speakers & speaker) != 0))
					fail_msg("%s of %u", *line, speaker);
			}
}

static void the_length_of_a_message_is_limited(void **state)
{
	struct buffer buffer = {NULL, 0, 0};
	char *text = malloc(IPC_LINE);

	(void)state;
	memset(text, 'x', IPC_LINE - 1);
	text[IPC_LINE - 1] = '\0';
	assert_true(message_write(&buffer, MESSAGE_STOP, NO_FIELDS));
	assert_false(message_write(&buffer, MESSAGE_GONE, FIELDS(text)));
	assert_string_equal(buffer.data, "stop\n");
	assert_int_equal(buffer.length, 5);
	text[IPC_LINE - 5] = '\0';
	assert_true(message_write(&buffer, MESSAGE_GONE, FIELDS(text)));
	/* the longest TEXT, all of it escaped, beside the longest JIDs, still fits */
	assert_true(4 * (2 * IPC_TEXT) <= IPC_LINE);
	free(text);
	buffer_free(&buffer);
}

static void times_are_digits(void **state)
{
	char text[MESSAGE_NUMBER];
	nsec value;

	(void)state;
	assert_true(message_number(message_number_text(INT64_MAX, text), &value));
	assert_int_equal(value, INT64_MAX);
	assert_true(message_number("0", &value));
	assert_false(message_number("-1", &value));
	assert_false(message_number("1.5", &value));
	assert_false(message_number("9223372036854775808", &value));
}

static void texts_become_one_line_of_valid_utf8(void **state)
{
	char out[64], small[6];

	(void)state;
	assert_string_equal(utf8_clean_line("a\x01"
					    "b\x1b[1mc\nd\te\x7f\xc2\x85",
				    out, sizeof out),
		"abc d e");
	/* a lone continuation byte, a non-character */
	assert_string_equal(
		utf8_clean_line("\x80|\xef\xbf\xbf", out, sizeof out), "\xef\xbf\xbd|\xef\xbf\xbd");
	assert_string_equal(utf8_clean_line("abc\xe2\x82\xac", small, sizeof small), "abc");
	assert_int_equal(utf8_cut("abc\xe2\x82\xac", 6), 6);
	assert_int_equal(utf8_cut("abc\xe2\x82\xac", 5), 3);
	assert_true(utf8_is_clean_line("a\tb \xe2\x82\xac"));
	assert_false(utf8_is_clean_line("a\x01"));
	assert_false(utf8_is_clean_line("a\nb"));
	assert_false(utf8_is_clean_line("\xff"));
}

static void a_secret_is_masked_before_the_text_is_cut(void **state)
{
	static const char *const secrets[] = {"hunter2", "abc", NULL};
	static const struct {
		const char *text, *masked;
	} cases[] = {
		{"", ""}, {"hunter2", "*******"}, {"is hunter2, hunter2", "is *******, *******"},
		{"hunt\x01"
		 "er2",
			"*******"},
		{"hunter\x1b[31m2", "*******"},
		{"1234567890 hunter2 and more", "1234567890 ******* "},
		{"123456789012345 hunter2 and more", "123456789012345 ***"},
		{"so it begins hunter", "so it begins ******"}, /* cut by the sender */
		{"so it begins hun", "so it begins hun"},
		{"abcabc", "abcabc"}, /* too short to be a secret */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char out[20];

		assert_string_equal(secret_clean_line(cases[i].text, secrets, out, sizeof out),
			cases[i].masked);
	}
}

static const struct target target = {"vm", "d60", "flap", 60 * NSEC_PER_SEC, NULL, NULL};

static void alarm_texts_match_the_original_oobetet(void **state)
{
	struct notification notification;
	nsec wall = INT64_C(1795170546123) * NSEC_PER_MSEC;
	struct outage outage = {.since = wall};

	(void)state;
	setenv("TZ", "UTC", 1);
	notification_key(&target, wall, outage.key);
	notification_alarm(
		&notification, &target, &outage, KIND_PROBLEM, 61 * NSEC_PER_SEC, wall, "");
	assert_string_equal(notification.text,
		"Flapjack Self Monitoring is Critical: haven't seen a test problem notification in "
		"the last 60 seconds for \"d60\" on flap, from vm at 2026-11-20 10:29:06 +0000");
	assert_string_equal(notification.key,
		"Flapjack Self Monitoring from vm, 2026-11-20T10:29:06.123Z, \"d60\" on flap");
	assert_string_equal(notification.since, "2026-11-20T10:29:06.123Z");
	const struct target keyed = {.host = target.host,
		.check = target.check,
		.entity = target.entity,
		.max_latency = target.max_latency,
		.key = "Chain"};
	char other[NOTIFICATION_KEY];
	assert_int_equal(strncmp(notification_key(&keyed, wall, other), "Chain, 2", 8), 0);
	/* the key is that of the incident's start */
	notification_alarm(&notification, &keyed, &outage, KIND_RECOVERY, 59 * NSEC_PER_SEC + 1,
		wall, "; more");
	/* received before the incident began, not since */
	assert_non_null(strstr(notification.text, "in the last 59 seconds for"));
	assert_string_equal(notification.key, outage.key);
	assert_non_null(strstr(notification.text, "test recovery notification"));
	assert_non_null(strstr(notification.text, "+0000; more"));
	notification_ok(&notification, &target, &outage, KIND_PROBLEM, 412 * NSEC_PER_SEC + 1,
		wall + 412 * NSEC_PER_SEC);
	assert_string_equal(notification.text,
		"Flapjack Self Monitoring is OK (it was not for 412 s), from vm at 2026-11-20 "
		"10:35:58 +0000");
	assert_string_equal(notification.key,
		"Flapjack Self Monitoring from vm, 2026-11-20T10:29:06.123Z, \"d60\" on flap");
}

/* With several watches, texts and keys say of which they are. */
static void texts_of_several_watches_differ(void **state)
{
	struct target web = target, mail = target;
	struct notification one, two;
	struct outage outage = {.since = 0};
	char key[NOTIFICATION_KEY], other[NOTIFICATION_KEY], text[NOTIFICATION_TEXT];
	static char names[WATCHES_MAX][100];
	struct target many[WATCHES_MAX];
	const struct target *all[WATCHES_MAX] = {&web, &mail};

	(void)state;
	web.watch = "web";
	mail.watch = "mail";
	assert_string_equal(notification_key(&web, 0, key),
		"Flapjack Self Monitoring from vm, 1970-01-01T00:00:00.000Z, web, \"d60\" on flap");
	assert_string_not_equal(key, notification_key(&mail, 0, other));
	notification_ok(&one, &web, &outage, KIND_PROBLEM, NSEC_PER_SEC, 0);
	assert_string_equal(one.text,
		"Flapjack Self Monitoring is OK (it was not for 1 s) for \"d60\" on flap, from vm at "
		"1970-01-01 00:00:00 +0000");
	notification_test(&one, &web, 0);
	notification_test(&two, &mail, 0);
	assert_string_not_equal(one.text, two.text);
	assert_string_not_equal(one.key, two.key);
	mail.entity = "post";
	notification_greeting(all, 2, "started", 0, text, sizeof text);
	assert_string_equal(text,
		"oobetet on vm, started at 1970-01-01 00:00:00 +0000: watching for 2 checks, telling "
		"you after so much silence of each: \"d60\" on flap (60 s), \"d60\" on post (60 s)");
	notification_absence(all, 2, 90 * NSEC_PER_SEC, "was stopped", text, sizeof text);
	assert_string_equal(text,
		"oobetet on vm was stopped for 90 s and could not hear \"d60\" on flap, \"d60\" on "
		"post: that time is not counted as silence");
	for (int i = 0; i < WATCHES_MAX; i++) {
		memset(names[i], 'n', sizeof names[i] - 1);
		many[i] = (struct target){.host = "vm", .check = names[i]};
		all[i] = &many[i];
	}
	notification_greeting(all, WATCHES_MAX, "started", 0, text, sizeof text);
	assert_true(strlen(text) < NOTIFICATION_TEXT - 1);
	assert_non_null(strstr(text, "nn\" (0 s) and 5"));
	assert_string_equal(text + strlen(text) - 5, " more");
}

static void long_texts_are_cut_between_characters(void **state)
{
	static char remarks[8000], name[600];
	struct target named = target;
	struct outage outage = {.since = 0};
	struct notification notification;

	(void)state;
	for (int i = 0; i < 2000; i++)
		memcpy(remarks + 3 * i, "\xe2\x82\xac", 4);
	notification_alarm(&notification, &target, &outage, KIND_PROBLEM, 0, 0, remarks);
	assert_between(strlen(notification.text), NOTIFICATION_TEXT - 4, NOTIFICATION_TEXT - 1);
	assert_true(utf8_is_clean_line(notification.text));
	memset(name, 'n', sizeof name - 1);
	named.check = name;
	notification_key(&named, 0, outage.key);
	assert_int_equal(strlen(outage.key), NOTIFICATION_KEY - 1);
	assert_non_null(strstr(outage.key, "1970-01-01T00:00:00.000Z"));
}

/* JSON and the metrics take whole characters only. */
static void a_long_name_is_cut_between_two_characters(void **state)
{
	const struct target long_named = {.check = "aää", .entity = "öö"};
	char out[40];

	(void)state;
	for (size_t size = 1; size < sizeof out; size++) {
		target_name(&long_named, out, size);
		assert_int_equal(utf8_whole(out, strlen(out)), strlen(out));
	}
	assert_string_equal(out, "\"aää\" on öö");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_long_name_is_cut_between_two_characters),
		cmocka_unit_test(a_message_is_parsed_as_it_was_written),
		cmocka_unit_test(a_message_may_have_no_fields),
		cmocka_unit_test(invalid_messages_are_refused),
		cmocka_unit_test(each_sender_may_send_only_its_own_types),
		cmocka_unit_test(the_length_of_a_message_is_limited),
		cmocka_unit_test(times_are_digits),
		cmocka_unit_test(texts_become_one_line_of_valid_utf8),
		cmocka_unit_test(a_secret_is_masked_before_the_text_is_cut),
		cmocka_unit_test(alarm_texts_match_the_original_oobetet),
		cmocka_unit_test(texts_of_several_watches_differ),
		cmocka_unit_test(long_texts_are_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

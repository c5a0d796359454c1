/* SPDX-License-Identifier: MIT */
/* The first words on a connection, and the batch number that they ask for. */
#include "t/unit/unit.h"

#include "httpbroker/redis/greeting.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

/* A connection's beginning: what was said to it, and what came of it. */
struct talk {
	struct greeting greeting;
	struct keys keys;
	struct buffer said;
	struct reason why;
	enum greeting_verdict verdict;
};

/* Hands the answers in, and ends at the first that is not GREETING_WAITS. */
static struct talk talk_begin(const char *password, const char *answers)
{
	const struct greeter greeter = {password, 13};
	struct talk talk = {.why = {"no reason"}, .verdict = GREETING_WAITS};
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;

	assert_non_null(reader);
	keys_init(&talk.keys, "n", "events", 2);
	greeting_write(&talk.greeting, &talk.keys, &greeter, &talk.said);
	redisReaderFeed(reader, answers, strlen(answers));
	while (talk.verdict == GREETING_WAITS) {
		assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
		if (reply == NULL)
			break;
		talk.verdict = greeting_judge(&talk.greeting, reply, &talk.said, &talk.why);
		freeReplyObject(reply);
	}
	redisReaderFree(reader);
	keys_free(&talk.keys);
	return talk;
}

static struct talk talk_hold(const char *answers)
{
	return talk_begin(NULL, answers);
}

static void assert_held(const char *answers, enum greeting_verdict verdict, const char *why)
{
	struct talk talk = talk_hold(answers);

	assert_int_equal(talk.verdict, verdict);
	assert_string_equal(talk.why.text, why);
	buffer_free(&talk.said);
}

static void assert_said(const char *answers, const char *expected)
{
	struct talk talk = talk_hold(answers);

	assert_string_equal(talk.said.data, expected);
	buffer_free(&talk.said);
}

#define SELECT "*2\r\n$6\r\nSELECT\r\n$2\r\n13\r\n"
#define KEY "$18\r\nhttpbroker:n:batch\r\n"
#define TOUCH                                     \
	"*3\r\n$6\r\nAPPEND\r\n" KEY "$0\r\n\r\n" \
	"*2\r\n$3\r\nGET\r\n" KEY "*2\r\n$5\r\nWATCH\r\n" KEY

static void the_key_is_touched_in_our_database_only(void **state)
{
	(void)state;
	assert_said("", SELECT);
	assert_said("-ERR DB index is out of range\r\n", SELECT);
	assert_said("+OK\r\n", SELECT TOUCH);
	assert_said("+OK\r\n:0\r\n$0\r\n\r\n+OK\r\n", SELECT TOUCH);
}

static void assert_authenticated(const char *answers, const char *said, const char *why)
{
	struct talk talk = talk_begin("s3cr\xc3\xa9t pass", answers);

	assert_string_equal(talk.said.data, said);
	assert_string_equal(talk.why.text, why);
	buffer_free(&talk.said);
}

#define AUTH "*2\r\n$4\r\nAUTH\r\n$12\r\ns3cr\xc3\xa9t pass\r\n"

static void a_password_comes_before_all_else(void **state)
{
	(void)state;
	assert_authenticated("", AUTH, "no reason");
	assert_authenticated("+OK\r\n", AUTH SELECT, "no reason");
	assert_authenticated("+OK\r\n+OK\r\n", AUTH SELECT TOUCH, "no reason");
	assert_authenticated("-WRONGPASS x\r\n", AUTH, "refuses AUTH: WRONGPASS x");
	assert_authenticated("+OK\r\n-NOPERM x\r\n", AUTH SELECT, "refuses SELECT: NOPERM x");
}

#define LAST "+OK\r\n:24\r\n$24\r\n42 0123456789abcdef 7 99\r\n"

static void the_last_batch_is_learnt(void **state)
{
	struct talk talk = talk_hold(LAST "+OK\r\n");

	(void)state;
	assert_int_equal(talk.verdict, GREETING_DONE);
	assert_true(talk.greeting.found);
	assert_int_equal(talk.greeting.last.number, 42);
	assert_string_equal(talk.greeting.last.token, "0123456789abcdef");
	assert_int_equal(talk.greeting.last.clock, 7);
	assert_int_equal(talk.greeting.last.wall, 99);
	buffer_free(&talk.said);
	assert_held(LAST, GREETING_WAITS, "no reason");
}

static void there_may_be_no_batch_yet(void **state)
{
	struct talk talk = talk_hold("+OK\r\n:0\r\n$0\r\n\r\n+OK\r\n");

	(void)state;
	assert_int_equal(talk.verdict, GREETING_DONE);
	assert_false(talk.greeting.found);
	buffer_free(&talk.said);
}

static void refusals_are_quoted(void **state)
{
	static const char *const cases[][2] = {
		{"-NOAUTH Authentication required.\r\n",
			"refuses SELECT: NOAUTH Authentication required."},
		{"-ERR DB index is out of range\r\n",
			"refuses SELECT: ERR DB index is out of range"},
		{":1\r\n", "refuses SELECT: an odd answer"},
		{"+OK\r\n-WRONGTYPE x\r\n", "refuses APPEND: WRONGTYPE x"},
		{"+OK\r\n-READONLY x\r\n", "refuses APPEND: READONLY x"},
		{"+OK\r\n:0\r\n-ERR x\r\n", "refuses GET: ERR x"},
		{"+OK\r\n:0\r\n$-1\r\n", "refuses GET: an odd answer"},
		{"+OK\r\n:3\r\n$3\r\nfoo\r\n", "holds a batch number that cannot be read: "
					       "it is not NUMBER TOKEN CLOCK WALL"},
		{"+OK\r\n:0\r\n$0\r\n\r\n-ERR x\r\n", "refuses WATCH: ERR x"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		assert_held(cases[i][0], GREETING_REFUSED, cases[i][1]);
}

static void a_batch_is_read_as_it_was_written(void **state)
{
	const struct batch batches[] = {
		{0, "0123456789abcdef", 0, 0},
		{42, "ffffffffffffffff", 123456, 1795224305123},
		{INT64_MAX, "0000000000000000", INT64_MAX, INT64_MIN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(batches); i++) {
		char text[BATCH_TEXT];
		struct batch read;
		struct reason why;

		assert_ptr_equal(batch_text(&batches[i], text), text);
		assert_true(batch_read(text, strlen(text), &read, &why));
		assert_int_equal(read.number, batches[i].number);
		assert_string_equal(read.token, batches[i].token);
		assert_int_equal(read.clock, batches[i].clock);
		assert_int_equal(read.wall, batches[i].wall);
	}
}

static void what_is_no_batch_is_refused(void **state)
{
	static const char *const texts[] = {"", "x", "42", "42 0123456789abcdef",
		"42 0123456789abcdef 7", "42 0123456789abcdef 7 x", "42 0123456789abcdef 7 99 ",
		"42 0123456789abcdef 7 99x", "42 0123456789abcdef0 7 99",
		"42 0123456789abcdeX 7 99", "-1 0123456789abcdef 7 99",
		"42 0123456789abcdef -7 99"};
	char large[BATCH_TEXT + 10];
	struct batch batch;
	struct reason why;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		if (batch_read(texts[i], strlen(texts[i]), &batch, &why))
			fail_msg("'%s' was taken", texts[i]);
	assert_false(batch_read("42 0123456789abcdef 7 99\0", 25, &batch, &why));
	memset(large, '1', sizeof large);
	assert_false(batch_read(large, sizeof large, &batch, &why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_key_is_touched_in_our_database_only),
		cmocka_unit_test(a_password_comes_before_all_else),
		cmocka_unit_test(the_last_batch_is_learnt),
		cmocka_unit_test(there_may_be_no_batch_yet),
		cmocka_unit_test(refusals_are_quoted),
		cmocka_unit_test(a_batch_is_read_as_it_was_written),
		cmocka_unit_test(what_is_no_batch_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

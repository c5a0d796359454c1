/* SPDX-License-Identifier: MIT */
/* Looking at the lease, and taking it: answers go in, byte for byte. */
#include "t/unit/unit.h"

#include "httpbroker/redis/lease.h"

#include <hiredis/hiredis.h>
#include <string.h>

#define TOKEN "0123456789abcdef"
#define OTHER "fedcba9876543210"
#define MINE "$21\r\nh :1 " TOKEN "\r\n"
#define NEXT "$21\r\nh :1 " OTHER "\r\n"
#define THEIRS "$21\r\ni :1 " OTHER "\r\n"
#define NONE "$-1\r\n"
#define BATCH "$30\r\n41 " OTHER " 60000 9000\r\n"
#define OURS "$31\r\n40 " TOKEN " 60000 9000 \r\n"
#define Q "+QUEUED\r\n"

struct talk {
	struct keys keys;
	struct lease lease;
	struct acquire acquire;
	struct buffer said;
	struct reason why;
};

typedef enum acquire_result judging(
	struct acquire *acquire, const struct redisReply *reply, struct reason *why);

static void talk_begin(struct talk *talk)
{
	*talk = (struct talk){.why = {"no reason"}};
	keys_init(&talk->keys, "n", "events", 1);
	lease_init(&talk->lease, "h :1", TOKEN);
	talk->acquire.keys = &talk->keys;
	talk->acquire.lease = &talk->lease;
}

static void talk_end(struct talk *talk)
{
	keys_free(&talk->keys);
	buffer_free(&talk->said);
}

/* Hands in all answers. All but the last leave it waiting. */
static enum acquire_result hear(struct talk *talk, judging *judge, const char *answers)
{
	redisReader *loader = redisReaderCreate();
	enum acquire_result verdict = ACQUIRE_WAITS;
	void *reply;

	redisReaderFeed(loader, answers, strlen(answers));
	for (;;) {
		assert_int_equal(redisReaderGetReply(loader, &reply), REDIS_OK);
		if (reply == NULL)
			break;
		assert_int_equal(verdict, ACQUIRE_WAITS);
		verdict = judge(&talk->acquire, reply, &talk->why);
		freeReplyObject(reply);
	}
	redisReaderFree(loader);
	return verdict;
}

static enum acquire_result look(struct talk *talk, const char *answers)
{
	talk_begin(talk);
	look_write(&talk->acquire, false, &talk->said);
	return hear(talk, look_read, answers);
}

static void a_look_sees_who_and_what_was_last(void **state)
{
	static const struct {
		const char *lease, *place;
		enum lease_holder holder;
	} cases[] = {{NONE, "", LEASE_NOBODYS}, {MINE, "h :1", LEASE_OURS},
		{NEXT, "h :1", LEASE_OF_OUR_PLACE}, {THEIRS, "i :1", LEASE_ANOTHERS}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char answers[256];
		struct talk talk;

		snprintf(answers, sizeof answers, "+OK\r\n%s%s", cases[i].lease, BATCH NONE);
		assert_int_equal(look(&talk, answers), ACQUIRE_DONE);
		assert_int_equal(talk.acquire.seen.holder, cases[i].holder);
		assert_string_equal(talk.acquire.seen.place, cases[i].place);
		assert_true(talk.acquire.seen.found);
		assert_int_equal(talk.acquire.seen.last.number, 41);
		assert_false(talk.acquire.seen.left);
		talk_end(&talk);
	}
}

static void a_look_finds_nothing_or_what_was_left(void **state)
{
	struct talk talk;

	(void)state;
	assert_int_equal(look(&talk, "+OK\r\n" NONE NONE NONE), ACQUIRE_DONE);
	assert_false(talk.acquire.seen.found || talk.acquire.seen.left);
	talk_end(&talk);
	assert_int_equal(look(&talk, "+OK\r\n" NONE "$0\r\n\r\n" BATCH), ACQUIRE_DONE);
	assert_false(talk.acquire.seen.found);
	assert_true(talk.acquire.seen.left);
	assert_int_equal(talk.acquire.seen.ours.number, 41);
	talk_end(&talk);
	/* what cannot be read there is not ours to mind */
	assert_int_equal(look(&talk, "+OK\r\n" NONE NONE OURS), ACQUIRE_DONE);
	assert_false(talk.acquire.seen.left);
	talk_end(&talk);
}

static void a_look_is_refused_with_its_reason(void **state)
{
	static const char *const cases[][2] = {
		{"-NOAUTH a\r\n", "refuses WATCH httpbroker:n:lease: NOAUTH a"},
		{"+OK\r\n-LOADING b\r\n", "refuses GET httpbroker:n:lease: LOADING b"},
		{"+OK\r\n" NONE ":1\r\n", "refuses GET httpbroker:n:batch: an odd answer"},
		{"+OK\r\n" NONE "$1\r\nx\r\n", "holds a batch number that cannot be read: it is "
					       "not NUMBER TOKEN CLOCK WALL [TYPE]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct talk talk;

		assert_int_equal(look(&talk, cases[i][0]), ACQUIRE_REFUSED);
		assert_string_equal(talk.why.text, cases[i][1]);
		talk_end(&talk);
	}
}

#define STANDBY \
	"*5\r\n$3\r\nSET\r\n$20\r\nhttpbroker:n:standby\r\n" MINE "$2\r\nPX\r\n$4\r\n6000\r\n"

static void who_stands_by_says_so_before_it_looks(void **state)
{
	struct talk talk;

	(void)state;
	talk_begin(&talk);
	look_write(&talk.acquire, true, &talk.said);
	assert_memory_equal(talk.said.data, STANDBY "*2\r\n$5\r\nWATCH\r\n",
		sizeof STANDBY "*2\r\n$5\r\nWATCH\r\n" - 1);
	assert_int_equal(hear(&talk, look_read, "+OK\r\n+OK\r\n" THEIRS BATCH NONE), ACQUIRE_DONE);
	assert_int_equal(talk.acquire.seen.holder, LEASE_ANOTHERS);
	look_write(&talk.acquire, true, &talk.said);
	assert_int_equal(hear(&talk, look_read, "-OOM x\r\n"), ACQUIRE_REFUSED);
	assert_string_equal(talk.why.text, "refuses SET httpbroker:n:standby: OOM x");
	talk_end(&talk);
}

static enum acquire_result take(struct talk *talk, bool begin, const char *answers)
{
	const struct lease_write write = {.begin = begin, .ours = {42, TOKEN, 1, 2, ""}};

	talk_begin(talk);
	acquire_write(&talk->acquire, &write, &talk->said);
	return hear(talk, acquire_read, answers);
}

static void it_is_taken_if_it_still_is_ours_when_it_is_watched(void **state)
{
	struct talk talk;

	(void)state;
	assert_int_equal(
		take(&talk, true, "+OK\r\n" Q Q "*2\r\n+OK\r\n+OK\r\n+OK\r\n" MINE), ACQUIRE_DONE);
	talk_end(&talk);
	assert_int_equal(take(&talk, false, "+OK\r\n" Q "*1\r\n+OK\r\n+OK\r\n" MINE), ACQUIRE_DONE);
	talk_end(&talk);
	/* somebody was there between the look and EXEC; between EXEC and WATCH */
	assert_int_equal(take(&talk, true, "+OK\r\n" Q Q "*-1\r\n+OK\r\n" THEIRS), ACQUIRE_LOST);
	talk_end(&talk);
	assert_int_equal(
		take(&talk, true, "+OK\r\n" Q Q "*2\r\n+OK\r\n+OK\r\n+OK\r\n" NEXT), ACQUIRE_LOST);
	talk_end(&talk);
	assert_int_equal(
		take(&talk, true, "+OK\r\n" Q Q "*2\r\n+OK\r\n+OK\r\n+OK\r\n" NONE), ACQUIRE_LOST);
	talk_end(&talk);
	/* ours from before, which was touched */
	assert_int_equal(take(&talk, true, "+OK\r\n" Q Q "*-1\r\n+OK\r\n" MINE), ACQUIRE_LOST);
	talk_end(&talk);
}

static void what_redis_refuses_is_not_taken(void **state)
{
	static const char *const cases[][2] = {
		{"-READONLY a\r\n" Q "-ERR EXEC without MULTI\r\n+OK\r\n" MINE, "MULTI"},
		{"+OK\r\n-OOM b\r\n-EXECABORT c\r\n+OK\r\n" MINE, "SET"},
		{"+OK\r\n" Q "*1\r\n-ERR d\r\n+OK\r\n" MINE, "SET"},
		{"+OK\r\n" Q "-ERR e\r\n+OK\r\n" MINE, "EXEC"},
		{"+OK\r\n" Q "*1\r\n+OK\r\n-ERR f\r\n" MINE, "WATCH"},
		{"+OK\r\n" Q "*1\r\n+OK\r\n+OK\r\n-ERR g\r\n", "GET"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char expected[64];
		struct talk talk;

		assert_int_equal(take(&talk, false, cases[i][0]), ACQUIRE_REFUSED);
		snprintf(expected, sizeof expected, "refuses %s httpbroker:n:lease: ", cases[i][1]);
		assert_memory_equal(talk.why.text, expected, strlen(expected));
		talk_end(&talk);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_look_sees_who_and_what_was_last),
		cmocka_unit_test(a_look_finds_nothing_or_what_was_left),
		cmocka_unit_test(a_look_is_refused_with_its_reason),
		cmocka_unit_test(who_stands_by_says_so_before_it_looks),
		cmocka_unit_test(it_is_taken_if_it_still_is_ours_when_it_is_watched),
		cmocka_unit_test(what_redis_refuses_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

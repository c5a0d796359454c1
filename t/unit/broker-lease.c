/* SPDX-License-Identifier: MIT */
/* Reading and acquiring the lease, with Redis's replies byte by byte. */
#include "t/unit/unit.h"

#include "common/buffer.h"
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

struct exchange {
	struct keys keys;
	struct lease lease;
	struct acquire acquire;
	struct buffer request;
	struct reason why;
};

typedef enum acquire_result reply_reader(
	struct acquire *acquire, const struct redisReply *reply, struct reason *why);

static void exchange_begin(struct exchange *exchange)
{
	*exchange = (struct exchange){.why = {"no reason"}};
	keys_init(&exchange->keys, "httpbroker", "n", "events", 1);
	lease_init(&exchange->lease, "h :1", TOKEN);
	exchange->acquire.keys = &exchange->keys;
	exchange->acquire.lease = &exchange->lease;
}

static void exchange_end(struct exchange *exchange)
{
	keys_free(&exchange->keys);
	buffer_free(&exchange->request);
}

/* Feeds all replies. All but the last leave it waiting. */
static enum acquire_result receive(
	struct exchange *exchange, reply_reader *reader, const char *answers)
{
	redisReader *loader = redisReaderCreate();
	enum acquire_result result = ACQUIRE_WAITS;
	void *reply;

	redisReaderFeed(loader, answers, strlen(answers));
	for (;;) {
		assert_int_equal(redisReaderGetReply(loader, &reply), REDIS_OK);
		if (reply == NULL)
			break;
		assert_int_equal(result, ACQUIRE_WAITS);
		result = reader(&exchange->acquire, reply, &exchange->why);
		freeReplyObject(reply);
	}
	redisReaderFree(loader);
	return result;
}

static enum acquire_result look(struct exchange *exchange, const char *answers)
{
	exchange_begin(exchange);
	look_write(&exchange->acquire, false, &exchange->request);
	return receive(exchange, look_read, answers);
}

static void a_look_reads_the_lease_and_the_last_batch(void **state)
{
	static const struct {
		const char *lease, *place;
		enum lease_holder holder;
	} cases[] = {{NONE, "", LEASE_NOBODYS}, {MINE, "h :1", LEASE_OURS},
		{NEXT, "h :1", LEASE_OF_OUR_PLACE}, {THEIRS, "i :1", LEASE_ANOTHERS}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char answers[256];
		struct exchange exchange;

		snprintf(answers, sizeof answers, "+OK\r\n%s%s", cases[i].lease, BATCH NONE);
		assert_int_equal(look(&exchange, answers), ACQUIRE_DONE);
		assert_int_equal(exchange.acquire.seen.holder, cases[i].holder);
		assert_string_equal(exchange.acquire.seen.place, cases[i].place);
		assert_true(exchange.acquire.seen.found);
		assert_int_equal(exchange.acquire.seen.last.number, 41);
		assert_false(exchange.acquire.seen.left);
		exchange_end(&exchange);
	}
}

static void a_look_handles_missing_and_expired_keys(void **state)
{
	struct exchange exchange;

	(void)state;
	assert_int_equal(look(&exchange, "+OK\r\n" NONE NONE NONE), ACQUIRE_DONE);
	assert_false(exchange.acquire.seen.found || exchange.acquire.seen.left);
	exchange_end(&exchange);
	assert_int_equal(look(&exchange, "+OK\r\n" NONE "$0\r\n\r\n" BATCH), ACQUIRE_DONE);
	assert_false(exchange.acquire.seen.found);
	assert_true(exchange.acquire.seen.left);
	assert_int_equal(exchange.acquire.seen.ours.number, 41);
	exchange_end(&exchange);
	/* an unreadable batch of another name is ignored */
	assert_int_equal(look(&exchange, "+OK\r\n" NONE NONE OURS), ACQUIRE_DONE);
	assert_false(exchange.acquire.seen.left);
	exchange_end(&exchange);
}

#define FOREIGN "holds no lease in httpbroker:n:lease, but a foreign value: delete that key"

static void a_refused_look_has_a_reason(void **state)
{
	static const char *const cases[][2] = {
		{"-NOAUTH a\r\n", "refuses WATCH httpbroker:n:lease: NOAUTH a"},
		{"+OK\r\n-LOADING b\r\n", "refuses GET httpbroker:n:lease: LOADING b"},
		{"+OK\r\n" NONE ":1\r\n", "refuses GET httpbroker:n:batch: an odd answer"},
		{"+OK\r\n" NONE "$1\r\nx\r\n", "holds a batch number that cannot be read: it is "
					       "not NUMBER TOKEN CLOCK WALL [TYPE]"},
		{"+OK\r\n$3\r\nfoo\r\n", FOREIGN},
		{"+OK\r\n$0\r\n\r\n", FOREIGN},
		{"+OK\r\n$21\r\ni :1 fedcba987654321X\r\n", FOREIGN},
		{"+OK\r\n$20\r\ni:1-fedcba9876543210\r\n", FOREIGN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct exchange exchange;

		assert_int_equal(look(&exchange, cases[i][0]), ACQUIRE_REFUSED);
		assert_string_equal(exchange.why.text, cases[i][1]);
		exchange_end(&exchange);
	}
}

#define STANDBY \
	"*5\r\n$3\r\nSET\r\n$20\r\nhttpbroker:n:standby\r\n" MINE "$2\r\nPX\r\n$4\r\n6000\r\n"

static void a_standby_announces_itself_before_it_looks(void **state)
{
	struct exchange exchange;

	(void)state;
	exchange_begin(&exchange);
	look_write(&exchange.acquire, true, &exchange.request);
	assert_memory_equal(exchange.request.data, STANDBY "*2\r\n$5\r\nWATCH\r\n",
		sizeof STANDBY "*2\r\n$5\r\nWATCH\r\n" - 1);
	assert_int_equal(
		receive(&exchange, look_read, "+OK\r\n+OK\r\n" THEIRS BATCH NONE), ACQUIRE_DONE);
	assert_int_equal(exchange.acquire.seen.holder, LEASE_ANOTHERS);
	look_write(&exchange.acquire, true, &exchange.request);
	assert_int_equal(receive(&exchange, look_read, "-OOM x\r\n"), ACQUIRE_REFUSED);
	assert_string_equal(exchange.why.text, "refuses SET httpbroker:n:standby: OOM x");
	exchange_end(&exchange);
}

static enum acquire_result acquire_lease(struct exchange *exchange, bool begin, const char *answers)
{
	const struct lease_write write = {.begin = begin, .ours = {42, TOKEN, 1, 2, ""}};

	exchange_begin(exchange);
	acquire_write(&exchange->acquire, &write, &exchange->request);
	return receive(exchange, acquire_read, answers);
}

static void the_lease_is_acquired_if_unchanged_once_watched(void **state)
{
	struct exchange exchange;

	(void)state;
	assert_int_equal(
		acquire_lease(&exchange, true, "+OK\r\n" Q Q "*2\r\n+OK\r\n+OK\r\n+OK\r\n" MINE),
		ACQUIRE_DONE);
	exchange_end(&exchange);
	assert_int_equal(acquire_lease(&exchange, false, "+OK\r\n" Q "*1\r\n+OK\r\n+OK\r\n" MINE),
		ACQUIRE_DONE);
	exchange_end(&exchange);
	/* a foreign write between the look and EXEC; between EXEC and WATCH */
	assert_int_equal(acquire_lease(&exchange, true, "+OK\r\n" Q Q "*-1\r\n+OK\r\n" THEIRS),
		ACQUIRE_LOST);
	exchange_end(&exchange);
	assert_int_equal(
		acquire_lease(&exchange, true, "+OK\r\n" Q Q "*2\r\n+OK\r\n+OK\r\n+OK\r\n" NEXT),
		ACQUIRE_LOST);
	exchange_end(&exchange);
	assert_int_equal(
		acquire_lease(&exchange, true, "+OK\r\n" Q Q "*2\r\n+OK\r\n+OK\r\n+OK\r\n" NONE),
		ACQUIRE_LOST);
	exchange_end(&exchange);
	/* ours from before, which was touched */
	assert_int_equal(
		acquire_lease(&exchange, true, "+OK\r\n" Q Q "*-1\r\n+OK\r\n" MINE), ACQUIRE_LOST);
	exchange_end(&exchange);
}

static void a_refused_lease_is_not_acquired(void **state)
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
		struct exchange exchange;

		assert_int_equal(acquire_lease(&exchange, false, cases[i][0]), ACQUIRE_REFUSED);
		snprintf(expected, sizeof expected, "refuses %s httpbroker:n:lease: ", cases[i][1]);
		assert_memory_equal(exchange.why.text, expected, strlen(expected));
		exchange_end(&exchange);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_look_reads_the_lease_and_the_last_batch),
		cmocka_unit_test(a_look_handles_missing_and_expired_keys),
		cmocka_unit_test(a_refused_look_has_a_reason),
		cmocka_unit_test(a_standby_announces_itself_before_it_looks),
		cmocka_unit_test(the_lease_is_acquired_if_unchanged_once_watched),
		cmocka_unit_test(a_refused_lease_is_not_acquired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

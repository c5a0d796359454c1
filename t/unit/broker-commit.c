/* SPDX-License-Identifier: MIT */
/* The commands of a commit, byte by byte, and the results of Redis's replies. */
#include "t/unit/unit.h"

#include "httpbroker/redis/commit.h"
#include "httpbroker/redis/lease.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

/* A commit with one record and two events, or with less, for one version of Flapjack. */
struct exchange {
	struct commit commit;
	struct keys keys;
	struct lease lease;
	struct buffer request;
	struct reason why;
};

static struct exchange *exchange_begin(unsigned todo, int flapjack)
{
	struct exchange *exchange = calloc(1, sizeof *exchange);

	assert_non_null(exchange);
	keys_init(&exchange->keys, "httpbroker", "n", "events", flapjack);
	lease_init(&exchange->lease, "h :1", "0123456789abcdef");
	resp_add_text(&exchange->commit.records, "e\x1f"
						 "c");
	resp_add_text(&exchange->commit.records, "1 x");
	resp_add_text(&exchange->commit.forgets, "e\x1f"
						 "d");
	resp_add_text(&exchange->commit.pushes, "{1}");
	resp_add(&exchange->commit.pushes, "{\0}", 3);
	exchange->commit.todo = todo;
	commit_write(&exchange->commit, &exchange->keys, "7 ab 1 2", &exchange->request);
	return exchange;
}

/* Writes the commit again, as after a failure. */
static void exchange_repeat(struct exchange *exchange)
{
	buffer_clear(&exchange->request);
	commit_write(&exchange->commit, &exchange->keys, "8 ab 3 4", &exchange->request);
}

static void exchange_end(struct exchange *exchange)
{
	resp_free(&exchange->commit.pushes);
	resp_free(&exchange->commit.records);
	resp_free(&exchange->commit.dependent);
	resp_free(&exchange->commit.forgets);
	keys_free(&exchange->keys);
	buffer_free(&exchange->request);
	free(exchange);
}

static redisReader *loader_of(const char *answers)
{
	redisReader *loader = redisReaderCreate();

	assert_non_null(loader);
	assert_int_equal(redisReaderFeed(loader, answers, strlen(answers)), REDIS_OK);
	return loader;
}

static redisReply *reply_next(redisReader *loader)
{
	void *reply = NULL;

	assert_int_equal(redisReaderGetReply(loader, &reply), REDIS_OK);
	return reply;
}

/* Feeds all replies. All but the last leave it waiting. */
static enum commit_result receive(struct exchange *exchange, const char *answers)
{
	redisReader *loader = loader_of(answers);
	enum commit_result result = COMMIT_WAITS;
	redisReply *reply;

	snprintf(exchange->why.text, sizeof exchange->why.text, "no reason");
	while ((reply = reply_next(loader)) != NULL) {
		assert_int_equal(result, COMMIT_WAITS);
		result = commit_read(&exchange->commit, &exchange->lease, reply, &exchange->why);
		freeReplyObject(reply);
	}
	redisReaderFree(loader);
	return result;
}

#define ALL (COMMIT_RECORDS | COMMIT_PUSHES | COMMIT_WAKE)
#define Q "+QUEUED\r\n"
#define WRONG "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"
#define WRONG_WORDS "WRONGTYPE Operation against a key holding the wrong kind of value"
#define LEASE_KEY "$18\r\nhttpbroker:n:lease\r\n"
#define MULTI "*1\r\n$5\r\nMULTI\r\n*3\r\n$7\r\nPEXPIRE\r\n" LEASE_KEY "$4\r\n5000\r\n"
#define HSET                                                            \
	"*4\r\n$4\r\nHSET\r\n$19\r\nhttpbroker:n:states\r\n$3\r\ne\x1f" \
	"c\r\n$3\r\n1 x\r\n"
#define HLEN "*2\r\n$4\r\nHLEN\r\n$19\r\nhttpbroker:n:states\r\n"
#define HDEL                                                            \
	"*3\r\n$4\r\nHDEL\r\n$19\r\nhttpbroker:n:states\r\n$3\r\ne\x1f" \
	"d\r\n"
#define LPUSH "*4\r\n$5\r\nLPUSH\r\n$6\r\nevents\r\n$3\r\n{1}\r\n$3\r\n{\0}\r\n"
#define WAKE "*3\r\n$5\r\nLPUSH\r\n$14\r\nevents_actions\r\n$1\r\n+\r\n"
#define SET_KEY "*3\r\n$3\r\nSET\r\n$18\r\nhttpbroker:n:batch\r\n"
#define SET SET_KEY "$8\r\n7 ab 1 2\r\n"
#define SET_AGAIN SET_KEY "$8\r\n8 ab 3 4\r\n"
#define PROVE_KEYS                                                 \
	"$4\r\nEVAL\r\n$186\r\n"                                   \
	"local kind = redis.call('TYPE', KEYS[2]).ok "             \
	"redis.call('SET', KEYS[1], ARGV[1] .. ' ' .. kind) "      \
	"if kind == 'list' and ARGV[2] then "                      \
	"return redis.pcall('HSET', KEYS[3], unpack(ARGV, 2)) end" \
	"\r\n$1\r\n3\r\n$18\r\nhttpbroker:n:batch\r\n$6\r\nevents\r\n$19\r\nhttpbroker:n:states\r\n"
#define PROVE "*7\r\n" PROVE_KEYS "$8\r\n7 ab 1 2\r\n"
#define PROVE_AGAIN "*7\r\n" PROVE_KEYS "$8\r\n8 ab 3 4\r\n"
#define PROVE_TOLD                                          \
	"*9\r\n" PROVE_KEYS "$8\r\n8 ab 3 4\r\n$3\r\ne\x1f" \
	"f\r\n$3\r\n1 y\r\n"
#define HSET_TOLD                                                       \
	"*6\r\n$4\r\nHSET\r\n$19\r\nhttpbroker:n:states\r\n$3\r\ne\x1f" \
	"c\r\n$3\r\n1 x\r\n$3\r\ne\x1f"                                 \
	"f\r\n$3\r\n1 y\r\n"
#define EXEC "*1\r\n$4\r\nEXEC\r\n"
#define WATCH                             \
	"*2\r\n$5\r\nWATCH\r\n" LEASE_KEY \
	"*2\r\n$3\r\nGET\r\n$20\r\nhttpbroker:n:standby\r\n*2\r\n$3\r\nGET\r\n" LEASE_KEY
#define OURS "$21\r\nh :1 0123456789abcdef\r\n"
#define NONE "$-1\r\n"
#define MINE NONE OURS /* no standby, and the lease is ours */

#define ASSERT_REQUEST(exchange, literal)                                                    \
	do {                                                                                 \
		assert_int_equal((exchange)->request.length, sizeof(literal) - 1);           \
		assert_memory_equal((exchange)->request.data, literal, sizeof(literal) - 1); \
	} while (0)

static void a_commit_is_sent_as_one_transaction(void **state)
{
	struct exchange *exchange = exchange_begin(ALL, 2);

	(void)state;
	ASSERT_REQUEST(exchange, MULTI HSET LPUSH WAKE PROVE EXEC WATCH);
	exchange_end(exchange);
	exchange = exchange_begin(COMMIT_RECORDS, 2);
	ASSERT_REQUEST(exchange, MULTI HSET SET EXEC WATCH);
	exchange_end(exchange);
	exchange = exchange_begin(COMMIT_PUSHES | COMMIT_WAKE, 2);
	ASSERT_REQUEST(exchange, MULTI LPUSH WAKE PROVE EXEC WATCH);
	exchange_end(exchange);
}

static void flapjack_1_gets_no_wake_up(void **state)
{
	struct exchange *exchange = exchange_begin(ALL, 1);

	(void)state;
	ASSERT_REQUEST(exchange, MULTI HSET LPUSH PROVE EXEC WATCH);
	assert_int_equal(
		receive(exchange, "+OK\r\n" Q Q Q Q "*4\r\n:1\r\n:1\r\n:2\r\n+OK\r\n+OK\r\n" MINE),
		COMMIT_DONE);
	assert_int_equal(exchange->commit.todo, 0);
	exchange_end(exchange);
}

static void an_accepted_commit_is_applied(void **state)
{
	struct exchange *exchange = exchange_begin(ALL, 2);

	(void)state;
	assert_int_equal(receive(exchange, "+OK\r\n" Q Q Q Q Q), COMMIT_WAITS);
	assert_int_equal(receive(exchange, "*5\r\n:1\r\n:1\r\n:2\r\n:1\r\n+OK\r\n"), COMMIT_WAITS);
	assert_int_equal(receive(exchange, "+OK\r\n" MINE), COMMIT_DONE);
	assert_string_equal(exchange->why.text, "no reason");
	assert_int_equal(exchange->commit.todo, 0);
	assert_int_equal(exchange->commit.refused, 0);
	exchange_end(exchange);
}

static void a_touched_key_makes_the_commit_run_again(void **state)
{
	struct exchange *exchange = exchange_begin(ALL, 2);

	(void)state;
	assert_int_equal(
		receive(exchange, "+OK\r\n" Q Q Q Q Q "*-1\r\n+OK\r\n" MINE), COMMIT_AGAIN);
	assert_int_equal(exchange->commit.todo, ALL);
	exchange_repeat(exchange);
	ASSERT_REQUEST(exchange, MULTI HSET LPUSH WAKE PROVE_AGAIN EXEC WATCH);
	assert_int_equal(receive(exchange, "+OK\r\n" Q Q Q Q Q
					   "*5\r\n:1\r\n:1\r\n:2\r\n:1\r\n+OK\r\n+OK\r\n" MINE),
		COMMIT_DONE);
	exchange_end(exchange);
}

static void only_refused_parts_are_sent_again(void **state)
{
	struct exchange *exchange = exchange_begin(ALL, 2);

	(void)state;
	assert_int_equal(receive(exchange, "+OK\r\n" Q Q Q Q Q "*5\r\n:1\r\n" WRONG
					   ":2\r\n:1\r\n+OK\r\n+OK\r\n" MINE),
		COMMIT_DONE);
	assert_true(exchange->commit.held);
	assert_string_equal(exchange->why.text, "refuses HSET httpbroker:n:states: " WRONG_WORDS);
	assert_int_equal(exchange->commit.todo, COMMIT_RECORDS);
	assert_int_equal(exchange->commit.refused, COMMIT_RECORDS);
	exchange_repeat(exchange);
	ASSERT_REQUEST(exchange, MULTI HSET SET_AGAIN EXEC WATCH);
	assert_int_equal(receive(exchange, "+OK\r\n" Q Q Q "*3\r\n:1\r\n:1\r\n+OK\r\n+OK\r\n" MINE),
		COMMIT_DONE);
	assert_int_equal(exchange->commit.todo, 0);
	exchange_end(exchange);
}

static void refused_events_need_another_wake_up(void **state)
{
	struct exchange *exchange = exchange_begin(ALL, 2);

	(void)state;
	assert_int_equal(receive(exchange, "+OK\r\n" Q Q Q Q Q "*5\r\n:1\r\n:1\r\n" WRONG
					   ":1\r\n+OK\r\n+OK\r\n" MINE),
		COMMIT_DONE);
	assert_string_equal(exchange->why.text, "refuses LPUSH events: " WRONG_WORDS);
	exchange_repeat(exchange);
	ASSERT_REQUEST(exchange, MULTI LPUSH WAKE PROVE_AGAIN EXEC WATCH);
	assert_int_equal(receive(exchange, "+OK\r\n" Q Q Q Q "*4\r\n:1\r\n:2\r\n" WRONG
					   "+OK\r\n+OK\r\n" MINE),
		COMMIT_DONE);
	assert_string_equal(exchange->why.text, "refuses LPUSH events_actions: " WRONG_WORDS);
	exchange_repeat(exchange);
	ASSERT_REQUEST(exchange, MULTI WAKE SET_AGAIN EXEC WATCH);
	exchange_end(exchange);
}

/* A record of the same check is newer than its deletion. */
static void deletions_precede_records(void **state)
{
	struct exchange *exchange = exchange_begin(ALL | COMMIT_FORGETS, 2);

	(void)state;
	ASSERT_REQUEST(exchange, MULTI HDEL HSET LPUSH WAKE PROVE EXEC WATCH);
	assert_int_equal(receive(exchange, "+OK\r\n" Q Q Q Q Q Q "*6\r\n:1\r\n" WRONG
					   ":1\r\n:2\r\n:1\r\n+OK\r\n+OK\r\n" MINE),
		COMMIT_DONE);
	assert_string_equal(exchange->why.text, "refuses HDEL httpbroker:n:states: " WRONG_WORDS);
	assert_int_equal(exchange->commit.todo, COMMIT_FORGETS);
	exchange_repeat(exchange);
	ASSERT_REQUEST(exchange, MULTI HDEL SET_AGAIN EXEC WATCH);
	assert_int_equal(receive(exchange, "+OK\r\n" Q Q Q "*3\r\n:1\r\n:1\r\n+OK\r\n+OK\r\n" MINE),
		COMMIT_DONE);
	assert_int_equal(exchange->commit.todo, 0);
	exchange_end(exchange);
}

static struct exchange *exchange_with_dependent(void)
{
	struct exchange *exchange = exchange_begin(ALL, 1);

	resp_add_text(&exchange->commit.dependent, "e\x1f"
						   "f");
	resp_add_text(&exchange->commit.dependent, "1 y");
	exchange_repeat(exchange);
	ASSERT_REQUEST(exchange, MULTI HSET LPUSH PROVE_TOLD EXEC WATCH);
	return exchange;
}

/* They are written with the events; once these are in the queue, with the other records. */
static void records_of_pushed_events_are_written_with_them(void **state)
{
	struct exchange *exchange = exchange_with_dependent();

	(void)state;
	/* the events are refused: nothing was written; both are sent again */
	assert_int_equal(receive(exchange, "+OK\r\n" Q Q Q Q "*4\r\n:1\r\n:1\r\n" WRONG
					   "$-1\r\n+OK\r\n" MINE),
		COMMIT_DONE);
	assert_int_equal(exchange->commit.refused, COMMIT_PUSHES);
	exchange_repeat(exchange);
	ASSERT_REQUEST(exchange, MULTI LPUSH PROVE_TOLD EXEC WATCH);
	/* the records are refused in EVAL, after it has set the number */
	assert_int_equal(
		receive(exchange, "+OK\r\n" Q Q Q "*3\r\n:1\r\n:2\r\n" WRONG "+OK\r\n" MINE),
		COMMIT_DONE);
	assert_string_equal(exchange->why.text, "refuses HSET httpbroker:n:states: " WRONG_WORDS);
	assert_int_equal(exchange->commit.refused, COMMIT_RECORDS);
	exchange_repeat(exchange);
	ASSERT_REQUEST(exchange, MULTI HSET_TOLD SET_AGAIN EXEC WATCH);
	exchange_end(exchange);
	/* both HSETs are refused: one reason */
	exchange = exchange_with_dependent();
	assert_int_equal(receive(exchange, "+OK\r\n" Q Q Q Q "*4\r\n:1\r\n" WRONG ":2\r\n" WRONG
					   "+OK\r\n" MINE),
		COMMIT_DONE);
	assert_string_equal(exchange->why.text, "refuses HSET httpbroker:n:states: " WRONG_WORDS);
	exchange_end(exchange);
	/* EVAL itself is refused: they are written again with the others */
	exchange = exchange_with_dependent();
	assert_int_equal(receive(exchange, "+OK\r\n" Q Q Q Q
					   "*4\r\n:1\r\n:1\r\n:2\r\n-OOM no\r\n+OK\r\n" MINE),
		COMMIT_FAILED);
	exchange_repeat(exchange);
	ASSERT_REQUEST(exchange, MULTI HSET_TOLD SET_AGAIN EXEC WATCH);
	exchange_end(exchange);
}

static void a_commit_can_count_the_records(void **state)
{
	struct exchange *exchange = exchange_begin(ALL | COMMIT_COUNT, 1);

	(void)state;
	ASSERT_REQUEST(exchange, MULTI HSET LPUSH PROVE HLEN EXEC WATCH);
	assert_int_equal(receive(exchange, "+OK\r\n" Q Q Q Q Q
					   "*5\r\n:1\r\n:1\r\n:3\r\n$-1\r\n:7\r\n+OK\r\n" MINE),
		COMMIT_DONE);
	assert_int_equal(exchange->commit.records_there, 7);
	assert_int_equal(exchange->commit.queue_length, 3);
	/* a key of another type has no records; HSET reports the type */
	exchange->commit.todo = COMMIT_COUNT;
	exchange_repeat(exchange);
	assert_int_equal(exchange->commit.records_there, -1);
	assert_int_equal(
		receive(exchange, "+OK\r\n" Q Q Q "*3\r\n:1\r\n+OK\r\n" WRONG "+OK\r\n" MINE),
		COMMIT_DONE);
	assert_int_equal(exchange->commit.refused, 0);
	assert_int_equal(exchange->commit.records_there, 0);
	exchange_end(exchange);
}

static void several_refusals_give_one_reason(void **state)
{
	struct exchange *exchange = exchange_begin(ALL, 2);

	(void)state;
	assert_int_equal(receive(exchange, "+OK\r\n" Q Q Q Q Q "*5\r\n:1\r\n" WRONG WRONG
					   ":1\r\n+OK\r\n+OK\r\n" MINE),
		COMMIT_DONE);
	assert_string_equal(exchange->why.text, "refuses HSET httpbroker:n:states: " WRONG_WORDS
						"; refuses LPUSH events: " WRONG_WORDS);
	assert_int_equal(exchange->commit.refused, COMMIT_RECORDS | COMMIT_PUSHES);
	assert_int_equal(exchange->commit.todo, ALL);
	exchange_end(exchange);
}

static void a_commit_without_its_batch_number_fails(void **state)
{
	struct exchange *exchange = exchange_begin(ALL, 2);

	(void)state;
	assert_int_equal(receive(exchange, "+OK\r\n" Q Q Q Q Q "*5\r\n:1\r\n" WRONG ":1\r\n"
					   ":1\r\n-ERR no\r\n+OK\r\n" MINE),
		COMMIT_FAILED);
	assert_string_equal(exchange->why.text, "refuses HSET httpbroker:n:states: " WRONG_WORDS
						"; refuses EVAL httpbroker:n:batch: ERR no");
	assert_int_equal(exchange->commit.todo, COMMIT_RECORDS);
	exchange_end(exchange);
}

/* Replies are lost: the queue type in the batch shows whether the events were pushed. */
static void an_applied_commit_is_reduced_to_its_refused_parts(void **state)
{
	struct exchange *exchange = exchange_begin(ALL | COMMIT_FORGETS, 2);

	(void)state;
	assert_int_equal(commit_left(&exchange->commit, "list"),
		COMMIT_FORGETS | COMMIT_RECORDS | COMMIT_WAKE);
	assert_int_equal(commit_left(&exchange->commit, "string"), ALL | COMMIT_FORGETS);
	assert_int_equal(commit_left(&exchange->commit, ""), ALL | COMMIT_FORGETS);
	exchange->commit.todo = COMMIT_PUSHES | COMMIT_TRIM;
	assert_int_equal(commit_left(&exchange->commit, "list"), 0);
	assert_int_equal(commit_left(&exchange->commit, "hash"), COMMIT_PUSHES);
	exchange_end(exchange);
	/* received replies count */
	exchange = exchange_begin(ALL, 2);
	assert_int_equal(
		receive(exchange, "+OK\r\n" Q Q Q Q Q "*5\r\n:1\r\n:1\r\n" WRONG ":1\r\n+OK\r\n"),
		COMMIT_WAITS);
	assert_int_equal(commit_left(&exchange->commit, "string"), COMMIT_PUSHES | COMMIT_WAKE);
	exchange_end(exchange);
}

static void a_refused_batch_number_alone_is_a_failure(void **state)
{
	struct exchange *exchange = exchange_begin(COMMIT_RECORDS, 2);

	(void)state;
	assert_int_equal(
		receive(exchange, "+OK\r\n" Q Q Q "*3\r\n:1\r\n:1\r\n-ERR no\r\n+OK\r\n" MINE),
		COMMIT_FAILED);
	assert_string_equal(exchange->why.text, "refuses SET httpbroker:n:batch: ERR no");
	assert_int_equal(exchange->commit.todo, 0);
	assert_int_equal(exchange->commit.refused, COMMIT_BATCH);
	exchange_end(exchange);
}

static void commands_that_were_not_queued_are_all_sent_again(void **state)
{
	struct exchange *exchange = exchange_begin(ALL, 2);

	(void)state;
	assert_int_equal(receive(exchange, "+OK\r\n" Q Q "-OOM command not allowed\r\n" Q Q
					   "-EXECABORT Transaction discarded\r\n+OK\r\n" MINE),
		COMMIT_FAILED);
	assert_string_equal(exchange->why.text, "refuses LPUSH events: OOM command not allowed");
	assert_int_equal(exchange->commit.todo, ALL);
	exchange_repeat(exchange);
	ASSERT_REQUEST(exchange, MULTI HSET LPUSH WAKE PROVE_AGAIN EXEC WATCH);
	exchange_end(exchange);
}

static void a_server_that_refuses_everything_is_quoted_once(void **state)
{
	struct exchange *exchange = exchange_begin(COMMIT_RECORDS, 2);

	(void)state;
	assert_int_equal(receive(exchange, "-NOAUTH a\r\n-NOAUTH b\r\n-NOAUTH c\r\n-NOAUTH d\r\n"
					   "-NOAUTH e\r\n-NOAUTH f\r\n-NOAUTH g\r\n-NOAUTH h\r\n"),
		COMMIT_FAILED);
	assert_string_equal(exchange->why.text, "refuses MULTI: NOAUTH a");
	assert_int_equal(exchange->commit.todo, COMMIT_RECORDS);
	exchange_end(exchange);
}

/* LOADING can end between two commands: those after MULTI then run separately. */
static void commands_run_outside_the_transaction_are_not_repeated(void **state)
{
	struct exchange *exchange = exchange_begin(ALL, 2);

	(void)state;
	assert_int_equal(receive(exchange, "-LOADING a\r\n-LOADING b\r\n-LOADING c\r\n:2\r\n:1\r\n"
					   "+OK\r\n-ERR EXEC without MULTI\r\n+OK\r\n" MINE),
		COMMIT_FAILED);
	assert_string_equal(exchange->why.text, "refuses MULTI: LOADING a");
	assert_int_equal(exchange->commit.todo, COMMIT_RECORDS);
	exchange_end(exchange);
}

static void the_owner_of_the_lease_is_returned(void **state)
{
	static const struct {
		const char *lease;
		bool held;
	} cases[] = {{OURS, true}, {NONE, false}, {"$21\r\nh :1 0123456789abcdee\r\n", false},
		{"$21\r\nh :2 0123456789abcdef\r\n", false}, {"$0\r\n\r\n", false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct exchange *exchange = exchange_begin(COMMIT_PUSHES, 1);

		receive(exchange, "+OK\r\n" Q Q Q "*3\r\n:1\r\n:7\r\n+OK\r\n+OK\r\n" NONE);
		assert_int_equal(receive(exchange, cases[i].lease), COMMIT_DONE);
		assert_int_equal(exchange->commit.held, cases[i].held);
		assert_int_equal(exchange->commit.queue_length, 7);
		exchange_end(exchange);
	}
}

/* The announcement of this process or a previous one can still exist after a take-over. */
static void a_standby_is_reported(void **state)
{
	static const struct {
		const char *standby;
		bool has_standby;
	} cases[] = {{NONE, false}, {OURS, false}, {"$21\r\nh :1 fedcba9876543210\r\n", false},
		{"$21\r\nh :2 fedcba9876543210\r\n", true},
		{"$21\r\ni :1 0123456789abcdef\r\n", true}, {"-WRONGTYPE x\r\n", false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct exchange *exchange = exchange_begin(COMMIT_RECORDS, 1);

		receive(exchange, "+OK\r\n" Q Q Q "*3\r\n:1\r\n:1\r\n+OK\r\n+OK\r\n");
		receive(exchange, cases[i].standby);
		assert_int_equal(receive(exchange, OURS), COMMIT_DONE);
		assert_int_equal(exchange->commit.has_standby, cases[i].has_standby);
		exchange_end(exchange);
	}
}

#define TRIM "*4\r\n$5\r\nLTRIM\r\n$21\r\nhttpbroker:n:handover\r\n$2\r\n17\r\n$2\r\n-1\r\n"

static void handed_over_items_are_trimmed_by_the_commit(void **state)
{
	struct exchange *exchange = exchange_begin(COMMIT_RECORDS, 2);

	(void)state;
	exchange->commit.todo = COMMIT_RECORDS | COMMIT_TRIM;
	exchange->commit.trim = 17;
	exchange_repeat(exchange);
	ASSERT_REQUEST(exchange, MULTI HSET TRIM SET_AGAIN EXEC WATCH);
	exchange_end(exchange);
}

static void unexpected_replies_are_failures(void **state)
{
	static const struct {
		const char *answers, *why;
		unsigned todo; /* again */
	} cases[] = {
		{":1\r\n" Q Q Q "*3\r\n:1\r\n:1\r\n+OK\r\n+OK\r\n" MINE,
			"refuses MULTI: an odd answer", COMMIT_RECORDS},
		{"+OK\r\n" Q ":1\r\n" Q "*3\r\n:1\r\n:1\r\n+OK\r\n+OK\r\n" MINE,
			"refuses HSET httpbroker:n:states: an odd answer", COMMIT_RECORDS},
		{"+OK\r\n" Q Q "+OK\r\n*3\r\n:1\r\n:1\r\n+OK\r\n+OK\r\n" MINE,
			"refuses SET httpbroker:n:batch: an odd answer", COMMIT_RECORDS},
		{"+OK\r\n" Q Q Q "+OK\r\n+OK\r\n" MINE, "refuses EXEC: an odd answer",
			COMMIT_RECORDS},
		{"+OK\r\n" Q Q Q "*3\r\n:1\r\n:1\r\n+OK\r\n:1\r\n" MINE,
			"refuses WATCH httpbroker:n:lease: an odd answer", 0},
		{"+OK\r\n" Q Q Q "*3\r\n:1\r\n:1\r\n+OK\r\n+OK\r\n" NONE ":1\r\n",
			"refuses GET httpbroker:n:lease: an odd answer", 0},
		{"+OK\r\n" Q Q Q "*3\r\n:1\r\n:1\r\n+OK\r\n+OK\r\n-ERR x\r\n" OURS,
			"refuses GET httpbroker:n:standby: ERR x", 0},
		{"+OK\r\n" Q Q Q "*3\r\n:1\r\n:1\r\n+OK\r\n-ERR x\r\n" MINE,
			"refuses WATCH httpbroker:n:lease: ERR x", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct exchange *exchange = exchange_begin(COMMIT_RECORDS, 2);

		assert_int_equal(receive(exchange, cases[i].answers), COMMIT_FAILED);
		assert_string_equal(exchange->why.text, cases[i].why);
		assert_int_equal(exchange->commit.todo, cases[i].todo);
		exchange_end(exchange);
	}
}

#define SCRIPT(batch)                                                                         \
	"*9\r\n$4\r\nEVAL\r\n$2\r\nok\r\n$1\r\n4\r\n$18\r\nhttpbroker:n:batch\r\n"            \
	"$6\r\nevents\r\n$14\r\nevents_actions\r\n$19\r\nhttpbroker:n:states\r\n$8\r\n" batch \
	"\r\n$1\r\nx\r\n"

static void a_script_is_the_whole_commit(void **state)
{
	struct exchange *exchange = exchange_begin(0, 2);
	struct commit *commit = &exchange->commit;

	(void)state;
	commit->script = "ok";
	resp_add_text(&commit->arguments, "x");
	exchange_repeat(exchange);
	ASSERT_REQUEST(exchange, MULTI SCRIPT("8 ab 3 4") EXEC WATCH);
	assert_int_equal(receive(exchange, "+OK\r\n" Q Q "*2\r\n:1\r\n" WRONG "+OK\r\n" MINE),
		COMMIT_FAILED);
	assert_string_equal(exchange->why.text, "refuses EVAL httpbroker:n:batch: " WRONG_WORDS);
	exchange_repeat(exchange);
	ASSERT_REQUEST(exchange, MULTI SCRIPT("8 ab 3 4") EXEC WATCH);
	assert_int_equal(
		receive(exchange, "+OK\r\n" Q Q "*2\r\n:1\r\n:-7\r\n+OK\r\n" MINE), COMMIT_DONE);
	assert_int_equal(commit->script_result, -7);
	assert_int_equal(commit_left(commit, ""), 0);
	resp_free(&commit->arguments);
	exchange_end(exchange);
}

#define WAIT_ROLE "*3\r\n$4\r\nWAIT\r\n$1\r\n1\r\n$4\r\n1000\r\n*1\r\n$4\r\nROLE\r\n"
#define APPLIED "+OK\r\n" Q Q Q "*3\r\n:1\r\n:1\r\n+OK\r\n+OK\r\n" MINE
#define MASTER "*3\r\n$6\r\nmaster\r\n:700\r\n*0\r\n"
#define REPLICA "*5\r\n$5\r\nslave\r\n$1\r\nh\r\n:1\r\n$9\r\nconnected\r\n:7\r\n"

static struct exchange *sentinel_begin(void)
{
	struct exchange *exchange = exchange_begin(COMMIT_RECORDS, 2);

	exchange->commit.confirm_within = NSEC_PER_SEC;
	exchange_repeat(exchange);
	ASSERT_REQUEST(exchange, MULTI HSET SET_AGAIN EXEC WATCH WAIT_ROLE);
	return exchange;
}

static void with_sentinel_a_replica_confirms(void **state)
{
	static const struct {
		const char *answers, *why;
		enum commit_result result;
		bool confirmed;
		unsigned todo;
	} cases[] = {
		{APPLIED ":1\r\n" MASTER, "no reason", COMMIT_DONE, true, 0},
		{APPLIED ":0\r\n" MASTER, "no reason", COMMIT_DONE, false, 0},
		{APPLIED ":1\r\n" REPLICA, "it is no master: its role is slave", COMMIT_FAILED,
			true, COMMIT_RECORDS},
		{APPLIED "-UNBLOCKED x\r\n" MASTER, "refuses WAIT: UNBLOCKED x", COMMIT_FAILED,
			false, COMMIT_RECORDS},
		/* the connection breaks: another Redis has nothing of it */
		{APPLIED, "no reason", COMMIT_WAITS, false, COMMIT_RECORDS},
		{APPLIED ":1\r\n", "no reason", COMMIT_WAITS, true, COMMIT_RECORDS},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct exchange *exchange = sentinel_begin();

		assert_int_equal(receive(exchange, cases[i].answers), cases[i].result);
		assert_string_equal(exchange->why.text, cases[i].why);
		assert_int_equal(exchange->commit.confirmed, cases[i].confirmed);
		assert_int_equal(exchange->commit.todo, cases[i].todo);
		exchange_end(exchange);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_commit_is_sent_as_one_transaction),
		cmocka_unit_test(flapjack_1_gets_no_wake_up),
		cmocka_unit_test(an_accepted_commit_is_applied),
		cmocka_unit_test(a_touched_key_makes_the_commit_run_again),
		cmocka_unit_test(only_refused_parts_are_sent_again),
		cmocka_unit_test(refused_events_need_another_wake_up),
		cmocka_unit_test(deletions_precede_records),
		cmocka_unit_test(records_of_pushed_events_are_written_with_them),
		cmocka_unit_test(a_commit_can_count_the_records),
		cmocka_unit_test(several_refusals_give_one_reason),
		cmocka_unit_test(a_commit_without_its_batch_number_fails),
		cmocka_unit_test(an_applied_commit_is_reduced_to_its_refused_parts),
		cmocka_unit_test(a_refused_batch_number_alone_is_a_failure),
		cmocka_unit_test(commands_that_were_not_queued_are_all_sent_again),
		cmocka_unit_test(a_server_that_refuses_everything_is_quoted_once),
		cmocka_unit_test(commands_run_outside_the_transaction_are_not_repeated),
		cmocka_unit_test(the_owner_of_the_lease_is_returned),
		cmocka_unit_test(a_standby_is_reported),
		cmocka_unit_test(handed_over_items_are_trimmed_by_the_commit),
		cmocka_unit_test(unexpected_replies_are_failures),
		cmocka_unit_test(a_script_is_the_whole_commit),
		cmocka_unit_test(with_sentinel_a_replica_confirms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

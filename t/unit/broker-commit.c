/* SPDX-License-Identifier: MIT */
/* What is said to Redis, byte for byte, and how its answers are judged. */
#include "t/unit/unit.h"

#include "httpbroker/redis/commit.h"
#include "httpbroker/redis/lease.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

/* A commit with one record and two events, or with less, for one version of Flapjack. */
struct talk {
	struct commit commit;
	struct keys keys;
	struct lease lease;
	struct buffer said;
	struct reason why;
};

static struct talk *talk_begin(unsigned todo, int flapjack)
{
	struct talk *talk = calloc(1, sizeof *talk);

	assert_non_null(talk);
	keys_init(&talk->keys, "n", "events", flapjack);
	lease_init(&talk->lease, "h :1", "0123456789abcdef");
	resp_add_text(&talk->commit.records, "e\x1f"
					     "c");
	resp_add_text(&talk->commit.records, "1 x");
	resp_add_text(&talk->commit.forgets, "e\x1f"
					     "d");
	resp_add_text(&talk->commit.pushes, "{1}");
	resp_add(&talk->commit.pushes, "{\0}", 3);
	talk->commit.todo = todo;
	commit_write(&talk->commit, &talk->keys, "7 ab 1 2", &talk->said);
	return talk;
}

/* Says it again, as after a failure. */
static void talk_repeat(struct talk *talk)
{
	buffer_clear(&talk->said);
	commit_write(&talk->commit, &talk->keys, "8 ab 3 4", &talk->said);
}

static void talk_end(struct talk *talk)
{
	resp_free(&talk->commit.pushes);
	resp_free(&talk->commit.records);
	resp_free(&talk->commit.dependent);
	resp_free(&talk->commit.forgets);
	keys_free(&talk->keys);
	buffer_free(&talk->said);
	free(talk);
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

/* Hands in all answers. All but the last leave it waiting. */
static enum commit_result judge(struct talk *talk, const char *answers)
{
	redisReader *loader = loader_of(answers);
	enum commit_result verdict = COMMIT_WAITS;
	redisReply *reply;

	snprintf(talk->why.text, sizeof talk->why.text, "no reason");
	while ((reply = reply_next(loader)) != NULL) {
		assert_int_equal(verdict, COMMIT_WAITS);
		verdict = commit_read(&talk->commit, &talk->lease, reply, &talk->why);
		freeReplyObject(reply);
	}
	redisReaderFree(loader);
	return verdict;
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
#define MINE NONE OURS /* nobody stands by, and the lease is ours */

#define ASSERT_SAID(talk, literal)                                                    \
	do {                                                                          \
		assert_int_equal((talk)->said.length, sizeof(literal) - 1);           \
		assert_memory_equal((talk)->said.data, literal, sizeof(literal) - 1); \
	} while (0)

static void everything_is_said_in_one_piece(void **state)
{
	struct talk *talk = talk_begin(ALL, 2);

	(void)state;
	ASSERT_SAID(talk, MULTI HSET LPUSH WAKE PROVE EXEC WATCH);
	talk_end(talk);
	talk = talk_begin(COMMIT_RECORDS, 2);
	ASSERT_SAID(talk, MULTI HSET SET EXEC WATCH);
	talk_end(talk);
	talk = talk_begin(COMMIT_PUSHES | COMMIT_WAKE, 2);
	ASSERT_SAID(talk, MULTI LPUSH WAKE PROVE EXEC WATCH);
	talk_end(talk);
}

static void flapjack_1_is_not_woken(void **state)
{
	struct talk *talk = talk_begin(ALL, 1);

	(void)state;
	ASSERT_SAID(talk, MULTI HSET LPUSH PROVE EXEC WATCH);
	assert_int_equal(
		judge(talk, "+OK\r\n" Q Q Q Q "*4\r\n:1\r\n:1\r\n:2\r\n+OK\r\n+OK\r\n" MINE),
		COMMIT_DONE);
	assert_int_equal(talk->commit.todo, 0);
	talk_end(talk);
}

static void what_redis_takes_is_done(void **state)
{
	struct talk *talk = talk_begin(ALL, 2);

	(void)state;
	assert_int_equal(judge(talk, "+OK\r\n" Q Q Q Q Q), COMMIT_WAITS);
	assert_int_equal(judge(talk, "*5\r\n:1\r\n:1\r\n:2\r\n:1\r\n+OK\r\n"), COMMIT_WAITS);
	assert_int_equal(judge(talk, "+OK\r\n" MINE), COMMIT_DONE);
	assert_string_equal(talk->why.text, "no reason");
	assert_int_equal(talk->commit.todo, 0);
	assert_int_equal(talk->commit.refused, 0);
	talk_end(talk);
}

static void a_touched_key_means_all_of_it_again(void **state)
{
	struct talk *talk = talk_begin(ALL, 2);

	(void)state;
	assert_int_equal(judge(talk, "+OK\r\n" Q Q Q Q Q "*-1\r\n+OK\r\n" MINE), COMMIT_AGAIN);
	assert_int_equal(talk->commit.todo, ALL);
	talk_repeat(talk);
	ASSERT_SAID(talk, MULTI HSET LPUSH WAKE PROVE_AGAIN EXEC WATCH);
	assert_int_equal(judge(talk, "+OK\r\n" Q Q Q Q Q
				     "*5\r\n:1\r\n:1\r\n:2\r\n:1\r\n+OK\r\n+OK\r\n" MINE),
		COMMIT_DONE);
	talk_end(talk);
}

static void only_what_was_refused_is_said_again(void **state)
{
	struct talk *talk = talk_begin(ALL, 2);

	(void)state;
	assert_int_equal(judge(talk, "+OK\r\n" Q Q Q Q Q "*5\r\n:1\r\n" WRONG
				     ":2\r\n:1\r\n+OK\r\n+OK\r\n" MINE),
		COMMIT_DONE);
	assert_true(talk->commit.held);
	assert_string_equal(talk->why.text, "refuses HSET httpbroker:n:states: " WRONG_WORDS);
	assert_int_equal(talk->commit.todo, COMMIT_RECORDS);
	assert_int_equal(talk->commit.refused, COMMIT_RECORDS);
	talk_repeat(talk);
	ASSERT_SAID(talk, MULTI HSET SET_AGAIN EXEC WATCH);
	assert_int_equal(
		judge(talk, "+OK\r\n" Q Q Q "*3\r\n:1\r\n:1\r\n+OK\r\n+OK\r\n" MINE), COMMIT_DONE);
	assert_int_equal(talk->commit.todo, 0);
	talk_end(talk);
}

static void refused_events_need_another_wake_up(void **state)
{
	struct talk *talk = talk_begin(ALL, 2);

	(void)state;
	assert_int_equal(judge(talk, "+OK\r\n" Q Q Q Q Q "*5\r\n:1\r\n:1\r\n" WRONG
				     ":1\r\n+OK\r\n+OK\r\n" MINE),
		COMMIT_DONE);
	assert_string_equal(talk->why.text, "refuses LPUSH events: " WRONG_WORDS);
	talk_repeat(talk);
	ASSERT_SAID(talk, MULTI LPUSH WAKE PROVE_AGAIN EXEC WATCH);
	assert_int_equal(
		judge(talk, "+OK\r\n" Q Q Q Q "*4\r\n:1\r\n:2\r\n" WRONG "+OK\r\n+OK\r\n" MINE),
		COMMIT_DONE);
	assert_string_equal(talk->why.text, "refuses LPUSH events_actions: " WRONG_WORDS);
	talk_repeat(talk);
	ASSERT_SAID(talk, MULTI WAKE SET_AGAIN EXEC WATCH);
	talk_end(talk);
}

/* For a record of the same check is one that came after it was forgotten. */
static void what_is_forgotten_is_deleted_first(void **state)
{
	struct talk *talk = talk_begin(ALL | COMMIT_FORGETS, 2);

	(void)state;
	ASSERT_SAID(talk, MULTI HDEL HSET LPUSH WAKE PROVE EXEC WATCH);
	assert_int_equal(judge(talk, "+OK\r\n" Q Q Q Q Q Q "*6\r\n:1\r\n" WRONG
				     ":1\r\n:2\r\n:1\r\n+OK\r\n+OK\r\n" MINE),
		COMMIT_DONE);
	assert_string_equal(talk->why.text, "refuses HDEL httpbroker:n:states: " WRONG_WORDS);
	assert_int_equal(talk->commit.todo, COMMIT_FORGETS);
	talk_repeat(talk);
	ASSERT_SAID(talk, MULTI HDEL SET_AGAIN EXEC WATCH);
	assert_int_equal(
		judge(talk, "+OK\r\n" Q Q Q "*3\r\n:1\r\n:1\r\n+OK\r\n+OK\r\n" MINE), COMMIT_DONE);
	assert_int_equal(talk->commit.todo, 0);
	talk_end(talk);
}

static struct talk *talk_told(void)
{
	struct talk *talk = talk_begin(ALL, 1);

	resp_add_text(&talk->commit.dependent, "e\x1f"
					       "f");
	resp_add_text(&talk->commit.dependent, "1 y");
	talk_repeat(talk);
	ASSERT_SAID(talk, MULTI HSET LPUSH PROVE_TOLD EXEC WATCH);
	return talk;
}

/* They go with the events; once these are there, with the other records. */
static void records_that_tell_of_events_go_with_them(void **state)
{
	struct talk *talk = talk_told();

	(void)state;
	/* the events are refused: nothing was written, and it goes with them again */
	assert_int_equal(
		judge(talk, "+OK\r\n" Q Q Q Q "*4\r\n:1\r\n:1\r\n" WRONG "$-1\r\n+OK\r\n" MINE),
		COMMIT_DONE);
	assert_int_equal(talk->commit.refused, COMMIT_PUSHES);
	talk_repeat(talk);
	ASSERT_SAID(talk, MULTI LPUSH PROVE_TOLD EXEC WATCH);
	/* the records are, by EVAL, after it has set the number */
	assert_int_equal(judge(talk, "+OK\r\n" Q Q Q "*3\r\n:1\r\n:2\r\n" WRONG "+OK\r\n" MINE),
		COMMIT_DONE);
	assert_string_equal(talk->why.text, "refuses HSET httpbroker:n:states: " WRONG_WORDS);
	assert_int_equal(talk->commit.refused, COMMIT_RECORDS);
	talk_repeat(talk);
	ASSERT_SAID(talk, MULTI HSET_TOLD SET_AGAIN EXEC WATCH);
	talk_end(talk);
	/* both HSETs are: one reason */
	talk = talk_told();
	assert_int_equal(
		judge(talk, "+OK\r\n" Q Q Q Q "*4\r\n:1\r\n" WRONG ":2\r\n" WRONG "+OK\r\n" MINE),
		COMMIT_DONE);
	assert_string_equal(talk->why.text, "refuses HSET httpbroker:n:states: " WRONG_WORDS);
	talk_end(talk);
	/* EVAL itself is: they are written again with the others */
	talk = talk_told();
	assert_int_equal(
		judge(talk, "+OK\r\n" Q Q Q Q "*4\r\n:1\r\n:1\r\n:2\r\n-OOM no\r\n+OK\r\n" MINE),
		COMMIT_FAILED);
	talk_repeat(talk);
	ASSERT_SAID(talk, MULTI HSET_TOLD SET_AGAIN EXEC WATCH);
	talk_end(talk);
}

static void it_may_count_the_records(void **state)
{
	struct talk *talk = talk_begin(ALL | COMMIT_COUNT, 1);

	(void)state;
	ASSERT_SAID(talk, MULTI HSET LPUSH PROVE HLEN EXEC WATCH);
	assert_int_equal(judge(talk, "+OK\r\n" Q Q Q Q Q
				     "*5\r\n:1\r\n:1\r\n:3\r\n$-1\r\n:7\r\n+OK\r\n" MINE),
		COMMIT_DONE);
	assert_int_equal(talk->commit.records_there, 7);
	assert_int_equal(talk->commit.queue_length, 3);
	/* where the key is something else there are none; that is told by HSET */
	talk->commit.todo = COMMIT_COUNT;
	talk_repeat(talk);
	assert_int_equal(talk->commit.records_there, -1);
	assert_int_equal(judge(talk, "+OK\r\n" Q Q Q "*3\r\n:1\r\n+OK\r\n" WRONG "+OK\r\n" MINE),
		COMMIT_DONE);
	assert_int_equal(talk->commit.refused, 0);
	assert_int_equal(talk->commit.records_there, 0);
	talk_end(talk);
}

static void several_refusals_are_one_reason(void **state)
{
	struct talk *talk = talk_begin(ALL, 2);

	(void)state;
	assert_int_equal(judge(talk, "+OK\r\n" Q Q Q Q Q "*5\r\n:1\r\n" WRONG WRONG
				     ":1\r\n+OK\r\n+OK\r\n" MINE),
		COMMIT_DONE);
	assert_string_equal(talk->why.text, "refuses HSET httpbroker:n:states: " WRONG_WORDS
					    "; refuses LPUSH events: " WRONG_WORDS);
	assert_int_equal(talk->commit.refused, COMMIT_RECORDS | COMMIT_PUSHES);
	assert_int_equal(talk->commit.todo, ALL);
	talk_end(talk);
}

static void without_its_number_it_has_failed(void **state)
{
	struct talk *talk = talk_begin(ALL, 2);

	(void)state;
	assert_int_equal(judge(talk, "+OK\r\n" Q Q Q Q Q "*5\r\n:1\r\n" WRONG ":1\r\n"
				     ":1\r\n-ERR no\r\n+OK\r\n" MINE),
		COMMIT_FAILED);
	assert_string_equal(talk->why.text, "refuses HSET httpbroker:n:states: " WRONG_WORDS
					    "; refuses EVAL httpbroker:n:batch: ERR no");
	assert_int_equal(talk->commit.todo, COMMIT_RECORDS);
	talk_end(talk);
}

/* Its answers were lost: what its batch says of the queue tells of the events. */
static void what_is_left_of_one_that_was_applied(void **state)
{
	struct talk *talk = talk_begin(ALL | COMMIT_FORGETS, 2);

	(void)state;
	assert_int_equal(
		commit_left(&talk->commit, "list"), COMMIT_FORGETS | COMMIT_RECORDS | COMMIT_WAKE);
	assert_int_equal(commit_left(&talk->commit, "string"), ALL | COMMIT_FORGETS);
	assert_int_equal(commit_left(&talk->commit, ""), ALL | COMMIT_FORGETS);
	talk->commit.todo = COMMIT_PUSHES | COMMIT_TRIM;
	assert_int_equal(commit_left(&talk->commit, "list"), 0);
	assert_int_equal(commit_left(&talk->commit, "hash"), COMMIT_PUSHES);
	talk_end(talk);
	/* those answers that came are believed */
	talk = talk_begin(ALL, 2);
	assert_int_equal(
		judge(talk, "+OK\r\n" Q Q Q Q Q "*5\r\n:1\r\n:1\r\n" WRONG ":1\r\n+OK\r\n"),
		COMMIT_WAITS);
	assert_int_equal(commit_left(&talk->commit, "string"), COMMIT_PUSHES | COMMIT_WAKE);
	talk_end(talk);
}

static void a_refused_batch_number_alone_is_a_failure(void **state)
{
	struct talk *talk = talk_begin(COMMIT_RECORDS, 2);

	(void)state;
	assert_int_equal(judge(talk, "+OK\r\n" Q Q Q "*3\r\n:1\r\n:1\r\n-ERR no\r\n+OK\r\n" MINE),
		COMMIT_FAILED);
	assert_string_equal(talk->why.text, "refuses SET httpbroker:n:batch: ERR no");
	assert_int_equal(talk->commit.todo, 0);
	assert_int_equal(talk->commit.refused, COMMIT_BATCH);
	talk_end(talk);
}

static void what_is_not_even_queued_is_all_said_again(void **state)
{
	struct talk *talk = talk_begin(ALL, 2);

	(void)state;
	assert_int_equal(judge(talk, "+OK\r\n" Q Q "-OOM command not allowed\r\n" Q Q
				     "-EXECABORT Transaction discarded\r\n+OK\r\n" MINE),
		COMMIT_FAILED);
	assert_string_equal(talk->why.text, "refuses LPUSH events: OOM command not allowed");
	assert_int_equal(talk->commit.todo, ALL);
	talk_repeat(talk);
	ASSERT_SAID(talk, MULTI HSET LPUSH WAKE PROVE_AGAIN EXEC WATCH);
	talk_end(talk);
}

static void a_server_that_refuses_all_is_quoted_once(void **state)
{
	struct talk *talk = talk_begin(COMMIT_RECORDS, 2);

	(void)state;
	assert_int_equal(judge(talk, "-NOAUTH a\r\n-NOAUTH b\r\n-NOAUTH c\r\n-NOAUTH d\r\n"
				     "-NOAUTH e\r\n-NOAUTH f\r\n-NOAUTH g\r\n-NOAUTH h\r\n"),
		COMMIT_FAILED);
	assert_string_equal(talk->why.text, "refuses MULTI: NOAUTH a");
	assert_int_equal(talk->commit.todo, COMMIT_RECORDS);
	talk_end(talk);
}

/* LOADING may end between two commands: those behind MULTI then run, each by itself. */
static void what_ran_without_its_transaction_is_not_said_again(void **state)
{
	struct talk *talk = talk_begin(ALL, 2);

	(void)state;
	assert_int_equal(judge(talk, "-LOADING a\r\n-LOADING b\r\n-LOADING c\r\n:2\r\n:1\r\n"
				     "+OK\r\n-ERR EXEC without MULTI\r\n+OK\r\n" MINE),
		COMMIT_FAILED);
	assert_string_equal(talk->why.text, "refuses MULTI: LOADING a");
	assert_int_equal(talk->commit.todo, COMMIT_RECORDS);
	talk_end(talk);
}

static void whose_the_lease_is_then_is_told(void **state)
{
	static const struct {
		const char *lease;
		bool held;
	} cases[] = {{OURS, true}, {NONE, false}, {"$21\r\nh :1 0123456789abcdee\r\n", false},
		{"$21\r\nh :2 0123456789abcdef\r\n", false}, {"$0\r\n\r\n", false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct talk *talk = talk_begin(COMMIT_PUSHES, 1);

		judge(talk, "+OK\r\n" Q Q Q "*3\r\n:1\r\n:7\r\n+OK\r\n+OK\r\n" NONE);
		assert_int_equal(judge(talk, cases[i].lease), COMMIT_DONE);
		assert_int_equal(talk->commit.held, cases[i].held);
		assert_int_equal(talk->commit.queue_length, 7);
		talk_end(talk);
	}
}

/* Our own words may still be there after we have taken over, or those of a process before us. */
static void whether_another_stands_by_is_told(void **state)
{
	static const struct {
		const char *standby;
		bool backed;
	} cases[] = {{NONE, false}, {OURS, false}, {"$21\r\nh :1 fedcba9876543210\r\n", false},
		{"$21\r\nh :2 fedcba9876543210\r\n", true},
		{"$21\r\ni :1 0123456789abcdef\r\n", true}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct talk *talk = talk_begin(COMMIT_RECORDS, 1);

		judge(talk, "+OK\r\n" Q Q Q "*3\r\n:1\r\n:1\r\n+OK\r\n+OK\r\n");
		judge(talk, cases[i].standby);
		assert_int_equal(judge(talk, OURS), COMMIT_DONE);
		assert_int_equal(talk->commit.backed, cases[i].backed);
		talk_end(talk);
	}
}

#define TRIM "*4\r\n$5\r\nLTRIM\r\n$21\r\nhttpbroker:n:handover\r\n$2\r\n17\r\n$2\r\n-1\r\n"

static void what_was_handed_over_is_dropped_with_it(void **state)
{
	struct talk *talk = talk_begin(COMMIT_RECORDS, 2);

	(void)state;
	talk->commit.todo = COMMIT_RECORDS | COMMIT_TRIM;
	talk->commit.trim = 17;
	talk_repeat(talk);
	ASSERT_SAID(talk, MULTI HSET TRIM SET_AGAIN EXEC WATCH);
	talk_end(talk);
}

static void odd_answers_are_failures(void **state)
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
		{"+OK\r\n" Q Q Q "*3\r\n:1\r\n:1\r\n+OK\r\n+OK\r\n-WRONGTYPE x\r\n" OURS,
			"refuses GET httpbroker:n:standby: WRONGTYPE x", 0},
		{"+OK\r\n" Q Q Q "*3\r\n:1\r\n:1\r\n+OK\r\n-ERR x\r\n" MINE,
			"refuses WATCH httpbroker:n:lease: ERR x", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct talk *talk = talk_begin(COMMIT_RECORDS, 2);

		assert_int_equal(judge(talk, cases[i].answers), COMMIT_FAILED);
		assert_string_equal(talk->why.text, cases[i].why);
		assert_int_equal(talk->commit.todo, cases[i].todo);
		talk_end(talk);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_said_in_one_piece),
		cmocka_unit_test(flapjack_1_is_not_woken),
		cmocka_unit_test(what_redis_takes_is_done),
		cmocka_unit_test(a_touched_key_means_all_of_it_again),
		cmocka_unit_test(only_what_was_refused_is_said_again),
		cmocka_unit_test(refused_events_need_another_wake_up),
		cmocka_unit_test(what_is_forgotten_is_deleted_first),
		cmocka_unit_test(records_that_tell_of_events_go_with_them),
		cmocka_unit_test(it_may_count_the_records),
		cmocka_unit_test(several_refusals_are_one_reason),
		cmocka_unit_test(without_its_number_it_has_failed),
		cmocka_unit_test(what_is_left_of_one_that_was_applied),
		cmocka_unit_test(a_refused_batch_number_alone_is_a_failure),
		cmocka_unit_test(what_is_not_even_queued_is_all_said_again),
		cmocka_unit_test(a_server_that_refuses_all_is_quoted_once),
		cmocka_unit_test(what_ran_without_its_transaction_is_not_said_again),
		cmocka_unit_test(whose_the_lease_is_then_is_told),
		cmocka_unit_test(whether_another_stands_by_is_told),
		cmocka_unit_test(what_was_handed_over_is_dropped_with_it),
		cmocka_unit_test(odd_answers_are_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

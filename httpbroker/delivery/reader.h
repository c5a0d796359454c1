/* SPDX-License-Identifier: MIT */
/*
 * Reading the states back from Redis: all of them in chunks (HSCAN), and beside that, before
 * those that somebody waits for (HMGET). It asks no one: it says what to ask, and takes the
 * answer. A record that cannot be read is named in the log, counted and left out.
 */
#ifndef HTTPBROKER_DELIVERY_READER_H
#define HTTPBROKER_DELIVERY_READER_H

#include "httpbroker/delivery/ledger.h"
#include "httpbroker/delivery/recall.h"
#include "httpbroker/redis/commit.h"

struct redisReply;
struct reader;

/* `key` makes its hash unpredictable. */
struct reader *reader_new(const struct siphash_key *key);
void reader_free(struct reader *reader);

/* From the beginning; or nothing is to be read, and everything is known. */
void reader_begin(struct reader *reader, nsec now);
void reader_finish(struct reader *reader);

/* Whether everything was read. */
bool reader_complete(const struct reader *reader);

/* Whether it is known what Redis has of this check, if it has anything. */
bool reader_knows(
	const struct reader *reader, const struct states *states, const struct names *names);

/* The checks that it has not found; the ledger adds those that it forgets meanwhile. */
struct missing *reader_missing(struct reader *reader);

/* That it shall be asked for soon. Passed over when much is wanted already, or being asked for. */
void reader_want(struct reader *reader, const struct names *names);

/* What was wanted and not asked for is no longer wanted. */
void reader_want_none(struct reader *reader);

/* What to ask next: its words, ended by NULL, and what comes behind them, or NULL. */
enum { READER_WORDS = 8 };
const struct resp_list *reader_question(
	struct reader *reader, const struct keys *keys, const char *words[READER_WORDS]);

/* Takes the answer to that. False if Redis cannot go on like this, and why. */
bool reader_take(struct reader *reader, const struct redisReply *reply, const struct recall *recall,
	struct ledger *ledger, struct reason *why);

/* The connection broke: what was asked is not answered. A cursor may mean nothing any more. */
void reader_interrupt(struct reader *reader);

uint64_t reader_loaded(const struct reader *reader);
uint64_t reader_to_load(const struct reader *reader);
uint64_t reader_unreadable(const struct reader *reader);

#endif

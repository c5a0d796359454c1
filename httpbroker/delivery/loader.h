/* SPDX-License-Identifier: MIT */
/*
 * Reading the states back from Redis: all of them in chunks (HSCAN), and beside that, before
 * those that somebody waits for (HMGET). It asks no one: it says what to ask, and takes the
 * answer. A record that cannot be read is named in the log, counted and left out.
 */
#ifndef HTTPBROKER_DELIVERY_LOADER_H
#define HTTPBROKER_DELIVERY_LOADER_H

#include "httpbroker/delivery/engine.h"
#include "httpbroker/delivery/record.h"
#include "httpbroker/redis/commit.h"

struct redisReply;
struct loader;

/* `key` makes its hash unpredictable. */
struct loader *loader_new(const struct siphash_key *key);
void loader_free(struct loader *loader);

/* From the beginning; or nothing is to be read, and everything is known. */
void loader_begin(struct loader *loader, nsec now);
void loader_finish(struct loader *loader);

/* Whether everything was read. */
bool loader_complete(const struct loader *loader);

/* Whether it is known what Redis has of this check, if it has anything. */
bool loader_knows(
	const struct loader *loader, const struct checks *checks, const struct names *names);

/* The checks that it has not found; the ledger adds those that it forgets meanwhile. */
struct missing *loader_missing(struct loader *loader);

/* That it shall be asked for soon. Passed over when much is wanted already, or being asked for. */
void loader_prefetch(struct loader *loader, const struct names *names);

/* What was wanted and not asked for is no longer wanted. */
void loader_prefetch_none(struct loader *loader);

/* What to ask next: its words, ended by NULL, and what comes behind them, or NULL. */
enum { LOADER_WORDS = 8 };
const struct resp_list *loader_command(
	struct loader *loader, const struct keys *keys, const char *words[LOADER_WORDS]);

/* Takes the answer to that. False if Redis cannot go on like this, and why. */
bool loader_read(struct loader *loader, const struct redisReply *reply,
	const struct decode_context *decode_context, struct engine *engine, struct reason *why);

/* The connection broke: what was asked is not answered. A cursor may mean nothing any more. */
void loader_interrupt(struct loader *loader);

uint64_t loader_loaded(const struct loader *loader);
uint64_t loader_to_load(const struct loader *loader);
uint64_t loader_unreadable(const struct loader *loader);

#endif

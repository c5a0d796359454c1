/* SPDX-License-Identifier: MIT */
/*
 * Loads the records from Redis: all of them in chunks (HSCAN), and before those the ones that a
 * submission waits for (HMGET). It produces commands and reads replies. A record that cannot be
 * decoded is logged and left out.
 */
#ifndef HTTPBROKER_DELIVERY_LOADER_H
#define HTTPBROKER_DELIVERY_LOADER_H

#include "httpbroker/delivery/engine.h"
#include "httpbroker/delivery/record.h"
#include "httpbroker/redis/commit.h"

#include <stdbool.h>
#include <stddef.h>

struct redisReply;
struct loader;

/* `key` makes its hash unpredictable. */
struct loader *loader_new(const struct siphash_key *key);
void loader_free(struct loader *loader);

/* Starts from the beginning; or ends: everything is known. */
void loader_begin(struct loader *loader, nsec now);
void loader_finish(struct loader *loader);
bool loader_complete(const struct loader *loader);

/* Whether the check's record is loaded, or known to be missing. */
bool loader_knows(
	const struct loader *loader, const struct checks *checks, const struct names *names);

/*
 * A check has no record any more: for engine_settings.forgotten, whose owner is the loader. A
 * record that is read later does not bring it back.
 */
void loader_forget(void *loader, const struct names *names);

/* Loads the check's record soon; ignored while enough are wanted or being fetched. */
void loader_prefetch(struct loader *loader, const struct names *names);

/* Whether the event can be applied; prefetches the records that it needs (former names, too). */
bool loader_ready(
	struct loader *loader, const struct checks *checks, const struct prepared *prepared);

/* Drops the prefetches that are not being fetched. */
void loader_prefetch_drop(struct loader *loader);

/* The next command: its words, ended by NULL, and the arguments behind them, or NULL. */
enum { LOADER_WORDS = 8 };
const struct resp_list *loader_command(
	struct loader *loader, const struct keys *keys, const char *words[LOADER_WORDS]);

/* Reads the reply to that. False if it is unusable, and why. */
bool loader_read(struct loader *loader, const struct redisReply *reply,
	const struct decode_context *context, struct engine *engine, struct reason *why);

/* The reply was lost with the connection: starts the scan again, for a cursor may be void. */
void loader_interrupt(struct loader *loader);

#endif

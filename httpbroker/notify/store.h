/* SPDX-License-Identifier: MIT */
/*
 * What is in Redis: the problems and the lists of the outputs. How they are loaded at a start, and
 * the commit that writes what has changed (consumer.h). Replies go in, commands come out.
 */
#ifndef HTTPBROKER_NOTIFY_STORE_H
#define HTTPBROKER_NOTIFY_STORE_H

#include "common/clocks.h"
#include "httpbroker/redis/commit.h"

#include <stdbool.h>
#include <stddef.h>

struct notify;
struct output;
struct redisReply;

enum { LOAD_WORDS = 6, LOAD_CURSOR = 24 };

/* Loads the problems with HSCAN, then each list with LRANGE, in pieces. */
struct load {
	char cursor[LOAD_CURSOR];                   /* of HSCAN */
	bool problems_done;                         /* the lists follow */
	struct output *output;                      /* whose list; NULL: all are loaded */
	size_t loaded;                              /* how many of it */
	char first[LOAD_CURSOR], last[LOAD_CURSOR]; /* of LRANGE */
};

void load_begin(struct load *load, const struct notify *notify);

/* The next command; its words live as long as *load does not change. */
void load_command(struct load *load, const struct keys *keys, const char *words[LOAD_WORDS]);

/* Whether it is a list of texts and of nothing else. */
bool reply_is_texts(const struct redisReply *reply);

/* Reads the reply. False: it is none of that command, and nothing is loaded. */
bool load_read(struct load *load, struct notify *notify, const struct keys *keys,
	const struct redisReply *reply, struct moment now);

/* All is loaded: the judge and the outputs may begin. */
bool load_is_complete(const struct load *load);

/* A script whose key is the queue: the events at its end, which stay there, the oldest first. */
extern const char take_script[];

/*
 * A commit, to be freed by commit_free(), of what has changed, which removes the events `taken`
 * (the reply to take_script, or NULL) from the end of the queue; NULL: there is nothing of either.
 * Its script_result is the length of the queue, or minus that, minus 2, if someone else has changed
 * the end: then nothing is removed.
 */
struct commit *store_commit(struct notify *notify, const struct redisReply *taken);

/* It was applied. */
void store_committed(struct notify *notify);

/* Redis has lost data: the next commit replaces all that is there. */
void store_rewrite(struct notify *notify, struct moment now);

#endif

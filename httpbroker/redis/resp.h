/* SPDX-License-Identifier: MIT */
/*
 * Writes commands with very many arguments in Redis's protocol (RESP 2,
 * https://redis.io/docs/latest/develop/reference/protocol-spec/) while the arguments are gathered,
 * so that each is copied once. hiredis reads the replies; reply_refuse() says what is wrong with
 * one.
 */
#ifndef HTTPBROKER_REDIS_RESP_H
#define HTTPBROKER_REDIS_RESP_H

#include "common/buffer.h"
#include "common/reason.h"

#include <stdbool.h>

struct redisReply;

/* Arguments, ready to be sent. {0} is none. */
struct resp_list {
	struct buffer bytes;
	size_t count;
};

void resp_add(struct resp_list *list, const char *bytes, size_t length);
void resp_add_text(struct resp_list *list, const char *text);

/* Texts, up to NULL. */
void resp_add_words(struct resp_list *list, const char *const *words);

/* Appends the arguments of `more`, and frees them. */
void resp_join(struct resp_list *list, struct resp_list *more);

/* An argument of several pieces: begin with its whole length, append to list->bytes, end. */
void resp_begin(struct resp_list *list, size_t length);
void resp_end(struct resp_list *list);

/* Empties it; keeps the memory, unless it is more than `max` bytes. */
void resp_clear(struct resp_list *list, size_t max);
void resp_free(struct resp_list *list);

void resp_swap(struct resp_list *one, struct resp_list *other);

/* Appends each argument and a newline. */
void resp_append_lines(const struct resp_list *list, struct buffer *out);

/* Appends a command: its words, up to NULL, then what `list` holds (NULL: nothing). */
void resp_command(struct buffer *out, const char *const *words, const struct resp_list *list);

/* Whether a reply is this status: `OK`, `QUEUED`. */
bool reply_is(const struct redisReply *reply, const char *status);

/* Its error, or that it is none of the expected ones. */
const char *reply_error(const struct redisReply *reply);

/* Sets the reason to `refuses COMMAND KEY: ERROR`; the key may be empty. Returns false. */
bool reply_refuse(
	const struct redisReply *reply, const char *command, const char *key, struct reason *why);

#define RESP_WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif

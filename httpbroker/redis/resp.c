/* SPDX-License-Identifier: MIT */
#include "httpbroker/redis/resp.h"

#include "httpbroker/checks/encode.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_MAX = 1 + JSONTEXT_NUMBER + 2 };

/* Returns the end. */
static char *header_write(char *out, char kind, size_t number)
{
	out[0] = kind;
	char *end = out + 1 + jsontext_digits(out + 1, (int64_t)number);
	memcpy(end, "\r\n", 2);
	return end + 2;
}

static void header_append(struct buffer *out, char kind, size_t number)
{
	char *begin = buffer_reserve(out, HEADER_MAX), *end = header_write(begin, kind, number);

	*end = '\0';
	out->length += (size_t)(end - begin);
}

/* In one piece: most arguments are short. */
static void bulk_append(struct buffer *out, const char *bytes, size_t length)
{
	char *begin = buffer_reserve(out, HEADER_MAX + length + 2);
	char *end = header_write(begin, '$', length);

	memcpy(end, bytes, length);
	memcpy(end + length, "\r\n", sizeof "\r\n");
	out->length += (size_t)(end + length + 2 - begin);
}

void resp_add(struct resp_list *list, const char *bytes, size_t length)
{
	bulk_append(&list->bytes, bytes, length);
	list->count++;
}

void resp_add_text(struct resp_list *list, const char *text)
{
	resp_add(list, text, strlen(text));
}

void resp_add_words(struct resp_list *list, const char *const *words)
{
	for (; *words != NULL; words++)
		resp_add_text(list, *words);
}

void resp_join(struct resp_list *list, struct resp_list *more)
{
	buffer_append(&list->bytes, more->bytes.data, more->bytes.length);
	list->count += more->count;
	resp_free(more);
}

void resp_begin(struct resp_list *list, size_t length)
{
	header_append(&list->bytes, '$', length);
}

void resp_end(struct resp_list *list)
{
	buffer_append(&list->bytes, "\r\n", 2);
	list->count++;
}

void resp_clear(struct resp_list *list, size_t max)
{
	if (list->bytes.capacity > max)
		buffer_free(&list->bytes);
	buffer_clear(&list->bytes);
	list->count = 0;
}

void resp_free(struct resp_list *list)
{
	buffer_free(&list->bytes);
	list->count = 0;
}

void resp_swap(struct resp_list *one, struct resp_list *other)
{
	const struct resp_list kept = *one;

	*one = *other;
	*other = kept;
}

void resp_append_lines(const struct resp_list *list, struct buffer *out)
{
	const char *at = list->bytes.data;

	for (size_t i = 0; i < list->count; i++) {
		char *after;
		size_t length = strtoul(at + 1, &after, 10);

		buffer_append(out, after + 2, length);
		buffer_append(out, "\n", 1);
		at = after + 2 + length + 2;
	}
}

void resp_command(struct buffer *out, const char *const *words, const struct resp_list *list)
{
	size_t count = list != NULL ? list->count : 0;

	for (size_t i = 0; words[i] != NULL; i++)
		count++;
	header_append(out, '*', count);
	for (; *words != NULL; words++)
		bulk_append(out, *words, strlen(*words));
	if (list != NULL)
		buffer_append(out, list->bytes.data, list->bytes.length);
}

bool reply_is(const struct redisReply *reply, const char *status)
{
	return reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, status) == 0;
}

const char *reply_error(const struct redisReply *reply)
{
	return reply->type == REDIS_REPLY_ERROR ? reply->str : "an odd answer";
}

bool reply_refuse(
	const struct redisReply *reply, const char *command, const char *key, struct reason *why)
{
	return reason_set(why, "refuses %s%s%s: %s", command, key[0] != '\0' ? " " : "", key,
		reply_error(reply));
}

/* SPDX-License-Identifier: MIT */
/*
 * JSON objects out of a stream of bytes: one after another, any white space between them, over as
 * many lines as they like. An array stands for its elements. Each byte is looked at once, unless
 * a document is broken: then reading goes on at the next line that begins with a bracket, counted
 * from the one on which the broken document began, so that an event behind a truncated one
 * is not swallowed with it.
 */
#ifndef HTTPBROKER_SUBMIT_FEED_DOCUMENTS_H
#define HTTPBROKER_SUBMIT_FEED_DOCUMENTS_H

#include "common/reason.h"

#include <stddef.h>
#include <stdint.h>

struct document {
	uint64_t line;    /* on which it begins; the first is 1 */
	size_t column;    /* of its first byte; the first is 1 */
	const char *text; /* ours, until the next call; not NUL-terminated */
	size_t length;
};

enum documents_result {
	DOCUMENTS_ONE,  /* *document is the next; brackets and strings match, jansson may still
			   object */
	DOCUMENTS_BAD,  /* document->line began a broken one; *why says what is wrong and where */
	DOCUMENTS_NONE, /* no whole document is there: push more */
};

/* A document longer than `limit` bytes is a broken one. */
struct documents *documents_new(size_t limit);

void documents_push(struct documents *documents, const void *bytes, size_t length);

/* Nothing more comes: what is incomplete is broken. */
void documents_finish(struct documents *documents);

enum documents_result documents_next(
	struct documents *documents, struct document *document, struct reason *why);

void documents_free(struct documents *documents);

#endif

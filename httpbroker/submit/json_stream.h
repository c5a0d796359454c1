/* SPDX-License-Identifier: MIT */
/*
 * JSON objects out of a stream of bytes: one after another, with any white space between them, over
 * any number of lines. An array stands for its elements. Each byte is read once, unless a document
 * is broken: then reading goes on at the next line that begins with a bracket, counted from the
 * line on which the broken document began, so that a truncated event does not swallow the next one.
 */
#ifndef HTTPBROKER_SUBMIT_JSON_STREAM_H
#define HTTPBROKER_SUBMIT_JSON_STREAM_H

#include "common/reason.h"

#include <stddef.h>
#include <stdint.h>

struct document {
	uint64_t line;    /* on which it begins; the first is 1 */
	size_t column;    /* of its first byte; the first is 1 */
	const char *text; /* valid until the next call; not NUL-terminated */
	size_t length;
};

enum documents_result {
	DOCUMENTS_ONE,  /* *document is the next one; jansson may still reject it */
	DOCUMENTS_BAD,  /* a broken one began on document->line; *why: the error and its place */
	DOCUMENTS_NONE, /* no complete document: push more */
};

/* A document longer than `limit` bytes is a broken one. */
struct documents *documents_new(size_t limit);

void documents_push(struct documents *documents, const void *bytes, size_t length);

/* The input ends: an incomplete document is broken. */
void documents_finish(struct documents *documents);

enum documents_result documents_next(
	struct documents *documents, struct document *document, struct reason *why);

void documents_free(struct documents *documents);

#endif

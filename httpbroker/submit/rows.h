/* SPDX-License-Identifier: MIT */
/*
 * --query: the states of checks, as the broker reports them, in the way of a monitoring plugin.
 *
 * The first line of standard output has the number of checks in each state, with performance data;
 * a table follows, worst first. As JSON: an array of the broker's objects instead. The rows wait in
 * temporary files, one for each state: memory is bounded, whatever the broker sends.
 */
#ifndef HTTPBROKER_SUBMIT_ROWS_H
#define HTTPBROKER_SUBMIT_ROWS_H

#include "common/buffer.h"
#include "common/clocks.h"
#include "common/reason.h"

#include <stdbool.h>
#include <stdio.h>

struct query {
	const char *entity, *check; /* globs (fnmatch(3)); NULL: all */
	const char *state;          /* a word that the broker knows; NULL: all */
	nsec limit;                 /* of each request; NSEC_NEVER: none */
	bool json;
};

/* A GET /state on its way into rows. Pure, but for the temporary files. */
struct rows;

/* NULL, and *why: a temporary file cannot be created. */
struct rows *rows_new(const struct query *query, struct reason *why);
void rows_free(struct rows *rows);

/* Bytes of the list, in pieces of any size. False, and *why: it is none, or cannot be kept. */
bool rows_add(struct rows *rows, const char *bytes, size_t length, struct reason *why);

/* The answer is over. False, and *why: the list has no end, or its rows cannot be kept. */
bool rows_finish(struct rows *rows, struct reason *why);

/*
 * Appends foreign text as a plugin may print it: one line that a terminal shows as it is
 * (utf8_visible_append), without a `|`, which would begin performance data.
 */
void plugin_append(struct buffer *out, const char *text);

/* Prints everything, once, and returns the exit code. False, and *why: it cannot be printed. The
 * columns are as wide as LC_CTYPE says (wcwidth(3)). */
bool rows_print(struct rows *rows, FILE *out, int *code, struct reason *why);

#endif

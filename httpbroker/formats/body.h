/* SPDX-License-Identifier: MIT */
/* Splits a request's body into JSON documents: one object, an array, or newline-delimited JSON. */
#ifndef HTTPBROKER_FORMATS_BODY_H
#define HTTPBROKER_FORMATS_BODY_H

#include "common/reason.h"

#include <jansson.h>
#include <stdint.h>

/* Of a document in its body. */
struct position {
	uint32_t index; /* from 0 */
	uint32_t line;  /* from 1; 0: not known */
};

enum body_fault {
	BODY_NO_JSON,
	BODY_LARGE, /* the document needs too much memory */
	BODY_FULL,  /* there is no memory now */
};

/* Receives the documents, in order. Both return whether to go on. */
struct body_visitor {
	/* A document of any type; it is gone when this returns. */
	bool (*document)(struct body_visitor *visitor, json_t *document, struct position position);

	/* A line cannot be read; the next ones may. */
	bool (*broken)(struct body_visitor *visitor, enum body_fault fault,
		const struct reason *why, struct position position);

	void *owner;           /* for both */
	enum body_fault fault; /* of BODY_BROKEN */
};

enum body_kind {
	BODY_BROKEN, /* nothing was visited; see visitor->fault and *why */
	BODY_ONE,
	BODY_MANY, /* an array, or lines: any number of documents, even none */
};

/*
 * `lines`: the client declares newline-delimited JSON. A body is also read as such if its first
 * line is a document and another line that is not blank follows.
 */
enum body_kind body_read(const char *bytes, size_t length, bool lines, struct body_visitor *visitor,
	struct reason *why);

/* json_loadb(), but with escapes of NUL and of unpaired surrogates (utf8_mend_escapes). */
json_t *body_document(const char *bytes, size_t length, size_t flags, json_error_t *error);

#endif

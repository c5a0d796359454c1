/* SPDX-License-Identifier: MIT */
/*
 * The body of a request as JSON documents: one object, an array of them, or newline-delimited
 * JSON, a document a line.
 */
#ifndef HTTPBROKER_FORMATS_BODY_H
#define HTTPBROKER_FORMATS_BODY_H

#include "common/reason.h"

#include <jansson.h>
#include <stdint.h>

/* Where in a body a document is. */
struct place {
	uint32_t index; /* how many are before it */
	uint32_t line;  /* on which it begins, from 1; 0: not known */
};

/* Why a document cannot be read. */
enum body_fault {
	BODY_NO_JSON,
	BODY_LARGE, /* it needs more memory than one may have */
	BODY_FULL,  /* there is no memory for it now */
};

/* Takes the documents, in order. Both return whether to go on. */
struct body_visitor {
	/* The document is gone afterwards. It may be of any type. */
	bool (*document)(struct body_visitor *visitor, json_t *document, struct place place);

	/* A line is no JSON, or there is no memory for it; the others may be read. */
	bool (*broken)(struct body_visitor *visitor, enum body_fault fault,
		const struct reason *why, struct place place);

	void *owner;           /* for both */
	enum body_fault fault; /* of BODY_BROKEN */
};

enum body_kind {
	BODY_BROKEN, /* it cannot be read; nothing was visited; visitor->fault, and *why, say why */
	BODY_ONE,    /* one document */
	BODY_MANY,   /* an array, or lines: any number of documents, none too */
};

/*
 * `lines`: the client says that it is newline-delimited. It is taken for that as well when its
 * first line is a whole document and another line, with something on it, follows.
 */
enum body_kind body_read(const char *bytes, size_t length, bool lines, struct body_visitor *visitor,
	struct reason *why);

/*
 * json_loadb(), but a NUL or an unpaired surrogate that is written as an escape does not make the
 * document unreadable (utf8_mend_escapes).
 */
json_t *body_document(const char *bytes, size_t length, size_t flags, json_error_t *error);

#endif

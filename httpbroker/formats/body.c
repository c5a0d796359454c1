/* SPDX-License-Identifier: MIT */
#include "httpbroker/formats/body.h"

#include "common/buffer.h"
#include "common/utf8.h"
#include "httpbroker/formats/json.h"

#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t blanks_skip(const char *bytes, size_t at, size_t length)
{
	while (at < length && is_blank(bytes[at]))
		at++;
	return at;
}

/* jansson's message for a byte-order mark shows invisible bytes. */
static const char *failure_text(const char *bytes, size_t length, const json_error_t *error)
{
	static const char mark[] = "\xef\xbb\xbf";

	if (length >= sizeof mark - 1 && memcmp(bytes, mark, sizeof mark - 1) == 0)
		return "there is a byte-order mark: send UTF-8 without it";
	return error->text;
}

/* Such escapes are rare: the text is copied and mended only after a failure. */
json_t *body_document(const char *bytes, size_t length, size_t flags, json_error_t *error)
{
	json_t *document = json_loadb(bytes, length, flags, error);
	struct buffer mended = {NULL, 0, 0};

	if (document != NULL || length == 0)
		return document;
	buffer_append(&mended, bytes, length);
	if (utf8_mend_escapes(mended.data, mended.length))
		document = json_loadb(mended.data, mended.length, flags, error);
	buffer_free(&mended);
	return document;
}

static enum body_fault fault_of(enum jsonpool_end end, struct reason *why)
{
	switch (end) {
	case JSONPOOL_LARGE:
		reason_set(why, "the document needs more memory than there is for one (half of "
				"--max-held): send it in parts");
		return BODY_LARGE;
	case JSONPOOL_FULL:
		reason_set(why, "there is no memory for the document now (--max-held)");
		return BODY_FULL;
	default:
		return BODY_NO_JSON;
	}
}

/* Reads a document that begins on `line`. With `used` more may follow: *used is where it ends. */
static json_t *document_read(const char *bytes, size_t length, uint32_t line, size_t *used,
	enum body_fault *fault, struct reason *why)
{
	json_error_t error;
	size_t flags = JSON_REJECT_DUPLICATES | (used != NULL ? JSON_DISABLE_EOF_CHECK : 0);

	jsonpool_read_begin();
	json_t *document = body_document(bytes, length, flags, &error);
	enum jsonpool_end end = jsonpool_read_end();
	if (end != JSONPOOL_FITS) {
		json_decref(document);
		document = NULL;
	} else if (document == NULL) {
		reason_set(why, "line %ld, column %d: %s", (long)line - 1 + error.line,
			error.column, failure_text(bytes, length, &error));
	} else if (used != NULL) {
		*used = (size_t)error.position;
	}
	*fault = fault_of(end, why);
	return document;
}

static bool line_visit(
	const char *bytes, size_t length, struct position position, struct body_visitor *visitor)
{
	struct reason why;
	enum body_fault fault;
	json_t *document = document_read(bytes, length, position.line, NULL, &fault, &why);

	if (document == NULL)
		return visitor->broken(visitor, fault, &why, position);
	bool more = visitor->document(visitor, document, position);
	json_decref(document);
	return more;
}

static void lines_visit(const char *bytes, size_t length, struct body_visitor *visitor)
{
	struct position position = {0, 1};

	for (size_t at = 0, end; at < length; at = end + 1, position.line++) {
		const char *newline = memchr(bytes + at, '\n', length - at);

		end = newline != NULL ? (size_t)(newline - bytes) : length;
		if (blanks_skip(bytes, at, end) == end)
			continue;
		if (!line_visit(bytes + at, end - at, position, visitor))
			return;
		position.index++;
	}
}

static void elements_visit(const json_t *array, struct body_visitor *visitor)
{
	struct position position = {0, 0};

	while (position.index < json_array_size(array)) {
		json_t *element = json_array_get(array, position.index);

		if (!visitor->document(visitor, element, position))
			return;
		position.index++;
	}
}

/* Whether the document is on one line, and the next bytes, at `next`, are on another. */
static bool is_first_line(const char *bytes, size_t begin, size_t end, size_t next)
{
	return memchr(bytes + begin, '\n', end - begin) == NULL &&
	       memchr(bytes + end, '\n', next - end) != NULL;
}

static void excess_explain(const char *bytes, size_t at, struct reason *why)
{
	size_t line = 1, start = 0;

	for (size_t i = 0; i < at; i++)
		if (bytes[i] == '\n') {
			line++;
			start = i + 1;
		}
	reason_set(why,
		"line %zu, column %zu: something follows the document: several go into an array, "
		"or one on each line",
		line, at - start + 1);
}

static enum body_kind document_visit(json_t *document, struct body_visitor *visitor)
{
	if (json_is_array(document)) {
		elements_visit(document, visitor);
		return BODY_MANY;
	}
	visitor->document(visitor, document, (struct position){0, 0});
	return BODY_ONE;
}

/* The first document was read up to `end`: it is the only one, or the first of many lines. */
static enum body_kind rest_visit(json_t *document, const char *bytes, size_t length, size_t end,
	struct body_visitor *visitor, struct reason *why)
{
	size_t begin = blanks_skip(bytes, 0, length);
	size_t next = blanks_skip(bytes, end, length);

	if (next == length)
		return document_visit(document, visitor);
	if (!is_first_line(bytes, begin, end, next)) {
		excess_explain(bytes, next, why);
		return BODY_BROKEN;
	}
	lines_visit(bytes, length, visitor);
	return BODY_MANY;
}

enum body_kind body_read(const char *bytes, size_t length, bool lines, struct body_visitor *visitor,
	struct reason *why)
{
	size_t end;

	visitor->fault = BODY_NO_JSON;
	if (lines) {
		lines_visit(bytes, length, visitor);
		return BODY_MANY;
	}
	if (blanks_skip(bytes, 0, length) == length) {
		reason_set(why, "the body is empty: post a JSON object");
		return BODY_BROKEN;
	}
	json_t *document = document_read(bytes, length, 1, &end, &visitor->fault, why);
	if (document == NULL)
		return BODY_BROKEN;
	enum body_kind kind = rest_visit(document, bytes, length, end, visitor, why);
	json_decref(document);
	return kind;
}

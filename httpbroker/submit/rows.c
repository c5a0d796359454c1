/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/rows.h"

#include "common/buffer.h"
#include "common/memory.h"
#include "common/utf8.h"
#include "common/utf8_clean.h"
#include "httpbroker/checks/event.h"

#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum {
	LINE_MAX_BYTES = 1 << 20, /* of a check; the broker's own limits are below half of it */
	COLUMN_MAX = 40,          /* of a terminal; a longer name shifts the rest of its row */
};

/* Worst first. */
static const struct severity {
	enum state state;
	int code; /* of a plugin */
} severities[] = {{STATE_CRITICAL, 2}, {STATE_UNKNOWN, 3}, {STATE_WARNING, 1}, {STATE_OK, 0}};

enum { SEVERITIES = sizeof severities / sizeof severities[0] };

/* The columns of the table. The summary comes last: it has any width, and is not counted. */
enum column {
	COLUMN_STATE,
	COLUMN_ENTITY,
	COLUMN_CHECK,
	COLUMN_AGE,
	COLUMN_LEFT,
	COLUMN_SUMMARY,
	COLUMNS = COLUMN_SUMMARY
};

static const char *const titles[COLUMNS] = {"STATE", "ENTITY", "CHECK", "AGE", "LEFT"};

struct rows {
	const struct query *query;
	struct buffer line;          /* the one that is not complete yet */
	bool begun, complete;        /* the list is */
	FILE *files[SEVERITIES];     /* a row a line; NULL: none yet */
	uint64_t counts[SEVERITIES]; /* of the rows */
	uint64_t stale;              /* of all rows */
	size_t widths[COLUMNS];      /* columns of a terminal */
};

struct rows *rows_new(const struct query *query, struct reason *why)
{
	struct rows *rows = memory_zeroed(1, sizeof *rows);
	bool opened = true;

	rows->query = query;
	for (int i = 0; i < SEVERITIES && opened; i++) {
		rows->files[i] = tmpfile();
		opened = rows->files[i] != NULL;
	}
	for (int i = 0; i < COLUMNS; i++)
		rows->widths[i] = strlen(titles[i]);
	if (opened)
		return rows;
	reason_set(why, "a temporary file cannot be created: %s", strerror(errno));
	rows_free(rows);
	return NULL;
}

void rows_free(struct rows *rows)
{
	for (int i = 0; i < SEVERITIES; i++)
		if (rows->files[i] != NULL)
			fclose(rows->files[i]);
	buffer_free(&rows->line);
	free(rows);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* -1: none. */
static int severity_of(const json_t *object)
{
	const char *word = text_of(object, "state");
	enum state state;
	bool unused;

	if (!state_read(word, strlen(word), &state, &unused))
		return -1;
	for (int i = 0; i < SEVERITIES; i++)
		if (severities[i].state == state)
			return i;
	return -1;
}

static const char *severity_name(int severity)
{
	return state_name(severities[severity].state);
}

/* The columns of a terminal that clean text takes: two for a wide character, none for an accent. */
static size_t columns_of(const char *text)
{
	size_t columns = 0;

	for (size_t length; *text != '\0'; text += length) {
		length = utf8_character(text, UTF8_LONGEST);
		int width = wcwidth((wchar_t)utf8_code(text, length));

		columns += width >= 0 ? (size_t)width : 1; /* -1: the locale does not know it */
	}
	return columns;
}

void plugin_append(struct buffer *out, const char *text)
{
	size_t begin = out->length;

	utf8_visible_append(out, text, strlen(text));
	for (size_t i = begin; i < out->length; i++)
		if (out->data[i] == '|')
			out->data[i] = '/';
}

/* A cell of the table. */
static void cell_append(struct rows *rows, struct buffer *row, enum column column, const char *text)
{
	size_t begin = row->length;

	plugin_append(row, text);
	size_t width = columns_of(row->data + begin);
	if (column < COLUMNS && width > rows->widths[column])
		rows->widths[column] = width < COLUMN_MAX ? width : COLUMN_MAX;
	buffer_append(row, column < COLUMNS ? "\x1f" : "\n", 1);
}

enum { SPAN_TEXT = 48 };

/* The two largest units: `5s`, `6m40s`, `26h0m`, `12d3h`. */
static const char *span_text(int64_t seconds, char out[SPAN_TEXT])
{
	static const struct {
		int64_t seconds, part;
		char unit, next;
	} units[] = {{172800, 86400, 'd', 'h'}, {3600, 3600, 'h', 'm'}, {60, 60, 'm', 's'}};
	static const int64_t parts[] = {3600, 60, 1};

	for (int i = 0; i < 3; i++) {
		if (seconds < units[i].seconds)
			continue;
		snprintf(out, SPAN_TEXT, "%" PRId64 "%c%" PRId64 "%c", seconds / units[i].part,
			units[i].unit, seconds % units[i].part / parts[i], units[i].next);
		return out;
	}
	snprintf(out, SPAN_TEXT, "%" PRId64 "s", seconds > 0 ? seconds : 0);
	return out;
}

static void row_write(struct rows *rows, const json_t *object, int severity, struct buffer *row)
{
	int64_t ttl = json_integer_value(json_object_get(object, "ttl"));
	int64_t age = json_integer_value(json_object_get(object, "age"));
	bool stale = json_is_true(json_object_get(object, "stale"));
	char span[SPAN_TEXT];

	cell_append(rows, row, COLUMN_STATE, severity_name(severity));
	cell_append(rows, row, COLUMN_ENTITY, text_of(object, "entity"));
	cell_append(rows, row, COLUMN_CHECK, text_of(object, "check"));
	age = age < 0 ? 0 : age < UINT32_MAX ? age : UINT32_MAX;
	cell_append(rows, row, COLUMN_AGE, span_text(age, span));
	const char *left = ttl < 0 ? "-" : stale ? "stale" : span_text(ttl - age, span);
	cell_append(rows, row, COLUMN_LEFT, left);
	if (stale) {
		buffer_append_text(row, "was ");
		plugin_append(row, text_of(object, "reported"));
		buffer_append_text(row, ": ");
	}
	cell_append(rows, row, COLUMN_SUMMARY, text_of(object, "summary"));
}

static bool matches(const struct query *query, const json_t *object)
{
	return (query->entity == NULL ||
		       fnmatch(query->entity, text_of(object, "entity"), 0) == 0) &&
	       (query->check == NULL || fnmatch(query->check, text_of(object, "check"), 0) == 0);
}

static bool object_add(struct rows *rows, const json_t *object, const char *text, size_t length,
	struct reason *why)
{
	int severity = severity_of(object);
	struct buffer row = {NULL, 0, 0};

	if (severity < 0)
		return reason_set(why, "a check in the list has no state");
	if (!matches(rows->query, object))
		return true;
	if (rows->query->json) {
		buffer_append(&row, text, length);
		buffer_append(&row, "\n", 1);
	} else {
		row_write(rows, object, severity, &row);
	}
	bool written = fwrite(row.data, 1, row.length, rows->files[severity]) == row.length;
	buffer_free(&row);
	rows->counts[severity]++;
	rows->stale += json_is_true(json_object_get(object, "stale"));
	return written ||
	       reason_set(why, "a temporary file cannot be written: %s", strerror(errno));
}

/* Behind the key of a member, `"…":`; NULL: it has none. */
static const char *key_skip(const char *line, const char *end)
{
	const char *c = line + 1;

	while (c < end && *c != '"')
		c += *c == '\\' ? 2 : 1;
	return *line == '"' && c + 1 < end && c[1] == ':' ? c + 2 : NULL;
}

/* The broker writes a check a line: `"KEY":{…},`. */
static bool member_add(struct rows *rows, const char *line, size_t length, struct reason *why)
{
	const char *end = line + length - (length > 0 && line[length - 1] == ',');
	const char *text = length > 0 ? key_skip(line, end) : NULL;
	json_error_t error;
	json_t *object = text != NULL ? json_loadb(text, (size_t)(end - text), 0, &error) : NULL;

	if (!json_is_object(object)) {
		json_decref(object);
		return reason_set(why, "the answer is not a broker's list of checks");
	}
	bool added = object_add(rows, object, text, (size_t)(end - text), why);
	json_decref(object);
	return added;
}

static bool line_add(struct rows *rows, const char *line, size_t length, struct reason *why)
{
	bool empty = length == 2 && memcmp(line, "{}", 2) == 0;

	if (!rows->begun && (empty || (length == 1 && *line == '{'))) {
		rows->begun = true;
		rows->complete = empty;
		return true;
	}
	if (!rows->begun || rows->complete)
		return reason_set(why, "the answer is not a broker's list of checks");
	rows->complete = length == 1 && *line == '}';
	return rows->complete || member_add(rows, line, length, why);
}

bool rows_add(struct rows *rows, const char *bytes, size_t length, struct reason *why)
{
	struct buffer *line = &rows->line;

	while (length > 0) {
		const char *newline = memchr(bytes, '\n', length);
		size_t piece = newline != NULL ? (size_t)(newline - bytes) : length;

		if (line->length + piece > LINE_MAX_BYTES)
			return reason_set(why, "a line of the answer is longer than %d bytes",
				LINE_MAX_BYTES);
		buffer_append(line, bytes, piece);
		if (newline == NULL)
			return true;
		if (!line_add(rows, line->data, line->length, why))
			return false;
		buffer_clear(line);
		bytes += piece + 1;
		length -= piece + 1;
	}
	return true;
}

bool rows_finish(struct rows *rows, struct reason *why)
{
	if (!rows->begun)
		return reason_set(why, "the answer is not a broker's list of checks");
	if (!rows->complete)
		return reason_set(why, "the list of checks is cut short");
	for (int i = 0; i < SEVERITIES; i++)
		if (fflush(rows->files[i]) != 0)
			return reason_set(
				why, "a temporary file cannot be written: %s", strerror(errno));
	return true;
}

static void cell_print(const struct rows *rows, int column, const char *text, FILE *out)
{
	size_t width = columns_of(text);

	fprintf(out, "%s%*s", text,
		(int)(width < rows->widths[column] ? rows->widths[column] - width : 0) + 2, "");
}

/* What a plugin prints first, and the titles of the table. */
static void head_print(const struct rows *rows, const char *worst, FILE *out)
{
	for (; *worst != '\0'; worst++)
		fputc(*worst - 'a' + 'A', out);
	for (int i = 0; i < SEVERITIES; i++)
		fprintf(out, "%s%" PRIu64 " %s", i == 0 ? ": " : ", ", rows->counts[i],
			severity_name(i));
	fprintf(out, ", of these %" PRIu64 " stale |", rows->stale);
	for (int i = 0; i < SEVERITIES; i++)
		fprintf(out, " %s=%" PRIu64, severity_name(i), rows->counts[i]);
	fprintf(out, " stale=%" PRIu64 "\n", rows->stale);
	for (int i = 0; i < COLUMNS; i++)
		cell_print(rows, i, titles[i], out);
	fputs("SUMMARY\n", out);
}

static void row_print(const struct rows *rows, char *row, FILE *out)
{
	for (int i = 0; i < COLUMNS; i++)
		cell_print(rows, i, strsep(&row, "\x1f"), out);
	fputs(row, out);
}

/* False: the file cannot be read. */
static bool file_print(const struct rows *rows, FILE *file, bool *first, FILE *out)
{
	size_t capacity = 0;
	char *row = NULL;
	ssize_t length;

	rewind(file);
	while ((length = getline(&row, &capacity, file)) > 0) {
		if (rows->query->json)
			fprintf(out, "%s%.*s", *first ? "[\n" : ",\n", (int)length - 1, row);
		else
			row_print(rows, row, out);
		*first = false;
	}
	free(row);
	return !ferror(file);
}

bool rows_print(struct rows *rows, FILE *out, int *code, struct reason *why)
{
	bool first = true, read = true;
	int worst = 0;

	while (worst < SEVERITIES && rows->counts[worst] == 0)
		worst++;
	*code = worst < SEVERITIES ? severities[worst].code : 3;
	if (!rows->query->json && worst == SEVERITIES)
		fputs("UNKNOWN: no check matches\n", out);
	else if (!rows->query->json)
		head_print(rows, severity_name(worst), out);
	for (int i = 0; i < SEVERITIES; i++)
		read &= file_print(rows, rows->files[i], &first, out);
	if (rows->query->json)
		fputs(first ? "[]\n" : "\n]\n", out);
	if (fflush(out) != 0 || ferror(out))
		return reason_set(why, "standard output cannot be written: %s", strerror(errno));
	return read || reason_set(why, "a temporary file cannot be read again");
}

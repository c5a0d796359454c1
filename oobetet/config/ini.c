/* SPDX-License-Identifier: MIT */
#include "oobetet/config/keys.h"

#include "common/utf8_clean.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t"

struct source {
	FILE *file;
	const struct ini_taker *taker;
	struct reason *why;
	int line;    /* its number */
	bool failed; /* *why is set: stop reading */
};

static bool source_fail(struct source *source, const char *expected)
{
	source->failed = true;
	return reason_set(source->why, "%s", expected);
}

static bool inline_comment(const char *line)
{
	for (const char *p = strchr(line, ';'); p != NULL; p = strchr(p + 1, ';'))
		if (p > line && strchr(BLANKS, p[-1]) != NULL)
			return true;
	return false;
}

static bool key_check(struct source *source, const char *line)
{
	size_t key = strcspn(line, "=:");

	if (line[key] != '=' || key == 0)
		return source_fail(source, "expected 'key = value', a [section] or a # comment");
	if (inline_comment(line))
		return source_fail(source,
			"a blank and ';' begin a comment, which would cut the value short: put "
			"comments on lines of their own");
	return true;
}

/* A line without its newline. */
static bool line_check(struct source *source, const char *line)
{
	const struct ini_taker *taker = source->taker;
	const char *text = line + strspn(line, BLANKS);

	if (source->line == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0)
		return source_fail(
			source, "the file begins with a byte-order mark: save it as plain UTF-8");
	if (text[0] == '\0' || text[0] == '#' || text[0] == ';')
		return true;
	if (text != line)
		return source_fail(source,
			"a line must not begin with a blank: it would continue the one before");
	if (line[0] != '[')
		return key_check(source, line);
	source->failed = !taker->section(taker->user, line, source->line, source->why);
	return !source->failed;
}

/* Reads one line into out[size], without its newline. False: end of file, or an error. */
static bool line_get(struct source *source, char *out, int size)
{
	int length = 0, byte;

	source->line++;
	while ((byte = getc(source->file)) != EOF && byte != '\n') {
		if (byte == '\0')
			return source_fail(source, "the line holds a NUL byte");
		if (length == size - 2) {
			source->failed = true;
			return reason_set(
				source->why, "the line is longer than %d bytes", size - 2);
		}
		out[length++] = (char)byte;
	}
	out[length] = '\0';
	if (ferror(source->file))
		return source_fail(source, strerror(errno));
	return byte != EOF || length > 0;
}

/* inih's fgets(3). */
static char *source_read(char *out, int size, void *stream)
{
	struct source *source = stream;

	if (source->failed || !line_get(source, out, size))
		return NULL;
	size_t length = strlen(out);
	while (length > 0 && strchr(BLANKS "\r", out[length - 1]) != NULL)
		length--;
	out[length] = '\0';
	if (!line_check(source, out))
		return NULL;
	if (!utf8_is_clean_line(out)) {
		source_fail(source, "the line holds control characters, or is not UTF-8");
		return NULL;
	}
	out[length] = '\n';
	out[length + 1] = '\0';
	return out;
}

static int source_take(void *user, const char *section, const char *key, const char *value)
{
	struct source *source = user;
	const struct ini_taker *taker = source->taker;

	(void)section; /* inih cuts it */
	source->failed = !taker->key(taker->user, key, value, source->line, source->why);
	return !source->failed;
}

bool ini_read(FILE *file, const char *name, const struct ini_taker *taker, struct reason *why)
{
	struct source source = {file, taker, why, 0, false};
	int bad = ini_parse_stream(source_read, &source, source_take, &source);

	if (bad != 0 && !source.failed) {
		source.line = bad;
		source_fail(&source, "expected 'key = value'");
	}
	return !source.failed || reason_prefix(why, "%s:%d", name, source.line);
}

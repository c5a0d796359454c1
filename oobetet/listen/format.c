/* SPDX-License-Identifier: MIT */
#include "oobetet/listen/format.h"

#include "common/memory.h"
#include "common/utf8.h"
#include "common/utf8_clean.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the command ---- */

#define BLANKS " \t"
#define QUOTING "'\"\\"

/* Copies one word without its quotes to *out; returns what follows it; NULL: a quote is open. */
static const char *word_read(const char *p, char **out)
{
	char quote = '\0';

	for (; *p != '\0' && (quote != '\0' || strchr(BLANKS, *p) == NULL); p++) {
		if (*p == quote) {
			quote = '\0';
		} else if (quote == '\0' && (*p == '"' || *p == '\'')) {
			quote = *p;
		} else {
			bool escapes = *p == '\\' && quote != '\'' && p[1] != '\0' &&
				       (quote == '\0' || p[1] == '"' || p[1] == '\\');
			if (escapes)
				p++;
			*(*out)++ = *p;
		}
	}
	*(*out)++ = '\0';
	return quote == '\0' ? p : NULL;
}

/* A word, as it is written, that joins, ends or redirects commands. */
static bool is_for_a_shell(const char *word, size_t length)
{
	static const char *const operators[] = {"|", "||", "|&", "&", "&&", ";"};

	for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++)
		if (strlen(operators[i]) == length && strncmp(word, operators[i], length) == 0)
			return true;
	size_t digits = strspn(word, "0123456789");
	bool redirects = word[digits] == '<' || word[digits] == '>' || strncmp(word, "&>", 2) == 0;
	bool ends = word[length - 1] == ';' && strcspn(word, QUOTING) >= length;
	return redirects || ends;
}

/* False: see the reason. */
static bool words_read(const char *command, char **words, char *bytes, struct reason *why)
{
	int count = 0;

	for (command += strspn(command, BLANKS); *command != '\0';
		command += strspn(command, BLANKS)) {
		size_t raw = strcspn(command, BLANKS);

		if (is_for_a_shell(command, raw))
			return reason_set(why,
				"'%.*s' is for a shell, and none is started: quote it, or say "
				"sh -c '...'",
				(int)raw, command);
		words[count++] = bytes;
		command = word_read(command, &bytes);
		if (command == NULL)
			return reason_set(why, "a quotation mark is not closed");
	}
	return count > 0 || reason_set(why, "it has no word");
}

char **words_split(const char *command, struct reason *why)
{
	size_t length = strlen(command);
	/* a word needs two bytes at least, with the blank behind it; one block holds all */
	char **words = memory_zeroed(length / 2 + 2, sizeof *words + 2);

	if (words_read(command, words, (char *)&words[length / 2 + 2], why))
		return words;
	free(words);
	return NULL;
}

#define EXPECTED "expected 'text', 'nick text' or 'json text=KEY nick=KEY time=KEY'"

/* ---- its lines ---- */

static const char *const names[LISTEN_FIELDS] = {
	[FIELD_TEXT] = "text", [FIELD_NICK] = "nick", [FIELD_TIME] = "time"};

/* ---- listen_format ---- */

/* One `NAME=KEY` of `length` bytes. */
static bool field_parse(
	const char *item, size_t length, struct listen_format *out, struct reason *why)
{
	for (int field = 0; field < LISTEN_FIELDS; field++) {
		size_t name = strlen(names[field]);

		if (length <= name || strncmp(item, names[field], name) != 0 || item[name] != '=')
			continue;
		length -= name + 1;
		if (length == 0 || length > LISTEN_KEY)
			return reason_set(why, "'%s=' needs a key of 1 to %d bytes", names[field],
				LISTEN_KEY);
		if (out->key[field][0] != '\0')
			return reason_set(why, "'%s=' is there twice", names[field]);
		memcpy(out->key[field], item + name + 1, length);
		return true;
	}
	return reason_set(why, "'%.*s': " EXPECTED, (int)(length < 100 ? length : 100), item);
}

static bool fields_parse(const char *text, struct listen_format *out, struct reason *why)
{
	for (;;) {
		text += strspn(text, BLANKS);
		size_t length = strcspn(text, BLANKS);

		if (length == 0)
			break;
		if (!field_parse(text, length, out, why))
			return false;
		text += length;
	}
	return out->key[FIELD_TEXT][0] != '\0' ||
	       reason_set(why, "'json' needs the key of the text: 'json text=KEY'");
}

bool listen_format_parse(const char *text, struct listen_format *out, struct reason *why)
{
	size_t word = strcspn(text, BLANKS);
	const char *rest = text + word + strspn(text + word, BLANKS);

	memset(out, 0, sizeof *out);
	if (strcmp(text, "text") == 0) {
		out->layout = LAYOUT_TEXT;
		return true;
	}
	if (word == 4 && strncmp(text, "nick", word) == 0 && strcmp(rest, "text") == 0) {
		out->layout = LAYOUT_NICK_TEXT;
		return true;
	}
	if (word == 4 && strncmp(text, "json", word) == 0) {
		out->layout = LAYOUT_JSON;
		return fields_parse(rest, out, why);
	}
	return reason_set(why, "'%.100s': " EXPECTED, text);
}

bool listen_format_has_nick(const struct listen_format *format)
{
	return format->layout == LAYOUT_NICK_TEXT || format->key[FIELD_NICK][0] != '\0';
}

/* ---- a line ---- */

static void text_copy(char *out, size_t size, const char *text)
{
	size_t length = utf8_cut(text, size - 1);

	memcpy(out, text, length);
	out[length] = '\0';
}

/* The value of a key, or of a path of keys. */
static const json_t *value_at(const json_t *object, const char *path)
{
	char key[LISTEN_KEY + 1];
	const json_t *value = path[0] != '\0' ? json_object_get(object, path) : NULL;

	while (value == NULL && json_is_object(object) && *path != '\0') {
		size_t length = strcspn(path, ".");

		snprintf(key, sizeof key, "%.*s", (int)length, path);
		object = json_object_get(object, key);
		if (path[length] == '\0')
			return object;
		path += length + 1;
		value = json_object_get(object, path);
	}
	return value;
}

/* Seconds, or a finer unit of a larger number, as nsec. */
static bool number_time(double number, nsec *out)
{
	static const struct {
		double below;
		nsec unit;
	} units[] = {{1e11, NSEC_PER_SEC}, {1e14, NSEC_PER_MSEC}, {1e17, 1000}, {9.2e18, 1}};

	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (!(number >= 0 && number < units[i].below))
			continue;
		double time = number * (double)units[i].unit;

		if (time >= 9.2e18)
			return false;
		*out = (nsec)time;
		return true;
	}
	return false;
}

static bool time_read(const json_t *value, nsec *out, struct reason *why)
{
	const char *text = json_string_value(value);
	bool number = json_is_number(value), digits = text != NULL && text[0] != '\0' &&
						      strspn(text, "0123456789.") == strlen(text);

	if ((number && number_time(json_number_value(value), out)) ||
		(digits && number_time(strtod(text, NULL), out)) ||
		(text != NULL && !digits && clock_parse(text, out)))
		return true;
	*out = NSEC_NEVER;
	return reason_set(why, "its time is neither seconds since the epoch nor RFC 3339%s%.60s",
		text != NULL ? ": " : "", text != NULL ? text : "");
}

static enum listen_result json_read(
	const struct listen_format *format, char *line, struct listen_line *out, struct reason *why)
{
	json_error_t error;

	utf8_mend_escapes(line, strlen(line));
	json_t *root = json_loads(line, 0, &error);
	if (!json_is_object(root)) {
		reason_set(why, "%s", root == NULL ? error.text : "it is no JSON object");
		json_decref(root);
		return LINE_BAD;
	}
	const char *text = json_string_value(value_at(root, format->key[FIELD_TEXT]));
	if (text != NULL) {
		const char *nick = json_string_value(value_at(root, format->key[FIELD_NICK]));
		const json_t *time = value_at(root, format->key[FIELD_TIME]);

		text_copy(out->text, sizeof out->text, text);
		text_copy(out->nick, sizeof out->nick, nick != NULL ? nick : "");
		if (time != NULL && !json_is_null(time))
			time_read(time, &out->time, why);
	}
	json_decref(root);
	return text != NULL ? LINE_MESSAGE : LINE_OTHER;
}

static enum listen_result nick_text_read(char *line, struct listen_line *out, struct reason *why)
{
	char *tab = strchr(line, '\t');

	if (tab == NULL) {
		reason_set(why, "it has no tab between nick and text");
		return LINE_BAD;
	}
	*tab = '\0';
	text_copy(out->nick, sizeof out->nick, line);
	text_copy(out->text, sizeof out->text, tab + 1);
	return LINE_MESSAGE;
}

enum listen_result listen_line_read(
	const struct listen_format *format, char *line, struct listen_line *out, struct reason *why)
{
	size_t length = strlen(line);

	if (length > 0 && line[length - 1] == '\r')
		line[length - 1] = '\0';
	why->text[0] = out->text[0] = out->nick[0] = '\0';
	out->time = NSEC_NEVER;
	if (line[0] == '\0')
		return LINE_OTHER;
	switch (format->layout) {
	case LAYOUT_JSON:
		return json_read(format, line, out, why);
	case LAYOUT_NICK_TEXT:
		return nick_text_read(line, out, why);
	default:
		text_copy(out->text, sizeof out->text, line);
		return LINE_MESSAGE;
	}
}

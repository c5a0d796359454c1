/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/source.h"

#include "common/buffer.h"
#include "common/descriptors.h"
#include "common/lines.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/utf8_clean.h"
#include "httpbroker/submit/event.h"
#include "httpbroker/submit/json_stream.h"
#include "httpbroker/submit/line_formats.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static const struct format {
	const char *name;
	line_translate *translate; /* NULL: JSON documents */
	char mark;                 /* separates events on one line; NUL: none does */
} formats[] = {
	{"json", NULL, '\0'},
	{"nagios", nagios_translate, '\0'},
	{"nsca", nsca_translate, NSCA_MARK},
	{"extcmd", extcmd_translate, '\0'},
};

struct feed {
	const struct format *format;
	struct feed_options options;
	struct defaults *defaults;
	struct documents *documents; /* NULL: a line format */
	struct lines lines;
	struct plugin_text parts; /* of a line's output */
	struct buffer summary;    /* of a line that has none */
	struct buffer mended;     /* a repaired document */
	struct buffer json;       /* the last event, where it differs from the input */
};

static const struct format *format_named(const char *name, struct reason *why)
{
	struct buffer names = {NULL, 0, 0};

	for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		if (strcmp(formats[i].name, name) == 0) {
			buffer_free(&names);
			return &formats[i];
		}
		buffer_printf(&names, "%s%s", i > 0 ? ", " : "", formats[i].name);
	}
	reason_set(why, "'%s' is none of the formats %s", name, names.data);
	buffer_free(&names);
	return NULL;
}

struct feed *feed_new(const struct feed_options *options, struct reason *why)
{
	const struct format *known = format_named(options->format, why);

	if (known == NULL)
		return NULL;
	struct feed *feed = memory_zeroed(1, sizeof *feed);
	feed->format = known;
	feed->options = *options;
	feed->defaults = defaults_new(&feed->options.defaults);
	lines_init(&feed->lines, FEED_LINE_MAX);
	feed->lines.mark = known->mark;
	if (known->translate == NULL)
		feed->documents = documents_new(FEED_DOCUMENT_MAX);
	return feed;
}

void feed_free(struct feed *feed)
{
	if (feed->documents != NULL)
		documents_free(feed->documents);
	lines_free(&feed->lines);
	defaults_free(feed->defaults);
	buffer_free(&feed->parts.perfdata);
	buffer_free(&feed->summary);
	buffer_free(&feed->mended);
	buffer_free(&feed->json);
	free(feed);
}

/* A NUL would cut its line: it becomes a byte that is no UTF-8, and is replaced as such. */
static void line_bytes_push(struct lines *lines, const void *bytes, size_t length)
{
	lines_push(lines, bytes, length);
	char *at = lines->pending.data + lines->pending.length - length;
	const char *end = at + length;

	while ((at = memchr(at, '\0', (size_t)(end - at))) != NULL)
		*at++ = '\xff';
}

void feed_push(struct feed *feed, const void *bytes, size_t length)
{
	if (feed->documents != NULL)
		documents_push(feed->documents, bytes, length);
	else
		line_bytes_push(&feed->lines, bytes, length);
}

void feed_finish(struct feed *feed)
{
	if (feed->documents != NULL)
		documents_finish(feed->documents);
	else
		lines_finish(&feed->lines);
}

/* jansson checks words, numbers, escapes and UTF-8; the broker checks the rest. Unpaired
 * surrogates, which jansson rejects, are repaired as the broker does. */
static json_t *document_parse(struct feed *feed, struct document *document, struct reason *why)
{
	json_error_t error;
	json_t *json = json_loadb(document->text, document->length, JSON_ALLOW_NUL, &error);

	if (json == NULL) {
		buffer_clear(&feed->mended);
		buffer_append(&feed->mended, document->text, document->length);
		if (utf8_mend_escapes(feed->mended.data, feed->mended.length)) {
			document->text = feed->mended.data;
			json = json_loadb(document->text, document->length, JSON_ALLOW_NUL, &error);
		}
	}
	if (json == NULL) {
		uint64_t line = document->line + (uint64_t)error.line - 1;
		size_t before = error.line == 1 ? document->column - 1 : 0;

		reason_set(why, "%s (line %llu, column %zu)", error.text, (unsigned long long)line,
			before + (size_t)error.column);
	}
	return json;
}

/* The event, with the defaults that it lacks. */
static void document_item(struct feed *feed, const struct document *document, const json_t *json,
	struct feed_item *item)
{
	item->json = document->text;
	item->length = document->length;
	item->timeless =
		json_object_get(json, "time") == NULL &&
		(json_object_get(json, "entity") != NULL || feed->options.defaults.entity != NULL);
	buffer_clear(&feed->json);
	if (defaults_insert(feed->defaults, json, document->text, document->length, &feed->json)) {
		item->json = feed->json.data;
		item->length = feed->json.length;
	}
}

static enum feed_result document_next(struct feed *feed, struct feed_item *item, struct reason *why)
{
	struct document document;
	enum documents_result result = documents_next(feed->documents, &document, why);

	if (result == DOCUMENTS_NONE)
		return FEED_NONE;
	item->line = document.line;
	if (result == DOCUMENTS_BAD)
		return FEED_BAD;
	json_t *json = document_parse(feed, &document, why);
	if (json == NULL)
		return FEED_BAD;
	document_item(feed, &document, json, item);
	json_decref(json);
	return FEED_EVENT;
}

static bool line_parse(struct feed *feed, char *line, struct feed_item *item, struct reason *why)
{
	const struct line_context context = {feed->options.delimiter, &feed->parts, &feed->summary};
	struct fields fields = {.time = FIELDS_NO_TIME};

	if (!feed->format->translate(line, &context, &fields, why))
		return false;
	defaults_fill(feed->defaults, &fields);
	buffer_clear(&feed->json);
	fields_write(&fields, &feed->json);
	item->json = feed->json.data;
	item->length = feed->json.length;
	item->timeless = fields.time == FIELDS_NO_TIME;
	return true;
}

static enum feed_result line_next(struct feed *feed, struct feed_item *item, struct reason *why)
{
	enum lines_result result;
	char *line;

	do
		result = lines_next(&feed->lines, &line);
	while (result == LINES_LINE && line[0] == '\0');
	if (result == LINES_NONE)
		return FEED_NONE;
	item->line = feed->lines.number;
	if (result == LINES_TOO_LONG) {
		reason_set(why, "longer than %zu bytes", FEED_LINE_MAX);
		return FEED_BAD;
	}
	return line_parse(feed, line, item, why) ? FEED_EVENT : FEED_BAD;
}

enum feed_result feed_next(struct feed *feed, struct feed_item *item, struct reason *why)
{
	return feed->documents != NULL ? document_next(feed, item, why)
				       : line_next(feed, item, why);
}

/* Bytes a read. Parsing so much takes a millisecond, which may delay a response. */
#define READ_SIZE 8192

struct input {
	int fd;
	const char *name; /* the path, not owned, or `standard input` */
	bool endless;     /* a FIFO given by name */
};

/* The largest pipe of an ordinary user: room for a writer that drops what does not fit (Nagios). */
#define FIFO_SIZE (1024 * 1024)

static bool fifo_open(struct input *input, const char *path, struct reason *why)
{
	input->endless = true;
	input->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (input->fd < 0)
		return reason_set(
			why, "cannot open %s for reading and writing: %s", path, strerror(errno));
	/* a smaller pipe works as well */
	(void)fcntl(input->fd, F_SETPIPE_SZ, FIFO_SIZE);
	return true;
}

/* The shell's <(command) is a pipe with a path that no other program opens: it has an end. */
static bool is_named(const char *path)
{
	struct statfs system;

	return statfs(path, &system) != 0 || system.f_type != PIPEFS_MAGIC;
}

/* "-" is standard input, which must be open. */
static bool input_open(struct input *input, const char *path, struct reason *why)
{
	struct stat status;

	*input = (struct input){.fd = STDIN_FILENO, .name = "standard input"};
	if (strcmp(path, "-") == 0)
		return true;
	input->name = path;
	bool found = stat(path, &status) == 0;
	if (!found && errno == ENOENT)
		return reason_set(
			why, "%s does not exist; 'mkfifo %s' makes a named pipe", path, path);
	if (found && S_ISFIFO(status.st_mode) && is_named(path))
		return fifo_open(input, path, why);
	input->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (input->fd < 0)
		return reason_set(why, "cannot open %s: %s", path, strerror(errno));
	return true;
}

static void input_close(struct input *input)
{
	if (input->fd != STDIN_FILENO)
		close(input->fd);
}

struct source {
	char *const *next; /* of the paths still to be read */
	bool several;      /* files: a line number alone is ambiguous */
	struct feed_options options;
	struct input input;
	bool open; /* the input is */
	struct feed *feed;
	bool unreadable;
};

/* Opens the next readable input, if there is one. */
static void next_open(struct source *source)
{
	struct reason why;

	while (!source->open && *source->next != NULL) {
		source->open = input_open(&source->input, *source->next++, &why);
		if (!source->open) {
			log_error("%s", why.text);
			source->unreadable = true;
		}
	}
	if (source->open) {
		if (source->feed != NULL)
			feed_free(source->feed);
		source->feed = feed_new(&source->options, &why);
	}
}

struct source *source_new(
	char *const *paths, const struct feed_options *options, struct reason *why)
{
	static char dash[] = "-";
	static char *const standard_input[] = {dash, NULL};
	struct source *source;
	struct feed *feed = feed_new(options, why);

	if (feed == NULL)
		return NULL;
	source = memory_zeroed(1, sizeof *source);
	source->feed = feed;
	source->options = *options;
	source->next = paths[0] != NULL ? paths : standard_input;
	source->several = paths[0] != NULL && paths[1] != NULL;
	next_open(source);
	return source;
}

int source_fd(const struct source *source)
{
	return source->open ? source->input.fd : -1;
}

static void input_end(struct source *source)
{
	input_close(&source->input);
	source->open = false;
	feed_finish(source->feed);
}

size_t source_read(struct source *source)
{
	char bytes[READ_SIZE];
	ssize_t got = read(source->input.fd, bytes, sizeof bytes);

	if (got > 0) {
		feed_push(source->feed, bytes, (size_t)got);
		return (size_t)got;
	}
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got < 0) {
		log_error("cannot read %s: %s", source->input.name, strerror(errno));
		source->unreadable = true;
	}
	input_end(source);
	return 0;
}

bool source_ready(const struct source *source)
{
	return descriptor_is_ready(source_fd(source), POLLIN);
}

void source_stop(struct source *source)
{
	while (*source->next != NULL)
		source->next++;
	if (source->open)
		input_end(source);
}

enum feed_result source_next(struct source *source, struct feed_item *item, struct reason *why)
{
	enum feed_result result = feed_next(source->feed, item, why);

	/* the next file has a feed of its own: this one must be empty before */
	if (result == FEED_NONE && !source->open)
		next_open(source);
	return result;
}

const char *source_name(const struct source *source)
{
	return source->input.name != NULL ? source->input.name : "the input";
}

const char *source_file(const struct source *source)
{
	return source->several ? source_name(source) : NULL;
}

bool source_endless(const struct source *source)
{
	return source->open && source->input.endless;
}

bool source_unreadable(const struct source *source)
{
	return source->unreadable;
}

void source_free(struct source *source)
{
	if (source->open)
		input_close(&source->input);
	feed_free(source->feed);
	free(source);
}

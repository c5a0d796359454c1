/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/source.h"

#include "common/log.h"
#include "common/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

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

static bool path_open(struct input *input, const char *path, struct reason *why)
{
	struct stat status;
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

/* "-" is standard input, which must be open. */
static bool input_open(struct input *input, const char *path, struct reason *why)
{
	*input = (struct input){.fd = STDIN_FILENO, .name = "standard input"};
	if (strcmp(path, "-") == 0)
		return true;
	input->name = path;
	return path_open(input, path, why);
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
	struct pollfd fd = {.fd = source_fd(source), .events = POLLIN};

	return fd.fd >= 0 && poll(&fd, 1, 0) > 0;
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

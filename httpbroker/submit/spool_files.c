/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/spool_files.h"

#include "common/clocks.h"
#include "common/descriptors.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"
#include "common/random.h"
#include "httpbroker/submit/queue.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_PREFIX ".new-" /* and random digits: an incomplete file */
#define NEW_NAME 32

/* An incomplete file this old was left by a killed run. Whether that still runs cannot be asked: it
 * may be in another PID namespace or on another host. */
#define ABANDONED_AFTER (3600 * NSEC_PER_SEC)

enum spool_lock directory_lock(int directory, const char *path, struct reason *why)
{
	if (flock(directory, LOCK_EX | LOCK_NB) == 0)
		return SPOOL_LOCKED;
	if (errno == EWOULDBLOCK || errno == EINTR)
		return SPOOL_IN_USE;
	reason_set(why, "%s cannot be locked: %s", path, strerror(errno));
	return SPOOL_ERROR;
}

int directory_open(const char *path, struct reason *why)
{
	int fd;

	if (mkdir(path, 0700) != 0 && errno != EEXIST) {
		reason_set(why, "%s: %s", path, strerror(errno));
		return -1;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		reason_set(why, "%s: %s", path, strerror(errno));
		return -1;
	}
	/* unlocked again: a command may run before the spool is needed */
	if (directory_lock(fd, path, why) == SPOOL_ERROR) {
		close(fd);
		return -1;
	}
	flock(fd, LOCK_UN);
	return fd;
}

static void tidy_away(void *data, const char *name, size_t bytes)
{
	int directory = *(int *)data;
	struct stat status;

	(void)bytes;
	if (strncmp(name, NEW_PREFIX, strlen(NEW_PREFIX)) != 0 ||
		fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	if (clock_wall() - status.st_mtim.tv_sec * NSEC_PER_SEC >= ABANDONED_AFTER)
		directory_remove(directory, name);
}

void directory_tidy(int directory)
{
	struct reason why;

	(void)directory_each(directory, tidy_away, &directory, &why);
}

static size_t file_size(int directory, const char *name)
{
	struct stat status;

	return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? (size_t)status.st_size
									   : 0;
}

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* All names in the directory, sorted; NULL with errno: it cannot be read. (scandirat(3) is glibc's
 * alone.) */
static char **names_read(int directory, size_t *count)
{
	int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = copy >= 0 ? fdopendir(copy) : NULL;
	char **names = NULL;
	struct dirent *entry;

	*count = 0;
	if (stream == NULL)
		return NULL;
	for (errno = 0; (entry = readdir(stream)) != NULL; errno = 0) {
		names = memory_resized(names, (*count + 1) * sizeof *names);
		names[(*count)++] = memory_copied(entry->d_name);
	}
	int fault = errno;
	closedir(stream);
	errno = fault;
	qsort(names, *count, sizeof *names, name_compare);
	return names;
}

bool directory_each(int directory, void (*seen)(void *data, const char *name, size_t bytes),
	void *data, struct reason *why)
{
	size_t count;

	errno = 0;
	char **names = names_read(directory, &count);
	bool read = errno == 0;
	if (!read)
		reason_set(why, "the spool cannot be read: %s", strerror(errno));
	for (size_t i = 0; i < count; i++) {
		if (read)
			seen(data, names[i], file_size(directory, names[i]));
		free(names[i]);
	}
	free(names);
	return read;
}

/* A new file under a unique name that readers ignore. */
static int new_open(int directory, char name[NEW_NAME])
{
	int fd;

	do {
		snprintf(name, NEW_NAME, NEW_PREFIX "%08" PRIx32 "%08" PRIx32, random_number(),
			random_number());
		fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	} while (fd < 0 && errno == EEXIST);
	return fd;
}

/* Syncs the directory entry. Some file systems do not support that. */
static bool name_kept(int directory)
{
	return fsync(directory) == 0 || errno == EINVAL;
}

bool directory_write(
	int directory, const char *name, const struct buffer *bytes, struct reason *why)
{
	char new[NEW_NAME];
	int fd = new_open(directory, new);

	if (fd < 0)
		return reason_set(why, "cannot write to the spool: %s", strerror(errno));
	bool written = descriptor_write(fd, bytes->data, bytes->length) && fsync(fd) == 0 &&
		       renameat(directory, new, directory, name) == 0 && name_kept(directory);
	if (!written) {
		reason_set(why, "cannot write to the spool: %s", strerror(errno));
		unlinkat(directory, new, 0);
	}
	close(fd);
	return written;
}

static enum directory_read failure(int error, struct reason *why)
{
	reason_set(why, "%s", strerror(error));
	return error == ENOENT ? DIRECTORY_GONE : error == ELOOP ? DIRECTORY_ODD : DIRECTORY_DENIED;
}

/* Opening a FIFO does not block. */
static enum directory_read file_open(int directory, const char *name, int *out, struct reason *why)
{
	int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;

	if (fd < 0)
		return failure(errno, why);
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		reason_set(why, "it is not a file");
		close(fd);
		return DIRECTORY_ODD;
	}
	*out = fd;
	return DIRECTORY_READ;
}

static enum directory_read file_read(int fd, size_t max, struct buffer *out, struct reason *why)
{
	ssize_t got;

	do {
		got = read(fd, buffer_reserve(out, 65536), 65536);
		if (got < 0)
			return failure(errno, why);
		out->length += (size_t)got;
	} while (got > 0 && out->length <= max);
	if (got == 0)
		return DIRECTORY_READ;
	reason_set(why, "it is longer than %zu bytes", max);
	return DIRECTORY_ODD;
}

enum directory_read directory_read(
	int directory, const char *name, size_t max, struct buffer *out, struct reason *why)
{
	int fd = -1;
	enum directory_read result = file_open(directory, name, &fd, why);

	if (result != DIRECTORY_READ)
		return result;
	result = file_read(fd, max, out, why);
	close(fd);
	return result;
}

bool directory_remove(int directory, const char *name)
{
	if (unlinkat(directory, name, 0) == 0 || errno == ENOENT)
		return true;
	log_error("%s cannot be removed from the spool: %s; the next run finds it again", name,
		strerror(errno));
	return false;
}

bool directory_rename(int directory, const char *name, const char *to)
{
	if (renameat(directory, name, directory, to) == 0)
		return true;
	log_error("%s cannot be renamed in the spool: %s; the next run finds it again", name,
		strerror(errno));
	return false;
}

#define HEAD_MAX 80 /* bytes of the first line */
#define HEAD_FORMAT "httpbroker-submit spool 1: %zu events, %zu bytes\n"

/* JSON has line breaks between tokens only, never in strings. */
static void line_append(struct buffer *out, const struct queued *event)
{
	size_t start = out->length;

	event_append_timed(out, event);
	for (size_t i = start; i < out->length; i++)
		if (out->data[i] == '\n' || out->data[i] == '\r')
			out->data[i] = ' ';
	buffer_append_text(out, "\n");
}

static size_t lines_write(struct buffer *out, const struct queued *first, size_t max)
{
	const struct queued *event = first;
	size_t count = 0;

	while (event != NULL && event->origin.file == first->origin.file &&
		count < SPOOL_FILE_EVENTS) {
		size_t before = out->length;

		line_append(out, event);
		if (out->length > max || (count > 0 && out->length > SPOOL_FILE_BYTES)) {
			out->length = before;
			break;
		}
		event = event->next;
		count++;
	}
	return count;
}

size_t spool_file_write(struct buffer *out, const struct queued *first, size_t max)
{
	struct buffer lines = {NULL, 0, 0};
	size_t count = max > HEAD_MAX ? lines_write(&lines, first, max - HEAD_MAX) : 0;

	buffer_clear(out);
	buffer_printf(out, HEAD_FORMAT, count, lines.length);
	buffer_append(out, lines.data, lines.length);
	buffer_free(&lines);
	return count;
}

/* Reads the first line: the number of events, and where they begin. */
static bool head_read(
	const char *bytes, size_t length, size_t *events, const char **rest, struct reason *why)
{
	const char *newline = memchr(bytes, '\n', length < HEAD_MAX ? length : HEAD_MAX);
	char head[HEAD_MAX + 1] = "", again[HEAD_MAX + 1];
	size_t size;

	if (newline == NULL)
		return reason_set(why, "it does not begin as a file of a spool does");
	memcpy(head, bytes, (size_t)(newline - bytes) + 1);
	if (sscanf(head, HEAD_FORMAT, events, &size) != 2)
		return reason_set(why, "it does not begin as a file of a spool does");
	snprintf(again, sizeof again, HEAD_FORMAT, *events, size);
	if (strcmp(head, again) != 0)
		return reason_set(why, "it does not begin as a file of a spool does");
	*rest = newline + 1;
	size_t found = length - (size_t)(*rest - bytes);
	return found == size ||
	       reason_set(why, "it has %zu bytes of events where there were %zu", found, size);
}

static bool event_read(const char *text, size_t length, struct queued *event, struct queue *queue,
	struct reason *why)
{
	json_error_t error;
	json_t *json = json_loadb(text, length, JSON_ALLOW_NUL, &error);
	bool object = json_is_object(json) && text[0] == '{';

	if (json == NULL)
		reason_set(why, "line %" PRIu64 ": %s", event->origin.line, error.text);
	else if (!object)
		reason_set(why, "line %" PRIu64 ": not an object", event->origin.line);
	json_decref(json);
	if (object)
		queue_append(queue, event, text, length);
	return object;
}

static bool events_read(const char *text, const char *end, const char *name, struct queue *queue,
	struct reason *why)
{
	struct queued event = {.origin = {name, 2}};
	const char *newline;

	for (; text < end; text = newline + 1, event.origin.line++) {
		newline = memchr(text, '\n', (size_t)(end - text));
		if (newline == NULL)
			return reason_set(why, "line %" PRIu64 " has no end", event.origin.line);
		if (!event_read(text, (size_t)(newline - text), &event, queue, why))
			return false;
	}
	return true;
}

static void queue_join(struct queue *queue, struct queue *more)
{
	if (more->first == NULL)
		return;
	if (queue->last != NULL)
		queue->last->next = more->first;
	else
		queue->first = more->first;
	queue->last = more->last;
	queue->count += more->count;
	queue->bytes += more->bytes;
	*more = (struct queue){NULL, NULL, 0, 0};
}

bool spool_file_read(
	const char *bytes, size_t length, const char *name, struct queue *queue, struct reason *why)
{
	struct queue found = {NULL, NULL, 0, 0};
	const char *rest = bytes;
	size_t events = 0;

	if (!head_read(bytes, length, &events, &rest, why))
		return false;
	bool sound = events_read(rest, bytes + length, name, &found, why);
	if (sound && found.count != events)
		sound = reason_set(why, "it has %zu event%s where there were %zu", found.count,
			number_plural(found.count), events);
	if (sound)
		queue_join(queue, &found);
	queue_clear(&found);
	return sound;
}

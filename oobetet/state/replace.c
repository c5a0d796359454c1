/* SPDX-License-Identifier: MIT */
#include "oobetet/state/replace.h"

#include "common/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NAMES 3 /* to write to, before it replaces the file */

static bool all_written(int fd, const struct buffer *text)
{
	for (size_t done = 0; done < text->length;) {
		ssize_t wrote = write(fd, text->data + done, text->length - done);

		if (wrote < 0)
			return false;
		done += (size_t)wrote;
	}
	return fsync(fd) == 0;
}

static bool folder_synced(const char *path)
{
	char *copy = memory_copied(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool synced = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	free(copy);
	return synced;
}

/*
 * Creates FILE.new, or, if that exists and cannot be removed, FILE.new-1, -2. An existing file, a
 * pipe perhaps, is never opened. Returns its descriptor, and its name in *name, to be freed.
 */
static int fresh_open(const char *path, char **name)
{
	int fd = -1;

	*name = NULL;
	for (int i = 0; i < NAMES && fd < 0; i++) {
		free(*name);
		*name = i == 0 ? memory_printed("%s.new", path)
			       : memory_printed("%s.new-%d", path, i);
		unlink(*name);
		fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW,
			0600);
	}
	return fd;
}

int file_replace(const char *path, mode_t mode, const struct buffer *text)
{
	char *fresh;
	int fd = fresh_open(path, &fresh);
	bool done = fd >= 0 && fchmod(fd, mode) == 0 && all_written(fd, text) &&
		    rename(fresh, path) == 0 && folder_synced(path);
	int error = done ? 0 : errno;

	if (fd >= 0)
		close(fd);
	free(fresh);
	return error;
}

/* SPDX-License-Identifier: MIT */
#include "oobetet/state/statefile.h"

#include "common/log.h"
#include "common/memory.h"
#include "oobetet/state/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void statefile_begin(struct statefile *statefile, const char *path, nsec limit)
{
	*statefile = (struct statefile){
		.writer = {.what = "state file", .path = path, .mode = 0600, .limit = limit},
		.lock = -1};
}

/* ---- at a start ---- */

/* The holder of the lock; 0: on another machine or in another PID namespace. */
static pid_t lock_holder(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0
		       ? lock.l_pid
		       : 0;
}

int statefile_lock(struct statefile *statefile, pid_t *holder)
{
	const struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (statefile->lock >= 0)
		return 0;
	char *name = memory_printed("%s.lock", statefile->writer.path);
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	free(name);
	if (fd < 0)
		return errno;
	int error = fcntl(fd, F_SETLK, &lock) != 0 ? errno : 0;
	if (error == EAGAIN || error == EACCES) {
		*holder = lock_holder(fd);
		close(fd);
		return EBUSY;
	}
	if (error != 0)
		log_warning("state file %s cannot be locked: %s; no other oobetet may use it",
			statefile->writer.path, strerror(error));
	statefile->lock = fd;
	return 0;
}

bool statefile_in_use(const char *path)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	char *name = memory_printed("%s.lock", path);
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	free(name);
	bool used = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	if (fd >= 0)
		close(fd);
	return used;
}

/* O_NONBLOCK: a pipe in its place must not block. */
static FILE *file_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd >= 0 ? fdopen(fd, "r") : NULL;
}

char *statefile_load(const struct statefile *statefile, struct reason *why)
{
	FILE *file = file_open(statefile->writer.path);

	why->text[0] = '\0';
	if (file == NULL) {
		if (errno != ENOENT)
			reason_set(why, "%s", strerror(errno));
		return NULL;
	}
	char *text = memory_zeroed(STATE_MAX + 2, 1);
	size_t length = fread(text, 1, STATE_MAX + 1, file);
	if (ferror(file))
		reason_set(why, "%s", strerror(errno));
	else if (length > STATE_MAX)
		reason_set(why, "it is longer than %d bytes", STATE_MAX);
	fclose(file);
	if (why->text[0] == '\0')
		return text;
	free(text);
	return NULL;
}

void statefile_set_aside(const struct statefile *statefile, const char *why)
{
	char *aside = memory_printed("%s.damaged", statefile->writer.path);
	bool done = rename(statefile->writer.path, aside) == 0;

	log_error("state file %s: %s; the file is ignored and %s%s", statefile->writer.path, why,
		done ? "was renamed to " : "cannot be renamed: ", done ? aside : strerror(errno));
	free(aside);
}

/* ---- while it runs ---- */

bool statefile_save(
	struct statefile *statefile, const struct buffer *text, uint64_t number, nsec now)
{
	struct writer *writer = &statefile->writer;
	char detail[300];
	pid_t holder;

	if (writer->pid != 0)
		return false;
	statefile->number = number;
	int error = statefile_lock(statefile, &holder);
	if (error == 0)
		return writer_begin_with(writer, text, now, statefile->work, statefile->user);
	snprintf(detail, sizeof detail, " (%.200s.lock)", writer->path);
	writer->began = now;
	writer_log(writer, error, detail);
	return true;
}

bool statefile_ended(struct statefile *statefile, pid_t pid, int status)
{
	int error;

	if (!writer_ended(&statefile->writer, pid, status, &error))
		return false;
	if (error == 0)
		statefile->kept = statefile->number;
	return true;
}

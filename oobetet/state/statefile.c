/* SPDX-License-Identifier: MIT */
#include "oobetet/state/statefile.h"

#include "common/descriptors.h"
#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
#include "oobetet/state/state.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- replaces a file: in the child ---- */

#define NAMES 3 /* to write to, before it replaces the file */

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
	bool done = fd >= 0 && fchmod(fd, mode) == 0 &&
		    descriptor_write(fd, text->data, text->length) && fsync(fd) == 0 &&
		    rename(fresh, path) == 0 && folder_synced(path);
	int error = done ? 0 : errno;

	if (fd >= 0)
		close(fd);
	free(fresh);
	return error;
}

/* ---- replaces a file: in the monitor ---- */

/* Logs a failure (an errno) once, and once that it is over (0). */
static void writer_log(struct writer *writer, int error, const char *detail)
{
	if (error != 0 && error != writer->logged)
		log_error("%s %s cannot be written: %s%s; trying again", writer->what, writer->path,
			strerror(error), detail);
	else if (error == 0 && writer->logged != 0)
		log_info("%s %s is written again", writer->what, writer->path);
	writer->logged = error;
}

/* As writer_begin(), with what the child does besides. */
static bool writer_begin_with(struct writer *writer, const struct buffer *text, nsec now,
	void (*work)(void *user), void *user)
{
	pid_t monitor = getpid();

	if (writer->pid != 0)
		return false;
	writer->began = now;
	writer->late = false;
	pid_t pid = fork();
	if (pid == 0) {
		/*
		 * The caught signals stay blocked: those to the process group are the monitor's.
		 * The writer dies with its parent: stuck in I/O, it must not overwrite the
		 * successor's file.
		 */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != monitor)
			_exit(EINTR);
		signal(SIGXFSZ, SIG_IGN); /* write(2) fails instead */
		int error = file_replace(writer->path, writer->mode, text);
		if (work != NULL)
			work(user);
		_exit(error);
	}
	if (pid < 0)
		writer_log(writer, errno, "");
	else
		writer->pid = pid;
	return true;
}

bool writer_begin(struct writer *writer, const struct buffer *text, nsec now)
{
	return writer_begin_with(writer, text, now, NULL, NULL);
}

nsec writer_deadline(const struct writer *writer)
{
	return writer->pid != 0 && !writer->late ? writer->began + writer->limit : NSEC_NEVER;
}

void writer_tick(struct writer *writer, nsec now)
{
	char span[DURATION_TEXT];

	if (now < writer_deadline(writer))
		return;
	writer->late = true;
	kill(writer->pid, SIGKILL);
	if (writer->logged == ETIMEDOUT)
		return;
	writer->logged = ETIMEDOUT;
	log_error("%s %s cannot be written: the disk has not answered for %s; trying again when it "
		  "does",
		writer->what, writer->path, duration_text(writer->limit, span));
}

bool writer_ended(struct writer *writer, pid_t pid, int status, int *error)
{
	if (pid != writer->pid || pid == 0)
		return false;
	writer->pid = 0;
	*error = WIFEXITED(status) ? WEXITSTATUS(status) : writer->late ? ETIMEDOUT : EINTR;
	writer_log(writer, *error, "");
	return true;
}

/* ---- the state file: at a start ---- */

void statefile_begin(struct statefile *statefile, const char *path, nsec limit)
{
	*statefile = (struct statefile){
		.writer = {.what = "state file", .path = path, .mode = 0600, .limit = limit},
		.lock = -1};
}

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

#define READING (O_RDONLY | O_CLOEXEC | O_NONBLOCK) /* a pipe in its place must not block */

bool statefile_opens(const struct statefile *statefile, struct reason *why)
{
	int fd = open(statefile->writer.path, READING);

	if (fd < 0)
		return errno == ENOENT || reason_set(why, "%s", strerror(errno));
	close(fd);
	return true;
}

char *statefile_load(const struct statefile *statefile, struct reason *why)
{
	int fd = open(statefile->writer.path, READING);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;

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

/* ---- the state file: while it runs ---- */

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

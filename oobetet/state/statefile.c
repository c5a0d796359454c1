/* SPDX-License-Identifier: MIT */
#include "oobetet/state/statefile.h"

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
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMES 3 /* to write to, before it replaces the file */

void statefile_begin(struct statefile *statefile, const char *path, nsec limit)
{
	*statefile = (struct statefile){.path = path, .lock = -1, .limit = limit};
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
	char *name = memory_printed("%s.lock", statefile->path);
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
			statefile->path, strerror(error));
	statefile->lock = fd;
	return 0;
}

/* O_NONBLOCK: a pipe in its place must not block. */
static FILE *file_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd >= 0 ? fdopen(fd, "r") : NULL;
}

char *statefile_load(const struct statefile *statefile, struct reason *why)
{
	FILE *file = file_open(statefile->path);

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
	char *aside = memory_printed("%s.damaged", statefile->path);
	bool done = rename(statefile->path, aside) == 0;

	log_error("state file %s: %s; the file is ignored and %s%s", statefile->path, why,
		done ? "was renamed to " : "cannot be renamed: ", done ? aside : strerror(errno));
	free(aside);
}

/* ---- in the child ---- */

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

	return fd >= 0 && fsync(fd) == 0;
}

/* The writer dies with its parent: stuck in I/O, it must not overwrite the successor's file. */
static void monitor_follow(pid_t monitor)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != monitor)
		_exit(EINTR);
}

/*
 * Creates FILE.new, or, if that exists and cannot be removed, FILE.new-1, -2. An existing file, a
 * pipe perhaps, is never opened. Returns its descriptor, and its name in *name.
 */
static int fresh_open(const char *path, char **name)
{
	int fd = -1;

	for (int i = 0; i < NAMES && fd < 0; i++) {
		*name = i == 0 ? memory_printed("%s.new", path)
			       : memory_printed("%s.new-%d", path, i);
		unlink(*name);
		fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW,
			0600);
	}
	return fd;
}

/* Returns an errno. */
static int file_replace(const char *path, const struct buffer *text)
{
	char *fresh;
	int fd = fresh_open(path, &fresh);

	if (fd < 0 || !all_written(fd, text) || rename(fresh, path) != 0 || !folder_synced(path))
		return errno;
	return 0;
}

/* The caught signals stay blocked: those sent to the process group are for the monitor only. */
static _Noreturn void writer_run(const char *path, const struct buffer *text, pid_t monitor)
{
	monitor_follow(monitor);
	signal(SIGXFSZ, SIG_IGN); /* write(2) fails instead */
	_exit(file_replace(path, text));
}

/* ---- in the monitor ---- */

static void outcome_log(struct statefile *statefile, int error)
{
	bool locked = statefile->lock >= 0;

	if (error != 0 && error != statefile->logged)
		log_error("state file %s cannot be written: %s%s%s%s; trying again",
			statefile->path, strerror(error), locked ? "" : " (",
			locked ? "" : statefile->path, locked ? "" : ".lock)");
	else if (error == 0 && statefile->logged != 0)
		log_info("state file %s is written again", statefile->path);
	statefile->logged = error;
}

bool statefile_save(
	struct statefile *statefile, const struct buffer *text, uint64_t number, nsec now)
{
	pid_t monitor = getpid(), holder;

	if (statefile->pid != 0)
		return false;
	statefile->saved = now;
	statefile->number = number;
	statefile->late = false;
	int error = statefile_lock(statefile, &holder);
	pid_t pid = error == 0 ? fork() : -1;
	if (pid == 0)
		writer_run(statefile->path, text, monitor);
	if (pid < 0)
		outcome_log(statefile, error != 0 ? error : errno);
	else
		statefile->pid = pid;
	return true;
}

nsec statefile_deadline(const struct statefile *statefile)
{
	return statefile->pid != 0 && !statefile->late ? statefile->saved + statefile->limit
						       : NSEC_NEVER;
}

void statefile_tick(struct statefile *statefile, nsec now)
{
	char span[DURATION_TEXT];

	if (now < statefile_deadline(statefile))
		return;
	statefile->late = true;
	kill(statefile->pid, SIGKILL);
	if (statefile->logged == ETIMEDOUT)
		return;
	statefile->logged = ETIMEDOUT;
	log_error("state file %s cannot be written: the disk has not answered for %s; trying again "
		  "when it does",
		statefile->path, duration_text(statefile->limit, span));
}

bool statefile_ended(struct statefile *statefile, pid_t pid, int status)
{
	if (pid != statefile->pid || pid == 0)
		return false;
	statefile->pid = 0;
	int error = WIFEXITED(status) ? WEXITSTATUS(status) : statefile->late ? ETIMEDOUT : EINTR;
	outcome_log(statefile, error);
	if (error == 0)
		statefile->kept = statefile->number;
	return true;
}

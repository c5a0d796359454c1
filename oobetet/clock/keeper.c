/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/keeper.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
#include "oobetet/clock/state.h"

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

void keeper_begin(struct keeper *keeper, const char *path, nsec limit)
{
	*keeper = (struct keeper){.path = path, .lock = -1, .limit = limit};
}

/* ---- at a start ---- */

/* Who has it, as F_GETLK knows it: not of another machine, nor of another PID namespace. */
static pid_t lock_holder(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	return fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0
		       ? lock.l_pid
		       : 0;
}

int keeper_lock(struct keeper *keeper, pid_t *holder)
{
	const struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (keeper->lock >= 0)
		return 0;
	char *name = memory_printed("%s.lock", keeper->path);
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
			keeper->path, strerror(error));
	keeper->lock = fd;
	return 0;
}

/* A pipe in its place must not be waited for. */
static FILE *file_open(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd >= 0 ? fdopen(fd, "r") : NULL;
}

char *keeper_load(const struct keeper *keeper, struct reason *why)
{
	FILE *file = file_open(keeper->path);

	why->text[0] = '\0';
	if (file == NULL) {
		if (errno != ENOENT)
			reason_set(why, "%s", strerror(errno));
		return NULL;
	}
	char *text = memory_zeroed(STATE_MOST + 2, 1);
	size_t length = fread(text, 1, STATE_MOST + 1, file);
	if (ferror(file))
		reason_set(why, "%s", strerror(errno));
	else if (length > STATE_MOST)
		reason_set(why, "it is longer than %d bytes", STATE_MOST);
	fclose(file);
	if (why->text[0] == '\0')
		return text;
	free(text);
	return NULL;
}

void keeper_set_aside(const struct keeper *keeper, const char *why)
{
	char *aside = memory_printed("%s.damaged", keeper->path);
	bool done = rename(keeper->path, aside) == 0;

	log_error("state file %s: %s; it counts as none, and %s%s", keeper->path, why,
		done ? "is now " : "cannot be renamed: ", done ? aside : strerror(errno));
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

/* Who comes after the clock writes the file: what hangs in here must not do so behind its back. */
static void clock_follow(pid_t clock)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != clock)
		_exit(EINTR);
}

/*
 * A new file, FILE.new, or, where something stands there that cannot be removed, FILE.new-1, -2.
 * What stands there, a pipe perhaps, is never opened. Returns its descriptor, and its name in
 * *name.
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

/*
 * The signals that the clock catches stay blocked: one that is sent to all of the group, or typed
 * at the terminal, is for the clock alone.
 */
static _Noreturn void writer_run(const char *path, const struct buffer *text, pid_t clock)
{
	clock_follow(clock);
	signal(SIGXFSZ, SIG_IGN); /* write(2) tells */
	_exit(file_replace(path, text));
}

/* ---- in the clock ---- */

static void outcome_tell(struct keeper *keeper, int error)
{
	bool locked = keeper->lock >= 0;

	if (error != 0 && error != keeper->told)
		log_error("state file %s cannot be written: %s%s%s%s; trying again", keeper->path,
			strerror(error), locked ? "" : " (", locked ? "" : keeper->path,
			locked ? "" : ".lock)");
	else if (error == 0 && keeper->told != 0)
		log_info("state file %s is written again", keeper->path);
	keeper->told = error;
}

bool keeper_save(struct keeper *keeper, const struct buffer *text, uint64_t number, nsec now)
{
	pid_t clock = getpid(), holder;

	if (keeper->pid != 0)
		return false;
	keeper->saved = now;
	keeper->number = number;
	keeper->late = false;
	int error = keeper_lock(keeper, &holder);
	pid_t pid = error == 0 ? fork() : -1;
	if (pid == 0)
		writer_run(keeper->path, text, clock);
	if (pid < 0)
		outcome_tell(keeper, error != 0 ? error : errno);
	else
		keeper->pid = pid;
	return true;
}

nsec keeper_deadline(const struct keeper *keeper)
{
	return keeper->pid != 0 && !keeper->late ? keeper->saved + keeper->limit : NSEC_NEVER;
}

void keeper_tick(struct keeper *keeper, nsec now)
{
	char span[DURATION_TEXT];

	if (now < keeper_deadline(keeper))
		return;
	keeper->late = true;
	kill(keeper->pid, SIGKILL);
	if (keeper->told == ETIMEDOUT)
		return;
	keeper->told = ETIMEDOUT;
	log_error("state file %s cannot be written: its disk has not answered for %s; trying again "
		  "when it does",
		keeper->path, duration_text(keeper->limit, span));
}

bool keeper_ended(struct keeper *keeper, pid_t pid, int status)
{
	if (pid != keeper->pid || pid == 0)
		return false;
	keeper->pid = 0;
	int error = WIFEXITED(status) ? WEXITSTATUS(status) : keeper->late ? ETIMEDOUT : EINTR;
	outcome_tell(keeper, error);
	if (error == 0)
		keeper->kept = keeper->number;
	return true;
}

/* SPDX-License-Identifier: MIT */
#include "oobetet/state/writer.h"

#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
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

/* ---- in the child ---- */

/* The writer dies with its parent: stuck in I/O, it must not overwrite the successor's file. */
static void monitor_follow(pid_t monitor)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != monitor)
		_exit(EINTR);
}

/* ---- in the monitor ---- */

void writer_log(struct writer *writer, int error, const char *detail)
{
	if (error != 0 && error != writer->logged)
		log_error("%s %s cannot be written: %s%s; trying again", writer->what, writer->path,
			strerror(error), detail);
	else if (error == 0 && writer->logged != 0)
		log_info("%s %s is written again", writer->what, writer->path);
	writer->logged = error;
}

bool writer_begin_with(struct writer *writer, const struct buffer *text, nsec now,
	void (*work)(void *user), void *user)
{
	pid_t monitor = getpid();

	if (writer->pid != 0)
		return false;
	writer->began = now;
	writer->late = false;
	pid_t pid = fork();
	if (pid == 0) {
		/* the caught signals stay blocked: those to the process group are the monitor's */
		monitor_follow(monitor);
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

/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/keeper.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/signals.h"
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

char *keeper_load(const struct keeper *keeper, struct reason *why)
{
	FILE *file = fopen(keeper->path, "re");

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

/* Returns an errno. */
static int file_replace(const char *path, const struct buffer *text)
{
	char *fresh = memory_printed("%s.new", path);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0 || !all_written(fd, text) || rename(fresh, path) != 0 || !folder_synced(path))
		return errno;
	return 0;
}

/* ---- in the clock ---- */

static void outcome_tell(struct keeper *keeper, int error)
{
	if (error != 0 && error != keeper->told)
		log_error("state file %s cannot be written: %s; trying again", keeper->path,
			strerror(error));
	else if (error == 0 && keeper->told != 0)
		log_info("state file %s is written again", keeper->path);
	keeper->told = error;
}

bool keeper_save(struct keeper *keeper, const struct buffer *text, uint64_t number, nsec now)
{
	if (keeper->pid != 0)
		return false;
	keeper->saved = now;
	keeper->number = number;
	pid_t clock = getpid();
	pid_t pid = fork();
	if (pid == 0) {
		clock_follow(clock);
		signals_restore();
		_exit(file_replace(keeper->path, text));
	}
	if (pid < 0)
		outcome_tell(keeper, errno);
	else
		keeper->pid = pid;
	return true;
}

bool keeper_ended(struct keeper *keeper, pid_t pid, int status)
{
	if (pid != keeper->pid || pid == 0)
		return false;
	keeper->pid = 0;
	int error = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	outcome_tell(keeper, error);
	if (error == 0)
		keeper->kept = keeper->number;
	return true;
}

/* SPDX-License-Identifier: MIT */
#include "oobetet/state/quietfile.h"

#include "common/log.h"
#include "common/memory.h"
#include "oobetet/state/statefile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

/* ---- reading ---- */

static bool counts(int fd, struct reason *why)
{
	struct stat status;

	if (fstat(fd, &status) != 0)
		return reason_set(why, "%s", strerror(errno));
	if (!S_ISREG(status.st_mode))
		return reason_set(why, "it is no plain file");
	if (status.st_uid != 0 && status.st_uid != geteuid())
		return reason_set(why, "it belongs to another user (%ld)", (long)status.st_uid);
	return (status.st_mode & (S_IWGRP | S_IWOTH)) == 0 ||
	       reason_set(why, "other users may write it");
}

/* False: see the reason. */
static bool text_read(int fd, struct quiet_text *out)
{
	size_t length = 0;
	ssize_t more = 1;

	while (more > 0 && length < sizeof out->text) {
		more = read(fd, out->text + length, sizeof out->text - length);
		length += more > 0 ? (size_t)more : 0;
	}
	if (more < 0)
		return reason_set(&out->why, "%s", strerror(errno));
	if (length == sizeof out->text)
		return reason_set(&out->why, "it is longer than %d bytes", QUIET_FILE_MAX);
	out->text[length] = '\0';
	return length > 0 || reason_set(&out->why, "it is empty");
}

static void file_read(const char *path, struct quiet_text *out)
{
	/* O_NONBLOCK: a pipe in its place must not block */
	out->read = false;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	out->why.text[0] = out->text[0] = '\0';
	if (fd < 0 && errno != ENOENT)
		reason_set(&out->why, "%s", strerror(errno));
	else if (fd >= 0 && (!counts(fd, &out->why) || !text_read(fd, out)))
		out->text[0] = '\0';
	if (fd >= 0)
		close(fd);
	out->read = true;
}

void quietfile_read(void *quietfile)
{
	const struct quietfile *its = quietfile;

	file_read(its->path, its->shared);
}

static void boot_id_read(char out[QUIET_BOOT_ID])
{
	FILE *file = fopen(BOOT_ID_FILE, "re");

	out[0] = '\0';
	if (file == NULL || fgets(out, QUIET_BOOT_ID, file) == NULL)
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (file != NULL)
		fclose(file);
}

/* ---- in the monitor ---- */

void quietfile_take(struct quietfile *quietfile, const struct timestamps *now)
{
	struct quiet_text *read = quietfile->shared;

	if (!read->read)
		return;
	read->read = false;
	char *known = memory_printed("%s%s", read->why.text, read->text);
	bool same = quietfile->known != NULL && strcmp(quietfile->known, known) == 0;
	free(same ? known : quietfile->known);
	if (same)
		return;
	quietfile->known = known;
	quietfile->changed = true;
	struct quiet *fresh = memory_zeroed(1, sizeof *fresh);
	struct reason why = read->why;
	if (read->text[0] != '\0')
		quiet_read(read->text, fresh, &why);
	if (why.text[0] != '\0')
		log_error(
			"planned work: %s: %s; it holds back no alarm", quietfile->path, why.text);
	quiet_begin(fresh, &quietfile->quiet, quietfile->boot_id, now);
	quietfile->quiet = *fresh;
	free(fresh);
}

struct quietfile *quietfile_new(const char *state_file, const struct timestamps *now)
{
	struct quietfile *quietfile = memory_zeroed(1, sizeof *quietfile);

	if (state_file == NULL)
		return quietfile;
	quietfile->shared = mmap(NULL, sizeof *quietfile->shared, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (quietfile->shared == MAP_FAILED)
		die(EX_OSERR, "no memory to share with a child: %s", strerror(errno));
	quietfile->path = memory_printed("%s.quiet", state_file);
	boot_id_read(quietfile->boot_id);
	quietfile_read(quietfile);
	quietfile_take(quietfile, now);
	return quietfile;
}

void quietfile_free(struct quietfile *quietfile)
{
	if (quietfile->shared != NULL)
		munmap(quietfile->shared, sizeof *quietfile->shared);
	free(quietfile->path);
	free(quietfile->known);
	free(quietfile);
}

/* ---- the command ---- */

/* Locks the folder, until the descriptor is closed; -1: it cannot be opened. */
static int folder_lock(const char *path)
{
	char *copy = memory_copied(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	free(copy);
	if (fd >= 0)
		flock(fd, LOCK_EX); /* where it is not supported, the last call wins */
	return fd;
}

/* Returns an errno. */
static int file_write(const struct quietfile *quietfile)
{
	struct buffer text = {NULL, 0, 0};
	int error;

	if (quietfile->quiet.count == 0)
		return unlink(quietfile->path) == 0 || errno == ENOENT ? 0 : errno;
	quiet_write(&quietfile->quiet, &text);
	error = file_replace(quietfile->path, 0644, &text);
	buffer_free(&text);
	return error;
}

/* Returns how many entries it changed; -1: there is no room. */
static int entry_apply(struct quiet *quiet, struct quiet_entry *entry, const char *boot_id,
	nsec span, const struct timestamps *now)
{
	if (span == 0)
		return quiet_end(quiet, entry->watch, now);
	entry->from = now->wall;
	entry->until = now->wall + span;
	entry->boot = now->boot;
	snprintf(entry->boot_id, sizeof entry->boot_id, "%s", boot_id);
	return quiet_put(quiet, entry, now) ? 1 : -1;
}

int quietfile_change(
	const char *state_file, struct quiet_entry *entry, nsec span, struct reason *why)
{
	const struct timestamps now = {.wall = clock_wall(), .boot = clock_boot()};
	int lock = folder_lock(state_file);

	if (lock < 0) {
		reason_set(why, "%s.quiet: %s", state_file, strerror(errno));
		return -1;
	}
	struct quietfile *quietfile = quietfile_new(state_file, &now);
	int count = entry_apply(&quietfile->quiet, entry, quietfile->boot_id, span, &now);
	int error = count >= 0 ? file_write(quietfile) : ENOSPC;
	if (error != 0)
		reason_set(why, "%s: %s", quietfile->path,
			count >= 0 ? strerror(error) : "it holds as many as it may");
	quietfile_free(quietfile);
	close(lock);
	return error == 0 ? count : -1;
}

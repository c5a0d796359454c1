/* SPDX-License-Identifier: MIT */
#include "oobetet/state/quiet.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"
#include "common/utf8_clean.h"
#include "oobetet/message.h"
#include "oobetet/state/statefile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define MAGIC "oobetet-quiet\t1\n"
#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

enum { KEYWORD, WATCH, FROM, UNTIL, BOOT, BOOT_ID, REASON, FIELDS_OF_A_LINE };

void quiet_write(const struct quiet *quiet, struct buffer *out)
{
	buffer_append_text(out, MAGIC);
	for (int i = 0; i < quiet->count; i++) {
		const struct quiet_entry *entry = &quiet->entry[i];

		buffer_append_text(out, "quiet\t");
		field_escape(out, entry->watch);
		buffer_printf(out, "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t", entry->from,
			entry->until, entry->boot);
		field_escape(out, entry->boot_id);
		buffer_append_text(out, "\t");
		field_escape(out, entry->reason);
		buffer_append_text(out, "\n");
	}
	state_seal(out);
}

static bool text_take(const char *field, char *out, size_t size)
{
	return utf8_is_clean_line(field) && snprintf(out, size, "%s", field) < (int)size;
}

static bool line_read(char *line, struct quiet_entry *entry)
{
	char *field[FIELDS_OF_A_LINE];
	struct reason ignored;

	*entry = (struct quiet_entry){.ends = 0};
	for (int i = 0; i < FIELDS_OF_A_LINE; i++) {
		field[i] = strsep(&line, "\t");
		if (field[i] == NULL || !field_unescape(field[i]))
			return false;
	}
	return line == NULL && strcmp(field[KEYWORD], "quiet") == 0 &&
	       text_take(field[WATCH], entry->watch, sizeof entry->watch) &&
	       number_parse(field[FROM], 0, INT64_MAX / 2, &entry->from, &ignored) &&
	       number_parse(field[UNTIL], entry->from + 1, entry->from + QUIET_LONGEST,
		       &entry->until, &ignored) &&
	       number_parse(field[BOOT], 0, INT64_MAX / 2, &entry->boot, &ignored) &&
	       text_take(field[BOOT_ID], entry->boot_id, sizeof entry->boot_id) &&
	       text_take(field[REASON], entry->reason, sizeof entry->reason) &&
	       entry->reason[0] != '\0';
}

static struct quiet_entry *entry_find(struct quiet *quiet, const char *watch)
{
	for (int i = 0; i < quiet->count; i++)
		if (strcmp(quiet->entry[i].watch, watch) == 0)
			return &quiet->entry[i];
	return NULL;
}

bool quiet_read(char *text, struct quiet *quiet, struct reason *why)
{
	int number = 2;

	quiet->count = 0;
	if (strncmp(text, MAGIC, strlen(MAGIC)) != 0)
		return reason_set(why, "not a file of planned work of this version");
	if (!state_unseal(text))
		return reason_set(why, "damaged: the checksum at its end is wrong");
	text += strlen(MAGIC);
	for (char *line; (line = strsep(&text, "\n")) != NULL && text != NULL; number++) {
		struct quiet_entry entry;

		if (!line_read(line, &entry) || quiet->count == QUIET_ENTRIES ||
			entry_find(quiet, entry.watch) != NULL) {
			quiet->count = 0;
			return reason_set(why, "line %d cannot be parsed", number);
		}
		quiet->entry[quiet->count++] = entry;
	}
	return true;
}

/* How long an entry that is read now lasts, but for steps of the wall clock from now on. */
static nsec left_of(
	const struct quiet_entry *entry, const char *boot_id, const struct timestamps *now)
{
	nsec span = entry->until - entry->from;

	if (entry->boot_id[0] != '\0' && strcmp(entry->boot_id, boot_id) == 0)
		return now->boot >= entry->boot ? span - (now->boot - entry->boot) : 0;
	/* booted since: before `from` the clock was set back, and by how much is not known */
	return now->wall >= entry->from ? entry->until - now->wall : 0;
}

void quiet_begin(struct quiet *quiet, const struct quiet *before, const char *boot_id,
	const struct timestamps *now)
{
	for (int i = 0; i < quiet->count; i++) {
		struct quiet_entry *entry = &quiet->entry[i];
		nsec left = left_of(entry, boot_id, now);

		entry->ends = now->boot + (left > 0 ? left : 0);
		for (int j = 0; j < before->count; j++)
			if (strcmp(before->entry[j].watch, entry->watch) == 0 &&
				before->entry[j].from == entry->from &&
				before->entry[j].until == entry->until)
				entry->ends = nsec_earlier(entry->ends, before->entry[j].ends);
	}
}

nsec quiet_left(const struct quiet_entry *entry, const struct timestamps *now)
{
	nsec left = nsec_earlier(entry->ends - now->boot, entry->until - now->wall);

	return left > 0 ? left : 0;
}

const struct quiet_entry *quiet_of(
	const struct quiet *quiet, const char *watch, const struct timestamps *now)
{
	const struct quiet_entry *found = NULL;
	nsec longest = 0;

	for (int i = 0; i < quiet->count; i++) {
		const struct quiet_entry *entry = &quiet->entry[i];
		nsec left = quiet_left(entry, now);

		if (left <= longest ||
			(entry->watch[0] != '\0' && strcmp(entry->watch, watch) != 0))
			continue;
		found = entry;
		longest = left;
	}
	return found;
}

/* Drops what is over. */
static void entries_prune(struct quiet *quiet, const struct timestamps *now)
{
	int count = 0;

	for (int i = 0; i < quiet->count; i++)
		if (quiet_left(&quiet->entry[i], now) > 0)
			quiet->entry[count++] = quiet->entry[i];
	quiet->count = count;
}

bool quiet_put(struct quiet *quiet, const struct quiet_entry *entry, const struct timestamps *now)
{
	entries_prune(quiet, now);
	struct quiet_entry *place = entry_find(quiet, entry->watch);

	if (place == NULL && quiet->count == QUIET_ENTRIES)
		return false;
	*(place != NULL ? place : &quiet->entry[quiet->count++]) = *entry;
	return true;
}

int quiet_end(struct quiet *quiet, const char *watch, const struct timestamps *now)
{
	int count = 0;

	entries_prune(quiet, now);
	int before = quiet->count;
	for (int i = 0; i < before; i++)
		if (watch[0] != '\0' && strcmp(quiet->entry[i].watch, watch) != 0)
			quiet->entry[count++] = quiet->entry[i];
	quiet->count = count;
	return before - count;
}

/* ---- the file: read, in the child or at the start ---- */

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

static void boot_id_read(char out[STATE_BOOT_ID])
{
	FILE *file = fopen(BOOT_ID_FILE, "re");

	out[0] = '\0';
	if (file == NULL || fgets(out, STATE_BOOT_ID, file) == NULL)
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (file != NULL)
		fclose(file);
}

/* ---- the file: in the monitor ---- */

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

/* ---- the file: oobetet --quiet ---- */

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

int quietfile_change(
	const char *state_file, struct quiet_entry *entry, nsec span, struct reason *why)
{
	const struct timestamps now = {.wall = clock_wall(), .boot = clock_boot()};
	char *copy = memory_copied(state_file);
	int lock = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int count;

	free(copy);
	if (lock < 0) {
		reason_set(why, "%s.quiet: %s", state_file, strerror(errno));
		return -1;
	}
	flock(lock, LOCK_EX); /* of the folder; where it is not supported, the last call wins */
	struct quietfile *quietfile = quietfile_new(state_file, &now);
	if (span == 0) {
		count = quiet_end(&quietfile->quiet, entry->watch, &now);
	} else {
		entry->from = now.wall;
		entry->until = now.wall + span;
		entry->boot = now.boot;
		snprintf(entry->boot_id, sizeof entry->boot_id, "%s", quietfile->boot_id);
		count = quiet_put(&quietfile->quiet, entry, &now) ? 1 : -1;
	}
	int error = count >= 0 ? file_write(quietfile) : ENOSPC;
	if (error != 0)
		reason_set(why, "%s: %s", quietfile->path,
			count >= 0 ? strerror(error) : "it holds as many as it may");
	quietfile_free(quietfile);
	close(lock);
	return error == 0 ? count : -1;
}

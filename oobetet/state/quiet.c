/* SPDX-License-Identifier: MIT */
#include "oobetet/state/quiet.h"

#include "common/number.h"
#include "common/utf8.h"
#include "oobetet/ipc.h"
#include "oobetet/state/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAGIC "oobetet-quiet\t1\n"

enum { KEYWORD, WATCH, FROM, UNTIL, BOOT, BOOT_ID, REASON, FIELDS_OF_A_LINE };

void quiet_write(const struct quiet *quiet, struct buffer *out)
{
	buffer_append_text(out, MAGIC);
	for (int i = 0; i < quiet->count; i++) {
		const struct quiet_entry *entry = &quiet->entry[i];

		buffer_append_text(out, "quiet\t");
		ipc_escape(out, entry->watch);
		buffer_printf(out, "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t", entry->from,
			entry->until, entry->boot);
		ipc_escape(out, entry->boot_id);
		buffer_append_text(out, "\t");
		ipc_escape(out, entry->reason);
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
		if (field[i] == NULL || !ipc_unescape(field[i]))
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

/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/spool.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"
#include "common/random.h"
#include "common/signals.h"
#include "httpbroker/submit/spool_files.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX ".events"
#define LOCK_AGAIN (50 * NSEC_PER_MSEC)
/* Names sort by number; the random part keeps those of two writers apart. */
#define NAME_FORMAT "%020" PRId64 "-%08" PRIx32 "%08" PRIx32 SUFFIX
#define NUMBER_DIGITS 20

/* A known file; the list is sorted by name. */
struct entry {
	struct entry *next;
	size_t bytes;
	size_t taken; /* events that were appended to a queue; 0: not read yet */
	size_t left;  /* of these, without a response */
	bool done;    /* it cannot be read or removed: this run ignores it */
	char name[];  /* in the directory */
};

struct spool {
	char *path;
	int directory;
	bool locked;
	size_t max;   /* bytes */
	size_t bytes; /* of the entries */
	int64_t last; /* the largest number of a name so far */
	nsec looked;  /* monotonic: the last listing; 0: never */
	size_t damaged;
	struct entry *entries;
};

struct spool *spool_open(const char *path, size_t max, struct reason *why)
{
	int directory = directory_open(path, why);
	struct spool *spool;

	if (directory < 0)
		return NULL;
	spool = memory_zeroed(1, sizeof *spool);
	spool->path = memory_copied(path);
	spool->directory = directory;
	spool->max = max;
	return spool;
}

bool spool_is_writable(const struct spool *spool, struct reason *why)
{
	return faccessat(spool->directory, ".", W_OK | X_OK, 0) == 0 ||
	       reason_set(why, "%s cannot be written to: %s", spool->path, strerror(errno));
}

static bool is_spool_file(const char *name)
{
	size_t length = strlen(name), end = strlen(SUFFIX);

	return length > NUMBER_DIGITS + end && strcmp(name + length - end, SUFFIX) == 0 &&
	       strspn(name, "0123456789") == NUMBER_DIGITS;
}

/* The link to the first entry from `link` on that is not before `name`. */
static struct entry **entry_place(struct entry **link, const char *name)
{
	while (*link != NULL && strcmp((*link)->name, name) < 0)
		link = &(*link)->next;
	return link;
}

static void entry_add(struct spool *spool, struct entry **link, const char *name, size_t bytes)
{
	struct entry *entry = memory_zeroed(1, sizeof *entry + strlen(name) + 1);
	char digits[NUMBER_DIGITS + 1] = "";
	struct reason why;
	int64_t number;

	memcpy(entry->name, name, strlen(name) + 1);
	memcpy(digits, name, NUMBER_DIGITS);
	if (number_parse(digits, 0, INT64_MAX - 1, &number, &why) && number > spool->last)
		spool->last = number;
	entry->bytes = bytes;
	entry->next = *link;
	*link = entry;
	spool->bytes += bytes;
}

static void entry_drop(struct spool *spool, struct entry **link)
{
	struct entry *entry = *link;

	*link = entry->next;
	spool->bytes -= entry->bytes;
	free(entry);
}

struct scan {
	struct spool *spool;
	struct entry **link; /* names come sorted: the next one's place is not before this */
};

static void name_seen(void *data, const char *name, size_t bytes)
{
	struct scan *scan = data;

	if (!is_spool_file(name))
		return;
	scan->link = entry_place(scan->link, name);
	if (*scan->link == NULL || strcmp((*scan->link)->name, name) != 0)
		entry_add(scan->spool, scan->link, name, bytes);
}

static bool spool_scan(struct spool *spool, struct reason *why)
{
	struct scan scan = {spool, &spool->entries};

	spool->looked = clock_monotonic();
	return directory_each(spool->directory, name_seen, &scan, why);
}

/* Finds other runs' files. A failure is ignored: the next listing finds them. */
static void spool_rescan_when_due(struct spool *spool)
{
	struct reason why;

	if (spool->looked == 0 || clock_monotonic() - spool->looked >= SPOOL_LOOK_AGAIN)
		(void)spool_scan(spool, &why);
}

enum spool_lock spool_lock(struct spool *spool, struct reason *why)
{
	enum spool_lock lock = directory_lock(spool->directory, spool->path, why);

	if (lock != SPOOL_LOCKED)
		return lock;
	directory_tidy(spool->directory);
	spool->locked = spool_scan(spool, why);
	return spool->locked ? SPOOL_LOCKED : SPOOL_ERROR;
}

bool spool_lock_wait(
	struct spool *spool, nsec until, bool (*interrupted)(void *context), void *context)
{
	enum spool_lock lock;
	struct timespec pause;
	struct reason why;

	for (;;) { /* flock(2) has no timeout: it is retried */
		lock = spool_lock(spool, &why);
		nsec now = clock_monotonic();
		if (lock != SPOOL_IN_USE || interrupted(context) || now >= until)
			break;
		signals_poll(
			NULL, 0, clock_timeout(now, nsec_earlier(now + LOCK_AGAIN, until), &pause));
	}
	if (lock == SPOOL_IN_USE)
		log_warning("%s is in use by another run", spool->path);
	else if (lock == SPOOL_ERROR)
		log_warning("%s", why.text);
	return lock == SPOOL_LOCKED;
}

bool spool_holds(const struct spool *spool)
{
	return spool != NULL && spool->entries != NULL;
}

bool spool_waits(const struct spool *spool)
{
	const struct entry *entry = spool != NULL ? spool->entries : NULL;

	while (entry != NULL && entry->done)
		entry = entry->next;
	return entry != NULL;
}

size_t spool_damaged(const struct spool *spool)
{
	return spool != NULL ? spool->damaged : 0;
}

const char *spool_path(const struct spool *spool)
{
	return spool->path;
}

/* Forgets a file that is gone; one that stays must not be found again as a new one. */
static void entry_finish(struct spool *spool, struct entry **link, bool gone)
{
	if (gone)
		entry_drop(spool, link);
	else
		(*link)->done = true;
}

static void entry_set_aside(struct spool *spool, struct entry **link, const struct reason *why)
{
	char *aside = memory_printed("%s.damaged", (*link)->name);

	log_error("%s/%s is damaged: %s; it is set aside as %s", spool->path, (*link)->name,
		why->text, aside);
	spool->damaged++;
	entry_finish(spool, link, directory_rename(spool->directory, (*link)->name, aside));
	free(aside);
}

static void entry_remove(struct spool *spool, struct entry **link)
{
	entry_finish(spool, link, directory_remove(spool->directory, (*link)->name));
}

static void entry_skip(struct spool *spool, struct entry **link, const struct reason *why)
{
	log_error("%s/%s cannot be read: %s; it stays", spool->path, (*link)->name, why->text);
	entry_finish(spool, link, false);
}

/* Reads the file at *link into the queue, renames a damaged one, forgets a vanished one. */
static bool entry_take(struct spool *spool, struct entry **link, struct queue *queue)
{
	struct entry *entry = *link;
	struct buffer bytes = {NULL, 0, 0};
	size_t before = queue->count;
	struct reason why;
	enum directory_read found =
		directory_read(spool->directory, entry->name, SPOOL_FILE_MAX, &bytes, &why);
	bool sound = found == DIRECTORY_READ &&
		     spool_file_read(bytes.data, bytes.length, entry->name, queue, &why);

	buffer_free(&bytes);
	entry->taken = entry->left = queue->count - before;
	if (found == DIRECTORY_GONE)
		entry_drop(spool, link);
	else if (found == DIRECTORY_DENIED)
		entry_skip(spool, link, &why);
	else if (!sound)
		entry_set_aside(spool, link, &why);
	else if (entry->taken == 0)
		entry_remove(spool, link);
	return sound && queue->count > before;
}

static struct entry **first_untaken(struct spool *spool)
{
	struct entry **link = &spool->entries;

	while (*link != NULL && ((*link)->taken > 0 || (*link)->done))
		link = &(*link)->next;
	return link;
}

bool spool_take(struct spool *spool, struct queue *queue)
{
	struct entry **link;

	if (spool == NULL || !spool->locked)
		return false;
	if (*first_untaken(spool) == NULL)
		spool_rescan_when_due(spool);
	while (*(link = first_untaken(spool)) != NULL)
		if (entry_take(spool, link, queue))
			return true;
	return false;
}

static struct entry **entry_of(struct spool *spool, const struct queued *event)
{
	struct entry **link = &spool->entries;

	while (*link != NULL && (*link)->name != event->origin.file)
		link = &(*link)->next;
	return link;
}

void spool_settle(struct spool *spool, const struct queued *event)
{
	struct entry **link = entry_of(spool, event);

	if (*link != NULL && --(*link)->left == 0)
		entry_remove(spool, link);
}

void spool_rewrite(struct spool *spool, const struct queue *queue)
{
	struct buffer bytes = {NULL, 0, 0};
	struct reason why;

	for (const struct queued *event = queue->first; event != NULL; event = event->next) {
		struct entry *entry = *entry_of(spool, event);

		if (entry == NULL || entry->taken == entry->left)
			continue;
		spool_file_write(&bytes, event, SPOOL_FILE_MAX);
		if (!directory_write(spool->directory, entry->name, &bytes, &why))
			log_warning("%s/%s: %s: its events that were sent will be sent again",
				spool->path, entry->name, why.text);
		entry->taken = entry->left; /* rewritten once */
	}
	buffer_free(&bytes);
}

/* Writes the first events of the queue into a file behind all others. Returns their number. */
static size_t file_append(struct spool *spool, const struct queue *queue, struct reason *why)
{
	size_t room = spool->max > spool->bytes ? spool->max - spool->bytes : 0;
	int64_t now = clock_wall() / 1000; /* microseconds: names sort by time */
	struct buffer bytes = {NULL, 0, 0};
	char name[64];
	size_t count = spool_file_write(
		&bytes, queue->first, room < SPOOL_FILE_MAX ? room : SPOOL_FILE_MAX);

	spool->last = spool->last < now ? now : spool->last + 1;
	snprintf(name, sizeof name, NAME_FORMAT, spool->last, random_number(), random_number());
	if (count == 0)
		reason_set(
			why, "%s is full: %zu of %zu bytes", spool->path, spool->bytes, spool->max);
	else if (directory_write(spool->directory, name, &bytes, why))
		entry_add(spool, entry_place(&spool->entries, name), name, bytes.length);
	else
		count = 0;
	buffer_free(&bytes);
	return count;
}

bool spool_put(struct spool *spool, struct queue *queue, struct reason *why)
{
	spool_rescan_when_due(spool); /* other runs' files count */
	while (queue->first != NULL) {
		size_t count = file_append(spool, queue, why);

		if (count == 0)
			return false;
		while (count-- > 0)
			queue_drop(queue, NULL);
	}
	return true;
}

void spool_close(struct spool *spool)
{
	if (spool == NULL)
		return;
	while (spool->entries != NULL)
		entry_drop(spool, &spool->entries);
	close(spool->directory);
	free(spool->path);
	free(spool);
}

/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/held.h"

#include "common/memory.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <utlist.h>

enum {
	STEP_LARGE = 65536, /* bytes: the step by which large bodies are counted */
	MMAP_FROM = 131072, /* bytes: larger blocks return to the system when freed */
};

/* malloc_trim() is called when TRIM_FROM bytes were held and less than TRIM_BELOW are. */
#define TRIM_FROM ((size_t)16 << 20)
#define TRIM_BELOW ((size_t)1 << 20)

struct held {
	size_t max;   /* bytes of all */
	size_t large; /* of the large bodies that arrive; the lock's */
	_Atomic size_t total;
	atomic_bool swollen; /* it was above TRIM_FROM, and has not been below TRIM_BELOW since */
	pthread_mutex_t lock;
	struct holding *list; /* the large bodies that arrive */
};

/* By default glibc raises the first limit with each large block that is freed. */
struct held *held_new(size_t max)
{
	struct held *held = memory_zeroed(1, sizeof *held);

	mallopt(M_MMAP_THRESHOLD, MMAP_FROM);
	mallopt(M_TRIM_THRESHOLD, MMAP_FROM);
	held->max = max;
	pthread_mutex_init(&held->lock, NULL);
	return held;
}

void held_free(struct held *held)
{
	if (held == NULL)
		return;
	pthread_mutex_destroy(&held->lock);
	free(held);
}

size_t held_total(const struct held *held)
{
	return atomic_load(&held->total);
}

static void total_add(struct held *held, size_t bytes)
{
	size_t total = atomic_fetch_add(&held->total, bytes) + bytes;

	if (total > TRIM_FROM && !atomic_load(&held->swollen))
		atomic_store(&held->swollen, true);
}

/* malloc_trim() returns freed small blocks; it takes a while, so never with the lock. */
static void total_subtract(struct held *held, size_t bytes)
{
	size_t total = atomic_fetch_sub(&held->total, bytes) - bytes;

	if (total < TRIM_BELOW && atomic_load(&held->swollen) &&
		atomic_exchange(&held->swollen, false))
		malloc_trim(0);
}

static size_t counted(size_t length)
{
	size_t step = length > HELD_SMALL ? STEP_LARGE : HELD_STEP;

	return (length + step - 1) / step * step;
}

/* The lock is held. */
static void holding_unlist(struct held *held, struct holding *holding)
{
	DL_DELETE(held->list, holding);
	holding->listed = false;
	held->large -= holding->bytes;
}

static double rate_of(const struct holding *holding, nsec now)
{
	return (double)holding->length / (double)(now - holding->begun + NSEC_PER_SEC);
}

static struct holding *slowest_of(const struct held *held)
{
	nsec now = clock_coarse();
	struct holding *slowest = held->list, *holding;

	DL_FOREACH(held->list, holding)
		if (rate_of(holding, now) < rate_of(slowest, now))
			slowest = holding;
	return slowest;
}

/* The lock is held. */
static void holding_drop(struct held *held, struct holding *holding)
{
	holding_unlist(held, holding);
	holding->dropped = true;
	buffer_free(&holding->body);
	atomic_fetch_sub(&held->total, holding->bytes);
	holding->bytes = 0;
}

static bool has_room(const struct held *held, size_t more, bool large)
{
	if (held_total(held) + more > held->max)
		return false;
	return !large || held->large + more <= held->max / 4 * 3;
}

/* The lock is held. `own`: a large body, which may be the slowest itself; or NULL. */
static bool room_make(struct held *held, size_t more, const struct holding *own)
{
	while (!has_room(held, more, own != NULL)) {
		struct holding *slowest = slowest_of(held);

		if (slowest == NULL)
			return false;
		holding_drop(held, slowest);
		if (slowest == own)
			return false;
	}
	return true;
}

bool held_take(void *context, size_t bytes, bool must)
{
	struct held *held = context;
	bool room = must || has_room(held, bytes, false);

	if (!room) {
		pthread_mutex_lock(&held->lock);
		room = room_make(held, bytes, NULL);
		pthread_mutex_unlock(&held->lock);
	}
	if (room)
		total_add(held, bytes);
	return room;
}

void held_give(void *context, size_t bytes)
{
	total_subtract(context, bytes);
}

static bool small_append(
	struct held *held, struct holding *holding, const char *bytes, size_t length)
{
	size_t after = counted(holding->length + length);

	if (after > holding->bytes && !held_take(held, after - holding->bytes, false)) {
		held_release(held, holding);
		return false;
	}
	holding->bytes = after;
	holding->length += length;
	buffer_append(&holding->body, bytes, length);
	return true;
}

/* The lock is held. */
static bool large_grow(struct held *held, struct holding *holding, size_t after)
{
	size_t more = after - holding->bytes;

	if (!holding->listed) {
		DL_APPEND(held->list, holding);
		holding->listed = true;
		held->large += holding->bytes;
	}
	if (more == 0)
		return true;
	if (!room_make(held, more, holding)) {
		if (holding->listed)
			holding_drop(held, holding);
		return false;
	}
	total_add(held, more);
	held->large += more;
	holding->bytes = after;
	return true;
}

static bool large_append(
	struct held *held, struct holding *holding, const char *bytes, size_t length)
{
	pthread_mutex_lock(&held->lock);
	holding->length += length;
	bool room = !holding->dropped && large_grow(held, holding, counted(holding->length));
	if (room)
		buffer_append(&holding->body, bytes, length);
	pthread_mutex_unlock(&held->lock);
	return room;
}

bool held_append(struct held *held, struct holding *holding, const char *bytes, size_t length)
{
	if (holding->begun == 0)
		holding->begun = clock_coarse();
	if (holding->length + length > HELD_SMALL)
		return large_append(held, holding, bytes, length);
	return small_append(held, holding, bytes, length);
}

bool held_complete(struct held *held, struct holding *holding)
{
	if (holding->length <= HELD_SMALL)
		return true;
	pthread_mutex_lock(&held->lock);
	if (holding->listed)
		holding_unlist(held, holding);
	pthread_mutex_unlock(&held->lock);
	return !holding->dropped;
}

void held_count(struct held *held, struct holding *holding, size_t bytes)
{
	if (bytes > holding->bytes)
		total_add(held, bytes - holding->bytes);
	else if (bytes < holding->bytes)
		total_subtract(held, holding->bytes - bytes);
	holding->bytes = bytes;
}

void held_release(struct held *held, struct holding *holding)
{
	held_complete(held, holding);
	buffer_free(&holding->body);
	held_count(held, holding, 0);
}

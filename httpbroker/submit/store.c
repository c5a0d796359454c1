/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/store.h"

#include "common/log.h"
#include "common/signals.h"
#include "httpbroker/submit/queue.h"

#define LOCK_AGAIN (50 * NSEC_PER_MSEC)

/* flock(2) has no time limit: so it is tried again and again. */
static enum spool_lock lock_wait(struct spool *spool, nsec until, store_interrupted *interrupted,
	void *context, struct reason *why)
{
	enum spool_lock lock;
	struct timespec pause;

	while ((lock = spool_lock(spool, why)) == SPOOL_IN_USE) {
		nsec now = clock_monotonic();

		if (interrupted(context) || now >= until)
			break;
		signals_poll(
			NULL, 0, clock_timeout(now, nsec_earlier(now + LOCK_AGAIN, until), &pause));
	}
	return lock;
}

bool store_lock(struct store *store, nsec until, store_interrupted *interrupted, void *context)
{
	struct reason why;

	if (store->spool == NULL)
		return true;
	enum spool_lock lock = lock_wait(store->spool, until, interrupted, context, &why);
	if (lock == SPOOL_IN_USE)
		log_warning("%s is in use by another run", spool_path(store->spool));
	else if (lock == SPOOL_ERROR)
		log_warning("%s", why.text);
	return lock == SPOOL_LOCKED;
}

struct queue *store_take(struct store *store, size_t max)
{
	struct queue *taken = &store->taken;

	while (store->spool != NULL && taken->count < max && taken->bytes < BATCH_BYTES &&
		spool_take(store->spool, taken))
		;
	return taken->first != NULL ? taken : NULL;
}

void store_settle(struct store *store, const struct queued *event)
{
	spool_settle(store->spool, event);
}

void store_put(struct store *store, struct queue *queue)
{
	size_t before = queue->count;
	struct reason why;

	if (before == 0 || store->spool == NULL)
		return;
	bool refuses = !spool_put(store->spool, queue, &why);
	if (refuses && !store->refuses)
		log_error("%s", why.text);
	store->refuses = refuses;
	store->kept += before - queue->count;
}

bool store_holds(const struct store *store)
{
	return store->spool != NULL && spool_holds(store->spool);
}

bool store_waits(const struct store *store)
{
	return store->spool != NULL && spool_waits(store->spool);
}

size_t store_damaged(const struct store *store)
{
	return store->spool != NULL ? spool_damaged(store->spool) : 0;
}

void store_return(struct store *store)
{
	if (store->spool != NULL)
		spool_return(store->spool, &store->taken);
	queue_clear(&store->taken);
}

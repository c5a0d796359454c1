/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/tally.h"

#include "common/memory.h"

#include <stdlib.h>

struct counting {
	struct stream stream; /* first, so that a stream is one of these */
	struct checks *checks;
	struct buffer head; /* sent before anything is counted */
	unsigned shard;     /* the next one */
	nsec now;           /* monotonic */
	struct counts counts;
	state_counts_end *end;
};

void state_counts_add(struct counts *counts, const struct check *check, nsec now)
{
	counts->checks++;
	if (check->deadline > now)
		return;
	counts->stale++;
	counts->stale_long += check->deadline < now - STATE_COUNTS_LONG;
}

static void check_count(const struct check *check, void *context)
{
	struct counting *counting = context;

	state_counts_add(&counting->counts, check, counting->now);
}

void state_counts_cache_init(struct state_counts_cache *cache)
{
	*cache = (struct state_counts_cache){.counting = false};
	pthread_mutex_init(&cache->lock, NULL);
}

static bool cache_claim(struct state_counts_cache *cache, nsec now, struct counts *out)
{
	pthread_mutex_lock(&cache->lock);
	bool due = !cache->counting &&
		   (cache->at == 0 || now - cache->at >= STATE_COUNTS_SHARE * cache->took);
	cache->counting |= due;
	*out = cache->counts;
	pthread_mutex_unlock(&cache->lock);
	return due;
}

static struct counts cache_count(struct state_counts_cache *cache, struct checks *checks, nsec now)
{
	struct counting counting = {.now = now};
	nsec begin = clock_monotonic();

	for (unsigned shard = 0; shard < CHECKS_SHARDS; shard++)
		checks_visit(checks, shard, check_count, &counting);
	pthread_mutex_lock(&cache->lock);
	cache->counts = counting.counts;
	cache->at = now;
	cache->took = clock_monotonic() - begin;
	cache->counting = false;
	pthread_mutex_unlock(&cache->lock);
	return counting.counts;
}

struct counts state_counts_recent(struct state_counts_cache *cache, struct checks *checks, nsec now)
{
	struct counts counts;

	if (cache_claim(cache, now, &counts))
		counts = cache_count(cache, checks, now);
	counts.checks = checks_count(checks);
	return counts;
}

static bool counting_more(struct stream *stream, struct buffer *out)
{
	struct counting *counting = (struct counting *)stream;

	if (counting->shard == 0)
		buffer_append(out, counting->head.data, counting->head.length);
	counting->now = clock_monotonic();
	checks_visit(counting->checks, counting->shard++, check_count, counting);
	if (counting->shard < CHECKS_SHARDS)
		return true;
	counting->end(&counting->counts, out);
	return false;
}

static void counting_free(struct stream *stream)
{
	struct counting *counting = (struct counting *)stream;

	buffer_free(&counting->head);
	free(counting);
}

void state_counts_answer(struct checks *checks, struct response *answer, state_counts_end *end)
{
	struct counting *counting = memory_zeroed(1, sizeof *counting);

	counting->stream = (struct stream){counting_more, counting_free};
	counting->checks = checks;
	counting->head = answer->body;
	counting->end = end;
	answer->body = (struct buffer){NULL, 0, 0};
	answer->stream = &counting->stream;
}

/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/tally.h"

#include "common/memory.h"

#include <stdlib.h>

struct counting {
	struct stream stream; /* first, so that a stream is one of these */
	struct states *states;
	struct buffer head; /* sent before anything is counted */
	unsigned shard;     /* the next one */
	nsec now;           /* monotonic */
	struct tally tally;
	tally_end *end;
};

void tally_add(struct tally *tally, const struct state *state, nsec now)
{
	tally->states++;
	if (state->deadline > now)
		return;
	tally->stale++;
	tally->stale_long += state->deadline < now - TALLY_LONG;
}

static void state_count(const struct state *state, void *context)
{
	struct counting *counting = context;

	tally_add(&counting->tally, state, counting->now);
}

void tally_cache_init(struct tally_cache *cache)
{
	*cache = (struct tally_cache){.counting = false};
	pthread_mutex_init(&cache->lock, NULL);
}

static bool cache_claim(struct tally_cache *cache, nsec now, struct tally *out)
{
	pthread_mutex_lock(&cache->lock);
	bool due = !cache->counting &&
		   (cache->at == 0 || now - cache->at >= TALLY_SHARE * cache->took);
	cache->counting |= due;
	*out = cache->tally;
	pthread_mutex_unlock(&cache->lock);
	return due;
}

static struct tally cache_count(struct tally_cache *cache, struct states *states, nsec now)
{
	struct counting counting = {.now = now};
	nsec begin = clock_monotonic();

	for (unsigned shard = 0; shard < STATES_SHARDS; shard++)
		states_visit(states, shard, state_count, &counting);
	pthread_mutex_lock(&cache->lock);
	cache->tally = counting.tally;
	cache->at = now;
	cache->took = clock_monotonic() - begin;
	cache->counting = false;
	pthread_mutex_unlock(&cache->lock);
	return counting.tally;
}

struct tally tally_recent(struct tally_cache *cache, struct states *states, nsec now)
{
	struct tally tally;

	if (cache_claim(cache, now, &tally))
		tally = cache_count(cache, states, now);
	tally.states = states_count(states);
	return tally;
}

static bool counting_more(struct stream *stream, struct buffer *out)
{
	struct counting *counting = (struct counting *)stream;

	if (counting->shard == 0)
		buffer_append(out, counting->head.data, counting->head.length);
	counting->now = clock_monotonic();
	states_visit(counting->states, counting->shard++, state_count, counting);
	if (counting->shard < STATES_SHARDS)
		return true;
	counting->end(&counting->tally, out);
	return false;
}

static void counting_free(struct stream *stream)
{
	struct counting *counting = (struct counting *)stream;

	buffer_free(&counting->head);
	free(counting);
}

void tally_answer(struct states *states, struct answer *answer, tally_end *end)
{
	struct counting *counting = memory_zeroed(1, sizeof *counting);

	counting->stream = (struct stream){counting_more, counting_free};
	counting->states = states;
	counting->head = answer->body;
	counting->end = end;
	answer->body = (struct buffer){NULL, 0, 0};
	answer->stream = &counting->stream;
}

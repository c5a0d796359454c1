/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/page_cache.h"

#include <string.h>

void page_cache_init(struct page_cache *cache)
{
	memset(cache->answers, 0, sizeof cache->answers);
	pthread_mutex_init(&cache->lock, NULL);
}

void page_cache_clear(struct page_cache *cache)
{
	for (int i = 0; i < PAGE_CACHE_ANSWERS; i++) {
		buffer_free(&cache->answers[i].key);
		buffer_free(&cache->answers[i].body);
	}
	pthread_mutex_destroy(&cache->lock);
}

static bool is_answer_to(const struct page_answer *answer, const struct buffer *key)
{
	return answer->key.length == key->length &&
	       memcmp(answer->key.data, key->data, key->length) == 0;
}

bool page_cache_get(
	struct page_cache *cache, const struct buffer *key, nsec now, struct buffer *body)
{
	bool found = false;

	pthread_mutex_lock(&cache->lock);
	for (int i = 0; i < PAGE_CACHE_ANSWERS && !found; i++) {
		const struct page_answer *answer = &cache->answers[i];

		found = now < answer->until && is_answer_to(answer, key);
		if (found)
			buffer_append(body, answer->body.data, answer->body.length);
	}
	pthread_mutex_unlock(&cache->lock);
	return found;
}

static void buffer_replace(struct buffer *buffer, const struct buffer *with)
{
	buffer_clear(buffer);
	buffer_append(buffer, with->data, with->length);
}

void page_cache_put(struct page_cache *cache, const struct buffer *key, const struct buffer *body,
	nsec took, nsec now)
{
	nsec lasts = nsec_earlier(took * PAGE_CACHE_SHARE, PAGE_CACHE_LONGEST);
	struct page_answer *place = &cache->answers[0];

	pthread_mutex_lock(&cache->lock);
	for (int i = 1; i < PAGE_CACHE_ANSWERS; i++)
		if (cache->answers[i].until < place->until)
			place = &cache->answers[i];
	buffer_replace(&place->key, key);
	buffer_replace(&place->body, body);
	place->until = now + lasts;
	pthread_mutex_unlock(&cache->lock);
}

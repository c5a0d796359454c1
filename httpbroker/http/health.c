/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/health.h"

#include "common/memory.h"
#include "httpbroker/checks/encode.h"
#include "httpbroker/delivery/delivery.h"
#include "httpbroker/http/request.h"

#include <stdio.h>
#include <stdlib.h>

struct counting {
	struct stream stream; /* first: a stream is cast to this */
	struct checks *checks;
	struct buffer head; /* sent first */
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

void state_counts_stream(struct checks *checks, struct response *response, state_counts_end *end)
{
	struct counting *counting = memory_zeroed(1, sizeof *counting);

	counting->stream = (struct stream){counting_more, counting_free};
	counting->checks = checks;
	counting->head = response->body;
	counting->end = end;
	response->body = (struct buffer){NULL, 0, 0};
	response->stream = &counting->stream;
}

/* GET /health: whether posted events reach Flapjack; if not, why, and since when. */

struct health {
	char why[256]; /* empty: healthy */
	nsec since;    /* monotonic */
};

static void why_set(struct health *health, const char *what, const char *why, nsec since)
{
	snprintf(health->why, sizeof health->why, "%s%s%s", what, *why != '\0' ? ": " : "", why);
	health->since = since;
}

/* Since when it is healthy, or why it is not: the first reason that applies. */
static struct health health_of(const struct delivery_status *status, bool stopping, nsec now)
{
	bool role_is_newer = status->role_since > status->redis_since;
	struct health health = {"", role_is_newer ? status->role_since : status->redis_since};

	if (stopping)
		why_set(&health, "the broker is stopping", "", now);
	else if (!status->redis_up && !status->memory_only)
		why_set(&health, "Redis is away", status->redis_why, status->redis_since);
	else if (status->role == DELIVERY_STANDS_BY)
		why_set(&health, "another broker is the active one", "", status->role_since);
	else if (status->role == DELIVERY_STARTS)
		why_set(&health, "the broker is starting", "", status->role_since);
	return health;
}

static void member_string(struct buffer *out, const char *name, const char *value)
{
	buffer_printf(out, ",\n\"%s\": ", name);
	response_string(out, value);
}

static void member_number(struct buffer *out, const char *name, int64_t value)
{
	buffer_printf(out, ",\n\"%s\": ", name);
	jsontext_number(out, value);
}

static void member_truth(struct buffer *out, const char *name, bool value)
{
	buffer_printf(out, ",\n\"%s\": %s", name, value ? "true" : "false");
}

static void redis_write(struct buffer *out, const struct delivery_status *status)
{
	member_truth(out, "redis_up", status->redis_up);
	if (status->queue_length >= 0)
		member_number(out, "queue_length", status->queue_length);
	member_truth(out, "repeats_paused", status->repeats_paused);
	member_number(out, "pending", (int64_t)status->pending);
	member_truth(out, "loading", status->loading);
}

static void health_write(
	struct buffer *out, const struct health *health, const struct delivery_status *status)
{
	struct moment now = moment_now();
	nsec lasted = now.monotonic - health->since;

	buffer_printf(out, "{\"healthy\": %s", *health->why == '\0' ? "true" : "false");
	if (*health->why != '\0')
		member_string(out, "why", health->why);
	member_number(out, "since", (now.wall - lasted) / NSEC_PER_SEC);
	member_number(out, "seconds", lasted / NSEC_PER_SEC);
	member_string(out, "role", delivery_role_name(status->role));
	if (!status->memory_only)
		redis_write(out, status);
}

static void state_counts_write(struct buffer *out, const struct counts *counts)
{
	member_number(out, "states", (int64_t)counts->checks);
	member_number(out, "states_stale", (int64_t)counts->stale);
	member_number(out, "states_stale_7_days", (int64_t)counts->stale_long);
	buffer_append_text(out, "}\n");
}

static struct submission *health_begin(struct request *request)
{
	static const char *const none[] = {NULL};
	const struct broker *broker = request->broker;
	struct response *response = &request->response;
	const struct delivery_status status = delivery_status(broker->delivery);
	nsec now = clock_monotonic();
	const struct health health = health_of(&status, request->stopping, now);

	if (!query_check(&request->query, none, response))
		return NULL;
	response->status = *health.why == '\0' ? 200 : 503;
	response->type = CONTENT_JSON;
	health_write(&response->body, &health, &status);
	const struct counts counts = state_counts_recent(broker->counts, broker->checks, now);
	state_counts_write(&response->body, &counts);
	return NULL;
}

const struct route route_get_health = {
	.path = "/health", .method = "GET", .begin = health_begin, .open = true};

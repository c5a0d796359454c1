/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/health.h"

#include "common/memory.h"
#include "httpbroker/delivery/delivery.h"
#include "httpbroker/http/routes.h"

#include <inttypes.h>
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

static void check_count(const struct check *check, void *context)
{
	struct counting *counting = context;
	struct counts *counts = &counting->counts;

	counts->checks++;
	if (!check_is_expired(check, counting->now))
		return;
	counts->stale++;
	counts->stale_long += check->deadline < counting->now - STATE_COUNTS_LONG;
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

struct health health_of(const struct delivery_status *status, bool stopping, nsec now)
{
	struct health health = {"", status->role_since};

	if (status->redis_since > health.since)
		health.since = status->redis_since;
	if (status->output && status->output_since > health.since)
		health.since = status->output_since;
	if (stopping) {
		health = (struct health){"the broker is stopping", now};
	} else if (!status->redis_up && !status->memory_only) {
		snprintf(health.why, sizeof health.why, "Redis is away%s%s",
			*status->redis_why != '\0' ? ": " : "", status->redis_why);
		health.since = status->redis_since;
	} else if (status->output && !status->output_up) {
		snprintf(health.why, sizeof health.why, "--output %s", status->output_why);
		health.since = status->output_since;
	} else if (status->role == DELIVERY_STANDS_BY) {
		health = (struct health){"another broker is the active one", status->role_since};
	} else if (status->role == DELIVERY_STARTS) {
		health = (struct health){"the broker is starting", status->role_since};
	}
	return health;
}

bool replication_is_known(const struct delivery_status *status)
{
	return status->sentinel && status->role == DELIVERY_ACTIVE;
}

static const char *truth(bool value)
{
	return value ? "true" : "false";
}

static void health_write(
	struct buffer *out, const struct health *health, const struct delivery_status *status)
{
	struct moment now = moment_now();
	nsec lasted = now.monotonic - health->since;

	buffer_printf(out, "{\"healthy\": %s", truth(*health->why == '\0'));
	if (*health->why != '\0') {
		buffer_append_text(out, ",\n\"why\": ");
		response_string(out, health->why);
	}
	buffer_printf(out,
		",\n\"since\": %" PRId64 ",\n\"seconds\": %" PRId64 ",\n\"role\": \"%s\"",
		(now.wall - lasted) / NSEC_PER_SEC, lasted / NSEC_PER_SEC,
		delivery_role_name(status->role));
	if (!status->memory_only) {
		buffer_printf(out, ",\n\"redis_up\": %s", truth(status->redis_up));
		if (replication_is_known(status))
			buffer_printf(out, ",\n\"replicated\": %s", truth(status->replicated));
		if (status->queue_length >= 0)
			buffer_printf(out, ",\n\"queue_length\": %" PRId64, status->queue_length);
		buffer_printf(out,
			",\n\"repeats_paused\": %s,\n\"pending\": %" PRIu64 ",\n\"loading\": %s",
			truth(status->repeats_paused), status->pending, truth(status->loading));
	}
	if (status->output)
		buffer_printf(out,
			",\n\"output_up\": %s,\n\"repeats_paused\": %s,\n\"pending\": %" PRIu64,
			truth(status->output_up), truth(status->repeats_paused), status->pending);
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
	buffer_printf(&response->body,
		",\n\"states\": %" PRIu64 ",\n\"states_stale\": %" PRIu64
		",\n\"states_stale_7_days\": %" PRIu64 "}\n",
		counts.checks, counts.stale, counts.stale_long);
	return NULL;
}

const struct route route_get_health = {
	.path = "/health", .method = "GET", .begin = health_begin, .open = true};

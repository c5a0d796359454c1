/* SPDX-License-Identifier: MIT */
/*
 * GET /: the page for browsers. It is three files that are compiled in (httpbroker/http/page/), and
 * its data: the rows that match a filter, and the health of the broker.
 */
#include "httpbroker/http/page.h"

#include "httpbroker/delivery/delivery.h"
#include "httpbroker/http/health.h"
#include "httpbroker/http/routes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Made from the files by the Makefile. */
static const unsigned char page_html[] = {
#include "httpbroker/http/page/page.html.inc"
};
static const unsigned char page_js[] = {
#include "httpbroker/http/page/page.js.inc"
};
static const unsigned char page_css[] = {
#include "httpbroker/http/page/page.css.inc"
};

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

/* Sets the ETag. 304 if the client has it: libmicrohttpd sends the length without the body. */
static void etag_finish(struct request *request)
{
	struct response *response = &request->response;
	const char *known = request->headers[HEADER_IF_NONE_MATCH];
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

	for (size_t i = 0; i < response->body.length; i++)
		hash = (hash ^ (unsigned char)response->body.data[i]) * UINT64_C(1099511628211);
	snprintf(response->etag, sizeof response->etag, "\"%016" PRIx64 "\"", hash);
	if (known != NULL && (strcmp(known, "*") == 0 || strstr(known, response->etag) != NULL))
		response->status = 304;
}

static struct submission *file_respond(
	struct request *request, const unsigned char *bytes, size_t length, const char *type)
{
	static const char *const none[] = {NULL};
	struct response *response = &request->response;

	if (!query_check(&request->query, none, response))
		return NULL;
	response->status = 200;
	response->type = type;
	response->page = true;
	buffer_append(&response->body, bytes, length);
	etag_finish(request);
	return NULL;
}

static struct submission *html_begin(struct request *request)
{
	return file_respond(request, page_html, sizeof page_html, "text/html; charset=utf-8");
}

static struct submission *js_begin(struct request *request)
{
	return file_respond(request, page_js, sizeof page_js, "text/javascript; charset=utf-8");
}

static struct submission *css_begin(struct request *request)
{
	return file_respond(request, page_css, sizeof page_css, "text/css; charset=utf-8");
}

/* Not given, or empty: no text. */
static struct text part_read(const struct request *request, const char *key)
{
	const char *value = query_get(&request->query, key);

	if (value == NULL || value[0] == '\0')
		return (struct text){NULL, 0};
	return (struct text){value, strlen(value)};
}

/* False: a 400. */
static bool state_filter_read(struct request *request, int *out)
{
	const struct text word = part_read(request, "state");
	enum state state;
	bool known;

	*out = PAGE_ALL;
	if (word.bytes == NULL)
		return true;
	if (strcmp(word.bytes, "stale") == 0)
		*out = PAGE_STALE;
	else if (strcmp(word.bytes, "problem") == 0)
		*out = PAGE_PROBLEM;
	else if (state_read(word.bytes, word.length, &state, &known) && state_lasts(state))
		*out = (int)state;
	else
		response_error(&request->response, 400,
			"'state' is '%.64s', not stale, problem or one of %s", word.bytes,
			STATE_LASTING_WORDS);
	return *out != PAGE_ALL;
}

static void health_append(const struct request *request, struct buffer *out)
{
	const struct delivery_status status = delivery_status(request->broker->delivery);
	const struct health health = health_of(&status, request->stopping, clock_monotonic());

	buffer_printf(out, "{\"role\":\"%s\",\"why\":", delivery_role_name(status.role));
	response_string(out, health.why);
	buffer_printf(out, ",\"redis\":%s",
		status.memory_only ? "null"
		: status.redis_up  ? "true"
				   : "false");
	if (replication_is_known(&status))
		buffer_printf(out, ",\"replicated\":%s", status.replicated ? "true" : "false");
	buffer_printf(out,
		",\"queue\":%" PRId64 ",\"pending\":%" PRIu64
		",\"paused\":%s,\"loading\":%s,\"version\":\"" PACKAGE_VERSION "\"",
		status.queue_length, status.pending, status.repeats_paused ? "true" : "false",
		status.loading ? "true" : "false");
}

static void counts_append(const struct page_counts *counts, struct buffer *out)
{
	buffer_printf(out,
		",\"counts\":{\"critical\":%" PRIu64 ",\"unknown\":%" PRIu64 ",\"warning\":%" PRIu64
		",\"ok\":%" PRIu64 ",\"stale\":%" PRIu64 "},\"matches\":%" PRIu64
		",\"before\":%" PRIu64,
		counts->states[STATE_CRITICAL], counts->states[STATE_UNKNOWN],
		counts->states[STATE_WARNING], counts->states[STATE_OK], counts->stale,
		counts->matches, counts->before);
}

/*
 * A stand-by has no checks: its table is empty until it takes over. False: `after` is no place.
 */
static bool data_append(const struct request *request, const struct page_filter *filter,
	struct text after, struct buffer *out)
{
	const struct broker *broker = request->broker;
	struct buffer rows = {NULL, 0, 0}, next = {NULL, 0, 0};
	struct page_counts counts;

	if (!page_rows(broker->checks, filter, after, broker->stale_as, moment_now(), &rows,
		    &counts, &next))
		return false;
	health_append(request, out);
	counts_append(&counts, out);
	buffer_append_text(out, ",\"next\":");
	if (next.length > 0)
		jsontext_string(out, next.data, next.length);
	else
		buffer_append_text(out, "null");
	buffer_append_text(out, ",\"rows\":[");
	buffer_append(out, rows.data != NULL ? rows.data : "", rows.length);
	buffer_append_text(out, "]}\n");
	buffer_free(&rows);
	buffer_free(&next);
	return true;
}

/* What the answer depends on. No parameter has a NUL. */
static void key_append(struct buffer *key, const struct page_filter *filter, struct text after)
{
	const struct text parts[] = {filter->entity, filter->text, filter->tag, after};

	buffer_printf(key, "%d", filter->state);
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		buffer_append(key, "", 1);
		buffer_append(key, parts[i].bytes, parts[i].length);
	}
}

static void data_respond(
	struct request *request, const struct page_filter *filter, struct text after)
{
	struct response *response = &request->response;
	struct page_cache *cache = request->broker->pages;
	struct buffer key = {NULL, 0, 0};
	nsec begun = clock_thread();
	bool valid = true;

	key_append(&key, filter, after);
	if (!page_cache_get(cache, &key, clock_monotonic(), &response->body)) {
		valid = data_append(request, filter, after, &response->body);
		if (valid)
			page_cache_put(cache, &key, &response->body, clock_thread() - begun,
				clock_monotonic());
	}
	buffer_free(&key);
	/* not 200, so that a proxy asks the other broker, which has the checks */
	response->status = request_elsewhere(request) != NULL ? 503 : 200;
	response->type = CONTENT_JSON;
	response->page = true;
	if (!valid)
		response_error(response, 400, "'after' is not a place of this list");
	else if (response->status == 200)
		etag_finish(request);
}

#define FILTER_MAX 200 /* bytes of an entity or a text; a tag is compared as a whole */

static bool filter_is_short(struct request *request, const struct page_filter *filter)
{
	if (filter->entity.length <= FILTER_MAX && filter->text.length <= FILTER_MAX)
		return true;
	response_error(&request->response, 400, "a filter is longer than %d bytes", FILTER_MAX);
	return false;
}

static struct submission *data_begin(struct request *request)
{
	static const char *const known[] = {"entity", "text", "tag", "state", "after", NULL};
	struct page_filter filter;
	struct buffer tag = {NULL, 0, 0};

	if (!query_check(&request->query, known, &request->response) ||
		!state_filter_read(request, &filter.state))
		return NULL;
	filter.entity = part_read(request, "entity");
	filter.text = part_read(request, "text");
	filter.tag = part_read(request, "tag");
	if (!filter_is_short(request, &filter))
		return NULL;
	if (filter.tag.bytes != NULL) {
		jsontext_string(&tag, filter.tag.bytes, filter.tag.length);
		filter.tag = (struct text){tag.data, tag.length};
	}
	data_respond(request, &filter, part_read(request, "after"));
	buffer_free(&tag);
	return NULL;
}

const struct route route_get_page = {.path = "/", .method = "GET", .begin = html_begin};
const struct route route_get_page_js = {.path = "/page.js", .method = "GET", .begin = js_begin};
const struct route route_get_page_css = {.path = "/page.css", .method = "GET", .begin = css_begin};
const struct route route_get_page_data = {
	.path = "/page.json", .method = "GET", .own_page = true, .begin = data_begin};

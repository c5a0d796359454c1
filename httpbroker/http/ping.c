/* SPDX-License-Identifier: MIT */
/*
 * /ping/[@TOKEN/]ENTITY/CHECK[/ACTION]: an event without JSON, for cron jobs and for the clients of
 * healthchecks (https://healthchecks.io/docs/http_api/): the path says which check and what
 * happened, the body is the job's output.
 */
#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/number.h"
#include "common/utf8.h"
#include "common/utf8_clean.h"
#include "httpbroker/http/auth.h"
#include "httpbroker/http/counters.h"
#include "httpbroker/http/post.h"
#include "httpbroker/http/routes.h"
#include "httpbroker/limits.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define FORM "/ping/ENTITY/CHECK, with /start, /fail, /log or an exit status behind it"
#define YEAR (365 * 24 * 3600 * NSEC_PER_SEC)

enum action { ACTION_SUCCESS, ACTION_START, ACTION_FAIL, ACTION_LOG };

struct ping {
	enum action action;
	int status; /* of the job; -1: not given */
	int32_t ttl;
	struct run run;
	struct buffer output;  /* the body as clean text, its end if it is long */
	struct buffer summary; /* a line of it */
};

/* False: a 404. */
static bool action_read(struct request *request, struct ping *ping)
{
	static const char *const words[] = {
		[ACTION_START] = "start", [ACTION_FAIL] = "fail", [ACTION_LOG] = "log"};
	const struct path *path = request->parts;
	const struct text *word = &path->parts[2];
	struct reason ignored;
	char text[8] = "";
	int64_t status;

	ping->status = -1;
	if (path->count == 2)
		return true;
	if (word->length < sizeof text)
		memcpy(text, word->bytes, word->length);
	for (int i = ACTION_START; i <= ACTION_LOG; i++) {
		ping->action = (enum action)i;
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	if (word->length > 0 &&
		word->bytes[0] == '@') { /* it may be a token: it is not quoted, nor logged */
		response_error(
			&request->response, 404, "a token comes first: /ping/@TOKEN/ENTITY/CHECK");
		return false;
	}
	if (!number_parse(text, 0, 255, &status, &ignored)) {
		response_error(&request->response, 404,
			"there is no action '%.*s'; there are start, fail, log and 0 to 255",
			(int)utf8_whole(word->bytes, word->length < 64 ? word->length : 64),
			word->bytes);
		return false;
	}
	ping->status = (int)status;
	ping->action = status == 0 ? ACTION_SUCCESS : ACTION_FAIL;
	return true;
}

/* Seconds, rounded up. False: a 400. */
static bool seconds_read(struct request *request, const char *key, int32_t *out)
{
	const char *text = query_get(&request->query, key);
	struct reason why;
	nsec value;

	if (text == NULL)
		return true;
	if (!duration_parse(text, NSEC_PER_SEC, YEAR, &value, &why)) {
		response_error(&request->response, 400, "?%s: %s", key, why.text);
		return false;
	}
	*out = (int32_t)((value + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
	return true;
}

/* An identifier of a UUID (RFC 9562) in any case; 0: it is none. */
static uint32_t uuid_hash(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < sizeof form; i++) { /* with its NUL */
		unsigned char c = (unsigned char)tolower((unsigned char)text[i]);

		if (form[i] == 'x' ? !isxdigit(c) : c != form[i])
			return 0;
		hash = (hash ^ c) * 16777619u;
	}
	return hash != 0 ? hash : 1;
}

/* False: a 400. */
static bool parameters_read(struct request *request, struct ping *ping)
{
	/* `create` is healthchecks': here every check is created by its first event */
	static const char *const known[] = {"ttl", "limit", "rid", "create", NULL};
	const char *rid = query_get(&request->query, "rid");

	ping->ttl = request->broker->ping_ttl;
	ping->run.limit = request->broker->run_limit;
	if (!query_check(&request->query, known, &request->response) ||
		!seconds_read(request, "ttl", &ping->ttl) ||
		!seconds_read(request, "limit", &ping->run.limit))
		return false;
	if (rid != NULL && (ping->run.id = uuid_hash(rid)) == 0) {
		response_error(&request->response, 400, "?rid: '%.40s' is not a UUID", rid);
		return false;
	}
	return true;
}

static bool is_blank(const char *bytes, size_t length)
{
	size_t i = 0;

	while (i < length && (bytes[i] == ' ' || bytes[i] == '\t' || bytes[i] == '\r'))
		i++;
	return i == length;
}

/* The first line that is not blank; of a failed job the last one. */
static struct text line_of(const struct buffer *output, bool last)
{
	struct text found = {"", 0};
	const char *line = output->data, *end = output->data + output->length;

	while (line != NULL && line < end && (last || found.length == 0)) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t length = (size_t)((newline != NULL ? newline : end) - line);

		if (!is_blank(line, length))
			found = (struct text){line, length};
		line = newline != NULL ? newline + 1 : end;
	}
	return found;
}

static void summary_make(struct ping *ping)
{
	bool failed = ping->action == ACTION_FAIL;
	const struct text line = line_of(&ping->output, failed);
	struct buffer *out = &ping->summary;

	if (ping->action == ACTION_START)
		buffer_append_text(out, "the first run has started");
	else if (failed && ping->status > 0)
		buffer_printf(out, "exit status %d", ping->status);
	else if (line.length == 0)
		buffer_append_text(out, failed ? "failed" : "succeeded");
	if (ping->action == ACTION_START || line.length == 0)
		return;
	if (out->length > 0)
		buffer_append_text(out, ": ");
	buffer_append(out, line.bytes, line.length);
}

/* The end of a log says why it failed, so the beginning is left out of a long one. */
static void output_read(struct request *request, struct ping *ping)
{
	static const char ellipsis[] = UTF8_ELLIPSIS;
	const struct buffer *body = &request->holding.body;
	struct buffer clean = {NULL, 0, 0};
	size_t skip = 0;

	utf8_clean_append(&clean, body->data, body->length, UTF8_LINES);
	if (clean.length > 0 && (request->cut || clean.length > LIMIT_DETAILS)) {
		if (clean.length + sizeof ellipsis > LIMIT_DETAILS)
			skip = clean.length + sizeof ellipsis - LIMIT_DETAILS;
		skip += utf8_severed(clean.data + skip, clean.length - skip);
		buffer_append_text(&ping->output, ellipsis);
	}
	if (clean.length > 0)
		buffer_append(&ping->output, clean.data + skip, clean.length - skip);
	buffer_free(&clean);
}

static void event_make(const struct request *request, const struct ping *ping, struct event *event)
{
	const struct text *parts = request->parts->parts;

	event_init(event);
	event->entity = parts[0];
	event->check = parts[1];
	event->state_text =
		text_literal(state_name(ping->action == ACTION_FAIL ? STATE_CRITICAL : STATE_OK));
	event->summary = (struct text){ping->summary.data, ping->summary.length};
	if (ping->output.length > 0 && ping->action != ACTION_START)
		event->details = (struct text){ping->output.data, ping->output.length};
	event->ttl = ping->ttl;
}

/* False: a 400 or 403. */
static bool event_permitted(struct request *request, struct event *event, struct moment now)
{
	int flapjack = request->broker->flapjack;
	struct reason why;

	if (!event_check(event, flapjack, now.wall, &why) ||
		!event_quotes_check("entity", event->entity, &why) ||
		!event_quotes_check("check", event->check, &why)) {
		request_refuse(request, NULL, OUTCOME_INVALID, why.text);
		return false;
	}
	if (acl_check(request->grant.acl, flapjack, event->entity, event->check, &why))
		return true;
	request_refuse(request, NULL, OUTCOME_FORBIDDEN, why.text);
	return false;
}

static void ok_respond(struct response *response, unsigned status)
{
	response->status = status;
	response->type = CONTENT_TEXT;
	response->body_limit = LIMIT_DETAILS;
	buffer_clear(&response->body);
	buffer_append_text(&response->body, "OK");
}

static struct submission *ping_submit(struct request *request, const struct ping *ping)
{
	const struct moment now = moment_now();
	struct event event;

	event_make(request, ping, &event);
	if (!event_permitted(request, &event, now))
		return NULL;
	if (ping->action == ACTION_LOG) {
		counters_event(request->broker->counters, NULL, OUTCOME_NOTED, 1);
		ok_respond(&request->response, 200);
		return NULL;
	}
	struct post *post = request->data = post_new(request->broker->counters);
	struct item *item = post_add(post);
	post->one = item->submitted = true;
	post->submitted = 1;
	if (ping->action == ACTION_START) {
		prepared_make_start(
			&item->prepared, &event, ping->run, request->broker->flapjack, now);
	} else {
		prepared_make(&item->prepared, &event, request->broker->flapjack, now);
		item->prepared.run.id = ping->run.id;
	}
	request->bytes = post_bytes(post);
	return &post->submission;
}

static struct submission *ping_begin(struct request *request)
{
	struct ping ping = {.action = ACTION_SUCCESS};
	struct submission *submission = NULL;

	if (!path_check(request->parts, request->path, 1, FORM, &request->response) ||
		!action_read(request, &ping) || !parameters_read(request, &ping))
		return NULL;
	output_read(request, &ping);
	summary_make(&ping);
	submission = ping_submit(request, &ping);
	buffer_free(&ping.output);
	buffer_free(&ping.summary);
	buffer_free(&request->holding.body); /* not to be held while it waits for Redis */
	return submission;
}

static void ping_end(struct request *request)
{
	struct response *response = &request->response;

	post_respond(request->data, response);
	if (response->status < 300)
		ok_respond(response, response->status);
}

static void ping_free(struct request *request)
{
	if (request->data != NULL)
		post_free(request->data);
}

const struct route route_get_ping = {.path = "/ping/",
	.method = "GET",
	.keeps_end = true,
	.begin = ping_begin,
	.end = ping_end,
	.free = ping_free};

const struct route route_post_ping = {.path = "/ping/",
	.method = "POST",
	.keeps_end = true,
	.begin = ping_begin,
	.end = ping_end,
	.free = ping_free};

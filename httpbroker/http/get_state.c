/* SPDX-License-Identifier: MIT */
#include "common/duration.h"
#include "common/memory.h"
#include "httpbroker/checks/encode.h"
#include "httpbroker/delivery/delivery.h"
#include "httpbroker/delivery/record.h"
#include "httpbroker/http/routes.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static bool text_matches(struct text selected, const char *bytes, size_t length)
{
	return selected.bytes == NULL ||
	       (selected.length == length && memcmp(selected.bytes, bytes, length) == 0);
}

static bool is_selected(const struct scan *scan, const struct check *check)
{
	size_t name = (size_t)check->entity_length + 1; /* where the check's own name begins */
	bool stale = check_is_expired(check, scan->now.monotonic);
	int reported = (int)check_reported(check, scan->stale_as, scan->now.monotonic);

	return (scan->state < 0 || scan->state == reported) &&
	       (scan->stale < 0 || scan->stale == (int)stale) &&
	       text_matches(scan->entity, check->names, check->entity_length) &&
	       text_matches(scan->check, check->names + name, check->hh.keylen - name);
}

static void check_scan(const struct check *check, void *context)
{
	struct scan *scan = context;

	if (!is_selected(scan, check))
		return;
	scan->form->item(scan, check);
	scan->begun = true;
}

/* One check is looked up by its name; anything else needs the whole table. */
static bool checks_scan(struct scan *scan)
{
	struct checks *checks = scan->checks;

	if (scan->entity.bytes == NULL || scan->check.bytes == NULL)
		return checks_visit_some(checks, &scan->cursor, check_scan, scan);
	const struct names names = {scan->names,
		(uint16_t)(scan->entity.length + 1 + scan->check.length),
		(uint16_t)scan->entity.length};
	checks_visit_one(checks, &names, check_scan, scan);
	return false;
}

static bool scan_more(struct stream *stream, struct buffer *out)
{
	struct scan *scan = (struct scan *)stream;

	scan->out = out;
	scan->now = moment_now();
	if (scan->cursor.parts == 0)
		scan->form->head(scan);
	if (checks_scan(scan))
		return true;
	if (scan->form->foot != NULL)
		scan->form->foot(scan);
	scan->begun = false;
	return ++scan->pass < scan->form->passes;
}

static void scan_free(struct stream *stream)
{
	struct scan *scan = (struct scan *)stream;

	if (scan->owns_checks)
		checks_free(scan->checks);
	free(scan);
}

/* Reads a name of the query into *out; not given: NULL. False: a 400. */
static bool name_read(struct request *request, const char *key, struct text *out)
{
	struct reason why;

	out->bytes = query_get(&request->query, key);
	out->length = out->bytes != NULL ? strlen(out->bytes) : 0;
	if (out->bytes == NULL || event_name_check(key, *out, &why))
		return true;
	response_error(&request->response, 400, "%s", why.text);
	return false;
}

/* Reads `state` and `stale` of the query; not given: -1. False: a 400. */
static bool filter_read(struct request *request, int *state, int *stale)
{
	const char *word = query_get(&request->query, "state");
	const char *truth = query_get(&request->query, "stale");
	enum state read = STATE_OK;
	bool known;

	if (word != NULL &&
		(!state_read(word, strlen(word), &read, &known) || !state_lasts(read))) {
		response_error(&request->response, 400, "'state' is '%.64s', not one of %s", word,
			STATE_LASTING_WORDS);
		return false;
	}
	if (truth != NULL && strcmp(truth, "true") != 0 && strcmp(truth, "false") != 0) {
		response_error(
			&request->response, 400, "'stale' is '%.64s', not true or false", truth);
		return false;
	}
	*state = word != NULL ? (int)read : -1;
	*stale = truth != NULL ? strcmp(truth, "true") == 0 : -1;
	return true;
}

void scan_start(
	struct request *request, const struct scan_form *form, const char *type, struct checks *own)
{
	static const char *const known[] = {"entity", "check", "state", "stale", NULL};
	struct response *response = &request->response;
	struct text entity, check;
	int state, stale;

	if (!query_check(&request->query, known, response) ||
		!name_read(request, "entity", &entity) || !name_read(request, "check", &check) ||
		!filter_read(request, &state, &stale)) {
		if (own != NULL)
			checks_free(own);
		return;
	}
	struct scan *scan = memory_zeroed(1, sizeof *scan + entity.length + 1 + check.length);
	scan->stream = (struct stream){scan_more, scan_free};
	scan->form = form;
	scan->checks = own != NULL ? own : request->broker->checks;
	scan->owns_checks = own != NULL;
	scan->stale_as = request->broker->stale_as;
	scan->state = state;
	scan->stale = stale;
	scan->names[entity.length] = ':';
	if (entity.bytes != NULL)
		scan->entity = (struct text){
			memcpy(scan->names, entity.bytes, entity.length), entity.length};
	if (check.bytes != NULL)
		scan->check = (struct text){
			memcpy(scan->names + entity.length + 1, check.bytes, check.length),
			check.length};
	response->status = 200;
	response->type = type;
	response->stream = &scan->stream;
}

/*
 * GET /state: every check's last event, as an object keyed `entity:check`. `state` is the reported
 * state, `reported` the one that the event had.
 */

static void listing_begin(struct scan *scan)
{
	buffer_append(scan->out, "{", 1);
}

/*
 * The keys of its last event, `time`, `ttl`, `age`, `stale`; `state` is the reported state,
 * `reported` the event's.
 */
static void check_object_write(
	struct buffer *out, const struct check *check, enum state stale_as, struct moment now)
{
	int64_t age = now.wall / NSEC_PER_SEC - check->time;
	int64_t received = now.monotonic / NSEC_PER_SEC - check->received;
	bool stale = check_is_expired(check, now.monotonic);
	const struct encoded *event = &check->encoded;
	const struct text reported = encoded_state(event);
	size_t before = (size_t)(reported.bytes - event->bytes), after = before + reported.length;
	char head[ENCODED_HEAD_MAX];

	buffer_append(out, head, check_head(check, head));
	buffer_append(out, event->bytes, before);
	if (stale)
		buffer_append_text(out, state_name(check_reported(check, stale_as, now.monotonic)));
	else
		buffer_append(out, reported.bytes, reported.length);
	buffer_append(out, event->bytes + after, event->length - after);
	buffer_append_text(out, ",\"time\":");
	jsontext_number(out, check->time);
	buffer_append_text(out, ",\"ttl\":");
	jsontext_number(out, check->ttl);
	buffer_append_text(out, ",\"age\":");
	jsontext_number(out, age > 0 ? age : 0);
	buffer_append_text(out,
		stale ? ",\"stale\":true,\"reported\":\"" : ",\"stale\":false,\"reported\":\"");
	buffer_append(out, reported.bytes, reported.length);
	buffer_append_text(out, "\",\"received_age\":");
	jsontext_number(out, received > 0 ? received : 0);
	if (check->run.limit > 0) {
		buffer_append_text(out, ",\"run_limit\":");
		jsontext_number(out, check->run.limit);
	}
	buffer_append_text(out, "}");
}

static void check_list(struct scan *scan, const struct check *check)
{
	struct buffer *out = scan->out;
	char key[CHECKS_KEY];

	buffer_append_text(out, scan->begun ? ",\n" : "\n");
	jsontext_string(out, key, check_key(check, key));
	buffer_append(out, ":", 1);
	check_object_write(out, check, scan->stale_as, scan->now);
}

static void listing_end(struct scan *scan)
{
	buffer_append_text(scan->out, scan->begun ? "\n}\n" : "}\n");
}

static const struct scan_form listing = {1, listing_begin, check_list, listing_end};

/* Until the broker has loaded the checks, it shows the events that it has answered 202. */
struct early_get {
	struct submission submission;
	struct buffer accepted; /* an event a line */
};

static void accepted_apply(struct checks *checks, const struct prepared *prepared)
{
	struct check *check = checks_find(checks, &prepared->names);

	if (prepared->forgotten && check != NULL) {
		checks_remove(checks, check);
		free(check);
	} else if (prepared->forgotten || !state_lasts(prepared->state) ||
		   (prepared->start && check != NULL)) {
		return;
	} else if (check == NULL) {
		checks_add(checks, prepared);
	} else if (prepared->time >= check->time) {
		checks_set(checks, check, prepared);
	}
}

static struct checks *accepted_checks(const struct early_get *early, int flapjack)
{
	const struct decode_context context = {flapjack, 0, moment_now()};
	const char *line = early->accepted.data, *end;
	struct siphash_key key;
	struct prepared prepared;
	struct reason why;

	if (getentropy(&key, sizeof key) != 0) /* any key will do for one response */
		key = (struct siphash_key){0, 0};
	struct checks *checks = checks_new(&key);
	for (; line != NULL && (end = strchr(line, '\n')) != NULL; line = end + 1) {
		struct blob json = {line, (size_t)(end - line)};

		if (!decode_event(&context, json, &prepared, &why))
			continue;
		accepted_apply(checks, &prepared);
		prepared_free(&prepared);
	}
	return checks;
}

static struct submission *get_begin(struct request *request)
{
	if (delivery_role(request->broker->delivery) != DELIVERY_STARTS) {
		scan_start(request, &listing, CONTENT_JSON, NULL);
		return NULL;
	}
	struct early_get *early = request->data = memory_zeroed(1, sizeof *early);
	early->submission.accepted = &early->accepted;
	return &early->submission;
}

static void get_end(struct request *request)
{
	const struct early_get *early = request->data;

	if (early->submission.result == SUBMISSION_DROPPED)
		response_busy(&request->response, early->submission.why);
	else
		scan_start(request, &listing, CONTENT_JSON,
			accepted_checks(early, request->broker->flapjack));
}

static void get_free(struct request *request)
{
	struct early_get *early = request->data;

	if (early != NULL)
		buffer_free(&early->accepted);
	free(early);
}

const struct route route_get_state = {.path = "/state",
	.method = "GET",
	.active_only = true,
	.begin = get_begin,
	.end = get_end,
	.free = get_free};

/*
 * ---- GET /state/ENTITY/CHECK: by the status alone: 200 while the check is ok and not stale, 503
 * otherwise, 404 if it is not known. For clients that look at nothing else. ----
 */

/* What is written about the check, while its shard is locked. */
struct answer {
	struct response *response;
	enum state stale_as;
	struct moment now;
	bool json;
};

static void line_write(struct buffer *out, const struct check *check, enum state reported,
	const struct answer *answer)
{
	const struct text summary = encoded_summary(&check->encoded);
	nsec late = answer->now.monotonic - check->deadline;
	char duration[DURATION_TEXT];

	buffer_printf(out, "%s: %.*s: ", state_name(reported), (int)check->hh.keylen, check->names);
	if (check_overruns(check, answer->now.monotonic))
		buffer_printf(out, "the run has not ended, was %s: ", state_name(check->state));
	else if (check->run.before == RUN_BEFORE_STALE)
		buffer_printf(out, "stale, was %s: ", state_name(check->state));
	else if (check_is_expired(check, answer->now.monotonic))
		buffer_printf(out, "stale for %s, was %s: ",
			duration_text(late / NSEC_PER_SEC * NSEC_PER_SEC, duration),
			state_name(check->state));
	jsontext_line(out, summary.bytes, summary.length);
	buffer_append(out, "\n", 1);
}

static void check_answer(const struct check *check, void *context)
{
	const struct answer *answer = context;
	struct response *response = answer->response;
	enum state reported = check_reported(check, answer->stale_as, answer->now.monotonic);

	response->status = reported == STATE_OK ? 200 : 503;
	response->type = answer->json ? CONTENT_JSON : CONTENT_TEXT;
	if (!answer->json) {
		line_write(&response->body, check, reported, answer);
		return;
	}
	check_object_write(&response->body, check, answer->stale_as, answer->now);
	buffer_append(&response->body, "\n", 1);
}

/* What is not known may still be in Redis. */
static void unknown_answer(const struct request *request, struct response *response)
{
	const struct delivery_status status = delivery_status(request->broker->delivery);
	const struct text *parts = request->parts->parts;

	if (status.role == DELIVERY_STARTS || status.loading)
		response_busy(response, "the checks are not read from Redis yet");
	else
		response_error(response, 404, "there is no check '%.*s' of '%.*s'",
			(int)parts[1].length, parts[1].bytes, (int)parts[0].length, parts[0].bytes);
}

static struct submission *check_begin(struct request *request)
{
	static const char *const none[] = {NULL};
	struct response *response = &request->response;
	struct answer answer = {response, request->broker->stale_as, moment_now(),
		accepts_json(request->headers[HEADER_ACCEPT])};
	char key[NAMES_MAX];

	if (!path_check(request->parts, request->path, 0, "/state/ENTITY/CHECK", response) ||
		!query_check(&request->query, none, response))
		return NULL;
	const struct text *parts = request->parts->parts;
	const struct names names = names_write(parts[0], parts[1], key);
	checks_visit_one(request->broker->checks, &names, check_answer, &answer);
	if (response->status == 0)
		unknown_answer(request, response);
	return NULL;
}

const struct route route_get_check = {
	.path = "/state/", .method = "GET", .active_only = true, .begin = check_begin};

/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/get_state.h"

#include "common/memory.h"
#include "httpbroker/checks/encode.h"
#include "httpbroker/delivery/delivery.h"
#include "httpbroker/delivery/record.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static bool text_is(const char *text, size_t length, const char *bytes, size_t count)
{
	return text == NULL || (length == count && memcmp(text, bytes, length) == 0);
}

static bool is_selected(const struct scan *scan, const struct check *check)
{
	size_t check_name = (size_t)check->entity_length + 1;
	bool stale = check->deadline <= scan->now.monotonic;
	int reported = stale ? (int)scan->stale_as : (int)check->state;

	return (scan->state < 0 || scan->state == reported) &&
	       (scan->stale < 0 || scan->stale == (int)stale) &&
	       text_is(scan->entity, scan->entity_length, check->names, check->entity_length) &&
	       text_is(scan->check_name, scan->check_length, check->names + check_name,
		       check->hh.keylen - check_name);
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

	if (scan->entity == NULL || scan->check_name == NULL)
		return checks_visit_some(checks, &scan->cursor, check_scan, scan);
	const struct names names = {scan->names,
		(uint16_t)(scan->entity_length + 1 + scan->check_length),
		(uint16_t)scan->entity_length};
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

static const char *const parameters[] = {"entity", "check", "state", "stale", NULL};

static size_t length_of(const char *text)
{
	return text != NULL ? strlen(text) : 0;
}

static struct scan *scan_new(const char *entity, const char *check_name)
{
	size_t entity_length = length_of(entity), check_length = length_of(check_name);
	struct scan *scan = memory_zeroed(1, sizeof *scan + entity_length + 1 + check_length);

	scan->entity_length = entity_length;
	scan->check_length = check_length;
	scan->names[entity_length] = ':';
	if (entity != NULL)
		scan->entity = memcpy(scan->names, entity, entity_length);
	if (check_name != NULL)
		scan->check_name =
			memcpy(scan->names + entity_length + 1, check_name, check_length);
	return scan;
}

static bool name_check(const char *key, const char *name, struct response *response)
{
	struct reason why;

	if (name == NULL || event_name_check(key, (struct text){name, strlen(name)}, &why))
		return true;
	response_error(response, 400, "%s", why.text);
	return false;
}

static bool state_read_parameter(const char *word, int *out, struct response *response)
{
	enum state state;
	bool known;

	*out = -1;
	if (word == NULL)
		return true;
	if (!state_read(word, strlen(word), &state, &known) || !state_lasts(state)) {
		response_error(response, 400, "'state' is '%.64s', not one of %s", word,
			STATE_LASTING_WORDS);
		return false;
	}
	*out = (int)state;
	return true;
}

static bool stale_read_parameter(const char *word, int *out, struct response *response)
{
	*out = -1;
	if (word == NULL)
		return true;
	if (strcmp(word, "true") != 0 && strcmp(word, "false") != 0) {
		response_error(response, 400, "'stale' is '%.64s', not true or false", word);
		return false;
	}
	*out = strcmp(word, "true") == 0;
	return true;
}

void scan_start(
	struct request *request, const struct scan_form *form, const char *type, struct checks *own)
{
	const struct query *query = &request->query;
	struct response *response = &request->response;
	const char *entity = query_get(query, "entity"), *check_name = query_get(query, "check");
	int state, stale;

	if (!query_check(query, parameters, response) || !name_check("entity", entity, response) ||
		!name_check("check", check_name, response) ||
		!state_read_parameter(query_get(query, "state"), &state, response) ||
		!stale_read_parameter(query_get(query, "stale"), &stale, response)) {
		if (own != NULL)
			checks_free(own);
		return;
	}
	struct scan *scan = scan_new(entity, check_name);
	scan->stream = (struct stream){scan_more, scan_free};
	scan->form = form;
	scan->checks = own != NULL ? own : request->broker->checks;
	scan->owns_checks = own != NULL;
	scan->stale_as = request->broker->stale_as;
	scan->state = state;
	scan->stale = stale;
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

static void key_append(struct buffer *out, const struct check *check)
{
	char key[CHECKS_KEY];

	jsontext_string(out, key, check_key(check, key));
	buffer_append(out, ":", 1);
}

/* The state in the encoded event: `,"state":"ok"`. */
static struct text reported_text(const struct encoded *encoded)
{
	static const char before[] = ",\"state\":\"";
	const char *word = encoded->bytes + encoded->head + sizeof before - 1;
	const char *end = memchr(word, '"', (size_t)(encoded->bytes + encoded->length - word));

	return (struct text){word, (size_t)(end - word)};
}

static void event_append(struct buffer *out, const struct encoded *encoded,
	const struct text *reported, const char *instead)
{
	size_t before = (size_t)(reported->bytes - encoded->bytes);
	size_t after = before + reported->length;

	if (instead == NULL) {
		buffer_append(out, encoded->bytes, encoded->length);
		return;
	}
	buffer_append(out, encoded->bytes, before);
	buffer_append_text(out, instead);
	buffer_append(out, encoded->bytes + after, encoded->length - after);
}

static void check_list(struct scan *scan, const struct check *check)
{
	int64_t age = scan->now.wall / NSEC_PER_SEC - check->time;
	bool stale = check->deadline <= scan->now.monotonic;
	const struct text reported = reported_text(&check->encoded);
	struct buffer *out = scan->out;

	buffer_append_text(out, scan->begun ? ",\n" : "\n");
	key_append(out, check);
	event_append(out, &check->encoded, &reported, stale ? state_name(scan->stale_as) : NULL);
	buffer_append_text(out, ",\"time\":");
	jsontext_number(out, check->time);
	buffer_append_text(out, ",\"ttl\":");
	jsontext_number(out, check->ttl);
	buffer_append_text(out, ",\"age\":");
	jsontext_number(out, age > 0 ? age : 0);
	buffer_append_text(out,
		stale ? ",\"stale\":true,\"reported\":\"" : ",\"stale\":false,\"reported\":\"");
	buffer_append(out, reported.bytes, reported.length);
	buffer_append_text(out, "\"}");
}

static void listing_end(struct scan *scan)
{
	buffer_append_text(scan->out, scan->begun ? "\n}\n" : "}\n");
}

static const struct scan_form listing = {1, listing_begin, check_list, listing_end};

/* Until the broker has loaded the checks, it shows the events that it has answered 202. */
struct look {
	struct submission submission;
	struct buffer accepted; /* an event a line */
};

static void accepted_apply(struct checks *checks, const struct prepared *prepared)
{
	struct check *check = checks_find(checks, &prepared->names);

	if (prepared->forgotten && check != NULL) {
		checks_remove(checks, check);
		free(check);
	} else if (prepared->forgotten || !state_lasts(prepared->state)) {
		return;
	} else if (check == NULL) {
		checks_add(checks, prepared);
	} else if (prepared->time >= check->time) {
		checks_set(checks, check, prepared);
	}
}

static struct checks *accepted_checks(const struct look *look, int flapjack)
{
	const struct decode_context context = {flapjack, 0, moment_now()};
	const char *line = look->accepted.data, *end;
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
	struct look *look = request->data = memory_zeroed(1, sizeof *look);
	look->submission.look = &look->accepted;
	return &look->submission;
}

static void get_end(struct request *request)
{
	const struct look *look = request->data;

	if (look->submission.result == SUBMISSION_DROPPED)
		response_busy(&request->response, look->submission.why);
	else
		scan_start(request, &listing, CONTENT_JSON,
			accepted_checks(look, request->broker->flapjack));
}

static void get_free(struct request *request)
{
	struct look *look = request->data;

	if (look != NULL)
		buffer_free(&look->accepted);
	free(look);
}

const struct route route_get_state = {.path = "/state",
	.method = "GET",
	.active_only = true,
	.begin = get_begin,
	.end = get_end,
	.free = get_free};

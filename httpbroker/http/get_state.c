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

static bool is_wanted(const struct scan *scan, const struct check *check)
{
	size_t check_name = (size_t)check->entity_length + 1;
	bool stale = check->deadline <= scan->now.monotonic;
	int told = stale ? (int)scan->broker->stale_as : (int)check->state;

	return (scan->state < 0 || scan->state == told) &&
	       (scan->stale < 0 || scan->stale == (int)stale) &&
	       text_is(scan->entity, scan->entity_length, check->names, check->entity_length) &&
	       text_is(scan->check_name, scan->check_length, check->names + check_name,
		       check->hh.keylen - check_name);
}

static void check_scan(const struct check *check, void *context)
{
	struct scan *scan = context;

	if (!is_wanted(scan, check))
		return;
	scan->form->item(scan, check);
	scan->begun = true;
}

/* One check is found by its name; whatever else is wanted has to be looked for. */
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
	scan->form->foot(scan);
	scan->begun = false;
	return ++scan->pass < scan->form->passes;
}

static void scan_free(struct stream *stream)
{
	struct scan *scan = (struct scan *)stream;

	if (scan->own)
		checks_free(scan->checks);
	free(scan);
}

static const char *const parameters[] = {"entity", "check", "state", "stale", NULL};

static size_t length_of(const char *text)
{
	return text != NULL ? strlen(text) : 0;
}

/* The names as the table has them, `entity:check`. */
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

static bool name_check(const char *key, const char *name, struct response *answer)
{
	struct reason why;

	if (name == NULL || event_name_check(key, (struct text){name, strlen(name)}, &why))
		return true;
	response_error(answer, 400, "%s", why.text);
	return false;
}

static bool state_take(const char *word, int *out, struct response *answer)
{
	enum state state;
	bool known;

	*out = -1;
	if (word == NULL)
		return true;
	if (!state_read(word, strlen(word), &state, &known) || !state_lasts(state)) {
		response_error(answer, 400, "'state' is '%.64s', not one of %s", word,
			STATE_LASTING_WORDS);
		return false;
	}
	*out = (int)state;
	return true;
}

static bool stale_take(const char *word, int *out, struct response *answer)
{
	*out = -1;
	if (word == NULL)
		return true;
	if (strcmp(word, "true") != 0 && strcmp(word, "false") != 0) {
		response_error(answer, 400, "'stale' is '%.64s', not true or false", word);
		return false;
	}
	*out = strcmp(word, "true") == 0;
	return true;
}

/* NULL, with an answer, if the query is wrong. */
static struct scan *scan_make(const struct broker *broker, const struct request *request,
	const struct scan_form *form, const char *type, struct response *answer)
{
	const char *entity = query_get(&request->query, "entity");
	const char *check_name = query_get(&request->query, "check");
	int state, stale;

	if (!query_check(&request->query, parameters, answer) ||
		!name_check("entity", entity, answer) || !name_check("check", check_name, answer) ||
		!state_take(query_get(&request->query, "state"), &state, answer) ||
		!stale_take(query_get(&request->query, "stale"), &stale, answer))
		return NULL;
	struct scan *scan = scan_new(entity, check_name);
	scan->stream = (struct stream){scan_more, scan_free};
	scan->broker = broker;
	scan->form = form;
	scan->state = state;
	scan->stale = stale;
	answer->status = 200;
	answer->type = type;
	answer->stream = &scan->stream;
	return scan;
}

void scan_answer(const struct broker *broker, const struct request *request,
	const struct scan_form *form, const char *type, struct response *answer)
{
	struct scan *scan = scan_make(broker, request, form, type, answer);

	if (scan != NULL)
		scan->checks = broker->checks;
}

void scan_answer_own(const struct broker *broker, struct checks *checks,
	const struct request *request, const struct scan_form *form, const char *type,
	struct response *answer)
{
	struct scan *scan = scan_make(broker, request, form, type, answer);

	if (scan == NULL) {
		checks_free(checks);
		return;
	}
	scan->checks = checks;
	scan->own = true;
}

/*
 * GET /state: every check's last event, as an object keyed `entity:check`. `state` is what is told
 * of the check, `reported` what the event said.
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

/* What the event said, as it stands in the wire: `,"state":"ok"`. */
static struct text reported_text(const struct encoded *encoded)
{
	static const char before[] = ",\"state\":\"";
	const char *word = encoded->bytes + encoded->head + sizeof before - 1;
	const char *end = memchr(word, '"', (size_t)(encoded->bytes + encoded->length - word));

	return (struct text){word, (size_t)(end - word)};
}

static void event_append(struct buffer *out, const struct encoded *encoded,
	const struct text *reported, const char *told)
{
	size_t before = (size_t)(reported->bytes - encoded->bytes);
	size_t after = before + reported->length;

	if (told == NULL) {
		buffer_append(out, encoded->bytes, encoded->length);
		return;
	}
	buffer_append(out, encoded->bytes, before);
	buffer_append_text(out, told);
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
	event_append(
		out, &check->encoded, &reported, stale ? state_name(scan->broker->stale_as) : NULL);
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

/* Before the broker knows what Redis has, there are only events that were answered 202. */
struct look {
	struct submission submission;
	const struct broker *broker;
	struct buffer kept; /* a line each */
};

/* The writer of these states is this thread. */
static void entry_take(struct checks *checks, const struct prepared *prepared)
{
	const struct checks_event event = {.encoded = prepared->encoded,
		.state = prepared->state,
		.time = prepared->time,
		.ttl = prepared->ttl,
		.deadline = prepared->deadline,
		.fraction = prepared->fraction};
	struct check *check = checks_find(checks, &prepared->names);

	if (prepared->forgotten && check != NULL) {
		checks_remove(checks, check);
		free(check);
	} else if (prepared->forgotten || !state_lasts(prepared->state)) {
		return;
	} else if (check == NULL) {
		checks_add(checks, &prepared->names, &event);
	} else if (prepared->time >= check->time) {
		checks_set(checks, check, &event);
	}
}

static struct checks *entry_states(const struct look *look)
{
	const struct decode_context decode_context = {look->broker->flapjack, 0, moment_now()};
	const char *line = look->kept.data, *end;
	struct siphash_key key;
	struct prepared prepared;
	struct reason why;

	if (getentropy(&key, sizeof key) != 0) /* for this answer any will do */
		key = (struct siphash_key){0, 0};
	struct checks *checks = checks_new(&key);
	for (; line != NULL && (end = strchr(line, '\n')) != NULL; line = end + 1) {
		struct blob json = {line, (size_t)(end - line)};

		if (!decode_event(&decode_context, json, &prepared, &why))
			continue;
		entry_take(checks, &prepared);
		prepared_free(&prepared);
	}
	return checks;
}

static struct submission *get_begin(
	const struct broker *broker, struct request *request, struct response *answer)
{
	if (delivery_role(broker->delivery) != DELIVERY_STARTS) {
		scan_answer(broker, request, &listing, ANSWER_JSON, answer);
		return NULL;
	}
	struct look *look = request->data = memory_zeroed(1, sizeof *look);
	look->broker = broker;
	look->submission.look = &look->kept;
	return &look->submission;
}

static void get_end(struct request *request, struct response *answer)
{
	const struct look *look = request->data;

	if (look->submission.result == SUBMISSION_DROPPED)
		response_busy(answer, look->submission.why);
	else
		scan_answer_own(
			look->broker, entry_states(look), request, &listing, ANSWER_JSON, answer);
}

static void get_free(struct request *request)
{
	struct look *look = request->data;

	if (look != NULL)
		buffer_free(&look->kept);
	free(look);
}

const struct route route_get_state = {.path = "/state",
	.method = "GET",
	.active_only = true,
	.begin = get_begin,
	.end = get_end,
	.free = get_free};

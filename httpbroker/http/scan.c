/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/scan.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

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

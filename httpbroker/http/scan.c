/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/scan.h"

#include "common/memory.h"

#include <stdlib.h>
#include <string.h>

static bool text_is(const char *text, size_t length, const char *bytes, size_t count)
{
	return text == NULL || (length == count && memcmp(text, bytes, length) == 0);
}

static bool is_wanted(const struct scan *scan, const struct state *state)
{
	size_t check = (size_t)state->entity_length + 1;
	bool stale = state->deadline <= scan->now.monotonic;
	int told = stale ? (int)scan->broker->stale_as : (int)state->condition;

	return (scan->condition < 0 || scan->condition == told) &&
	       (scan->stale < 0 || scan->stale == (int)stale) &&
	       text_is(scan->entity, scan->entity_length, state->names, state->entity_length) &&
	       text_is(scan->check, scan->check_length, state->names + check,
		       state->hh.keylen - check);
}

static void state_scan(const struct state *state, void *context)
{
	struct scan *scan = context;

	if (!is_wanted(scan, state))
		return;
	scan->form->item(scan, state);
	scan->begun = true;
}

/* One check is found by its name; whatever else is wanted has to be looked for. */
static bool states_scan(struct scan *scan)
{
	struct states *states = scan->states;

	if (scan->entity == NULL || scan->check == NULL)
		return states_visit_some(states, &scan->cursor, state_scan, scan);
	const struct names names = {scan->names,
		(uint16_t)(scan->entity_length + 1 + scan->check_length),
		(uint16_t)scan->entity_length};
	states_visit_one(states, &names, state_scan, scan);
	return false;
}

static bool scan_more(struct stream *stream, struct buffer *out)
{
	struct scan *scan = (struct scan *)stream;

	scan->out = out;
	scan->now = moment_now();
	if (scan->cursor.parts == 0)
		scan->form->head(scan);
	if (states_scan(scan))
		return true;
	scan->form->foot(scan);
	scan->begun = false;
	return ++scan->pass < scan->form->passes;
}

static void scan_free(struct stream *stream)
{
	struct scan *scan = (struct scan *)stream;

	if (scan->own)
		states_free(scan->states);
	free(scan);
}

static const char *const parameters[] = {"entity", "check", "state", "stale", NULL};

static size_t length_of(const char *text)
{
	return text != NULL ? strlen(text) : 0;
}

/* The names as the table has them, `entity:check`. */
static struct scan *scan_new(const char *entity, const char *check)
{
	size_t entity_length = length_of(entity), check_length = length_of(check);
	struct scan *scan = memory_zeroed(1, sizeof *scan + entity_length + 1 + check_length);

	scan->entity_length = entity_length;
	scan->check_length = check_length;
	scan->names[entity_length] = ':';
	if (entity != NULL)
		scan->entity = memcpy(scan->names, entity, entity_length);
	if (check != NULL)
		scan->check = memcpy(scan->names + entity_length + 1, check, check_length);
	return scan;
}

static bool name_check(const char *key, const char *name, struct answer *answer)
{
	struct reason why;

	if (name == NULL || event_name_check(key, (struct text){name, strlen(name)}, &why))
		return true;
	answer_error(answer, 400, "%s", why.text);
	return false;
}

static bool condition_take(const char *word, int *out, struct answer *answer)
{
	enum condition condition;
	bool known;

	*out = -1;
	if (word == NULL)
		return true;
	if (!condition_read(word, strlen(word), &condition, &known) ||
		!condition_lasts(condition)) {
		answer_error(answer, 400, "'state' is '%.64s', not one of %s", word,
			CONDITION_LASTING_WORDS);
		return false;
	}
	*out = (int)condition;
	return true;
}

static bool stale_take(const char *word, int *out, struct answer *answer)
{
	*out = -1;
	if (word == NULL)
		return true;
	if (strcmp(word, "true") != 0 && strcmp(word, "false") != 0) {
		answer_error(answer, 400, "'stale' is '%.64s', not true or false", word);
		return false;
	}
	*out = strcmp(word, "true") == 0;
	return true;
}

/* NULL, with an answer, if the query is wrong. */
static struct scan *scan_make(const struct broker *broker, const struct request *request,
	const struct scan_form *form, const char *type, struct answer *answer)
{
	const char *entity = query_get(&request->query, "entity");
	const char *check = query_get(&request->query, "check");
	int condition, stale;

	if (!query_check(&request->query, parameters, answer) ||
		!name_check("entity", entity, answer) || !name_check("check", check, answer) ||
		!condition_take(query_get(&request->query, "state"), &condition, answer) ||
		!stale_take(query_get(&request->query, "stale"), &stale, answer))
		return NULL;
	struct scan *scan = scan_new(entity, check);
	scan->stream = (struct stream){scan_more, scan_free};
	scan->broker = broker;
	scan->form = form;
	scan->condition = condition;
	scan->stale = stale;
	answer->status = 200;
	answer->type = type;
	answer->stream = &scan->stream;
	return scan;
}

void scan_answer(const struct broker *broker, const struct request *request,
	const struct scan_form *form, const char *type, struct answer *answer)
{
	struct scan *scan = scan_make(broker, request, form, type, answer);

	if (scan != NULL)
		scan->states = broker->states;
}

void scan_answer_own(const struct broker *broker, struct states *states,
	const struct request *request, const struct scan_form *form, const char *type,
	struct answer *answer)
{
	struct scan *scan = scan_make(broker, request, form, type, answer);

	if (scan == NULL) {
		states_free(states);
		return;
	}
	scan->states = states;
	scan->own = true;
}

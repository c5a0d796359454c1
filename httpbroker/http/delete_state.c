/* SPDX-License-Identifier: MIT */
/* DELETE /state?entity=E[&check=C]: a check is forgotten, or all of an entity. */
#include "common/memory.h"
#include "httpbroker/checks/event.h"
#include "httpbroker/http/routes.h"

#include <stdlib.h>
#include <string.h>

/* One allocation for everything that one request needs until it is answered. */
struct deletion {
	struct submission submission;
	struct forget forget;
	char names[]; /* `entity`, or `entity:check` */
};

static const char *const parameters[] = {"entity", "check", NULL};

static struct text parameter_text(const struct request *request, const char *name)
{
	const char *value = query_get(&request->query, name);

	return (struct text){value, value != NULL ? strlen(value) : 0};
}

static struct deletion *deletion_new(struct text entity, struct text check)
{
	size_t length = entity.length + (check.bytes != NULL ? 1 + check.length : 0);
	struct deletion *deletion = memory_zeroed(1, sizeof *deletion + length);

	memcpy(deletion->names, entity.bytes, entity.length);
	if (check.bytes != NULL) {
		deletion->names[entity.length] = ':';
		memcpy(deletion->names + entity.length + 1, check.bytes, check.length);
	}
	deletion->forget.names =
		(struct names){deletion->names, (uint16_t)length, (uint16_t)entity.length};
	deletion->submission.forget = &deletion->forget;
	return deletion;
}

static struct submission *delete_begin(
	const struct broker *broker, struct request *request, struct response *answer)
{
	struct text entity = parameter_text(request, "entity");
	struct text check = parameter_text(request, "check");
	struct reason why;

	if (!query_check(&request->query, parameters, answer))
		return NULL;
	if (!event_name_check("entity", entity, &why) ||
		(check.bytes != NULL && !event_name_check("check", check, &why))) {
		response_error(answer, 400, "%s", why.text);
		return NULL;
	}
	if (!acl_allows(request->acl, broker->flapjack, entity, (struct text){NULL, 0})) {
		response_error(answer, 403, "this token may not write '%.*s'", (int)entity.length,
			entity.bytes);
		return NULL;
	}
	struct deletion *deletion = deletion_new(entity, check);
	request->data = deletion;
	return &deletion->submission;
}

static void none_answer(const struct names *names, struct response *answer)
{
	bool whole = names->length == names->entity_length;

	response_error(answer, 404, "nothing is remembered of %s'%.*s'",
		whole ? "any check of " : "", (int)names->length, names->bytes);
}

static void delete_end(struct request *request, struct response *answer)
{
	const struct deletion *deletion = request->data;

	if (deletion->submission.result == SUBMISSION_DROPPED) {
		response_busy(answer, deletion->submission.why);
		return;
	}
	if (deletion->forget.count == 0) {
		none_answer(&deletion->forget.names, answer);
		return;
	}
	answer->status = deletion->submission.result == SUBMISSION_ACCEPTED ? 202 : 200;
	answer->type = ANSWER_JSON;
	buffer_printf(&answer->body, "{\"forgotten\": %zu}\n", deletion->forget.count);
}

static void delete_free(struct request *request)
{
	free(request->data);
}

const struct route route_delete_state = {.path = "/state",
	.method = "DELETE",
	.begin = delete_begin,
	.end = delete_end,
	.free = delete_free};

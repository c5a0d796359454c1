/* SPDX-License-Identifier: MIT */
/* DELETE /state?entity=E[&check=C]: deletes a check, or all checks of an entity. */
#include "common/memory.h"
#include "httpbroker/checks/event.h"
#include "httpbroker/http/auth.h"
#include "httpbroker/http/routes.h"

#include <stdlib.h>
#include <string.h>

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

static struct submission *delete_begin(struct request *request)
{
	struct response *response = &request->response;
	struct text entity = parameter_text(request, "entity");
	struct text check = parameter_text(request, "check");
	struct reason why;

	if (!query_check(&request->query, parameters, response))
		return NULL;
	if (!event_name_check("entity", entity, &why) ||
		(check.bytes != NULL && !event_name_check("check", check, &why))) {
		response_error(response, 400, "%s", why.text);
		return NULL;
	}
	if (!acl_check(request->grant.acl, request->broker->flapjack, entity,
		    (struct text){NULL, 0}, &why)) {
		response_error(response, 403, "%s", why.text);
		return NULL;
	}
	struct deletion *deletion = deletion_new(entity, check);
	request->data = deletion;
	return &deletion->submission;
}

static void delete_end(struct request *request)
{
	struct response *response = &request->response;
	const struct deletion *deletion = request->data;

	if (deletion->submission.result == SUBMISSION_DROPPED) {
		response_busy(response, deletion->submission.why);
		return;
	}
	if (deletion->forget.count == 0) {
		const struct names *names = &deletion->forget.names;

		response_error(response, 404, "nothing is remembered of %s'%.*s'",
			names->length == names->entity_length ? "any check of " : "",
			(int)names->length, names->bytes);
		return;
	}
	response->status = deletion->submission.result == SUBMISSION_ACCEPTED ? 202 : 200;
	response->type = CONTENT_JSON;
	buffer_printf(&response->body, "{\"forgotten\": %zu}\n", deletion->forget.count);
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

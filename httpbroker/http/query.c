/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/routes.h"

#include <string.h>

const char *query_get(const struct query *query, const char *name)
{
	for (unsigned i = 0; i < query->count; i++)
		if (strcmp(query->parameters[i].name, name) == 0)
			return query->parameters[i].value != NULL ? query->parameters[i].value : "";
	return NULL;
}

static bool is_known(const char *name, const char *const *known)
{
	for (size_t i = 0; known[i] != NULL; i++)
		if (strcmp(known[i], name) == 0)
			return true;
	return false;
}

bool query_check(const struct query *query, const char *const *known, struct response *answer)
{
	if (!query->sound) {
		response_error(answer, 400,
			"the query has a parameter twice, a NUL, or more than %d parameters",
			QUERY_MAX);
		return false;
	}
	for (unsigned i = 0; i < query->count; i++)
		if (!is_known(query->parameters[i].name, known)) {
			response_error(answer, 400, "there is no parameter '%.64s' here",
				query->parameters[i].name);
			return false;
		}
	return true;
}

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

static const struct route *const routes[] = {
	&route_delete_state,
	&route_get_health,
	&route_get_metrics,
	&route_get_state,
	&route_get_state_metrics,
	&route_post_state,
};

/* The methods of each path, for Allow. */
static const struct path {
	const char *path;
	const char *methods;
} paths[] = {
	{"/health", "GET, HEAD"},
	{"/metrics", "GET, HEAD"},
	{"/metrics/states", "GET, HEAD"},
	{"/state", "DELETE, GET, HEAD, POST"},
};

static const struct path *path_find(const char *path)
{
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		if (strcmp(paths[i].path, path) == 0)
			return &paths[i];
	return NULL;
}

/* HEAD is as GET: the HTTP library leaves out the body. */
static bool route_takes(const struct route *route, const char *method)
{
	return strcmp(route->method, strcmp(method, "HEAD") == 0 ? "GET" : method) == 0;
}

const struct route *route_find(const char *method, const char *path, struct response *answer)
{
	const struct path *known = path_find(path);

	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
		if (strcmp(routes[i]->path, path) == 0 && route_takes(routes[i], method))
			return routes[i];
	if (known == NULL) {
		response_error(answer, 404,
			"there is nothing at %.200s; there are /state, /health, /metrics and /metrics/states",
			path);
		return NULL;
	}
	response_error(
		answer, 405, "%s does not take %.32s, only %s", path, method, known->methods);
	answer->allow = known->methods;
	return NULL;
}

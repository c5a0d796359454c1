/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/routes.h"

#include <string.h>

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

/* SPDX-License-Identifier: MIT */
/* Which route answers a request; the query; refusals. */
#include "httpbroker/http/request.h"

#include <string.h>

/* `methods` is the same for all routes of a path: the Allow header. */
static const struct {
	const struct route *route;
	const char *methods;
} routes[] = {
	{&route_post_state, "DELETE, GET, HEAD, POST"},
	{&route_delete_state, "DELETE, GET, HEAD, POST"},
	{&route_get_state, "DELETE, GET, HEAD, POST"},
	{&route_get_check, "GET, HEAD"},
	{&route_get_health, "GET, HEAD"},
	{&route_get_metrics, "GET, HEAD"},
	{&route_get_state_metrics, "GET, HEAD"},
};

static bool path_matches(const char *wanted, const char *path)
{
	size_t length = strlen(wanted);

	if (wanted[length - 1] != '/')
		return strcmp(path, wanted) == 0;
	return strncmp(path, wanted, length) == 0 && path[length] != '\0';
}

const struct route *route_find(const char *method, const char *path, struct response *response)
{
	/* HEAD is handled as GET: libmicrohttpd omits the body */
	const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
	const char *allow = NULL;

	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
		if (!path_matches(routes[i].route->path, path))
			continue;
		if (strcmp(routes[i].route->method, wanted) == 0)
			return routes[i].route;
		allow = routes[i].methods;
	}
	response->allow = allow;
	if (allow != NULL)
		response_error(
			response, 405, "%s does not accept %.32s, only %s", path, method, allow);
	else
		response_error(response, 404,
			"there is nothing at %.200s; there are /state, /state/ENTITY/CHECK, /health, /metrics and /metrics/states",
			path);
	return NULL;
}

const char *query_get(const struct query *query, const char *name)
{
	for (unsigned i = 0; i < query->count; i++)
		if (strcmp(query->parameters[i].name, name) == 0)
			return query->parameters[i].value != NULL ? query->parameters[i].value : "";
	return NULL;
}

bool query_check(const struct query *query, const char *const *known, struct response *response)
{
	if (!query->valid) {
		response_error(response, 400,
			"the query has a parameter twice, a NUL, or more than %d parameters",
			QUERY_MAX);
		return false;
	}
	for (unsigned i = 0; i < query->count; i++) {
		const char *name = query->parameters[i].name;
		size_t k = 0;

		while (known[k] != NULL && strcmp(known[k], name) != 0)
			k++;
		if (known[k] == NULL) {
			response_error(response, 400, "there is no parameter '%.64s' here", name);
			return false;
		}
	}
	return true;
}

void request_refuse(
	struct request *request, const struct format *format, enum outcome outcome, const char *why)
{
	struct counters *counters = request->broker->counters;

	counters_event(counters, format, outcome, 1);
	if (outcome == OUTCOME_FULL)
		overload_update(counters, true);
	if (outcome == OUTCOME_FULL || outcome == OUTCOME_LATER)
		response_busy(&request->response, why);
	else
		response_error(&request->response,
			outcome == OUTCOME_TOO_LARGE   ? 413
			: outcome == OUTCOME_FORBIDDEN ? 403
						       : 400,
			"%s", why);
}

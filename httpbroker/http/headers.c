/* SPDX-License-Identifier: MIT */
/*
 * What can be refused before the body of a request is read: its framing, its headers, a path
 * without a route.
 */
#include "common/memory.h"
#include "httpbroker/http/auth.h"
#include "httpbroker/http/counters.h"
#include "httpbroker/http/hosts.h"
#include "httpbroker/http/routes.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What the headers say about the body, and what is wrong with them. */
struct framing {
	struct request *request; /* gets its headers */
	const char *unknown;     /* an unsupported transfer coding; NULL: none */
	bool twice;              /* two lengths that differ */
	bool in_place;           /* library_cuts_in_place() */
	unsigned hosts;          /* how many of them */
	bool odd_name;           /* a header's name has an illegal character */
	bool odd_end;            /* a header has a NUL or a CR, or does not end in CR LF */
};

/* In the order of enum header. */
static const struct {
	const char *name;
	size_t length;
} header_names[HEADERS] = {
#define HEADER_ROW(id, name) {name, sizeof(name) - 1},
	HEADER_LIST(HEADER_ROW)};

/* HEADERS: none of them. */
static enum header header_find(const char *name, size_t length)
{
	unsigned header = 0;

	while (header < HEADERS &&
		(header_names[header].length != length ||
			strncasecmp(header_names[header].name, name, length) != 0))
		header++;
	return (enum header)header;
}

/* The length of a name; 0: RFC 9112, 5.1, forbids a blank before the colon, which is part of it. */
static size_t name_length(const char *name)
{
	const char *c = name;

	while (*c > ' ' && *c < 0x7f)
		c++;
	return *c == '\0' ? (size_t)(c - name) : 0;
}

/*
 * libmicrohttpd before 1.0 hands out the headers in the buffer that it received, cut by NULs: one
 * in place of CR and one in place of LF. 1.0 itself refuses what this detects.
 */
static bool library_cuts_in_place(void)
{
	return MHD_get_version()[0] == '0';
}

static bool is_list(enum header header)
{
	return header == HEADER_ACCEPT || header == HEADER_CONTENT_ENCODING ||
	       header == HEADER_IF_NONE_MATCH || header == HEADER_PREFER;
}

/* Of a header that is there already: of a list all lines count (RFC 9110, 5.3), else the first. */
static void repeated_add(struct request *request, enum header header, const char *text)
{
	if (!is_list(header))
		return;
	char *joined = memory_printed("%s, %s", request->headers[header], text);
	free(request->joined[header]);
	request->headers[header] = request->joined[header] = joined;
}

void headers_free(struct request *request)
{
	for (unsigned i = 0; i < HEADERS; i++)
		free(request->joined[i]);
}

/* An MHD_KeyValueIterator. */
static enum MHD_Result header_add(
	void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct framing *framing = context;
	const char *text = value != NULL ? value : "";
	const size_t length = name_length(name);
	enum header header = header_find(name, length);

	(void)kind;
	if (header < HEADERS) {
		const char **place = &framing->request->headers[header], *first = *place;

		framing->twice |= header == HEADER_CONTENT_LENGTH && first != NULL &&
				  strcmp(first, text) != 0;
		if (header == HEADER_TRANSFER_ENCODING &&
			(first != NULL || strcasecmp(text, "chunked") != 0))
			framing->unknown = text;
		framing->hosts += header == HEADER_HOST;
		if (first == NULL)
			*place = text;
		else
			repeated_add(framing->request, header, text);
	}
	framing->odd_name |= length == 0;
	/* to a proxy a CR may be the end of a line */
	framing->odd_end |= strchr(text, '\r') != NULL;
	if (framing->in_place && value != NULL)
		framing->odd_end |= value[strlen(value) + 1] != '\0';
	return MHD_YES;
}

/* NULL: nothing. */
static const char *framing_fault(const struct framing *framing, bool http_1_0)
{
	const char *const *headers = framing->request->headers;
	const char *coding = headers[HEADER_TRANSFER_ENCODING];

	if (framing->odd_name)
		return "a header's name has a blank or a control character";
	if (framing->odd_end)
		return "a header has a NUL or a CR in it, or does not end in CR LF";
	if (framing->hosts > 1)
		return "there are two Host";
	if (framing->hosts == 0 && !http_1_0)
		return "there is no Host";
	if (framing->twice)
		return "there are two Content-Length that differ";
	if (coding != NULL && http_1_0)
		return "there is a Transfer-Encoding in HTTP/1.0";
	if (coding != NULL && headers[HEADER_CONTENT_LENGTH] != NULL)
		return "there are both Content-Length and Transfer-Encoding";
	return NULL;
}

bool headers_framing_check(struct request *request, const char *version)
{
	const struct target *target = &request->client->target;
	struct framing framing = {.request = request, .in_place = library_cuts_in_place()};

	MHD_get_connection_values(request->connection, MHD_HEADER_KIND, header_add, &framing);
	const char *fault = framing_fault(&framing, strcmp(version, MHD_HTTP_VERSION_1_0) == 0);
	/* without a NUL, the version follows the target, behind what was a blank */
	if (target->has_nul || (framing.in_place && version[0] != '\0' &&
				       version != target->bytes + target->length + 1))
		fault = "there is a NUL in the target";
	if (framing.unknown != NULL)
		response_error(&request->response, 501,
			"Transfer-Encoding: %.64s is not supported, only chunked", framing.unknown);
	else if (fault != NULL)
		response_error(&request->response, 400, "%s", fault);
	return framing.unknown == NULL && fault == NULL;
}

/*
 * A ping by GET changes a state. A page can make a browser send it without Origin, and without
 * Sec-Fetch-Site if our address is not trustworthy to it (plain HTTP): what every browser does send
 * is its name. PowerShell's begins with the same word.
 */
static bool may_be_page(const struct request *request)
{
	const char *agent = request->headers[HEADER_USER_AGENT];

	/* without --token-file any token would do */
	return (request->context->auth == NULL || request->parts->token.bytes == NULL) &&
	       request->headers[HEADER_SEC_FETCH_SITE] == NULL && agent != NULL &&
	       strncmp(agent, "Mozilla/", 8) == 0 && strstr(agent, "PowerShell") == NULL;
}

/* False: a page of another site made a browser send it. */
static bool site_is_trusted(const struct request *request)
{
	return hosts_trust(&request->context->hosts, request->headers[HEADER_SEC_FETCH_SITE],
		request->headers[HEADER_ORIGIN], request->headers[HEADER_HOST]);
}

/* HTTP/1.0 may be without Host; no browser sends that. */
static bool origin_check(struct request *request)
{
	const struct hosts *hosts = &request->context->hosts;
	const char *method = request->method, *host = request->headers[HEADER_HOST];
	bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	bool pings = request->parts != NULL && request->parts->ping;

	if (request->client->checks_host && host != NULL && !hosts_know(hosts, host))
		response_error(&request->response, 403,
			"'%.64s' in Host is no name of this broker: see --host-name", host);
	else if ((!reads || pings) && !site_is_trusted(request))
		response_error(&request->response, 403,
			"a web page of another site may not change states: see --host-name");
	else if (reads && pings && may_be_page(request))
		response_error(&request->response, 403,
			"a web page may have made a browser send this: use POST, or a token in the "
			"path");
	else
		return true;
	return false;
}

static bool coding_check(struct request *request)
{
	const char *coding = request->headers[HEADER_CONTENT_ENCODING];

	if (coding == NULL || strcasecmp(coding, "identity") == 0)
		return true;
	response_error(&request->response, 415,
		"Content-Encoding: %.64s is not supported: send the body uncompressed", coding);
	return false;
}

/* A quoted value with a comma is misread; none of ours has a value. */
bool prefer_has(const char *value, const char *preference)
{
	const size_t wanted = strlen(preference);

	while (value != NULL && *value != '\0') {
		value += strspn(value, ", \t");
		size_t length = strcspn(value, "=;, \t");
		if (length == wanted && strncasecmp(value, preference, wanted) == 0)
			return true;
		value += strcspn(value, ",");
	}
	return false;
}

/* The weight behind a media range, `;q=0.5`, in thousandths; not given: the highest. */
static unsigned weight_read(const char *range, const char *end)
{
	const char *c = range;

	while ((c = memchr(c, ';', (size_t)(end - c))) != NULL) {
		c++;
		c += strspn(c, " \t");
		if (strncasecmp(c, "q=", 2) != 0)
			continue;
		unsigned weight = c[2] == '1' ? 1000 : 0, digit = 100;
		if (weight == 0 && c[2] == '0' && c[3] == '.')
			for (c += 4; isdigit((unsigned char)*c); c++, digit /= 10)
				weight += (unsigned)(*c - '0') * digit;
		return weight;
	}
	return 1000;
}

/* How a media range matches a type; the more exact one counts. */
enum range_match { RANGE_NOT, RANGE_ANY, RANGE_KIND, RANGE_EXACT };

static enum range_match range_match(const char *range, const char *type)
{
	size_t length = strcspn(range, ";, \t"), kind = strcspn(type, "/") + 1;

	if (length == strlen(type) && strncasecmp(range, type, length) == 0)
		return RANGE_EXACT;
	if (length == kind + 1 && range[kind] == '*' && strncasecmp(range, type, kind) == 0)
		return RANGE_KIND;
	return length == 3 && strncmp(range, "*/*", 3) == 0 ? RANGE_ANY : RANGE_NOT;
}

/* The weight of a type in an Accept header; 0: it is not acceptable. */
static unsigned weight_of(const char *value, const char *type, enum range_match *best)
{
	unsigned weight = 0;

	*best = RANGE_NOT;
	while (*value != '\0') {
		value += strspn(value, ", \t");
		const char *end = value + strcspn(value, ",");
		enum range_match match = range_match(value, type);
		if (match > *best) {
			*best = match;
			weight = weight_read(value, end);
		}
		value = end;
	}
	return weight;
}

bool accepts_json(const char *value)
{
	enum range_match json, text;

	if (value == NULL)
		return false;
	unsigned json_weight = weight_of(value, CONTENT_JSON, &json);
	unsigned text_weight = weight_of(value, "text/plain", &text);
	return json_weight > text_weight ||
	       (json_weight > 0 && json_weight == text_weight && json == RANGE_EXACT);
}

/* ---- which route answers a request; refusals ---- */

/* `methods` is the same for all routes of a path: the Allow header. */
static const struct {
	const struct route *route;
	const char *methods;
} routes[] = {
	{&route_post_state, "DELETE, GET, HEAD, POST"},
	{&route_delete_state, "DELETE, GET, HEAD, POST"},
	{&route_get_state, "DELETE, GET, HEAD, POST"},
	{&route_get_check, "GET, HEAD"},
	{&route_get_ping, "GET, HEAD, POST"},
	{&route_post_ping, "GET, HEAD, POST"},
	{&route_get_page, "GET, HEAD"},
	{&route_get_page_js, "GET, HEAD"},
	{&route_get_page_css, "GET, HEAD"},
	{&route_get_page_data, "GET, HEAD"},
	{&route_get_health, "GET, HEAD"},
	{&route_get_metrics, "GET, HEAD"},
	{&route_get_state_metrics, "GET, HEAD"},
};

static bool path_matches(const char *wanted, const char *path)
{
	size_t length = strlen(wanted);

	if (length == 1 || wanted[length - 1] != '/')
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
			"there is nothing at %.200s; there are /, /state, /state/ENTITY/CHECK, /ping/ENTITY/CHECK, /health, /metrics and /metrics/states",
			path);
	return NULL;
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

/* False: a 401. */
static bool token_check(struct request *request)
{
	struct auth *auth = request->context->auth;
	const struct path *path = request->parts;
	const char *header = request->headers[HEADER_AUTHORIZATION];
	const char *why;

	if (auth == NULL)
		return true;
	switch (path != NULL && path->token.bytes != NULL
			? auth_check_token(auth, path->token, &request->grant)
			: auth_check(auth, header, &request->grant)) {
	case AUTH_OK:
		return true;
	case AUTH_MISSING:
		why = "a token is needed";
		break;
	default:
		why = "this token is not known";
	}
	response_error(&request->response, 401,
		"%s: send Authorization: Bearer TOKEN, or Basic with it as the password", why);
	request->response.challenge = true;
	return false;
}

/* A client without a token does not learn which paths exist: its 401 replaces the 404. */
bool headers_check(struct request *request)
{
	if (!origin_check(request))
		return false;
	const struct route *route = request->route =
		route_find(request->method, request->path, &request->response);
	if ((route == NULL || !route->open) && !token_check(request))
		return false;
	if (route != NULL && route->own_page && !site_is_trusted(request)) {
		response_error(
			&request->response, 403, "a web page of another site may not read this");
		return false;
	}
	return route != NULL && coding_check(request);
}

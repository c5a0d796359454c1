/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/headers.h"

#include "common/address.h"
#include "httpbroker/http/path.h"
#include "httpbroker/http/request.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * nginx sends the name of its upstream as Host by default, and our example calls it so. A foreign
 * site cannot have a name without a dot.
 */
#define PROXY_UPSTREAM "httpbroker"

enum { NAME_MAX_BYTES = 253 }; /* RFC 1035, 2.3.4, as text */

/* A name in a header's value, without a NUL at its end; length 0: none. */
struct name {
	const char *text;
	size_t length;
};

static bool name_is(struct name name, const char *text)
{
	return name.length == strlen(text) && strncasecmp(name.text, text, name.length) == 0;
}

static bool is_port(const char *text)
{
	return text[0] == '\0' ||
	       (text[0] == ':' && strspn(text + 1, "0123456789") == strlen(text + 1));
}

/* The name of `name[:port]`, without a final dot. */
static struct name name_of(const char *host)
{
	const char *close = host[0] == '[' ? strchr(host, ']') : NULL;
	size_t length = close != NULL ? (size_t)(close + 1 - host) : strcspn(host, ":");

	if (!is_port(host + length))
		return (struct name){host, 0};
	if (length > 1 && host[length - 1] == '.')
		length--;
	return (struct name){host, length};
}

static bool is_listed(const struct hosts *hosts, struct name name)
{
	for (size_t i = 0; i < hosts->count; i++)
		if (name_is(name, hosts->names[i]))
			return true;
	return false;
}

bool hosts_name_check(const char *name)
{
	size_t length = strlen(name);
	struct in6_addr ignored;
	char text[INET6_ADDRSTRLEN];

	if (length > 2 && name[0] == '[' && name[length - 1] == ']' && length - 2 < sizeof text) {
		memcpy(text, name + 1, length - 2);
		text[length - 2] = '\0';
		return inet_pton(AF_INET6, text, &ignored) == 1;
	}
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && strchr(".-_", name[i]) == NULL)
			return false;
	return length > 0 && length <= NAME_MAX_BYTES && name[length - 1] != '.';
}

bool hosts_know(const struct hosts *hosts, const char *host)
{
	struct name name = name_of(host);
	const struct name first = {hosts->own, strcspn(hosts->own, ".")};

	if (name.length == 0)
		return false;
	return host_is_loopback(name.text, name.length) || name_is(name, PROXY_UPSTREAM) ||
	       name_is(name, hosts->own) ||
	       (name.length == first.length &&
		       strncasecmp(name.text, first.text, name.length) == 0) ||
	       is_listed(hosts, name);
}

/* An origin is `scheme://name[:port]`, or `null`. */
static bool origin_is_ours(const struct hosts *hosts, const char *origin, const char *host)
{
	const char *mark = strstr(origin, "://");

	if (mark == NULL)
		return false;
	return (host != NULL && strcasecmp(mark + 3, host) == 0) ||
	       is_listed(hosts, name_of(mark + 3));
}

/* `none`: the user's own action, such as typing the address. */
bool hosts_trust(
	const struct hosts *hosts, const char *fetch_site, const char *origin, const char *host)
{
	if (fetch_site != NULL)
		return strcasecmp(fetch_site, "same-origin") == 0 ||
		       strcasecmp(fetch_site, "none") == 0;
	return origin == NULL || origin_is_ours(hosts, origin, host);
}

enum { PARAMETERS_MAX = 64 }; /* of a query; a hundred more are too many for libmicrohttpd */

/* What the headers say about the body, and what is wrong with them. */
struct framing {
	const char *length;  /* Content-Length; NULL: none */
	const char *coding;  /* Transfer-Encoding; NULL: none */
	const char *unknown; /* an unsupported transfer coding; NULL: none */
	bool twice;          /* two lengths that differ */
	bool in_place;       /* library_cuts_in_place() */
	const char *host;    /* Host; NULL: none */
	unsigned hosts;      /* how many of them */
	bool odd_name;       /* a header's name has an illegal character */
	bool odd_end;        /* a header has a NUL, or does not end in CR LF */
};

struct target target_look(const char *uri)
{
	const char *query = strchr(uri, '?'), *nul = strstr(uri, "%00");
	unsigned parameters = 0;

	for (const char *c = query; c != NULL && parameters <= PARAMETERS_MAX; parameters++)
		c = strchr(c + 1, '&');
	return (struct target){uri, strlen(uri), nul != NULL && (query == NULL || nul < query),
		parameters > PARAMETERS_MAX, path_read(uri)};
}

void target_clear(struct target *target)
{
	free(target->path);
	target->path = NULL;
}

/* RFC 9112, 5.1, forbids a blank before the colon; libmicrohttpd makes it part of the name. */
static bool is_name(const char *name)
{
	const char *c = name;

	while (*c > ' ' && *c < 0x7f)
		c++;
	return *c == '\0' && c > name;
}

/*
 * libmicrohttpd before 1.0 hands out the headers in the buffer that it received, cut by NULs: one
 * in place of CR and one in place of LF. 1.0 itself refuses what this detects.
 */
static bool library_cuts_in_place(void)
{
	return MHD_get_version()[0] == '0';
}

/* An MHD_KeyValueIterator. */
static enum MHD_Result header_add(
	void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct framing *framing = context;
	const char *text = value != NULL ? value : "";

	(void)kind;
	if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
		framing->twice |= framing->length != NULL && strcmp(framing->length, text) != 0;
		framing->length = text;
	} else if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
		if (framing->coding != NULL || strcasecmp(text, "chunked") != 0)
			framing->unknown = text;
		framing->coding = text;
	} else if (strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0) {
		framing->host = text;
		framing->hosts++;
	}
	framing->odd_name |= !is_name(name);
	if (framing->in_place && value != NULL)
		framing->odd_end |= value[strlen(value) + 1] != '\0';
	return MHD_YES;
}

/* NULL: nothing. */
static const char *framing_fault(const struct framing *framing, bool http_1_0)
{
	if (framing->odd_name)
		return "a header's name has a blank or a control character";
	if (framing->odd_end)
		return "a header has a NUL in it, or does not end in CR LF";
	if (framing->hosts > 1)
		return "there are two Host";
	if (framing->hosts == 0 && !http_1_0)
		return "there is no Host";
	if (framing->twice)
		return "there are two Content-Length that differ";
	if (framing->coding != NULL && http_1_0)
		return "there is a Transfer-Encoding in HTTP/1.0";
	if (framing->coding != NULL && framing->length != NULL)
		return "there are both Content-Length and Transfer-Encoding";
	return NULL;
}

bool headers_framing_check(struct request *request, const char *version)
{
	const struct target *target = &request->client->target;
	struct framing framing = {.in_place = library_cuts_in_place()};

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
	request->host = framing.host;
	request->length = framing.length;
	return framing.unknown == NULL && fault == NULL;
}

/* HTTP/1.0 may be without Host; no browser sends that. */
bool headers_origin_check(struct request *request)
{
	const struct hosts *hosts = &request->context->hosts;
	const char *method = request->method, *host = request->host;
	bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

	if (request->client->checks_host && host != NULL && !hosts_know(hosts, host))
		response_error(&request->response, 403,
			"'%.64s' in Host is no name of this broker: see --host-name", host);
	else if (!reads && !hosts_trust(hosts, request->header(request, "Sec-Fetch-Site"),
				   request->header(request, MHD_HTTP_HEADER_ORIGIN), host))
		response_error(&request->response, 403,
			"a web page of another site may not change states: see --host-name");
	else
		return true;
	return false;
}

bool headers_coding_check(struct request *request)
{
	const char *coding = request->header(request, MHD_HTTP_HEADER_CONTENT_ENCODING);

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

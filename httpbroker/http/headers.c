/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/headers.h"

#include "common/number.h"

#include <string.h>
#include <strings.h>

static const char *header_of(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

int64_t headers_length(struct MHD_Connection *connection)
{
	const char *text = header_of(connection, MHD_HTTP_HEADER_CONTENT_LENGTH);
	struct reason ignored;
	int64_t length = 0;

	if (text != NULL && !number_parse(text, 0, INT64_MAX, &length, &ignored))
		return INT64_MAX;
	return length;
}

bool headers_expect(struct MHD_Connection *connection)
{
	return header_of(connection, MHD_HTTP_HEADER_EXPECT) != NULL;
}

bool headers_coding(struct MHD_Connection *connection, struct response *answer)
{
	const char *coding = header_of(connection, MHD_HTTP_HEADER_CONTENT_ENCODING);

	if (coding == NULL || strcasecmp(coding, "identity") == 0)
		return true;
	response_error(answer, 415, "Content-Encoding: %.64s is not taken: send the body as it is",
		coding);
	return false;
}

/* HTTP/1.0 may be without Host; no browser sends that. */
bool headers_site(struct MHD_Connection *connection, const char *method, const struct hosts *hosts,
	bool checks_host, struct response *answer)
{
	const char *host = header_of(connection, MHD_HTTP_HEADER_HOST);
	bool reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

	if (checks_host && host != NULL && !hosts_know(hosts, host))
		response_error(answer, 403,
			"'%.64s' in Host is no name of this broker: see --host-name", host);
	else if (!reads && !hosts_trust(hosts, header_of(connection, "Sec-Fetch-Site"),
				   header_of(connection, MHD_HTTP_HEADER_ORIGIN), host))
		response_error(answer, 403,
			"a web page of another site may not change states: see --host-name");
	else
		return true;
	return false;
}

enum { PARAMETERS_MAX = 64 }; /* of a query; a hundred more are too many for the library */

/* What the headers say of it. */
struct framing {
	const char *length;  /* Content-Length; NULL: not there */
	const char *coding;  /* Transfer-Encoding; NULL: not there */
	const char *unknown; /* a transfer coding that is not for us; NULL: none */
	bool twice;          /* two lengths that differ */
	bool in_place;       /* library_cuts_in_place() */
	unsigned hosts;      /* how many Host there are */
	bool odd_name;       /* of a header: with what is no character of a name */
	bool odd_end;        /* of a header: a NUL in it, or an end that is not CR LF */
};

struct target target_look(const char *uri)
{
	const char *query = strchr(uri, '?'), *nul = strstr(uri, "%00");
	unsigned parameters = 0;

	for (const char *c = query; c != NULL && parameters <= PARAMETERS_MAX; parameters++)
		c = strchr(c + 1, '&');
	return (struct target){uri, strlen(uri), nul != NULL && (query == NULL || nul < query),
		parameters > PARAMETERS_MAX};
}

static void length_take(struct framing *framing, const char *value)
{
	framing->twice |= framing->length != NULL && strcmp(framing->length, value) != 0;
	framing->length = value;
}

static void coding_take(struct framing *framing, const char *value)
{
	if (framing->coding != NULL || strcasecmp(value, "chunked") != 0)
		framing->unknown = value;
	framing->coding = value;
}

/* A blank before the colon is the library's part of the name (RFC 9112, 5.1, forbids it). */
static bool is_name(const char *name)
{
	const char *c = name;

	while (*c > ' ' && *c < 0x7f)
		c++;
	return *c == '\0' && c > name;
}

/*
 * libmicrohttpd before 1.0 hands out where the headers came in, cut by NULs: one in place of CR and
 * one in place of LF. 1.0 refuses what this is for.
 */
static bool library_cuts_in_place(void)
{
	return MHD_get_version()[0] == '0';
}

/* An MHD_KeyValueIterator. */
static enum MHD_Result header_take(
	void *context, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct framing *framing = context;
	const char *text = value != NULL ? value : "";

	(void)kind;
	if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0)
		length_take(framing, text);
	else if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0)
		coding_take(framing, text);
	framing->hosts += strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0;
	framing->odd_name |= !is_name(name);
	if (framing->in_place && value != NULL)
		framing->odd_end |= value[strlen(value) + 1] != '\0';
	return MHD_YES;
}

/* The version stands behind the target, with what was a blank in between. */
static bool target_has_nul(const struct target *target, const char *version)
{
	return target->has_nul || (library_cuts_in_place() && version[0] != '\0' &&
					  version != target->bytes + target->length + 1);
}

/* NULL: nothing. */
static const char *what_is_wrong(const struct framing *framing, bool http_1_0)
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

bool framing_check(struct MHD_Connection *connection, const struct target *target,
	const char *version, struct response *answer)
{
	struct framing framing = {.in_place = library_cuts_in_place()};

	MHD_get_connection_values(connection, MHD_HEADER_KIND, header_take, &framing);
	bool http_1_0 = strcmp(version, MHD_HTTP_VERSION_1_0) == 0;
	const char *wrong = target_has_nul(target, version) ? "there is a NUL in the target"
							    : what_is_wrong(&framing, http_1_0);
	if (framing.unknown != NULL)
		response_error(answer, 501, "Transfer-Encoding: %.64s is not taken, only chunked",
			framing.unknown);
	else if (wrong != NULL)
		response_error(answer, 400, "%s", wrong);
	return framing.unknown == NULL && wrong == NULL;
}

/* A quoted value with a comma in it is not taken for one: none of ours has a value. */
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

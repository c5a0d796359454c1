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

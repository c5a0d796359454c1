/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/requestlog.h"

#include "common/address.h"
#include "common/log.h"

#include <string.h>

/* Whose connection it is; of a UNIX socket's clients the kernel says no more. */
static const char *peer_text(struct MHD_Connection *connection, char out[ADDRESS_TEXT])
{
	const struct sockaddr *peer =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
			->client_addr;

	if (peer->sa_family == AF_UNIX)
		return "a UNIX socket";
	return address_of_socket(peer, out);
}

void requestlog_begin(struct MHD_Connection *connection, int fd, const struct request *request)
{
	char peer[ADDRESS_TEXT];

	log_debug("Started %.32s %.200s for connection %d from %s", request->method, request->path,
		fd, peer_text(connection, peer));
}

void requestlog_end(struct MHD_Connection *connection, int fd, unsigned status, nsec took)
{
	double milliseconds = (double)took / NSEC_PER_MSEC;
	char text[ADDRESS_TEXT];
	const char *peer = peer_text(connection, text);

	if (status != 0)
		log_debug("Completed %u in %.3fms for connection %d from %s", status, milliseconds,
			fd, peer);
	else
		log_debug("Ended without an answer after %.3fms for connection %d from %s",
			milliseconds, fd, peer);
}

/* SNS sends its password only after a 401, each time. */
static bool asks_for_challenge(const struct request *request, const struct response *answer)
{
	return answer->status == 401 &&
	       request->header(request, "x-amz-sns-message-type") != NULL &&
	       request->header(request, MHD_HTTP_HEADER_AUTHORIZATION) == NULL;
}

static bool is_worth_a_line(const struct request *request, const struct response *answer)
{
	unsigned status = answer->status;

	if (answer->why == NULL || asks_for_challenge(request, answer))
		return false;
	if (strcmp(request->method, "POST") != 0)
		return status == 401 || status == 403;
	return status == 207 || (status >= 400 && status < 500);
}

void requestlog_refusal(struct MHD_Connection *connection, const struct request *request,
	const struct response *answer)
{
	static struct log_limit limit;
	char peer[ADDRESS_TEXT], more[LOG_LIMIT_TEXT];
	unsigned long dropped_field;

	if (!is_worth_a_line(request, answer) ||
		!log_limit_pass(&limit, clock_monotonic(), &dropped_field))
		return;
	log_warning("%.32s %.200s from %s: %u: %s%s", request->method, request->path,
		peer_text(connection, peer), answer->status, answer->why,
		log_limit_text(dropped_field, more));
}

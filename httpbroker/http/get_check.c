/* SPDX-License-Identifier: MIT */
/*
 * GET /state/ENTITY/CHECK: one check, by the status alone: 200 while it is ok and not stale, 503
 * otherwise, 404 if it is not known. For clients that look at nothing else.
 */
#include "common/duration.h"
#include "httpbroker/checks/encode.h"
#include "httpbroker/delivery/delivery.h"
#include "httpbroker/http/get_state.h"

/* What is written about the check, while its shard is locked. */
struct answer {
	struct response *response;
	enum state stale_as;
	struct moment now;
	bool json;
};

static void line_write(struct buffer *out, const struct check *check, enum state reported,
	const struct answer *answer)
{
	const struct text summary = encoded_summary(&check->encoded);
	nsec late = answer->now.monotonic - check->deadline;
	char duration[DURATION_TEXT];

	buffer_printf(out, "%s: %.*s: ", state_name(reported), (int)check->hh.keylen, check->names);
	if (check_overruns(check, answer->now.monotonic))
		buffer_printf(out, "the run has not ended, was %s: ", state_name(check->state));
	else if (check->run.before == RUN_BEFORE_STALE)
		buffer_printf(out, "stale, was %s: ", state_name(check->state));
	else if (check_is_expired(check, answer->now.monotonic))
		buffer_printf(out, "stale for %s, was %s: ",
			duration_text(late / NSEC_PER_SEC * NSEC_PER_SEC, duration),
			state_name(check->state));
	jsontext_line(out, summary.bytes, summary.length);
	buffer_append(out, "\n", 1);
}

static void check_answer(const struct check *check, void *context)
{
	const struct answer *answer = context;
	struct response *response = answer->response;
	enum state reported = check_reported(check, answer->stale_as, answer->now.monotonic);

	response->status = reported == STATE_OK ? 200 : 503;
	response->type = answer->json ? CONTENT_JSON : CONTENT_TEXT;
	if (!answer->json) {
		line_write(&response->body, check, reported, answer);
		return;
	}
	check_object_write(&response->body, check, answer->stale_as, answer->now);
	buffer_append(&response->body, "\n", 1);
}

/* What is not known may still be in Redis. */
static void unknown_answer(const struct request *request, struct response *response)
{
	const struct delivery_status status = delivery_status(request->broker->delivery);
	const struct text *parts = request->parts->parts;

	if (status.role == DELIVERY_STARTS || status.loading)
		response_busy(response, "the checks are not read from Redis yet");
	else
		response_error(response, 404, "there is no check '%.*s' of '%.*s'",
			(int)parts[1].length, parts[1].bytes, (int)parts[0].length, parts[0].bytes);
}

static struct submission *get_begin(struct request *request)
{
	static const char *const none[] = {NULL};
	struct response *response = &request->response;
	struct answer answer = {response, request->broker->stale_as, moment_now(),
		prefer_has(request->headers[HEADER_ACCEPT], CONTENT_JSON)};
	struct buffer key = {NULL, 0, 0};

	if (!path_check(request, 0, "/state/ENTITY/CHECK") ||
		!query_check(&request->query, none, response))
		return NULL;
	const struct text *parts = request->parts->parts;
	buffer_append(&key, parts[0].bytes, parts[0].length);
	buffer_append(&key, ":", 1);
	buffer_append(&key, parts[1].bytes, parts[1].length);
	const struct names names = {key.data, (uint16_t)key.length, (uint16_t)parts[0].length};
	checks_visit_one(request->broker->checks, &names, check_answer, &answer);
	if (response->status == 0)
		unknown_answer(request, response);
	buffer_free(&key);
	return NULL;
}

const struct route route_get_check = {
	.path = "/state/", .method = "GET", .active_only = true, .begin = get_begin};

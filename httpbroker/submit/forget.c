/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/forget.h"

#include "common/buffer.h"
#include "common/log.h"
#include "common/random.h"
#include "common/signals.h"
#include "common/utf8.h"
#include "httpbroker/submit/response.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

static void parameter_append(struct buffer *query, const char *name, const char *value)
{
	struct buffer clean = {NULL, 0, 0}; /* as in events (event.h) */

	utf8_clean_append(&clean, value, strlen(value), UTF8_ONE_LINE);
	char *encoded = curl_easy_escape(NULL, clean.data, (int)clean.length);
	buffer_printf(query, "%s%s=%s", query->length > 0 ? "&" : "", name, encoded);
	curl_free(encoded);
	buffer_free(&clean);
}

char *forget_query(const char *entity, const char *check)
{
	struct buffer query = {NULL, 0, 0};

	parameter_append(&query, "entity", entity);
	if (check != NULL)
		parameter_append(&query, "check", check);
	return query.data;
}

/* Waits for the response or the next retry. */
static enum response_result wait_and_handle(
	struct sender *sender, const struct outage *outage, struct response *response)
{
	struct pollfd fds[TRANSFER_FDS];
	struct timespec left;
	nfds_t count = sender_watch(sender, fds);
	nsec until = sender_busy(sender) ? sender_deadline(sender) : outage->retry_at;

	signals_poll(fds, count, clock_timeout(clock_monotonic(), until, &left));
	if (!sender_busy(sender))
		return RESPONSE_PENDING;
	return sender_advance(sender, clock_monotonic(), response);
}

static bool stop_wanted(void)
{
	return signal_arrived(SIGTERM) || signal_arrived(SIGINT) || signal_arrived(SIGHUP);
}

/* RESPONSE_AWAY: no response within the limit. */
static enum response_result ask(struct sender *sender, const struct request *request,
	struct outage *outage, struct response *response)
{
	enum response_result result = RESPONSE_PENDING;
	char plan[OUTAGE_TEXT];

	while (result == RESPONSE_PENDING && !outage->given_up && !stop_wanted()) {
		if (!sender_busy(sender) && clock_monotonic() >= outage->retry_at)
			sender_start(sender, request);
		result = wait_and_handle(sender, outage, response);
		if (result != RESPONSE_AWAY)
			continue;
		if (response->unauthorized)
			outage_end_retries(outage);
		if (outage_failed(outage, clock_monotonic(), random_number()))
			sender_failure_log(sender, response, outage_plan(outage, NULL, plan));
		response_clear(response);
		result = RESPONSE_PENDING;
	}
	return result == RESPONSE_PENDING ? RESPONSE_AWAY : result;
}

int forget_run(struct sender *sender, const char *query, nsec retry_limit, bool verbose)
{
	const struct request request = {.query = query};
	struct response response = {.result = RESPONSE_PENDING};
	struct outage outage;

	outage_init(&outage, retry_limit);
	enum response_result result = ask(sender, &request, &outage, &response);
	if (result == RESPONSE_AWAY)
		log_error("%s: nothing was forgotten", sender_urls(sender));
	else if (result == RESPONSE_REFUSED)
		log_error("%s", response.why.text);
	else if (verbose)
		log_info("forgotten (%s)", response.why.text);
	response_clear(&response);
	return result == RESPONSE_ACCEPTED ? 0
	       : result == RESPONSE_AWAY   ? EX_UNAVAILABLE
					   : EX_DATAERR;
}

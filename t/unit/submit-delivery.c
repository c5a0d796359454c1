/* SPDX-License-Identifier: MIT */
/* What a response means for each event of a batch, and how an outage is retried and reported. */
#include "t/unit/unit.h"

#include "httpbroker/submit/queue.h"
#include "httpbroker/submit/response.h"

#include <string.h>

static char *const no_secrets[] = {NULL};

static void assert_outcome(
	long status, const char *body, enum response_result expected, const char *why)
{
	struct response response;

	response_read(status, body, 1, no_secrets, &response);
	assert_int_equal(response.result, expected);
	assert_string_equal(response.why.text, why);
	assert_null(response.items);
	response_clear(&response);
}

static void only_responses_of_httpbroker_accept_events(void **state)
{
	(void)state;
	assert_outcome(200, "Caching state: {}\n", RESPONSE_ACCEPTED, "HTTP 200");
	assert_outcome(202, "Sending event: {}\n", RESPONSE_ACCEPTED, "HTTP 202");
	assert_outcome(200, "SNS: confirmed\n", RESPONSE_ACCEPTED, "HTTP 200");
	assert_outcome(200, "{\"kept\": false, \"reason\": \"a newer event\"}\n", RESPONSE_ACCEPTED,
		"HTTP 200");
	assert_outcome(
		202, "{\"accepted\":1,\"refused\":0,\"events\":[]}", RESPONSE_ACCEPTED, "HTTP 202");
	assert_outcome(200, NULL, RESPONSE_AWAY, "not httpbroker's answer (HTTP 200)");
	assert_outcome(200, "<!DOCTYPE html>\r\n<title>Log in", RESPONSE_AWAY,
		"not httpbroker's answer: <!DOCTYPE html> (HTTP 200)");
	assert_outcome(202, "{\"accepted\":true}", RESPONSE_AWAY,
		"not httpbroker's answer: {\"accepted\":true} (HTTP 202)");
	assert_outcome(204, NULL, RESPONSE_AWAY, "not httpbroker's answer (HTTP 204)");
	assert_outcome(207, "<multistatus/>", RESPONSE_AWAY,
		"not httpbroker's answer: <multistatus/> (HTTP 207)");
}

static void only_responses_of_httpbroker_refuse_events(void **state)
{
	(void)state;
	assert_outcome(400, "{\"error\": \"state is missing\"}\n", RESPONSE_REFUSED,
		"state is missing (HTTP 400)");
	assert_outcome(
		403, "{\"error\": \"not yours\"}\n", RESPONSE_REFUSED, "not yours (HTTP 403)");
	assert_outcome(413, "{\"error\": \"too long\"}\n", RESPONSE_REFUSED, "too long (HTTP 413)");
	assert_outcome(413, NULL, RESPONSE_REFUSED, "not httpbroker's answer (HTTP 413)");
	assert_outcome(400, "<html>", RESPONSE_AWAY, "not httpbroker's answer: <html> (HTTP 400)");
	assert_outcome(403, "<html>", RESPONSE_AWAY, "not httpbroker's answer: <html> (HTTP 403)");
	assert_outcome(400, "{\"error\": 5}", RESPONSE_AWAY,
		"not httpbroker's answer: {\"error\": 5} (HTTP 400)");
}

static void an_error_about_the_url_refuses_no_event(void **state)
{
	(void)state;
	assert_outcome(400, "{\"error\": \"?ttl: no duration\"}", RESPONSE_AWAY,
		"?ttl: no duration (HTTP 400)");
	assert_outcome(400, "{\"error\": \"there is no parameter 'x' here\"}", RESPONSE_AWAY,
		"there is no parameter 'x' here (HTTP 400)");
	assert_outcome(400, "{\"error\": \"the query has a parameter twice\"}", RESPONSE_AWAY,
		"the query has a parameter twice (HTTP 400)");
	assert_outcome(404, "{\"error\": \"there is nothing at /\"}", RESPONSE_AWAY,
		"there is nothing at / (HTTP 404)");
}

static void any_other_response_is_retried(void **state)
{
	static const long others[] = {100, 201, 301, 307, 401, 404, 405, 407, 408, 414, 418, 422,
		429, 431, 500, 502, 503, 504, 599};
	struct response response;

	(void)state;
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		response_read(others[i], "{\"error\": \"later\"}", 1, no_secrets, &response);
		assert_int_equal(response.result, RESPONSE_AWAY);
		assert_false(response.bad_content);
		assert_int_equal(response.unauthorized, others[i] == 401 || others[i] == 407);
	}
	assert_outcome(503, "{\"error\": \"stand-by\"}", RESPONSE_AWAY, "stand-by (HTTP 503)");
}

/* A DELETE sends no documents. */
static void a_response_to_forget_is_classified(void **state)
{
	static const struct {
		long status;
		const char *body;
		enum response_result expected;
	} rows[] = {
		{200, "{\"forgotten\": 1}\n", RESPONSE_ACCEPTED},
		{202, "{\"forgotten\": 1}\n", RESPONSE_ACCEPTED},
		{200, "<html>", RESPONSE_AWAY},
		{404, "{\"error\": \"nothing is remembered\"}", RESPONSE_REFUSED},
		{404, "<html>", RESPONSE_AWAY},
		{403, "{\"error\": \"not yours\"}", RESPONSE_REFUSED},
	};
	struct response response;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		response_read(rows[i].status, rows[i].body, 0, no_secrets, &response);
		assert_int_equal(response.result, rows[i].expected);
		assert_null(response.items);
	}
}

#define FIFTY "01234567890123456789012345678901234567890123456789"

/* A secret may cross the end of the message. */
static void secrets_are_masked_before_anything_is_cut(void **state)
{
	static char token[] = "abcdefghijklmnopqrstuvwxyz012345", shorter[] = "to";
	char *const secrets[] = {token, shorter, NULL};
	struct response response;
	char body[1024];

	(void)state;
	for (int padding = 440; padding < 520; padding++) {
		snprintf(body, sizeof body, "{\"error\":\"%.*s not %s\"}", padding,
			FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY, token);
		response_read(401, body, 1, secrets, &response);
		assert_null(strstr(response.why.text, "abcd"));
	}
	response_read(502, "Bearer abcdefghijklmnopqrstuvwxyz012345 to", 1, secrets, &response);
	assert_string_equal(response.why.text, "not httpbroker's answer: Bearer "
					       "******************************** to (HTTP 502)");
	response_read(207,
		"{\"events\":[{\"index\":0,\"result\":\"refused\",\"error\":"
		"\"abcdefghijklmnopqrstuvwxyz012345\"}]}",
		1, secrets, &response);
	assert_string_equal(response.items[0].why, "********************************");
	response_clear(&response);
}

static void assert_item(
	const struct response *response, size_t index, enum response_result result, const char *why)
{
	assert_int_equal(response->items[index].result, result);
	if (why == NULL)
		assert_null(response->items[index].why);
	else
		assert_string_equal(response->items[index].why, why);
}

static void each_document_of_a_batch_has_its_outcome(void **state)
{
	struct response response;

	(void)state;
	response_read(207,
		"{\"accepted\":3,\"refused\":4,\"events\":[\n"
		"{\"index\":0,\"result\":\"delivered\"},\n"
		"{\"index\":1,\"line\":2,\"result\":\"refused\",\"error\":\"'check' is missing\"},\n"
		"{\"index\":2,\"result\":\"busy\",\"error\":\"too many checks\"},\n"
		"{\"index\":3,\"part\":0,\"result\":\"older\"},\n"
		"{\"index\":3,\"part\":1,\"result\":\"refused\",\"error\":\"no\"},\n"
		"{\"index\":3,\"part\":2,\"result\":\"delivered\"},\n"
		"{\"index\":4,\"result\":\"refused\"},\n"
		"{\"index\":6},"
		"{\"index\":7,\"result\":\"refused\"},{\"index\":-1},{\"index\":\"0\"},7\n"
		"]}\n",
		7, no_secrets, &response);
	assert_int_equal(response.count, 7);
	assert_item(&response, 0, RESPONSE_ACCEPTED, NULL);
	assert_item(&response, 1, RESPONSE_REFUSED, "'check' is missing");
	assert_item(&response, 2, RESPONSE_AWAY, "too many checks");
	assert_item(&response, 3, RESPONSE_REFUSED, "no");
	assert_item(&response, 4, RESPONSE_REFUSED, "without a reason");
	assert_item(&response, 5, RESPONSE_AWAY, "the answer does not mention it");
	assert_item(&response, 6, RESPONSE_AWAY, "without a reason");
	response_clear(&response);
}

static void a_refused_batch_has_a_reason_for_each_document(void **state)
{
	struct response response;

	(void)state;
	response_read(400,
		"{\"error\":\"none of 2: a\",\"events\":[{\"index\":0,\"result\":\"refused\","
		"\"error\":\"a\"},{\"index\":1,\"result\":\"refused\",\"error\":\"b\"}]}",
		2, no_secrets, &response);
	assert_int_equal(response.result, RESPONSE_REFUSED);
	assert_item(&response, 0, RESPONSE_REFUSED, "a");
	assert_item(&response, 1, RESPONSE_REFUSED, "b");
	response_clear(&response);
	response_read(503, "{\"error\":\"full\",\"events\":[]}", 2, no_secrets, &response);
	assert_int_equal(response.result, RESPONSE_AWAY);
	assert_null(response.items);
	response_clear(&response);
}

static void assert_excerpt(const char *text, const char *expected)
{
	char out[QUOTED_INPUT_SIZE];

	assert_string_equal(quoted_input(text, out), expected);
}

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define ELLIPSIS "\xe2\x80\xa6"
#define EURO "\xe2\x82\xac"

static void an_excerpt_is_one_line_of_whole_characters(void **state)
{
	(void)state;
	assert_excerpt("", "");
	assert_excerpt(" {\n\t\"a\": 1\r\n}\n", "{ \"a\": 1 } ");
	assert_excerpt(HUNDRED TEN TEN "0123", HUNDRED TEN TEN "0123");
	assert_excerpt(HUNDRED TEN TEN "01234", HUNDRED TEN TEN "0123" ELLIPSIS);
	assert_excerpt(HUNDRED TEN TEN "0" EURO "4", HUNDRED TEN TEN "0" EURO ELLIPSIS);
	assert_excerpt(HUNDRED TEN TEN "01" EURO "4", HUNDRED TEN TEN "01" ELLIPSIS);
	assert_excerpt(HUNDRED TEN TEN "012" EURO "4", HUNDRED TEN TEN "012" ELLIPSIS);
}

static void the_start_and_end_of_an_outage_are_reported_once(void **state)
{
	struct outage outage;

	(void)state;
	outage_init(&outage, NSEC_NEVER);
	assert_false(outage_over(&outage));
	assert_true(outage_failed(&outage, NSEC_PER_SEC, 0));
	assert_int_equal(outage.retry_at, NSEC_PER_SEC + 100 * NSEC_PER_MSEC);
	assert_false(outage_failed(&outage, 1000 * NSEC_PER_SEC, 0));
	assert_false(outage.given_up);
	assert_int_equal(outage.since, NSEC_PER_SEC);
	assert_true(outage_over(&outage));
	assert_false(outage_over(&outage));
	assert_int_equal(outage.retry_at, 0);
	assert_true(outage_failed(&outage, 0, 0));
}

/* Fails attempts until the outage gives up; returns that time. */
static nsec attempts_fail(struct outage *outage, nsec now)
{
	while (!outage->given_up) {
		outage_failed(outage, now, UINT32_MAX / 2);
		now = outage->given_up ? now : outage->retry_at;
	}
	return now;
}

static void an_outage_gives_up_at_its_limit(void **state)
{
	struct outage outage;

	(void)state;
	outage_init(&outage, 30 * NSEC_PER_SEC);
	assert_int_equal(attempts_fail(&outage, 7 * NSEC_PER_SEC), 37 * NSEC_PER_SEC);
	outage_init(&outage, 0);
	assert_int_equal(attempts_fail(&outage, 7), 7);
	outage_init(&outage, 30 * NSEC_PER_SEC);
	outage_failed(&outage, 0, 0);
	outage_failed(&outage, 30 * NSEC_PER_SEC - 1, 0);
	assert_false(outage.given_up);
	outage_failed(&outage, 30 * NSEC_PER_SEC, 0);
	assert_true(outage.given_up);
}

static void a_new_limit_retries_at_once_until_then(void **state)
{
	struct outage outage;

	(void)state;
	outage_init(&outage, NSEC_NEVER);
	for (nsec now = 0; now < 60 * NSEC_PER_SEC; now = outage.retry_at)
		outage_failed(&outage, now, 0);
	outage_set_limit(&outage, 61 * NSEC_PER_SEC, 5 * NSEC_PER_SEC);
	assert_int_equal(outage.retry_at, 61 * NSEC_PER_SEC);
	assert_false(outage_failed(&outage, 61 * NSEC_PER_SEC, 0));
	assert_int_equal(outage.retry_at, 61 * NSEC_PER_SEC + 100 * NSEC_PER_MSEC);
	assert_int_equal(attempts_fail(&outage, outage.retry_at), 66 * NSEC_PER_SEC);
}

static void an_outage_beyond_its_limit_still_backs_off(void **state)
{
	struct outage outage;

	(void)state;
	outage_init(&outage, NSEC_PER_SEC);
	nsec now = attempts_fail(&outage, 0);
	outage_failed(&outage, now, UINT32_MAX);
	assert_true(outage.retry_at > now);
	assert_true(outage.given_up);
	outage_over(&outage);
	assert_false(outage.given_up);
}

/* Appends an event; without "time" in its JSON it counts as timeless. */
static void append(struct queue *queue, uint64_t line, const char *json)
{
	const struct queued event = {.origin = {NULL, line},
		.arrived = 100 * NSEC_PER_SEC,
		.timeless = strstr(json, "time") == NULL};

	queue_append(queue, &event, json, strlen(json));
}

static void the_queue_keeps_order_and_counts(void **state)
{
	struct queue queue = {NULL, NULL, 0, 0};

	(void)state;
	for (int round = 0; round < 2; round++) {
		append(&queue, 1, "{}");
		append(&queue, 5, "{\"a\":1}");
		append(&queue, 6, "{\"b\":1}");
		assert_int_equal(queue.count, 3);
		assert_true(queue.bytes > 16);
		assert_string_equal(queue.first->json, "{}");
		queue_drop(&queue, queue.first);
		assert_int_equal(queue.first->next->origin.line, 6);
		queue_drop(&queue, queue.first);
		assert_ptr_equal(queue.last, queue.first);
		append(&queue, 7, "{}");
		queue_drop(&queue, NULL);
		assert_int_equal(queue.first->origin.line, 7);
		assert_int_equal(queue.first->length, 2);
		queue_drop(&queue, NULL);
		assert_null(queue.first);
		assert_null(queue.last);
		assert_int_equal(queue.count, 0);
		assert_int_equal(queue.bytes, 0);
	}
	append(&queue, 1, "{}");
	queue_clear(&queue);
	assert_null(queue.first);
}

static void assert_batch(
	const struct queue *queue, size_t max, nsec wall, size_t count, const char *expected)
{
	struct buffer body = {NULL, 0, 0};

	assert_int_equal(batch_fill(&body, queue, max, wall), count);
	assert_string_equal(body.data, expected);
	buffer_free(&body);
}

static void a_batch_is_an_object_or_an_array(void **state)
{
	struct queue queue = {NULL, NULL, 0, 0};
	nsec early = 101 * NSEC_PER_SEC, late = 105 * NSEC_PER_SEC;

	(void)state;
	append(&queue, 1, "{\"a\":1}");
	assert_batch(&queue, 500, early, 1, "{\"a\":1}");
	append(&queue, 2, "{\"b\":1,\"time\":3}");
	append(&queue, 3, "{\"c\":1}");
	assert_batch(&queue, 1, early, 1, "{\"a\":1}");
	assert_batch(&queue, 2, early, 2, "[{\"a\":1},\n{\"b\":1,\"time\":3}]");
	assert_batch(&queue, 500, late, 3,
		"[{\"time\":100,\"a\":1},\n{\"b\":1,\"time\":3},\n{\"time\":100,\"c\":1}]");
	queue_clear(&queue);
}

static void the_size_of_a_batch_is_limited(void **state)
{
	static char large[BATCH_BYTES];
	struct queue queue = {NULL, NULL, 0, 0};
	struct buffer body = {NULL, 0, 0};
	const struct queued event = {.arrived = 0};

	(void)state;
	memset(large, ' ', sizeof large);
	for (int i = 0; i < 3; i++)
		queue_append(&queue, &event, large, sizeof large / 2);
	assert_int_equal(batch_fill(&body, &queue, 500, 0), 2);
	queue_clear(&queue);
	queue_append(&queue, &event, large, sizeof large);
	queue_append(&queue, &event, large, 1);
	assert_int_equal(batch_fill(&body, &queue, 500, 0), 1);
	assert_int_equal(body.length, sizeof large);
	queue_clear(&queue);
	buffer_free(&body);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_responses_of_httpbroker_accept_events),
		cmocka_unit_test(only_responses_of_httpbroker_refuse_events),
		cmocka_unit_test(an_error_about_the_url_refuses_no_event),
		cmocka_unit_test(any_other_response_is_retried),
		cmocka_unit_test(a_response_to_forget_is_classified),
		cmocka_unit_test(secrets_are_masked_before_anything_is_cut),
		cmocka_unit_test(each_document_of_a_batch_has_its_outcome),
		cmocka_unit_test(a_refused_batch_has_a_reason_for_each_document),
		cmocka_unit_test(an_excerpt_is_one_line_of_whole_characters),
		cmocka_unit_test(the_start_and_end_of_an_outage_are_reported_once),
		cmocka_unit_test(an_outage_gives_up_at_its_limit),
		cmocka_unit_test(a_new_limit_retries_at_once_until_then),
		cmocka_unit_test(an_outage_beyond_its_limit_still_backs_off),
		cmocka_unit_test(the_queue_keeps_order_and_counts),
		cmocka_unit_test(a_batch_is_an_object_or_an_array),
		cmocka_unit_test(the_size_of_a_batch_is_limited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

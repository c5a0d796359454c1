/* SPDX-License-Identifier: MIT */
/* Responses: valid JSON whatever they quote; the routes. */
#include "t/unit/unit.h"

#include "httpbroker/http/routes.h"
#include "t/unit/broker-parts.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Returns the `error` of the response body; free it. */
static char *error_of(const struct response *answer)
{
	assert_string_equal(answer->type, CONTENT_JSON);
	assert_int_equal(answer->body.data[answer->body.length - 1], '\n');
	json_t *body = json_loadb(answer->body.data, answer->body.length, 0, NULL);
	assert_non_null(body);
	const char *text = json_string_value(json_object_get(body, "error"));
	assert_non_null(text);
	char *copy = strdup(text);
	json_decref(body);
	return copy;
}

static void assert_error(const char *message, const char *expected)
{
	struct response answer = {.status = 0};

	response_error(&answer, 400, "%s", message);
	char *text = error_of(&answer);
	assert_int_equal(answer.status, 400);
	assert_string_equal(text, expected);
	free(text);
	response_free(&answer);
}

static void errors_are_valid_json_with_any_quoted_text(void **state)
{
	(void)state;
	assert_error("", "");
	assert_error("plain", "plain");
	assert_error("\"quoted\" \\ \n \x01", "\"quoted\" \\ \n \x01");
	assert_error("caf\xc3\xa9", "caf\xc3\xa9");
	assert_error("cut caf\xc3", "cut caf?");
	assert_error("\xff\xfe \xc3\xa9", "?? ??");
	assert_error("\xed\xa0\x80 half a pair", "??? half a pair");
}

static void long_errors_are_cut_and_still_json(void **state)
{
	(void)state;
	for (size_t length = 1015; length < 1035; length++) {
		struct response answer = {.status = 0};
		char message[2048];

		memset(message, 'x', length);
		snprintf(message + length, sizeof message - length, "\xe2\x82\xac\xe2\x82\xac");
		response_error(&answer, 400, "%s", message);
		free(error_of(&answer));
		response_free(&answer);
	}
}

static void random_bytes_are_answered_in_json(void **state)
{
	unsigned seed = seed_choose();

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct response answer = {.status = 0};
		char message[64];
		size_t length = (size_t)rand_r(&seed) % sizeof message;

		for (size_t i = 0; i < length; i++)
			message[i] = (char)(1 + rand_r(&seed) % 255);
		message[length] = '\0';
		response_error(&answer, 400, "%s", message);
		free(error_of(&answer));
		response_free(&answer);
	}
}

static void the_last_response_set_is_sent(void **state)
{
	struct response answer = {.status = 0};

	(void)state;
	response_error(&answer, 400, "first");
	response_busy(&answer, "second");
	char *text = error_of(&answer);
	assert_string_equal(text, "second");
	assert_int_equal(answer.status, 503);
	assert_int_equal(answer.retry_after, 5);
	free(text);
	response_free(&answer);
}

static void assert_no_route(
	const char *method, const char *path, unsigned status, const char *allow)
{
	struct response answer = {.status = 0};

	assert_null(route_find(method, path, &answer));
	assert_int_equal(answer.status, status);
	if (allow == NULL)
		assert_null(answer.allow);
	else
		assert_string_equal(answer.allow, allow);
	free(error_of(&answer));
	response_free(&answer);
}

static void routes_are_found_by_path_and_method(void **state)
{
	struct response answer = {.status = 0};

	(void)state;
	assert_ptr_equal(route_find("GET", "/state", &answer), &route_get_state);
	assert_ptr_equal(route_find("HEAD", "/state", &answer), &route_get_state);
	assert_ptr_equal(route_find("POST", "/state", &answer), &route_post_state);
	assert_null(answer.allow);
	assert_int_equal(answer.status, 0);
	assert_ptr_equal(route_find("GET", "/", &answer), &route_get_page);
	assert_no_route("HEAD", "/pages", 404, NULL);
	assert_ptr_equal(route_find("GET", "/health", &answer), &route_get_health);
	assert_ptr_equal(route_find("GET", "/metrics", &answer), &route_get_metrics);
	assert_ptr_equal(route_find("GET", "/metrics/states", &answer), &route_get_state_metrics);
	assert_no_route("POST", "/health", 405, "GET, HEAD");
	assert_no_route("GET", "/state/", 404, NULL);
	assert_ptr_equal(route_find("HEAD", "/state/a/b", &answer), &route_get_check);
	assert_no_route("POST", "/state/a/b", 405, "GET, HEAD");
	assert_no_route("POST", "/\xff\"", 404, NULL);
	assert_no_route("PUT", "/state", 405, "DELETE, GET, HEAD, POST");
	assert_no_route("get", "/state", 405, "DELETE, GET, HEAD, POST");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_are_valid_json_with_any_quoted_text),
		cmocka_unit_test(long_errors_are_cut_and_still_json),
		cmocka_unit_test(random_bytes_are_answered_in_json),
		cmocka_unit_test(the_last_response_set_is_sent),
		cmocka_unit_test(routes_are_found_by_path_and_method),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

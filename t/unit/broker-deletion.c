/* SPDX-License-Identifier: MIT */
/* DELETE /state: its submission, and its response. */
#include "t/unit/unit.h"

#include "httpbroker/http/routes.h"

#include <string.h>

struct exchange {
	struct request request;
	struct submission *submission;
};

static const struct broker broker = {.flapjack = 2};
static const struct query whole = {{{"entity", "web-1"}}, 1, true};
static const struct query one = {{{"check", "a:b"}, {"entity", "web-1"}}, 2, true};

static void exchange_begin(
	struct exchange *exchange, const struct query *query, const struct acl *acl)
{
	memset(exchange, 0, sizeof *exchange);
	exchange->request.broker = &broker;
	exchange->request.query = *query;
	exchange->request.grant.acl = acl;
	exchange->submission = route_delete_state.begin(&exchange->request);
}

static void exchange_end(struct exchange *exchange)
{
	route_delete_state.free(&exchange->request);
	response_free(&exchange->request.response);
}

static void assert_submitted(
	const struct exchange *exchange, const char *names, uint16_t entity_length)
{
	assert_non_null(exchange->submission);
	const struct names *found = &exchange->submission->forget->names;
	assert_int_equal(found->length, strlen(names));
	assert_memory_equal(found->bytes, names, found->length);
	assert_int_equal(found->entity_length, entity_length);
}

static void a_check_or_all_of_an_entity_is_submitted(void **state)
{
	struct exchange exchange;

	(void)state;
	exchange_begin(&exchange, &whole, NULL);
	assert_submitted(&exchange, "web-1", 5);
	exchange_end(&exchange);
	exchange_begin(&exchange, &one, NULL);
	assert_submitted(&exchange, "web-1:a:b", 5);
	exchange_end(&exchange);
}

static void assert_refused(
	const struct query *query, const struct acl *acl, unsigned status, const char *words)
{
	struct exchange exchange;

	exchange_begin(&exchange, query, acl);
	assert_null(exchange.submission);
	assert_int_equal(exchange.request.response.status, status);
	assert_non_null(strstr(exchange.request.response.body.data, words));
	exchange_end(&exchange);
}

static void a_token_may_forget_only_what_it_may_write(void **state)
{
	char *ours[] = {(char[]){"web-*"}}, *theirs[] = {(char[]){"db-*"}};
	const struct acl acl = {ours, 1}, other = {theirs, 1};
	struct exchange exchange;

	(void)state;
	exchange_begin(&exchange, &one, &acl);
	assert_submitted(&exchange, "web-1:a:b", 5);
	exchange_end(&exchange);
	assert_refused(&one, &other, 403, "may not write 'web-1'");
	assert_refused(&whole, &other, 403, "may not write 'web-1'");
}

/* A check's name misspelt must not forget the whole entity. */
static void an_invalid_query_is_refused(void **state)
{
	(void)state;
	assert_refused(&(struct query){{{"entity", "e"}, {"chek", "c"}}, 2, true}, NULL, 400,
		"no parameter 'chek'");
	assert_refused(&(struct query){{{"entity", "e"}}, 1, false}, NULL, 400, "twice");
	assert_refused(
		&(struct query){{{"check", "c"}}, 1, true}, NULL, 400, "'entity' is missing");
	assert_refused(&(struct query){{{"entity", "e"}, {"check", NULL}}, 2, true}, NULL, 400,
		"'check' is empty");
	assert_refused(&(struct query){{{"entity", "e\n"}}, 1, true}, NULL, 400,
		"control character at byte 2");
}

static void assert_answer(
	enum submission_result result, size_t count, unsigned status, const char *body)
{
	struct exchange exchange;

	exchange_begin(&exchange, &one, NULL);
	exchange.submission->result = result;
	exchange.submission->why = "the broker is stopping";
	exchange.submission->forget->count = count;
	route_delete_state.end(&exchange.request);
	assert_int_equal(exchange.request.response.status, status);
	assert_string_equal(exchange.request.response.body.data, body);
	exchange_end(&exchange);
}

static void the_response_depends_on_the_result(void **state)
{
	(void)state;
	assert_answer(SUBMISSION_COMMITTED, 1, 200, "{\"forgotten\": 1}\n");
	assert_answer(SUBMISSION_ACCEPTED, 70000, 202, "{\"forgotten\": 70000}\n");
	assert_answer(SUBMISSION_COMMITTED, 0, 404,
		"{\"error\": \"nothing is remembered of 'web-1:a:b'\"}\n");
	assert_answer(SUBMISSION_DROPPED, 0, 503, "{\"error\": \"the broker is stopping\"}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_check_or_all_of_an_entity_is_submitted),
		cmocka_unit_test(a_token_may_forget_only_what_it_may_write),
		cmocka_unit_test(an_invalid_query_is_refused),
		cmocka_unit_test(the_response_depends_on_the_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

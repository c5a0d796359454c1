/* SPDX-License-Identifier: MIT */
/* DELETE /state: its submission, and its response. */
#include "t/unit/unit.h"

#include "httpbroker/http/request.h"

#include <string.h>

struct talk {
	struct request request;
	struct submission *submission;
};

static const struct broker broker = {.flapjack = 2};
static const struct query whole = {{{"entity", "web-1"}}, 1, true};
static const struct query one = {{{"check", "a:b"}, {"entity", "web-1"}}, 2, true};

static void talk_begin(struct talk *talk, const struct query *query, const struct acl *acl)
{
	memset(talk, 0, sizeof *talk);
	talk->request.broker = &broker;
	talk->request.query = *query;
	talk->request.grant.acl = acl;
	talk->submission = route_delete_state.begin(&talk->request);
}

static void talk_end(struct talk *talk)
{
	route_delete_state.free(&talk->request);
	response_free(&talk->request.response);
}

static void assert_submitted(const struct talk *talk, const char *names, uint16_t entity_length)
{
	assert_non_null(talk->submission);
	const struct names *found = &talk->submission->forget->names;
	assert_int_equal(found->length, strlen(names));
	assert_memory_equal(found->bytes, names, found->length);
	assert_int_equal(found->entity_length, entity_length);
}

static void a_check_or_all_of_an_entity_is_submitted(void **state)
{
	struct talk talk;

	(void)state;
	talk_begin(&talk, &whole, NULL);
	assert_submitted(&talk, "web-1", 5);
	talk_end(&talk);
	talk_begin(&talk, &one, NULL);
	assert_submitted(&talk, "web-1:a:b", 5);
	talk_end(&talk);
}

static void assert_refused(
	const struct query *query, const struct acl *acl, unsigned status, const char *words)
{
	struct talk talk;

	talk_begin(&talk, query, acl);
	assert_null(talk.submission);
	assert_int_equal(talk.request.response.status, status);
	assert_non_null(strstr(talk.request.response.body.data, words));
	talk_end(&talk);
}

static void a_token_may_only_forget_what_it_may_write(void **state)
{
	char *ours[] = {(char[]){"web-*"}}, *theirs[] = {(char[]){"db-*"}};
	const struct acl acl = {ours, 1}, other = {theirs, 1};
	struct talk talk;

	(void)state;
	talk_begin(&talk, &one, &acl);
	assert_submitted(&talk, "web-1:a:b", 5);
	talk_end(&talk);
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
	struct talk talk;

	talk_begin(&talk, &one, NULL);
	talk.submission->result = result;
	talk.submission->why = "the broker is stopping";
	talk.submission->forget->count = count;
	route_delete_state.end(&talk.request);
	assert_int_equal(talk.request.response.status, status);
	assert_string_equal(talk.request.response.body.data, body);
	talk_end(&talk);
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
		cmocka_unit_test(a_token_may_only_forget_what_it_may_write),
		cmocka_unit_test(an_invalid_query_is_refused),
		cmocka_unit_test(the_response_depends_on_the_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

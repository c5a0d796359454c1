/* SPDX-License-Identifier: MIT */
/* Which entities a token may write. */
#include "t/unit/unit.h"

#include "httpbroker/http/permit.h"

#include <string.h>

static bool allows(const char *glob, const char *entity)
{
	char *globs[] = {(char[64]){""}};
	const struct permit permit = {globs, 1};

	strncpy(globs[0], glob, 63);
	return permit_allows(&permit, entity, strlen(entity));
}

static void everything_without_a_token_or_a_glob(void **state)
{
	const struct permit permit = {NULL, 0};

	(void)state;
	assert_true(permit_allows(NULL, "db-01", 5));
	assert_true(permit_allows(&permit, "db-01", 5));
}

static void a_glob_is_for_the_whole_name(void **state)
{
	(void)state;
	assert_true(allows("db-*", "db-01"));
	assert_true(allows("db-*", "db-"));
	assert_true(allows("db-0[1-3]", "db-02"));
	assert_false(allows("db-0[1-3]", "db-04"));
	assert_true(allows("*/*", "rack/.hidden"));
	assert_true(allows("?", "x"));
	assert_false(allows("db", "db-01"));
	assert_false(allows("db", "a-db"));
	assert_false(allows("db-*", "DB-01"));
}

static void any_of_several(void **state)
{
	char *globs[] = {(char[]){"web-*"}, (char[]){"db-*"}};
	const struct permit permit = {globs, 2};

	(void)state;
	assert_true(permit_allows(&permit, "web-1", 5));
	assert_true(permit_allows(&permit, "db-1", 4));
	assert_false(permit_allows(&permit, "mail", 4));
}

static void no_more_of_the_name_than_it_has(void **state)
{
	char *globs[] = {(char[]){"db"}};
	const struct permit permit = {globs, 1};

	(void)state;
	assert_true(permit_allows(&permit, "db-01", 2));
	assert_false(permit_allows(&permit, "db-01", 3));
}

/* The glob is the operator's, the name a client's: together they must not take for ever. */
static void a_name_made_for_backtracking_is_judged_soon(void **state)
{
	char name[1024];

	(void)state;
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_false(allows("*a*a*a*a*a*a*a*a*a*a*a*a*b", name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_without_a_token_or_a_glob),
		cmocka_unit_test(a_glob_is_for_the_whole_name),
		cmocka_unit_test(any_of_several),
		cmocka_unit_test(no_more_of_the_name_than_it_has),
		cmocka_unit_test(a_name_made_for_backtracking_is_judged_soon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

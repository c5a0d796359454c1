/* SPDX-License-Identifier: MIT */
/* Which entities a token may write. */
#include "t/unit/unit.h"

#include "httpbroker/http/auth.h"

#include <string.h>

static const struct text none = {NULL, 0};

static bool allows(const char *glob, const char *entity)
{
	char *globs[] = {(char[64]){""}};
	const struct acl acl = {globs, 1};

	strncpy(globs[0], glob, 63);
	return acl_allows(&acl, 2, text_literal(entity), none);
}

static bool allows_check(const char *glob, int flapjack, const char *entity, const char *check)
{
	char *globs[] = {(char[64]){""}};
	const struct acl acl = {globs, 1};

	strncpy(globs[0], glob, 63);
	return acl_allows(&acl, flapjack, text_literal(entity), text_literal(check));
}

static void no_token_and_no_glob_allow_everything(void **state)
{
	const struct acl acl = {NULL, 0};

	(void)state;
	assert_true(acl_allows(NULL, 2, (struct text){"db-01", 5}, none));
	assert_true(acl_allows(&acl, 2, (struct text){"db-01", 5}, none));
}

static void a_glob_matches_the_complete_name(void **state)
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

static void one_matching_glob_of_several_is_enough(void **state)
{
	char *globs[] = {(char[]){"web-*"}, (char[]){"db-*"}};
	const struct acl acl = {globs, 2};

	(void)state;
	assert_true(acl_allows(&acl, 2, (struct text){"web-1", 5}, none));
	assert_true(acl_allows(&acl, 2, (struct text){"db-1", 4}, none));
	assert_false(acl_allows(&acl, 2, (struct text){"mail", 4}, none));
}

static void matching_stops_at_the_end_of_the_name(void **state)
{
	char *globs[] = {(char[]){"db"}};
	const struct acl acl = {globs, 1};

	(void)state;
	assert_true(acl_allows(&acl, 2, (struct text){"db-01", 2}, none));
	assert_false(acl_allows(&acl, 2, (struct text){"db-01", 3}, none));
}

/* Globs come from the operator, names from clients: matching must end quickly. */
static void a_name_made_for_backtracking_is_matched_quickly(void **state)
{
	char name[1024];

	(void)state;
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	assert_false(allows("*a*a*a*a*a*a*a*a*a*a*a*a*b", name));
}

/* Flapjack sees only `db-01:9100:Up`, wherever the entity ends. */
static void every_split_at_a_colon_must_be_allowed(void **state)
{
	char colons[] = ":::::::::::::::::::::::::::::::::x";

	(void)state;
	assert_true(allows_check("db-01", 2, "db-01", "Up"));
	assert_false(allows_check("db-01", 2, "db-01", "9100:Up"));
	assert_true(allows_check("db-01*", 2, "db-01", "9100:Up"));
	assert_true(allows_check("db-01:9100", 2, "db-01:9100", "Up"));
	assert_false(allows_check("db-01:9100", 2, "db-01", "9100:Up"));
	assert_true(allows_check("db*[!b]", 2, "db-1", "a:b"));
	assert_false(allows_check("db*[!b]", 2, "db-1", "a:b:c"));
	assert_true(allows_check("db-01", 2, "db-01", "Disk C:")); /* no check has an empty name */
	assert_false(allows_check("db-01", 2, "db-01", ":Up"));
	assert_false(allows_check("db-01", 2, "db-01", "::"));
	assert_true(allows_check("*", 2, "db-01", colons + 1));
	assert_false(allows_check("*", 2, "db-01", colons)); /* 33 of them */
}

static void splits_with_an_overlong_entity_are_ignored(void **state)
{
	char *globs[] = {(char[]){"a*"}};
	const struct acl acl = {globs, 1};
	char longest[1024 + 1], check[] = "b:c";

	(void)state;
	memset(longest, 'a', 1024);
	longest[1024] = '\0';
	assert_true(acl_allows(&acl, 2, (struct text){longest, 1024}, text_literal(check)));
	globs[0] = (char[]){"*[!:]"};
	assert_false(acl_allows(&acl, 2, (struct text){longest, 1023}, text_literal(":c")));
	assert_true(acl_allows(&acl, 2, (struct text){longest, 1024}, text_literal(":c")));
	assert_false(acl_allows(&acl, 2, (struct text){longest, 1025}, none));
}

/* It converts an entity to lower case. */
static void flapjack_1_ignores_the_case_of_an_entity(void **state)
{
	(void)state;
	assert_true(allows_check("db-*", 1, "DB-01", "Up"));
	assert_true(allows_check("DB-*", 1, "db-01", "Up"));
	assert_false(allows_check("[!d]*", 1, "Db-01", "Up"));
	assert_true(allows_check("db*[!b]", 1, "db1", "a:b"));
	assert_false(allows_check("db*[!b]", 1, "db1", "B:c"));
	assert_false(allows_check("db-*", 2, "DB-01", "Up"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_token_and_no_glob_allow_everything),
		cmocka_unit_test(a_glob_matches_the_complete_name),
		cmocka_unit_test(one_matching_glob_of_several_is_enough),
		cmocka_unit_test(matching_stops_at_the_end_of_the_name),
		cmocka_unit_test(every_split_at_a_colon_must_be_allowed),
		cmocka_unit_test(splits_with_an_overlong_entity_are_ignored),
		cmocka_unit_test(flapjack_1_ignores_the_case_of_an_entity),
		cmocka_unit_test(a_name_made_for_backtracking_is_matched_quickly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include "t/unit/unit.h"

#include "httpbroker/submit/event/keys.h"
#include "httpbroker/submit/feed/plain.h"

#include <string.h>

static size_t plain(const char *text, unsigned *keys)
{
	return plain_object(text, strlen(text), keys);
}

/* All of it is, and a parser agrees, also on the keys. */
static void assert_plain(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);
	unsigned keys;

	if (plain(text, &keys) != strlen(text) || json == NULL)
		fail_msg("not plain, or no JSON: %s", text);
	assert_int_equal(keys | KEY_OTHER, keys_of(json));
	json_decref(json);
}

static void assert_not_plain(const char *text)
{
	unsigned keys;

	if (plain(text, &keys) != 0)
		fail_msg("plain: %s", text);
}

static void most_events_are_plain(void **state)
{
	static const char *const texts[] = {
		"{\"entity\":\"db-01\",\"check\":\"load\",\"state\":\"ok\",\"ttl\":3600}",
		"{ \"entity\" : \"a b\" , \"tags\" : [ \"x\" , \"y\" ] , \"time\" : 1700000000 }",
		"{\"a\":true,\"b\":false,\"c\":null,\"d\":0,\"e\":-0,\"f\":-12}",
		"{\"a\":999999999999999999,\"b\":[1,null,\"\"],\"\":\"~ {}[],:\"}",
		"{\"ttl\":1,\"ttl\":2}",
		"{\"Time\":1,\"tag\":2,\"entity \":3}",
		"{\t\"time\":null}",
		"{\"entity\":\"m\xc3\xbc\xe2\x82\xac\xf0\x9f\x94\xa5\x7f\"}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		assert_plain(texts[i]);
}

static void what_only_a_parser_can_judge_is_not(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"{}",
		"[1]",
		"x",
		" {\"a\":1}", /* no object */
		"{\"a\":01}",
		"{\"a\":-}",
		"{\"a\":1.5}",
		"{\"a\":1e3}",
		"{\"a\":}", /* numbers */
		"{\"a\":1000000000000000000}",
		"{\"a\":+1}",
		"{\"a\":00}",
		"{\"a\":- 1}",
		"{\"a\":tru}",
		"{\"a\":truer}",
		"{\"a\":True}",
		"{\"a\":nul", /* words */
		"{\"a\":\"\\n\"}",
		"{\"\\u0061\":1}",
		"{\"a\":\"\xed\xa0\x80\"}", /* strings */
		"{\"a\":\"\xc3\"}",
		"{\"a\":\"\xff\"}",
		"{\"a\":\"\xc0\x80\"}",
		"{\"a\":\"\t\"}",
		"{\"a\":\"b}",
		"{\"a\n\":1}", /* and more */
		"{\"a\":1,}",
		"{\"a\" 1}",
		"{\"a\":1 \"b\":2}",
		"{,}",
		"{a:1}", /* marks */
		"{\"a\":1",
		"{\"a\":1]",
		"{\"a\"\n:1}",
		"{\"a\":[]}",
		"{\"a\":[1,]}",
		"{\"a\":[[1]]}",
		"{\"a\":[1 2]}",
		"{\"a\":{\"b\":1}}",
		"{\"a\":[1}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		assert_not_plain(texts[i]);
}

static void nothing_is_read_behind_the_end(void **state)
{
	static const char text[] = "{\"entity\":\"e\",\"ttl\":12,\"a\":[true]}rest";
	size_t whole = strlen(text) - strlen("rest");
	unsigned keys;

	(void)state;
	for (size_t length = 0; length < whole; length++)
		assert_int_equal(plain_object(text, length, &keys), 0);
	assert_int_equal(plain_object(text, whole, &keys), whole);
	assert_int_equal(plain_object(text, strlen(text), &keys), whole);
	assert_int_equal(keys, KEY_ENTITY | KEY_TTL | KEY_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(most_events_are_plain),
		cmocka_unit_test(what_only_a_parser_can_judge_is_not),
		cmocka_unit_test(nothing_is_read_behind_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

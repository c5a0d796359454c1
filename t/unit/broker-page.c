/* SPDX-License-Identifier: MIT */
/* The rows of the page, their order and filters, and the history of a check. */
#include "t/unit/unit.h"

#include "httpbroker/http/page.h"
#include "t/unit/broker-parts.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define HOUR (3600 * NSEC_PER_SEC)

static const struct moment start = {1795224000 * NSEC_PER_SEC, 100 * NSEC_PER_SEC};

static void assert_history(const struct history *history, nsec now, const char *tail)
{
	char text[HISTORY_TEXT];

	history_text(history, now, text);
	assert_int_equal(strlen(text), HISTORY_SLOTS);
	assert_string_equal(text + HISTORY_SLOTS - strlen(tail), tail);
	assert_int_equal(strspn(text, "0") >= HISTORY_SLOTS - strlen(tail), 1);
}

static void the_history_has_the_worst_of_each_half_hour(void **state)
{
	struct history history = {0};

	(void)state;
	assert_history(&history, HOUR, "0");
	history_add(&history, HISTORY_OK, 10 * HOUR);
	assert_history(&history, 10 * HOUR, "1");
	assert_history(&history, 11 * HOUR, "111");
	history_add(&history, HISTORY_CRITICAL, 11 * HOUR);
	history_add(&history, HISTORY_OK, 11 * HOUR + 1);
	assert_history(&history, 11 * HOUR + 1, "113");
	assert_history(&history, 12 * HOUR, "11311");
	history_add(&history, HISTORY_TROUBLE, 12 * HOUR);
	assert_history(&history, 13 * HOUR, "1131222");
}

static void the_history_forgets_after_a_day(void **state)
{
	struct history history = {0};
	char text[HISTORY_TEXT];

	(void)state;
	history_add(&history, HISTORY_CRITICAL, HOUR);
	history_add(&history, HISTORY_OK, 2 * HOUR);
	history_text(&history, 24 * HOUR + HOUR / 2, text);
	assert_int_equal(text[0], '3');
	history_text(&history, 26 * HOUR, text);
	assert_int_equal(strspn(text, "1"), HISTORY_SLOTS - 0);
	history_text(&history, 10000 * HOUR, text);
	assert_int_equal(strspn(text, "1"), HISTORY_SLOTS);
	history_add(&history, HISTORY_CRITICAL, 10000 * HOUR);
	history_text(&history, 10000 * HOUR, text);
	assert_int_equal(strspn(text, "1"), HISTORY_SLOTS - 1);
}

static void check_put(struct checks *checks, const char *entity, const char *name,
	enum state reported, int32_t ttl, const char *summary, int64_t since)
{
	struct event event = event_plain(entity, name, reported);
	struct prepared prepared;
	json_t *tags = json_pack("[ss]", "a\"b]", entity);

	event.time = start.wall / NSEC_PER_SEC;
	event.ttl = ttl;
	event.summary = text_literal(summary);
	event.tags = tags;
	prepared_make(&prepared, &event, 2, start);
	struct check *check = checks_add(checks, &prepared);
	struct moment when = start;
	when.wall += since * NSEC_PER_SEC;
	checks_note(checks, check, reported, when);
	prepared_free(&prepared);
	json_decref(tags);
}

/* The `entity:check` of the rows, each with a blank behind it; and the rest of the answer. */
static char *rows_of(struct checks *checks, const struct page_filter *filter, const char *after,
	struct page_counts *counts, struct buffer *next)
{
	struct buffer out = {NULL, 0, 0}, names = {NULL, 0, 0};
	struct moment now = start;
	size_t i;
	json_t *row;

	now.wall += 2 * NSEC_PER_SEC;
	now.monotonic += 2 * NSEC_PER_SEC;
	buffer_clear(next);
	buffer_append_text(&out, "[");
	struct text place = {after, after != NULL ? strlen(after) : 0};
	assert_true(page_rows(checks, filter, place, STATE_UNKNOWN, now, &out, counts, next));
	buffer_append_text(&out, "]");
	json_t *rows = json_loadb(out.data, out.length, 0, NULL);
	assert_non_null(rows);
	buffer_append_text(&names, "");
	json_array_foreach(rows, i, row) {
		assert_int_equal(json_array_size(row), 13);
		buffer_printf(&names, "%s:%s ", json_string_value(json_array_get(row, 0)),
			json_string_value(json_array_get(row, 1)));
	}
	json_decref(rows);
	buffer_free(&out);
	return names.data;
}

static void assert_rows(struct checks *checks, const struct page_filter *filter, const char *names)
{
	struct page_counts counts;
	struct buffer next = {NULL, 0, 0};
	char *found = rows_of(checks, filter, NULL, &counts, &next);

	assert_string_equal(found != NULL ? found : "", names);
	free(found);
	buffer_free(&next);
}

static struct checks *checks_some(void)
{
	struct checks *checks = checks_new(&(struct siphash_key){1, 2});

	check_put(checks, "b", "x", STATE_OK, 300, "fine", 0);
	check_put(checks, "a", "x", STATE_OK, 300, "Fine \"too\"", 0);
	check_put(checks, "a", "old", STATE_OK, 1, "was fine", 5);
	check_put(checks, "Web", "w", STATE_WARNING, 300, "hm", 7);
	check_put(checks, "c", "early", STATE_CRITICAL, -1, "bad", 1);
	check_put(checks, "c", "late", STATE_CRITICAL, 300, "bad", 9);
	return checks;
}

static void the_worst_comes_first_then_what_changed_last(void **state)
{
	struct checks *checks = checks_some();
	struct page_counts counts;
	struct buffer next = {NULL, 0, 0};
	const struct page_filter all = {.state = PAGE_ALL};

	(void)state;
	char *names = rows_of(checks, &all, NULL, &counts, &next);
	assert_string_equal(names, "c:late c:early a:old Web:w a:x b:x ");
	free(names);
	assert_int_equal(counts.matches, 6);
	assert_int_equal(counts.states[STATE_OK], 2);
	assert_int_equal(counts.states[STATE_UNKNOWN], 1);
	assert_int_equal(counts.states[STATE_CRITICAL], 2);
	assert_int_equal(counts.stale, 1);
	assert_int_equal(next.length, 0);
	checks_free(checks);
	buffer_free(&next);
}

static void filters_select(void **state)
{
	struct checks *checks = checks_some();
	const struct text none = {NULL, 0};

	(void)state;
	check_put(checks, "d", "dir", STATE_OK, 300, "C:\\Windows is there", 0);
	assert_rows(checks, &(struct page_filter){none, none, none, PAGE_STALE}, "a:old ");
	assert_rows(checks, &(struct page_filter){none, none, none, PAGE_PROBLEM},
		"c:late c:early a:old Web:w ");
	assert_rows(checks, &(struct page_filter){none, none, none, STATE_OK}, "a:x b:x d:dir ");
	assert_rows(
		checks, &(struct page_filter){text_literal("WE"), none, none, PAGE_ALL}, "Web:w ");
	assert_rows(checks, &(struct page_filter){none, text_literal("fINE"), none, PAGE_ALL},
		"a:old a:x b:x ");
	assert_rows(checks, &(struct page_filter){none, text_literal("c:e"), none, PAGE_ALL},
		"c:early ");
	/* characters that JSON escapes */
	assert_rows(checks, &(struct page_filter){none, text_literal("fine \"T"), none, PAGE_ALL},
		"a:x ");
	assert_rows(checks, &(struct page_filter){none, text_literal("c:\\w"), none, PAGE_ALL},
		"d:dir ");
	assert_rows(checks, &(struct page_filter){none, text_literal("\\\\"), none, PAGE_ALL}, "");
	assert_rows(
		checks, &(struct page_filter){none, none, text_literal("\"b\""), PAGE_ALL}, "b:x ");
	assert_rows(checks,
		&(struct page_filter){none, none, text_literal("\"a\\\"b]\""), STATE_WARNING},
		"Web:w ");
	assert_rows(
		checks, &(struct page_filter){none, none, text_literal("\"web\""), PAGE_ALL}, "");
	/* it stands between two tags, but is none */
	assert_rows(checks, &(struct page_filter){none, none, text_literal("\",\""), PAGE_ALL}, "");
	check_put(checks, ",", "comma", STATE_OK, 300, "", 0);
	assert_rows(checks, &(struct page_filter){none, none, text_literal("\",\""), PAGE_ALL},
		",:comma ");
	checks_free(checks);
}

/* Processor time of a filter that no check matches. */
static nsec time_of(struct checks *checks, const char *text)
{
	nsec begun = clock_thread();

	assert_rows(
		checks, &(struct page_filter){.text = text_literal(text), .state = PAGE_ALL}, "");
	return clock_thread() - begun;
}

/* By comparing at each place it took 40 times as long. */
static void a_filter_that_nearly_matches_everywhere_costs_little_more_than_another(void **state)
{
	struct checks *checks = checks_new(&(struct siphash_key){5, 6});
	char name[LIMIT_NAME + 1], summary[4000], text[200];
	nsec fast = NSEC_NEVER, slow = NSEC_NEVER;

	(void)state;
	memset(summary, 'a', sizeof summary);
	summary[sizeof summary - 1] = '\0';
	memset(text, 'a', sizeof text);
	text[sizeof text - 2] = 'b';
	text[sizeof text - 1] = '\0';
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof name, "%.1000s%03d", summary, i);
		check_put(checks, name, "c", STATE_OK, 300, summary, 0);
	}
	for (int i = 0; i < 3; i++) {
		fast = nsec_earlier(fast, time_of(checks, "xyz"));
		slow = nsec_earlier(slow, time_of(checks, text));
	}
	assert_true(slow < 15 * fast);
	checks_free(checks);
}

static void pages_have_each_check_once(void **state)
{
	struct checks *checks = checks_new(&(struct siphash_key){3, 4});
	const struct page_filter all = {.state = PAGE_ALL};
	struct buffer next = {NULL, 0, 0};
	struct page_counts counts;
	char name[16], *after = NULL, *seen = calloc(1, 16 * 450);
	int pages = 0;

	(void)state;
	for (int i = 0; i < 450; i++) {
		snprintf(name, sizeof name, "%03d", i);
		check_put(checks, "e", name, (enum state)(i % 4), 300, "", i % 7);
	}
	do {
		char *names = rows_of(checks, &all, after, &counts, &next);

		for (char *c = strtok(names, " "); c != NULL; c = strtok(NULL, " ")) {
			strcat(seen, "[");
			assert_null(strstr(seen, c));
			strcat(seen, c);
		}
		free(names);
		free(after);
		after = next.length > 0 ? strndup(next.data, next.length) : NULL;
		assert_int_equal(counts.matches, 450);
		assert_int_equal(counts.before, 100 * pages);
		pages++;
	} while (after != NULL);
	assert_int_equal(pages, 5);
	assert_int_equal(strlen(seen), 450 * 6);
	assert_memory_equal(seen, "[e:006", 6);
	free(seen);
	checks_free(checks);
	buffer_free(&next);
}

static void other_places_are_refused(void **state)
{
	static const char *const places[] = {"", "1", "1.2", "1.2.3", "4.0.0.a", "-1.0.0.a",
		"1.x.0.a", "1.0.1025.a", "1.99999999999999999999.1.a", "1..1.a"};
	struct checks *checks = checks_some();
	const struct page_filter all = {.state = PAGE_ALL};
	struct buffer out = {NULL, 0, 0}, next = {NULL, 0, 0};
	struct page_counts counts;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(places); i++)
		assert_false(page_rows(checks, &all, text_literal(places[i]), STATE_UNKNOWN, start,
			&out, &counts, &next));
	assert_int_equal(out.length, 0);
	assert_true(page_rows(
		checks, &all, text_literal("0.0.9."), STATE_UNKNOWN, start, &out, &counts, &next));
	checks_free(checks);
	buffer_free(&out);
	buffer_free(&next);
}

static const char *cached(struct page_cache *cache, const char *filter, nsec now)
{
	struct buffer key = {NULL, 0, 0};
	static struct buffer body;

	buffer_clear(&body);
	buffer_append_text(&key, filter);
	bool found = page_cache_get(cache, &key, now, &body);
	buffer_free(&key);
	return found ? body.data : NULL;
}

static void cache_put(
	struct page_cache *cache, const char *filter, const char *text, nsec took, nsec now)
{
	struct buffer key = {NULL, 0, 0}, body = {NULL, 0, 0};

	buffer_append_text(&key, filter);
	buffer_append_text(&body, text);
	page_cache_put(cache, &key, &body, took, now);
	buffer_free(&key);
	buffer_free(&body);
}

static void an_answer_is_used_again_for_ten_times_as_long_as_it_took(void **state)
{
	const nsec ms = NSEC_PER_MSEC, second = NSEC_PER_SEC;
	char filter[8], text[8];
	struct page_cache pages;

	(void)state;
	page_cache_init(&pages);
	assert_null(cached(&pages, "a", second));
	cache_put(&pages, "a", "one", 3 * ms, second);
	assert_string_equal(cached(&pages, "a", second + 30 * ms - 1), "one");
	assert_null(cached(&pages, "a", second + 30 * ms));
	assert_null(cached(&pages, "aa", second));
	assert_null(cached(&pages, "b", second));
	cache_put(&pages, "b", "slow", 5 * second, second);
	assert_string_equal(cached(&pages, "b", second + PAGE_CACHE_LONGEST - 1), "slow");
	assert_null(cached(&pages, "b", second + PAGE_CACHE_LONGEST));
	/* the one that ends first makes room */
	for (int i = 0; i <= PAGE_CACHE_ANSWERS; i++) {
		snprintf(filter, sizeof filter, "f%d", i);
		snprintf(text, sizeof text, "t%d", i);
		cache_put(&pages, filter, text, 10 * ms, 10 * second + i);
	}
	assert_null(cached(&pages, "f0", 10 * second + 20));
	assert_string_equal(cached(&pages, "f1", 10 * second + 20), "t1");
	assert_string_equal(cached(&pages, "f8", 10 * second + 20), "t8");
	page_cache_clear(&pages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_history_has_the_worst_of_each_half_hour),
		cmocka_unit_test(the_history_forgets_after_a_day),
		cmocka_unit_test(the_worst_comes_first_then_what_changed_last),
		cmocka_unit_test(filters_select),
		cmocka_unit_test(
			a_filter_that_nearly_matches_everywhere_costs_little_more_than_another),
		cmocka_unit_test(pages_have_each_check_once),
		cmocka_unit_test(other_places_are_refused),
		cmocka_unit_test(an_answer_is_used_again_for_ten_times_as_long_as_it_took),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

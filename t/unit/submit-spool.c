/* SPDX-License-Identifier: MIT */
/* The files of a spool: their content, limits, damage, and other processes' files. */
#include "t/unit/unit.h"

#include "httpbroker/submit/spool.h"
#include "httpbroker/submit/spool_files.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void append(struct queue *queue, const char *json, bool timeless)
{
	const struct queued event = {.arrived = 7 * NSEC_PER_SEC, .timeless = timeless};

	queue_append(queue, &event, json, strlen(json));
}

static void a_file_is_read_as_it_was_written(void **state)
{
	struct queue queue = {NULL, NULL, 0, 0}, read = {NULL, NULL, 0, 0};
	struct buffer bytes = {NULL, 0, 0};
	struct reason why;

	(void)state;
	append(&queue, "{\"a\":\n1\r\n}", false);
	append(&queue, "{\"entity\":\"e\"}", true);
	assert_int_equal(spool_file_write(&bytes, queue.first, 4096), 2);
	assert_string_equal(bytes.data, "httpbroker-submit spool 1: 2 events, 35 bytes\n"
					"{\"a\": 1  }\n"
					"{\"time\":7,\"entity\":\"e\"}\n");
	assert_true(spool_file_read(bytes.data, bytes.length, "name", &read, &why));
	assert_int_equal(read.count, 2);
	assert_string_equal(read.first->json, "{\"a\": 1  }");
	assert_string_equal(read.first->origin.file, "name");
	assert_int_equal(read.first->origin.line, 2);
	assert_string_equal(read.last->json, "{\"time\":7,\"entity\":\"e\"}");
	assert_int_equal(read.last->origin.line, 3);
	assert_false(read.last->timeless);
	queue_clear(&queue);
	queue_clear(&read);
	buffer_free(&bytes);
}

static void the_size_of_a_file_is_limited(void **state)
{
	struct queue queue = {NULL, NULL, 0, 0};
	struct buffer bytes = {NULL, 0, 0};

	(void)state;
	for (int i = 0; i < 600; i++)
		append(&queue, "{}", false);
	assert_int_equal(spool_file_write(&bytes, queue.first, 1 << 20), 500);
	assert_int_equal(spool_file_write(&bytes, queue.first, 100), 6);
	assert_true(bytes.length <= 100);
	assert_int_equal(spool_file_write(&bytes, queue.first, 82), 0);
	assert_int_equal(spool_file_write(&bytes, queue.first, 0), 0);
	queue_clear(&queue);
	buffer_free(&bytes);
}

static void assert_damaged(const char *text, const char *expected)
{
	struct queue queue = {NULL, NULL, 0, 0};
	struct reason why;

	assert_false(spool_file_read(text, strlen(text), "name", &queue, &why));
	assert_string_equal(why.text, expected);
	assert_null(queue.first);
}

#define HEAD "httpbroker-submit spool 1: "

static void damage_is_reported(void **state)
{
	(void)state;
	assert_damaged("", "it does not begin as a file of a spool does");
	assert_damaged("{}\n", "it does not begin as a file of a spool does");
	assert_damaged(HEAD "1 events, 3 bytes", "it does not begin as a file of a spool does");
	assert_damaged(
		HEAD "01 events, 3 bytes\n{}\n", "it does not begin as a file of a spool does");
	assert_damaged(
		HEAD "2 events, 6 bytes\n{}\n", "it has 3 bytes of events where there were 6");
	assert_damaged(HEAD "2 events, 3 bytes\n{}\n", "it has 1 event where there were 2");
	assert_damaged(HEAD "2 events, 5 bytes\n{}\n{}", "line 3 has no end");
	assert_damaged(HEAD "1 events, 3 bytes\n{x\n", "line 2: string or '}' expected near 'x'");
	assert_damaged(HEAD "1 events, 3 bytes\n[]\n", "line 2: not an object");
}

static void put(struct spool *spool, const char *json)
{
	struct queue queue = {NULL, NULL, 0, 0};
	struct reason why;

	append(&queue, json, false);
	assert_true(spool_put(spool, &queue, &why));
	assert_null(queue.first);
}

/* Attempts are frequent, and listing a full directory at each would be slow. */
static void files_of_other_processes_are_not_listed_at_each_attempt(void **state)
{
	char path[] = "/tmp/submit-spool-XXXXXX";
	struct queue taken = {NULL, NULL, 0, 0};
	struct reason why;

	(void)state;
	assert_non_null(mkdtemp(path));
	struct spool *ours = spool_open(path, SIZE_MAX, &why);
	struct spool *others = spool_open(path, SIZE_MAX, &why);
	put(others, "{\"a\":1}");
	assert_int_equal(spool_lock(ours, &why), SPOOL_LOCKED);
	put(others, "{\"b\":1}");
	put(ours, "{\"c\":1}");
	assert_true(spool_take(ours, &taken));
	assert_true(spool_take(ours, &taken));
	assert_string_equal(taken.first->json, "{\"a\":1}");
	assert_string_equal(taken.last->json, "{\"c\":1}");
	assert_false(spool_take(ours, &taken));
	while (taken.first != NULL) {
		spool_settle(ours, taken.first);
		queue_drop(&taken, NULL);
	}
	spool_close(ours);
	ours = spool_open(path, SIZE_MAX, &why);
	assert_int_equal(spool_lock(ours, &why), SPOOL_LOCKED);
	assert_true(spool_take(ours, &taken));
	assert_string_equal(taken.first->json, "{\"b\":1}");
	spool_settle(ours, taken.first);
	queue_clear(&taken);
	spool_close(ours);
	spool_close(others);
	assert_int_equal(rmdir(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read_as_it_was_written),
		cmocka_unit_test(the_size_of_a_file_is_limited),
		cmocka_unit_test(damage_is_reported),
		cmocka_unit_test(files_of_other_processes_are_not_listed_at_each_attempt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

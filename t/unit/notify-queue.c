/* SPDX-License-Identifier: MIT */
/* What waits for an output: its order, retries, the bound, and the list in Redis. */
#include "t/unit/unit.h"

#include "httpbroker/notify/queue.h"
#include "httpbroker/redis/resp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(struct queue *queue, uint64_t check, const char *text)
{
	queue_put(queue, check, text, strlen(text), false);
}

/* Takes the next one, which must be this. */
static struct item *taken(struct queue *queue, nsec now, const char *text)
{
	struct item *item = queue_next(queue, now);

	assert_non_null(item);
	assert_string_equal(item->json, text);
	return item;
}

/* The commands of a commit, with blanks between their words. */
static void expect_commands(struct queue *queue, const char *expected)
{
	struct resp_list commands = {{NULL, 0, 0}, 0};
	char text[512] = "", *line;

	queue_commit(queue, "k", &commands);
	if (commands.count > 0)
		for (line = strtok(commands.bytes.data, "\r\n"); line != NULL;
			line = strtok(NULL, "\r\n"))
			if (line[0] != '$') {
				strcat(text, line);
				strcat(text, " ");
			}
	assert_string_equal(text, expected);
	resp_free(&commands);
}

static void a_check_is_in_order_and_others_overtake(void **state)
{
	struct queue *queue = &(struct queue){.max = 100, .stored = false};

	(void)state;
	put(queue, 1, "a1");
	put(queue, 1, "a2");
	put(queue, 2, "b1");
	struct item *a1 = taken(queue, 0, "a1");
	struct item *b1 = taken(queue, 0, "b1");
	assert_null(queue_next(queue, 0));
	queue_done(queue, b1);
	queue_retry(queue, a1, 50);
	assert_int_equal(queue_deadline(queue), 50);
	assert_null(queue_next(queue, 49));
	put(queue, 2, "b2");
	b1 = taken(queue, 49, "b2");
	a1 = taken(queue, 50, "a1");
	assert_int_equal(a1->failures, 1);
	assert_int_equal(queue->under_way, 2);
	queue_done(queue, a1);
	a1 = taken(queue, 50, "a2");
	queue_done(queue, a1);
	queue_done(queue, b1);
	assert_int_equal(queue->waiting, 0);
	assert_int_equal(queue_deadline(queue), NSEC_NEVER);
	expect_commands(queue, "");
	queue_clear(queue);
}

static void above_the_bound_the_newest_of_each_check_stays(void **state)
{
	struct queue *queue = &(struct queue){.max = 4, .stored = false};

	(void)state;
	put(queue, 1, "a1");
	struct item *a1 = taken(queue, 0, "a1");
	put(queue, 1, "a2");
	put(queue, 2, "b1");
	put(queue, 2, "b2");
	assert_int_equal(queue->thinned, 0);
	put(queue, 1, "a3");
	assert_int_equal(queue->thinned, 2);
	queue_done(queue, a1);
	queue_done(queue, taken(queue, 0, "b2"));
	queue_done(queue, taken(queue, 0, "a3"));
	assert_int_equal(queue->waiting, 0);
	for (char text[3] = "x1"; text[1] <= '9'; text[1]++)
		put(queue, 3, text);
	assert_int_equal(queue->waiting, 1 + ('9' - '5') % 4);
	queue_clear(queue);
}

static void nothing_is_given_out_before_it_is_in_the_list(void **state)
{
	struct queue *queue = &(struct queue){.max = 100, .stored = true};

	(void)state;
	put(queue, 1, "a1");
	put(queue, 2, "b1");
	assert_null(queue_next(queue, 0));
	assert_int_equal(queue_listed(queue), 0);
	expect_commands(queue, "4 RPUSH k a1 b1 ");
	put(queue, 3, "c1"); /* not by that commit */
	assert_null(queue_next(queue, 0));
	queue_committed(queue);
	assert_int_equal(queue_listed(queue), 2);
	struct item *a1 = taken(queue, 0, "a1");
	struct item *b1 = taken(queue, 0, "b1");
	assert_null(queue_next(queue, 0));
	queue_done(queue, b1);
	expect_commands(queue, "4 LREM k 1 b1 3 RPUSH k c1 ");
	queue_done(queue, a1);
	queue_committed(queue);
	expect_commands(queue, "4 LREM k 1 a1 ");
	queue_committed(queue);
	expect_commands(queue, "");
	queue_done(queue, taken(queue, 0, "c1"));
	put(queue, 4, "d1");
	assert_int_equal(queue_listed(queue), 1);
	queue_rewrite(queue);
	assert_int_equal(queue_listed(queue), 0);
	expect_commands(queue, "2 DEL k 3 RPUSH k d1 ");
	queue_committed(queue);
	assert_int_equal(queue_listed(queue), 1);
	expect_commands(queue, "");
	queue_clear(queue);
}

static void what_was_loaded_is_in_the_list_already(void **state)
{
	struct queue *queue = &(struct queue){.max = 2, .stored = true};

	(void)state;
	queue_put(queue, 1, "a1", 2, true);
	queue_put(queue, 1, "a2", 2, true);
	put(queue, 1, "a3");
	assert_int_equal(queue_listed(queue), 2);
	assert_int_equal(queue->waiting, 1);
	assert_null(queue_next(queue, 0));
	expect_commands(queue, "4 LREM k 1 a1 4 LREM k 1 a2 3 RPUSH k a3 ");
	put(queue, 1, "a4");
	put(queue, 1, "a5");
	put(queue, 1, "a6"); /* a3 is thinned while its commit is in flight */
	queue_committed(queue);
	expect_commands(queue, "4 LREM k 1 a3 4 RPUSH k a5 a6 ");
	queue_committed(queue);
	queue_done(queue, taken(queue, 0, "a5"));
	queue_clear(queue);
	expect_commands(queue, "");
	queue_clear(queue);
}

/* ---- a simulation: the list in Redis as an array, which commands change ---- */

enum { NOTIFICATIONS = 3000, CHECKS = 7, SIMULATED_MAX = 12, WORD = 16 };

struct list {
	char item[NOTIFICATIONS][WORD];
	size_t count;
};

static void list_remove(struct list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->item[i], text) == 0) {
			list->count--;
			memmove(list->item[i], list->item[i + 1],
				(list->count - i) * sizeof list->item[0]);
			return;
		}
	fail_msg("%s is not in the list", text);
}

/* The next word of the commands; NULL: none. */
static char *word_next(char **at)
{
	char *line = strsep(at, "\r"), *word = line != NULL ? strsep(at, "\r") : NULL;

	return word != NULL ? word + 1 : NULL; /* behind the newline */
}

static void list_apply(struct list *list, struct resp_list *commands)
{
	char *at = commands->count > 0 ? commands->bytes.data : NULL, *count;

	while ((count = word_next(&at)) != NULL) {
		int words = (int)strtol(count, NULL, 10);
		const char *command = word_next(&at), *key = word_next(&at);

		assert_string_equal(key, "k");
		if (strcmp(command, "DEL") == 0)
			list->count = 0;
		if (strcmp(command, "LREM") == 0) {
			word_next(&at);
			list_remove(list, word_next(&at));
		}
		for (int i = 2; strcmp(command, "RPUSH") == 0 && i < words; i++)
			strcpy(list->item[list->count++], word_next(&at));
	}
}

static void the_list_is_what_waits_whatever_happens(void **state)
{
	struct queue *queue = &(struct queue){.max = SIMULATED_MAX, .stored = true};
	struct list *list = calloc(1, sizeof *list);
	struct resp_list commands = {{NULL, 0, 0}, 0};
	struct item *under_way[CHECKS];
	int delivered[CHECKS] = {0}, put_last[CHECKS] = {0}, begun = 0, done = 0;
	bool in_flight = false;
	char text[WORD];
	nsec now = 0;

	(void)state;
	assert_non_null(list);
	srand(3);
	for (int number = 0; number < NOTIFICATIONS || queue->waiting > 0; now++) {
		int dice = rand() % 8, check;

		if (dice == 0 && number < NOTIFICATIONS) {
			check = rand() % CHECKS;
			put_last[check] = ++number;
			snprintf(text, sizeof text, "%d/%d", check, number);
			put(queue, (uint64_t)check, text);
		} else if (dice < 3 && !in_flight) { /* a commit is sent, */
			queue_commit(queue, "k", &commands);
			in_flight = true;
		} else if (dice == 3 && in_flight) { /* and applied */
			list_apply(list, &commands);
			resp_free(&commands);
			queue_committed(queue);
			assert_int_equal(queue->listed, list->count);
			in_flight = false;
		} else if (dice < 6 && begun < CHECKS) {
			under_way[begun] = queue_next(queue, now);
			begun += under_way[begun] != NULL;
		} else if (begun > 0) {
			struct item *item = under_way[--begun];
			int which;

			assert_int_equal(sscanf(item->json, "%d/%d", &check, &which), 2);
			assert_true(which > delivered[check]); /* in order */
			if (rand() % 3 == 0) {
				queue_retry(queue, item, now + rand() % 20);
				continue;
			}
			delivered[check] = which;
			queue_done(queue, item);
			done++;
		} else if (rand() % 200 == 0) {
			queue_rewrite(queue);
		}
	}
	for (int i = 0; i < 2; i++) {
		if (!in_flight)
			queue_commit(queue, "k", &commands);
		list_apply(list, &commands);
		resp_free(&commands);
		queue_committed(queue);
		in_flight = false;
	}
	assert_memory_equal(
		delivered, put_last, sizeof delivered); /* the newest, whatever was thinned */
	assert_int_equal((uint64_t)done + queue->thinned, NOTIFICATIONS);
	assert_between(queue->thinned, 100, NOTIFICATIONS);
	assert_int_equal(list->count, 0);
	expect_commands(queue, "");
	queue_clear(queue);
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_check_is_in_order_and_others_overtake),
		cmocka_unit_test(above_the_bound_the_newest_of_each_check_stays),
		cmocka_unit_test(nothing_is_given_out_before_it_is_in_the_list),
		cmocka_unit_test(what_was_loaded_is_in_the_list_already),
		cmocka_unit_test(the_list_is_what_waits_whatever_happens),
	};

	return cmocka_run_group_tests_name("notify-queue", tests, NULL, NULL);
}

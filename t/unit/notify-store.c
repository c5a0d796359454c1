/* SPDX-License-Identifier: MIT */
/* What is loaded from Redis at a start, and the words of a commit. */
#include "t/unit/unit.h"

#include "httpbroker/notify/notify.h"
#include "httpbroker/notify/store.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static const struct moment now = {1000 * NSEC_PER_SEC, NSEC_PER_SEC};

static const struct output_type type = {.work = NULL};

/* Two outputs without a receiver, no problem. */
static void notify_begin(struct notify *notify, struct keys *keys)
{
	*notify = (struct notify){0};
	for (int i = 0; i < 2; i++) {
		struct output *output = output_new(&type, i == 0 ? "one" : "two", NULL);

		output->key = strdup(i == 0 ? "k:one" : "k:two");
		output->queue = (struct queue){.max = 5000, .stored = true};
		LL_APPEND(notify->outputs, output);
	}
	keys_init(keys, "httpbroker-notify", "n", "events", 2);
	notify->judge.problems.states = keys->checks;
}

static void notify_end(struct notify *notify, struct keys *keys)
{
	struct output *output, *next;

	LL_FOREACH_SAFE(notify->outputs, output, next) {
		queue_clear(&output->queue);
		free(output->name);
		free(output->key);
		free(output);
	}
	problems_free(&notify->judge.problems);
	keys_free(keys);
}

static redisReply *reply_of(const char *bytes, size_t length)
{
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;

	assert_int_equal(redisReaderFeed(reader, bytes, length), REDIS_OK);
	assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
	assert_non_null(reply);
	redisReaderFree(reader);
	return reply;
}

/* The next command is `asked`; it is answered by these bytes. */
static bool answer(struct load *load, struct notify *notify, const struct keys *keys,
	const char *asked, const struct buffer *bytes)
{
	const char *words[LOAD_WORDS];
	char text[200] = "";

	load_command(load, keys, words);
	for (int i = 0; words[i] != NULL; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s ", words[i]);
	assert_string_equal(text, asked);
	redisReply *reply = reply_of(bytes->data, bytes->length);
	bool read = load_read(load, notify, keys, reply, now);
	freeReplyObject(reply);
	return read;
}

static void bulk(struct buffer *out, const char *text)
{
	buffer_printf(out, "$%zu\r\n%s\r\n", strlen(text), text);
}

static struct notification problem_of(const char *check)
{
	return (struct notification){.entity = text_literal("e"),
		.check = text_literal(check),
		.state = STATE_CRITICAL,
		.summary = text_literal("")};
}

/* So many notifications, of different checks. */
static void items_answer(struct buffer *out, int count)
{
	char check[16];

	buffer_clear(out);
	buffer_printf(out, "*%d\r\n", count);
	for (int i = 0; i < count; i++) {
		struct buffer json = {NULL, 0, 0};

		snprintf(check, sizeof check, "%d", i);
		const struct notification notification = problem_of(check);
		notification_encode(&notification, &json);
		bulk(out, json.data);
		buffer_free(&json);
	}
}

static void all_is_loaded_in_pieces(void **state)
{
	struct notify notify;
	struct keys keys;
	struct load load;
	struct buffer bytes = {NULL, 0, 0};

	(void)state;
	notify_begin(&notify, &keys);
	load_begin(&load, &notify);
	buffer_append_text(&bytes, "*2\r\n$2\r\n17\r\n*2\r\n:1\r\n:2\r\n");
	assert_false(answer(
		&load, &notify, &keys, "HSCAN httpbroker-notify:n:states 0 COUNT 1000 ", &bytes));
	buffer_clear(&bytes);
	buffer_append_text(&bytes, "*2\r\n$2\r\n17\r\n*4\r\n");
	bulk(&bytes, "e\x1f"
		     "a");
	bulk(&bytes, "{\"state\":\"critical\",\"told\":\"critical\",\"since\":1,\"heard\":2,"
		     "\"summary\":\"x\"}");
	bulk(&bytes, "e\x1f"
		     "damaged");
	bulk(&bytes, "{}");
	assert_true(answer(
		&load, &notify, &keys, "HSCAN httpbroker-notify:n:states 0 COUNT 1000 ", &bytes));
	buffer_clear(&bytes);
	buffer_append_text(&bytes, "*2\r\n$1\r\n0\r\n*0\r\n");
	assert_true(answer(
		&load, &notify, &keys, "HSCAN httpbroker-notify:n:states 17 COUNT 1000 ", &bytes));
	assert_int_equal(problems_count(&notify.judge.problems), 1);
	items_answer(&bytes, 1000);
	assert_true(answer(&load, &notify, &keys, "LRANGE k:one 0 999 ", &bytes));
	buffer_clear(&bytes);
	buffer_append_text(&bytes, "*1\r\n$4\r\njunk\r\n");
	assert_true(answer(&load, &notify, &keys, "LRANGE k:one 1000 1999 ", &bytes));
	assert_false(load_is_complete(&load));
	buffer_clear(&bytes);
	buffer_append_text(&bytes, "*2\r\n$4\r\njunk\r\n:1\r\n");
	assert_false(answer(&load, &notify, &keys, "LRANGE k:two 0 999 ", &bytes));
	buffer_clear(&bytes);
	buffer_append_text(&bytes, "-WRONGTYPE\r\n");
	assert_false(answer(&load, &notify, &keys, "LRANGE k:two 0 999 ", &bytes));
	buffer_clear(&bytes);
	buffer_append_text(&bytes, "*0\r\n");
	assert_true(answer(&load, &notify, &keys, "LRANGE k:two 0 999 ", &bytes));
	assert_true(load_is_complete(&load));
	assert_int_equal(notify.outputs->queue.waiting, 1001);
	assert_int_equal(notify.outputs->next->queue.waiting, 0);
	assert_null(store_commit(&notify, NULL));
	buffer_free(&bytes);
	notify_end(&notify, &keys);
}

static void a_commit_has_what_has_changed_and_the_ends_of_what_was_taken(void **state)
{
	static const char taken[] = "*3\r\n$3\r\nold\r\n$3\r\nmid\r\n$3\r\nnew\r\n";
	static const char expected[] =
		"3 old new 3 RPUSH k:one {\"n\"} 3 RPUSH k:two {\"n\"} "
		"4 HSET httpbroker-notify:n:states e\x1f"
		"a "
		"{\"state\":\"critical\",\"told\":\"ok\",\"since\":0,\"heard\":0,\"summary\":\"\"} ";
	redisReply *reply = reply_of(taken, sizeof taken - 1);
	struct notify notify;
	struct keys keys;
	char text[1000] = "", *line;

	(void)state;
	notify_begin(&notify, &keys);
	for (int i = 0; i < 2; i++)
		queue_put(i == 0 ? &notify.outputs->queue : &notify.outputs->next->queue, 7,
			"{\"n\"}", 5, false);
	struct problem *problem =
		problems_add(&notify.judge.problems, text_literal("e"), text_literal("a"), 0);
	problem->state = STATE_CRITICAL;
	problem_change(&notify.judge.problems, problem, now);
	struct commit *commit = store_commit(&notify, reply);
	assert_non_null(commit);
	assert_null(store_commit(&notify, NULL));
	assert_null(queue_next(&notify.outputs->queue, 0));
	for (line = strtok(commit->arguments.bytes.data, "\r\n"); line != NULL;
		line = strtok(NULL, "\r\n"))
		if (line[0] != '$')
			snprintf(text + strlen(text), sizeof text - strlen(text), "%s ", line);
	assert_string_equal(text, expected);
	store_committed(&notify);
	assert_non_null(queue_next(&notify.outputs->queue, 0));
	commit_free(commit);
	assert_null(store_commit(&notify, NULL)); /* nothing was taken, nothing has changed */
	store_rewrite(&notify, now);              /* what is there and has ended must go */
	commit = store_commit(&notify, NULL);
	assert_non_null(commit);
	assert_non_null(strstr(commit->arguments.bytes.data,
		"$1\r\n2\r\n$3\r\nDEL\r\n$26\r\nhttpbroker-notify:n:states\r\n$1\r\n4\r\n$4\r\nHSET"));
	assert_int_equal(notify.judge.problems.changes.count, 0);
	commit_free(commit);
	freeReplyObject(reply);
	notify_end(&notify, &keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_is_loaded_in_pieces),
		cmocka_unit_test(a_commit_has_what_has_changed_and_the_ends_of_what_was_taken),
	};

	return cmocka_run_group_tests_name("notify-store", tests, NULL, NULL);
}

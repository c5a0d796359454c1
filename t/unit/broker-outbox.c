/* SPDX-License-Identifier: MIT */
/* The outbox: every event once, every state's record once, in commits of a bounded size. */
#include "t/unit/unit.h"

#include "t/unit/broker-parts.h"

#include <stdlib.h>
#include <string.h>

static void push(struct outbox *outbox, const char *text)
{
	resp_add_text(outbox_push(outbox), text);
}

static void assert_marks(struct watermarks watermarks, uint64_t pushes, uint64_t records)
{
	assert_int_equal(watermarks.pushes, pushes);
	assert_int_equal(watermarks.records, records);
}

static void an_empty_outbox_yields_no_commit(void **state)
{
	struct outbox *outbox = outbox_new();

	(void)state;
	assert_null(outbox_take(outbox, 0));
	assert_marks(outbox_watermarks(outbox), 0, 0);
	outbox_free(outbox);
}

static void a_commit_contains_the_outbox_at_the_time_it_was_made(void **state)
{
	struct outbox *outbox = outbox_new();
	struct buffer lines = {NULL, 0, 0};

	(void)state;
	push(outbox, "one");
	push(outbox, "two");
	struct commit *commit = outbox_take(outbox, 0);
	push(outbox, "three");
	assert_string_equal(resp_lines(&commit->pushes, &lines), "one\ntwo\n");
	assert_int_equal(commit->todo, COMMIT_PUSHES | COMMIT_WAKE);
	assert_marks(outbox_watermarks(outbox), 3, 0);
	assert_marks(outbox_done(outbox), 0, 0);
	outbox_applied(outbox, commit);
	assert_marks(outbox_done(outbox), 2, 0);
	commit = outbox_take(outbox, 0);
	assert_string_equal(resp_lines(&commit->pushes, &lines), "three\n");
	outbox_applied(outbox, commit);
	assert_marks(outbox_done(outbox), 3, 0);
	assert_null(outbox_take(outbox, 0));
	outbox_free(outbox);
	buffer_free(&lines);
}

static void a_record_is_written_once_with_the_latest_state(void **state)
{
	struct event event = event_plain("e", "c", STATE_OK);
	struct single single = single_make(&event, (struct moment){0, 0}); /* stale at 300 s */
	struct outbox *outbox = outbox_new();
	struct buffer events = {NULL, 0, 0}, records = {NULL, 0, 0};

	(void)state;
	outbox_record(outbox, single.check);
	outbox_record(outbox, single.check);
	assert_marks(outbox_watermarks(outbox), 0, 1);
	single.check->sent = STATE_CRITICAL;
	assert_int_equal(outbox_drain(outbox, 7 * NSEC_PER_SEC, &events, &records), 1);
	assert_string_equal(events.data, "");
	assert_string_equal(records.data,
		"e\x1f"
		"c\n1 0 300 critical 307000 {\"entity\":\"e\",\"check\":\"c\","
		"\"type\":\"service\",\"state\":\"ok\",\"summary\":\"\"}\n");
	outbox_record(outbox, single.check);
	assert_marks(outbox_watermarks(outbox), 0, 2);
	struct commit *commit = outbox_take(outbox, 0);
	assert_int_equal(commit->todo, COMMIT_RECORDS);
	outbox_record(outbox, single.check); /* changed since the commit was made */
	outbox_applied(outbox, commit);
	assert_marks(outbox_done(outbox), 0, 2);
	assert_int_equal(outbox_drain(outbox, 0, &events, &records), 1);
	outbox_free(outbox);
	checks_free(single.checks);
	buffer_free(&events);
	buffer_free(&records);
}

static void assert_deadline(struct check *check, nsec clock, const char *expected)
{
	struct outbox *outbox = outbox_new();
	struct buffer events = {NULL, 0, 0}, records = {NULL, 0, 0};

	outbox_record(outbox, check);
	outbox_drain(outbox, clock, &events, &records);
	const char *value = strchr(records.data, '\n') + 1;
	assert_memory_equal(value, expected, strlen(expected));
	outbox_free(outbox);
	buffer_free(&events);
	buffer_free(&records);
}

static void deadlines_are_written_on_the_broker_clock(void **state)
{
	struct event event = event_plain("e", "c", STATE_OK);
	struct single single = single_make(&event, (struct moment){0, 0});

	(void)state;
	assert_deadline(single.check, 0, "1 0 300 ok 300000 {");
	assert_deadline(single.check, -100 * NSEC_PER_SEC, "1 0 300 ok 200000 {");
	assert_deadline(single.check, -301 * NSEC_PER_SEC, "1 0 300 ok 0 {");
	single.check->deadline = NSEC_NEVER;
	assert_deadline(single.check, 5, "1 0 300 ok - {");
	checks_free(single.checks);
}

/* Returns the number of commits needed, each within its maximum size. */
static int commits_counted(struct outbox *outbox, size_t max_pushes, size_t max_records)
{
	struct watermarks made = outbox_watermarks(outbox), seen = outbox_done(outbox);
	struct commit *commit;
	int count = 0;

	while ((commit = outbox_take(outbox, 0)) != NULL) {
		assert_between(commit->pushes.count, 0, max_pushes);
		assert_between(commit->records.count, 0, 2 * max_records);
		seen.pushes += commit->pushes.count;
		seen.records += commit->records.count / 2;
		outbox_applied(outbox, commit);
		count++;
	}
	assert_marks(seen, made.pushes, made.records);
	assert_marks(outbox_done(outbox), made.pushes, made.records);
	return count;
}

/* The fields that one commit deletes and writes, with the pushed conditions. */
static void assert_commit(struct outbox *outbox, const char *deleted, const char *written)
{
	struct buffer lines = {NULL, 0, 0};
	struct commit *commit = outbox_take(outbox, 0);

	assert_non_null(commit);
	assert_string_equal(resp_lines(&commit->forgets, &lines), deleted);
	resp_lines(&commit->records, &lines);
	if (written == NULL)
		assert_int_equal(commit->records.count, 0);
	else
		assert_non_null(strstr(lines.data, written));
	assert_int_equal(commit->todo,
		(deleted[0] != '\0' ? COMMIT_FORGETS : 0) | (written != NULL ? COMMIT_RECORDS : 0));
	outbox_applied(outbox, commit);
	buffer_free(&lines);
}

#define FIELD   \
	"e\x1f" \
	"c\n"

static void deletions_keep_their_order(void **state)
{
	struct event event = event_plain("e", "c", STATE_OK);
	struct outbox *outbox = outbox_new();
	struct single single[4];

	(void)state;
	for (int i = 0; i < 4; i++) {
		single[i] = single_make(&event, (struct moment){0, 0});
		single[i].check->sent = STATE_WARNING;
	}
	/* before its record was written: it is never written */
	outbox_record(outbox, single[0].check);
	checks_remove(single[0].checks, single[0].check);
	outbox_forget(outbox, single[0].check);
	assert_marks(outbox_watermarks(outbox), 0, 1);
	assert_commit(outbox, FIELD, NULL);
	assert_marks(outbox_done(outbox), 0, 1);
	/* and posted again, forgotten again, posted again: the last one stays */
	checks_remove(single[1].checks, single[1].check);
	outbox_forget(outbox, single[1].check);
	outbox_record(outbox, single[2].check);
	checks_remove(single[2].checks, single[2].check);
	outbox_forget(outbox, single[2].check);
	outbox_record(outbox, single[3].check);
	assert_marks(outbox_watermarks(outbox), 0, 4);
	assert_commit(outbox, FIELD FIELD, FIELD "1 0 300 warning ");
	assert_marks(outbox_done(outbox), 0, 4);
	/* pending deletions are freed at the end */
	checks_remove(single[3].checks, single[3].check);
	outbox_forget(outbox, single[3].check);
	outbox_free(outbox);
	for (int i = 0; i < 4; i++)
		checks_free(single[i].checks);
}

static void commits_are_bounded_in_events(void **state)
{
	struct outbox *outbox = outbox_new();

	(void)state;
	for (int i = 0; i < 999; i++)
		push(outbox, "x");
	assert_false(outbox_full(outbox));
	push(outbox, "x");
	assert_true(outbox_full(outbox));
	for (int i = 0; i < 1500; i++)
		push(outbox, "x");
	assert_int_equal(commits_counted(outbox, 1000, 0), 3);
	outbox_free(outbox);
}

static void commits_are_bounded_in_bytes(void **state)
{
	struct outbox *outbox = outbox_new();
	size_t size = 300000;
	char *large = malloc(size + 1);

	(void)state;
	assert_non_null(large);
	memset(large, 'x', size);
	large[size] = '\0';
	for (int i = 0; i < 10; i++)
		push(outbox, large);
	assert_int_equal(commits_counted(outbox, 4, 0), 3);
	free(large);
	outbox_free(outbox);
}

static void add_records(struct outbox *outbox, struct checks *checks, int from, int end)
{
	for (int i = from; i < end; i++) {
		char text[16], bytes[] = "{}";
		struct names names = {text, 0, 1};

		names.length = (uint16_t)snprintf(text, sizeof text, "e:%d", i);
		outbox_record(outbox, checks_add(checks, &(struct prepared){.names = names,
								 .encoded = {bytes, 2, 0}}));
	}
}

static void assert_not_listed(const struct check *check, void *context)
{
	(void)context;
	assert_false(check->listed);
}

static void commits_are_bounded_in_records(void **state)
{
	struct checks *checks = checks_new(&(struct siphash_key){1, 2});
	struct outbox *outbox = outbox_new();

	(void)state;
	add_records(outbox, checks, 0, 2500);
	for (int i = 0; i < 2; i++) {
		struct commit *commit = outbox_take(outbox, 0);
		assert_int_equal(commit->records.count, 2000);
		outbox_applied(outbox, commit);
		assert_marks(outbox_done(outbox), 0, (uint64_t)(i + 1) * 1000);
		add_records(outbox, checks, 2500 + 1000 * i, 3500 + 1000 * i);
	}
	assert_int_equal(commits_counted(outbox, 0, 1000), 3);
	for (unsigned shard = 0; shard < CHECKS_SHARDS; shard++)
		checks_visit(checks, shard, assert_not_listed, NULL);
	outbox_free(outbox);
	checks_free(checks);
}

/* Redis has executed the commit except for these parts. */
static void refuse(struct outbox *outbox, struct commit *commit, unsigned parts)
{
	commit->sent = commit->todo;
	commit->refused = parts;
	outbox_applied(outbox, commit);
}

static void apply(struct outbox *outbox, struct commit *commit)
{
	refuse(outbox, commit, 0);
}

static struct commit *take_commit(struct outbox *outbox, unsigned todo)
{
	struct commit *commit = outbox_take(outbox, 0);

	assert_non_null(commit);
	assert_int_equal(commit->todo, todo);
	return commit;
}

static void assert_pushes(const struct commit *commit, const char *expected)
{
	struct buffer lines = {NULL, 0, 0};

	assert_string_equal(resp_lines(&commit->pushes, &lines), expected);
	buffer_free(&lines);
}

static struct check *record(struct outbox *outbox, struct checks *checks, const char *name)
{
	char bytes[] = "{}";
	struct names names = {name, (uint16_t)strlen(name), 1};
	struct check *check =
		checks_add(checks, &(struct prepared){.names = names, .encoded = {bytes, 2, 0}});

	outbox_record(outbox, check);
	return check;
}

static void refused_events_delay_only_events(void **state)
{
	struct checks *checks = checks_new(&(struct siphash_key){1, 2});
	struct outbox *outbox = outbox_new();
	struct commit *commit;

	(void)state;
	push(outbox, "one");
	record(outbox, checks, "e:1");
	refuse(outbox, take_commit(outbox, COMMIT_RECORDS | COMMIT_PUSHES | COMMIT_WAKE),
		COMMIT_PUSHES);
	assert_int_equal(outbox_refused(outbox), COMMIT_PUSHES);
	assert_marks(outbox_done(outbox), 0, 1);
	assert_false(outbox_waits(outbox));
	assert_null(outbox_take(outbox, 0));
	/* a record is sent, but not the event behind the refused one */
	push(outbox, "two");
	struct check *pushed = record(outbox, checks, "e:2");
	pushed->pushed_in = outbox_sequence(outbox);
	apply(outbox, take_commit(outbox, COMMIT_RECORDS));
	assert_marks(outbox_done(outbox), 0, 2);
	assert_int_equal(outbox_refused(outbox), COMMIT_PUSHES);
	assert_null(outbox_take(outbox, 0));
	/* retried and refused again; then accepted, and all are in order */
	outbox_retry(outbox);
	commit = take_commit(outbox, COMMIT_PUSHES | COMMIT_WAKE);
	assert_pushes(commit, "one\n");
	refuse(outbox, commit, COMMIT_PUSHES);
	assert_null(outbox_take(outbox, 0));
	outbox_retry(outbox);
	commit = take_commit(outbox, COMMIT_PUSHES | COMMIT_WAKE);
	assert_pushes(commit, "one\n");
	apply(outbox, commit);
	assert_int_equal(outbox_refused(outbox), 0);
	commit = take_commit(outbox, COMMIT_RECORDS | COMMIT_PUSHES | COMMIT_WAKE);
	assert_pushes(commit, "two\n");
	apply(outbox, commit);
	assert_marks(outbox_done(outbox), 2, 3);
	assert_true(outbox_is_empty(outbox));
	outbox_free(outbox);
	checks_free(checks);
}

/* The next record, written alone, has this pushed state. */
static void assert_record_sent(struct outbox *outbox, const char *sent)
{
	struct buffer lines = {NULL, 0, 0};
	struct commit *commit = take_commit(outbox, COMMIT_RECORDS);
	char expected[64];

	snprintf(expected, sizeof expected, "\n1 0 0 %s 0 {", sent);
	assert_non_null(strstr(resp_lines(&commit->records, &lines), expected));
	assert_null(strstr(strstr(lines.data, expected) + 1, "\n1 "));
	apply(outbox, commit);
	buffer_free(&lines);
}

/* Adds an event and its record to the next commit. */
static struct check *push_with_record(
	struct outbox *outbox, struct checks *checks, const char *name)
{
	push(outbox, name);
	struct check *check = record(outbox, checks, name);
	check->pushed_in = outbox_sequence(outbox);
	return check;
}

static void a_record_lists_undelivered_events_while_events_are_refused(void **state)
{
	const unsigned both = COMMIT_RECORDS | COMMIT_PUSHES | COMMIT_WAKE;
	struct checks *checks = checks_new(&(struct siphash_key){1, 2});
	struct outbox *outbox = outbox_new();

	(void)state;
	struct check *one = push_with_record(outbox, checks, "e:1");
	refuse(outbox, take_commit(outbox, both), COMMIT_PUSHES);
	assert_record_sent(outbox, "-");
	assert_null(outbox_take(outbox, 0));
	/* a check without an event is unchanged */
	record(outbox, checks, "e:0");
	assert_record_sent(outbox, "ok");
	push_with_record(outbox, checks, "e:2");
	assert_record_sent(outbox, "-");
	/* a retry fails: nothing changes; events in the retried commit are undelivered as well */
	outbox_retry(outbox);
	outbox_record(outbox, one);
	struct commit *commit = take_commit(outbox, both);
	struct buffer lines = {NULL, 0, 0};
	assert_non_null(strstr(resp_lines(&commit->records, &lines), "\n1 0 0 - 0 {"));
	refuse(outbox, commit, COMMIT_PUSHES);
	assert_null(outbox_take(outbox, 0));
	/* then accepted: each record with its event, or after it */
	outbox_retry(outbox);
	apply(outbox, take_commit(outbox, COMMIT_PUSHES | COMMIT_WAKE));
	one->sent = STATE_CRITICAL;
	commit = take_commit(outbox, both);
	assert_int_equal(commit->records.count, 2);
	assert_int_equal(commit->dependent.count, 2);
	assert_non_null(strstr(resp_lines(&commit->records, &lines), "1\n1 0 0 critical 0 {"));
	assert_non_null(strstr(resp_lines(&commit->dependent, &lines), "2\n1 0 0 ok 0 {"));
	apply(outbox, commit);
	assert_true(outbox_is_empty(outbox));
	outbox_free(outbox);
	checks_free(checks);
	buffer_free(&lines);
}

/* Otherwise a record would list an event as pushed when the queue first refuses it. */
static void a_record_of_an_event_is_written_only_with_the_event(void **state)
{
	const unsigned both = COMMIT_RECORDS | COMMIT_PUSHES | COMMIT_WAKE;
	struct checks *checks = checks_new(&(struct siphash_key){1, 2});
	struct outbox *outbox = outbox_new();
	struct buffer lines = {NULL, 0, 0};

	(void)state;
	push_with_record(outbox, checks, "e:1");
	record(outbox, checks, "e:0"); /* without an event */
	struct commit *commit = take_commit(outbox, both);
	assert_non_null(strstr(resp_lines(&commit->dependent, &lines), "1\n1 0 0 ok 0 {"));
	assert_int_equal(commit->records.count, 2);
	assert_int_equal(outbox_recorded(outbox), 1);
	refuse(outbox, commit, COMMIT_PUSHES);
	assert_int_equal(outbox_recorded(outbox), 1);
	assert_record_sent(outbox, "-");
	assert_int_equal(outbox_recorded(outbox), 2);
	outbox_retry(outbox);
	apply(outbox, take_commit(outbox, COMMIT_PUSHES | COMMIT_WAKE));
	assert_record_sent(outbox, "ok");
	/* the queue accepted it, but the records key is not a hash: it is now an ordinary record */
	push_with_record(outbox, checks, "e:2");
	commit = take_commit(outbox, both);
	assert_int_equal(commit->records.count, 0);
	refuse(outbox, commit, COMMIT_RECORDS);
	assert_null(outbox_take(outbox, 0));
	outbox_retry(outbox);
	assert_record_sent(outbox, "ok");
	assert_true(outbox_is_empty(outbox));
	assert_int_equal(outbox_recorded(outbox), 3);
	outbox_free(outbox);
	checks_free(checks);
	buffer_free(&lines);
}

static void a_forgotten_check_has_no_undelivered_events(void **state)
{
	const unsigned both = COMMIT_RECORDS | COMMIT_PUSHES | COMMIT_WAKE;
	struct checks *checks = checks_new(&(struct siphash_key){1, 2});
	struct outbox *outbox = outbox_new();
	struct check *undelivered[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		undelivered[i] =
			push_with_record(outbox, checks, (const char *[]){"e:1", "e:2", "e:3"}[i]);
	refuse(outbox, take_commit(outbox, both), COMMIT_PUSHES);
	apply(outbox, take_commit(outbox, COMMIT_RECORDS));
	/* one whose record is deleted before its event is in the queue, one after that */
	checks_remove(checks, undelivered[0]);
	outbox_forget(outbox, undelivered[0]);
	apply(outbox, take_commit(outbox, COMMIT_FORGETS));
	outbox_retry(outbox);
	struct commit *commit = take_commit(outbox, COMMIT_PUSHES | COMMIT_WAKE);
	checks_remove(checks, undelivered[1]);
	outbox_forget(outbox, undelivered[1]);
	apply(outbox, commit);
	commit = take_commit(outbox, COMMIT_FORGETS | COMMIT_RECORDS);
	assert_int_equal(commit->forgets.count, 1); /* the second's: each once */
	assert_int_equal(commit->records.count, 2); /* the third's */
	apply(outbox, commit);
	assert_true(outbox_is_empty(outbox));
	/* undelivered events are freed at the end */
	undelivered[0] = push_with_record(outbox, checks, "e:1");
	refuse(outbox, take_commit(outbox, both), COMMIT_PUSHES);
	apply(outbox, take_commit(outbox, COMMIT_RECORDS));
	checks_remove(checks, undelivered[0]);
	outbox_forget(outbox, undelivered[0]);
	apply(outbox, take_commit(outbox, COMMIT_FORGETS));
	outbox_free(outbox);
	checks_free(checks);
}

static void refused_records_delay_only_records(void **state)
{
	struct checks *checks = checks_new(&(struct siphash_key){1, 2});
	struct outbox *outbox = outbox_new();
	struct buffer lines = {NULL, 0, 0};
	struct commit *commit;

	(void)state;
	struct check *check = record(outbox, checks, "e:1");
	check->sent = STATE_WARNING;
	refuse(outbox, take_commit(outbox, COMMIT_RECORDS), COMMIT_RECORDS);
	assert_false(outbox_waits(outbox));
	check->sent = STATE_CRITICAL;
	outbox_record(outbox, check);
	push(outbox, "one");
	assert_marks(outbox_watermarks(outbox), 1, 2);
	apply(outbox, take_commit(outbox, COMMIT_PUSHES | COMMIT_WAKE));
	assert_marks(outbox_done(outbox), 1, 0);
	assert_null(outbox_take(outbox, 0));
	/* the older one first, unchanged */
	outbox_retry(outbox);
	commit = take_commit(outbox, COMMIT_RECORDS);
	assert_non_null(strstr(resp_lines(&commit->records, &lines), " warning "));
	refuse(outbox, commit, COMMIT_RECORDS);
	outbox_retry(outbox);
	commit = take_commit(outbox, COMMIT_RECORDS);
	assert_non_null(strstr(resp_lines(&commit->records, &lines), " warning "));
	apply(outbox, commit);
	assert_marks(outbox_done(outbox), 1, 1);
	commit = take_commit(outbox, COMMIT_RECORDS);
	assert_non_null(strstr(resp_lines(&commit->records, &lines), " critical "));
	apply(outbox, commit);
	assert_marks(outbox_done(outbox), 1, 2);
	assert_int_equal(outbox_refused(outbox), 0);
	outbox_free(outbox);
	checks_free(checks);
	buffer_free(&lines);
}

static void refused_events_and_records_are_both_retried(void **state)
{
	struct checks *checks = checks_new(&(struct siphash_key){1, 2});
	struct outbox *outbox = outbox_new();

	(void)state;
	push(outbox, "one");
	record(outbox, checks, "e:1");
	struct check *forgotten = record(outbox, checks, "e:2");
	checks_remove(checks, forgotten);
	outbox_forget(outbox, forgotten);
	const unsigned all = COMMIT_FORGETS | COMMIT_RECORDS | COMMIT_PUSHES | COMMIT_WAKE;
	refuse(outbox, take_commit(outbox, all), COMMIT_FORGETS | COMMIT_RECORDS | COMMIT_PUSHES);
	assert_null(outbox_take(outbox, 0));
	assert_marks(outbox_done(outbox), 0, 0);
	outbox_retry(outbox);
	apply(outbox, take_commit(outbox, all));
	assert_marks(outbox_done(outbox), 1, 2);
	assert_int_equal(outbox_refused(outbox), 0);
	/* refused parts are freed at the end */
	push(outbox, "two");
	record(outbox, checks, "e:3");
	refuse(outbox, take_commit(outbox, COMMIT_RECORDS | COMMIT_PUSHES | COMMIT_WAKE),
		COMMIT_RECORDS | COMMIT_PUSHES);
	outbox_free(outbox);
	checks_free(checks);
}

static void a_refused_wake_up_is_retried_alone(void **state)
{
	struct outbox *outbox = outbox_new();

	(void)state;
	push(outbox, "one");
	refuse(outbox, take_commit(outbox, COMMIT_PUSHES | COMMIT_WAKE), COMMIT_WAKE);
	assert_marks(outbox_done(outbox), 1, 0);
	push(outbox, "two");
	apply(outbox, take_commit(outbox, COMMIT_PUSHES)); /* events do not wait for it */
	assert_int_equal(outbox_refused(outbox), COMMIT_WAKE);
	assert_null(outbox_take(outbox, 0));
	outbox_retry(outbox);
	apply(outbox, take_commit(outbox, COMMIT_WAKE));
	assert_int_equal(outbox_refused(outbox), 0);
	outbox_free(outbox);
}

static void the_handover_trim_waits_for_refused_parts(void **state)
{
	struct outbox *outbox = outbox_new();

	(void)state;
	push(outbox, "one");
	refuse(outbox, take_commit(outbox, COMMIT_PUSHES | COMMIT_WAKE), COMMIT_PUSHES);
	push(outbox, "two");
	outbox_trim(outbox, 5);
	assert_null(outbox_take(outbox, 0));
	outbox_retry(outbox);
	apply(outbox, take_commit(outbox, COMMIT_PUSHES | COMMIT_WAKE));
	struct commit *commit = take_commit(outbox, COMMIT_PUSHES | COMMIT_WAKE | COMMIT_TRIM);
	assert_int_equal(commit->trim, 5);
	refuse(outbox, commit, COMMIT_TRIM); /* the handover key is not a list */
	assert_false(outbox_is_trimming(outbox));
	assert_int_equal(outbox_refused(outbox), 0);
	assert_true(outbox_is_empty(outbox));
	outbox_free(outbox);
}

/* 256 MiB, whatever the number of items; refused ones count as well. */
static void waiting_bytes_are_bounded(void **state)
{
	const size_t size = 1 << 20;
	struct outbox *outbox = outbox_new();
	char *large = malloc(size);
	int count = 0;

	(void)state;
	assert_non_null(large);
	memset(large, 'x', size);
	for (; !outbox_overflows(outbox); count++)
		resp_add(outbox_push(outbox), large, size);
	assert_int_equal(count, 256);
	struct commit *commit = outbox_take(outbox, 0);
	assert_false(outbox_overflows(outbox));
	refuse(outbox, commit, COMMIT_PUSHES);
	assert_true(outbox_overflows(outbox));
	outbox_retry(outbox);
	apply(outbox, outbox_take(outbox, 0));
	assert_false(outbox_overflows(outbox));
	free(large);
	outbox_free(outbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_outbox_yields_no_commit),
		cmocka_unit_test(a_commit_contains_the_outbox_at_the_time_it_was_made),
		cmocka_unit_test(a_record_is_written_once_with_the_latest_state),
		cmocka_unit_test(deadlines_are_written_on_the_broker_clock),
		cmocka_unit_test(deletions_keep_their_order),
		cmocka_unit_test(commits_are_bounded_in_events),
		cmocka_unit_test(commits_are_bounded_in_bytes),
		cmocka_unit_test(commits_are_bounded_in_records),
		cmocka_unit_test(refused_events_delay_only_events),
		cmocka_unit_test(a_record_lists_undelivered_events_while_events_are_refused),
		cmocka_unit_test(a_record_of_an_event_is_written_only_with_the_event),
		cmocka_unit_test(a_forgotten_check_has_no_undelivered_events),
		cmocka_unit_test(refused_records_delay_only_records),
		cmocka_unit_test(refused_events_and_records_are_both_retried),
		cmocka_unit_test(a_refused_wake_up_is_retried_alone),
		cmocka_unit_test(the_handover_trim_waits_for_refused_parts),
		cmocka_unit_test(waiting_bytes_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* Which events become notifications: single cases, and a simulation against a model. */
#include "t/unit/unit.h"

#include "httpbroker/notify/judge.h"

#include <stdlib.h>
#include <string.h>

#define SEC NSEC_PER_SEC
#define DAY (24 * 3600 * SEC)
#define START (1000 * SEC)

enum { TOLD_TEXT = 4096 };

/* A judge, what it has told (`EVENT CHECK STATE SUMMARY;`), and the time. */
struct fixture {
	struct judge judge;
	nsec now;
	char told[TOLD_TEXT];
	char key[NOTIFICATION_KEY]; /* of the last one */
	int64_t since;              /* the same */
};

static void on_tell(const struct notification *notification, void *context)
{
	struct fixture *fixture = context;
	size_t used = strlen(fixture->told);

	snprintf(fixture->told + used, TOLD_TEXT - used, "%s %.*s %s %.*s;",
		notification_event(notification->kind), (int)notification->check.length,
		notification->check.bytes, state_name(notification->state),
		(int)notification->summary.length,
		notification->summary.length > 0 ? notification->summary.bytes : "");
	notification_key(notification, fixture->key);
	fixture->since = notification->since;
}

static struct moment moment_of(const struct fixture *fixture)
{
	return (struct moment){.wall = START + fixture->now, .monotonic = fixture->now};
}

static void fixture_begin(struct fixture *fixture, const struct judge_settings *rules)
{
	struct judge_settings settings = *rules;

	*fixture = (struct fixture){.now = SEC};
	settings.tell = on_tell;
	settings.context = fixture;
	fixture->judge.settings = settings;
}

static void fixture_end(struct fixture *fixture)
{
	problems_free(&fixture->judge.problems);
}

static const struct judge_settings *rules_of(nsec repeat, nsec initial_failure_delay)
{
	static struct judge_settings rules;

	rules = (struct judge_settings){.repeat = repeat,
		.initial_failure_delay = initial_failure_delay,
		.forget_after = DAY,
		.max_problems = 10};
	return &rules;
}

static bool post(struct fixture *fixture, struct event event, const char *check, const char *state)
{
	struct reason why;

	event.entity = text_literal("e");
	event.check = text_literal(check);
	event.state_text = text_literal(state);
	assert_true(event_check(&event, 2, START + fixture->now, &why));
	return judge_event(&fixture->judge, &event, moment_of(fixture), &why);
}

static struct event said(const char *summary)
{
	struct event event;

	event_init(&event);
	event.summary = text_literal(summary);
	return event;
}

static void hear(struct fixture *fixture, const char *check, const char *state, const char *summary)
{
	assert_true(post(fixture, said(summary), check, state));
}

/* The timers that are due until `later`, one by one. */
static void wait_for(struct fixture *fixture, nsec later)
{
	nsec until = fixture->now + later;

	while (judge_deadline(&fixture->judge) <= until) {
		if (judge_deadline(&fixture->judge) > fixture->now)
			fixture->now = judge_deadline(&fixture->judge);
		judge_tick(&fixture->judge, moment_of(fixture), 100);
	}
	fixture->now = until;
	judge_tick(&fixture->judge, moment_of(fixture), 100);
}

/* What was told since the last call. */
static void expect(struct fixture *fixture, const char *told)
{
	assert_string_equal(fixture->told, told);
	fixture->told[0] = '\0';
}

static void changes_are_told_once(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_begin(&fixture, rules_of(NSEC_NEVER, 0));
	hear(&fixture, "a", "ok", "fine");
	assert_int_equal(problems_count(&fixture.judge.problems), 0);
	hear(&fixture, "a", "CRITICAL", "bad");
	hear(&fixture, "a", "critical", "worse");
	expect(&fixture, "problem a critical bad;");
	hear(&fixture, "a", "warning", "");
	hear(&fixture, "a", "unknown", "gone");
	expect(&fixture, "problem a warning ;problem a unknown gone;");
	hear(&fixture, "b", "down", "host");
	expect(&fixture, "problem b critical host;");
	hear(&fixture, "a", "ok", "back\x1b[31m\nhere");
	hear(&fixture, "a", "ok", "back");
	expect(&fixture, "recovery a ok back here;");
	wait_for(&fixture, 3600 * SEC);
	expect(&fixture, "");
	assert_int_equal(problems_count(&fixture.judge.problems), 1);
	fixture_end(&fixture);
}

static void a_key_lasts_from_the_problem_to_its_recovery(void **state)
{
	char first[NOTIFICATION_KEY];
	struct fixture fixture;

	(void)state;
	fixture_begin(&fixture, rules_of(NSEC_NEVER, 0));
	hear(&fixture, "a", "warning", "");
	memcpy(first, fixture.key, sizeof first);
	wait_for(&fixture, 10 * SEC);
	hear(&fixture, "a", "critical", "");
	assert_string_equal(fixture.key, first);
	assert_int_equal(fixture.since, (START + SEC) / SEC);
	hear(&fixture, "a", "acknowledgement", "");
	assert_string_equal(fixture.key, first);
	hear(&fixture, "a", "test_notifications", "");
	assert_string_not_equal(fixture.key, first);
	hear(&fixture, "a", "ok", "");
	assert_string_equal(fixture.key, first);
	hear(&fixture, "a", "warning", "");
	assert_string_not_equal(fixture.key, first);
	fixture_end(&fixture);
}

static void acknowledgements_and_tests_are_told(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_begin(&fixture, rules_of(60 * SEC, 0));
	hear(&fixture, "a", "test_notifications", "x");
	hear(&fixture, "a", "acknowledgement", "y");
	expect(&fixture, "test a ok x;acknowledgement a ok y;");
	hear(&fixture, "a", "critical", "bad");
	expect(&fixture, "problem a critical bad;");
	wait_for(&fixture, 60 * SEC);
	expect(&fixture, "problem a critical bad;");
	hear(&fixture, "a", "test_notifications", "x");
	hear(&fixture, "a", "acknowledgement", "mine");
	expect(&fixture, "test a critical x;acknowledgement a critical mine;");
	wait_for(&fixture, 600 * SEC); /* no repeat */
	expect(&fixture, "");
	hear(&fixture, "a", "warning", "less");
	expect(&fixture, "problem a warning less;");
	wait_for(&fixture, 600 * SEC);
	expect(&fixture, "");
	hear(&fixture, "a", "ok", "");
	hear(&fixture, "a", "critical", "again");
	wait_for(&fixture, 60 * SEC); /* it has recovered: repeats again */
	expect(&fixture, "recovery a ok ;problem a critical again;problem a critical again;");
	fixture_end(&fixture);
}

static struct event delayed(int64_t failure, int64_t repeat, int64_t recovery)
{
	struct event event = said("");

	event.initial_failure_delay = failure;
	event.repeat_failure_delay = repeat;
	event.initial_recovery_delay = recovery;
	return event;
}

static void a_failure_is_told_after_its_delay(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_begin(&fixture, rules_of(NSEC_NEVER, 10 * SEC));
	hear(&fixture, "a", "critical", "");
	wait_for(&fixture, 9 * SEC);
	hear(&fixture, "a", "warning", "newest");
	expect(&fixture, "");
	wait_for(&fixture, SEC);
	expect(&fixture, "problem a warning newest;");
	hear(&fixture, "b", "critical", "");
	wait_for(&fixture, 9 * SEC);
	hear(&fixture, "b", "ok", ""); /* within the delay: never told */
	wait_for(&fixture, 60 * SEC);
	expect(&fixture, "");
	assert_true(post(&fixture, delayed(0, -1, -1), "c", "critical"));
	expect(&fixture, "problem c critical ;");
	assert_true(post(&fixture, delayed(30, -1, -1), "d", "critical"));
	wait_for(&fixture, 29 * SEC);
	hear(&fixture, "d", "acknowledgement", "seen");
	wait_for(&fixture, 60 * SEC);
	expect(&fixture, "acknowledgement d critical seen;");
	hear(&fixture, "d", "ok", "");
	expect(&fixture, "recovery d ok ;");
	fixture_end(&fixture);
}

static void a_recovery_is_told_after_its_delay(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_begin(&fixture, rules_of(NSEC_NEVER, 0));
	hear(&fixture, "a", "critical", "");
	expect(&fixture, "problem a critical ;");
	assert_true(post(&fixture, delayed(-1, -1, 20), "a", "ok"));
	wait_for(&fixture, 19 * SEC);
	hear(&fixture, "a", "critical", ""); /* it did not last: nothing is told */
	wait_for(&fixture, 60 * SEC);
	expect(&fixture, "");
	assert_true(post(&fixture, delayed(-1, -1, 20), "a", "ok"));
	wait_for(&fixture, 10 * SEC);
	assert_true(post(&fixture, delayed(-1, -1, 20), "a", "ok")); /* does not begin again */
	wait_for(&fixture, 10 * SEC);
	expect(&fixture, "recovery a ok ;");
	hear(&fixture, "a", "critical", "");
	assert_true(post(&fixture, delayed(-1, -1, 20), "a", "ok"));
	hear(&fixture, "a", "warning", "");
	expect(&fixture, "problem a critical ;problem a warning ;");
	fixture_end(&fixture);
}

static void a_lasting_problem_is_repeated(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_begin(&fixture, rules_of(60 * SEC, 0));
	hear(&fixture, "a", "critical", "1");
	wait_for(&fixture, 59 * SEC);
	hear(&fixture, "a", "critical", "2");
	expect(&fixture, "problem a critical 1;");
	wait_for(&fixture, 61 * SEC);
	expect(&fixture, "problem a critical 2;problem a critical 2;");
	assert_true(post(&fixture, delayed(-1, 100, -1), "b", "critical"));
	hear(&fixture, "a", "ok", "");
	fixture.told[0] = '\0';
	wait_for(&fixture, 99 * SEC);
	expect(&fixture, "");
	wait_for(&fixture, SEC);
	expect(&fixture, "problem b critical ;");
	fixture_end(&fixture);
}

static void a_check_that_is_no_longer_reported_is_over(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_begin(&fixture, rules_of(NSEC_NEVER, 0));
	hear(&fixture, "gone", "critical", "");
	hear(&fixture, "there", "critical", "");
	expect(&fixture, "problem gone critical ;problem there critical ;");
	wait_for(&fixture, 10 * DAY); /* nothing at all is heard: that says nothing of a check */
	hear(&fixture, "there", "critical", "");
	wait_for(&fixture, SEC);
	expect(&fixture, "");
	for (int hour = 1; hour < 23; hour++) {
		wait_for(&fixture, 3600 * SEC);
		hear(&fixture, "there", "critical", "");
	}
	expect(&fixture, "");
	wait_for(&fixture, 3600 * SEC);
	hear(&fixture, "there", "critical", "");
	wait_for(&fixture, 0);
	expect(&fixture, "recovery gone ok no longer reported;");
	fixture_end(&fixture);
}

static void what_is_delayed_is_told_when_the_input_ends(void **state)
{
	struct fixture fixture;

	(void)state;
	fixture_begin(&fixture, rules_of(60 * SEC, 0));
	hear(&fixture, "a", "critical", "");
	hear(&fixture, "b", "critical", "");
	assert_true(post(&fixture, delayed(-1, -1, 20), "b", "ok"));
	assert_true(post(&fixture, delayed(30, -1, -1), "c", "critical"));
	fixture.told[0] = '\0';
	judge_finish(&fixture.judge, moment_of(&fixture));
	assert_non_null(strstr(fixture.told, "recovery b ok ;"));
	assert_non_null(strstr(fixture.told, "problem c critical ;"));
	assert_null(strstr(fixture.told, " a "));
	fixture_end(&fixture);
}

static void problems_are_bounded(void **state)
{
	struct fixture fixture;
	char name[8];

	(void)state;
	fixture_begin(&fixture, rules_of(NSEC_NEVER, 0));
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof name, "c%d", i);
		hear(&fixture, name, "critical", "");
	}
	assert_false(post(&fixture, said(""), "x", "critical"));
	assert_true(post(&fixture, said(""), "x", "ok"));
	assert_true(post(&fixture, said(""), "c1", "warning"));
	fixture_end(&fixture);
}

struct record {
	char field[64];
	char value[512];
};

struct records {
	struct record all[16];
	size_t count;
	size_t deleted;
};

/* The next word of the commands; NULL: none. */
static char *word_next(char **at)
{
	char *line = strsep(at, "\r"), *word = line != NULL ? strsep(at, "\r") : NULL;

	return word != NULL ? word + 1 : NULL; /* behind the newline */
}

static void records_read(struct records *records, struct problems *problems)
{
	char *at = problems->changes.bytes.data;

	while (word_next(&at) != NULL) {
		bool over = strcmp(word_next(&at), "HDEL") == 0;
		struct record *record = records->all;

		assert_string_equal(word_next(&at), "states");
		const char *field = word_next(&at);
		while (record < records->all + records->count && strcmp(record->field, field) != 0)
			record++;
		records->count += record == records->all + records->count;
		if (over) {
			records->deleted++;
			*record = records->all[--records->count];
			continue;
		}
		snprintf(record->field, sizeof record->field, "%s", field);
		snprintf(record->value, sizeof record->value, "%s", word_next(&at));
	}
}

/* Goes on with the records of `before`, `later` after they were written. */
static void fixture_resume(struct fixture *fixture, const struct fixture *before,
	const struct records *records, const struct judge_settings *rules, nsec later)
{
	struct reason why;

	fixture_begin(fixture, rules);
	fixture->now = before->now + later;
	for (size_t i = 0; i < records->count; i++)
		assert_true(problem_decode(&fixture->judge.problems,
			text_literal(records->all[i].field), text_literal(records->all[i].value),
			moment_of(fixture), &why));
	problems_sort(&fixture->judge.problems);
	judge_resume(&fixture->judge, moment_of(fixture));
}

static void a_restart_repeats_nothing_and_delays_go_on(void **state)
{
	struct fixture before, fixture;
	struct records records = {0};

	(void)state;
	fixture_begin(&before, rules_of(NSEC_NEVER, 0));
	before.judge.problems.states = "states";
	hear(&before, "a", "critical", "bad");
	hear(&before, "ok", "critical", "");
	hear(&before, "ok", "ok", "");
	hear(&before, "acked", "warning", "");
	hear(&before, "acked", "acknowledgement", "");
	assert_true(post(&before, delayed(30, -1, -1), "later", "critical"));
	records_read(&records, &before.judge.problems);
	assert_int_equal(records.count, 3);
	assert_int_equal(records.deleted, 1);
	fixture_resume(&fixture, &before, &records, rules_of(300 * SEC, 0), 20 * SEC);
	hear(&fixture, "a", "critical", "bad");
	hear(&fixture, "acked", "warning", "");
	expect(&fixture, "");
	wait_for(&fixture, 9 * SEC);
	expect(&fixture, "");
	wait_for(&fixture, SEC);
	expect(&fixture, "problem later critical ;");
	hear(&fixture, "a", "ok", "");
	assert_string_not_equal(fixture.key, before.key);
	assert_int_equal(fixture.since, (START + SEC) / SEC);
	expect(&fixture, "recovery a ok ;");
	fixture_end(&fixture);
	fixture_end(&before);
}

static void a_restart_with_another_repeat_follows_it(void **state)
{
	struct fixture without, often, none;
	struct records records = {0};

	(void)state;
	fixture_begin(&without, rules_of(NSEC_NEVER, 0));
	without.judge.problems.states = "states";
	hear(&without, "a", "critical", "bad");
	hear(&without, "acked", "warning", "");
	hear(&without, "acked", "acknowledgement", "");
	records_read(&records, &without.judge.problems);
	fixture_resume(&often, &without, &records, rules_of(300 * SEC, 0), 20 * SEC);
	hear(&often, "a", "critical", "bad");
	wait_for(&often, 299 * SEC);
	expect(&often, "");
	wait_for(&often, SEC);
	expect(&often, "problem a critical bad;");
	often.judge.problems.states = "states";
	wait_for(&often, 300 * SEC);
	expect(&often, "problem a critical bad;");
	records_read(&records, &often.judge.problems);
	fixture_resume(&none, &often, &records, rules_of(10 * SEC, 0), 2 * SEC);
	wait_for(&none, 10 * SEC); /* not only when the longer one is over */
	expect(&none, "problem a critical bad;");
	fixture_end(&none);
	fixture_resume(&none, &often, &records, rules_of(NSEC_NEVER, 0), 0);
	wait_for(&none, 900 * SEC);
	expect(&none, "");
	fixture_end(&none);
	fixture_end(&often);
	fixture_end(&without);
}

/* Which nobody has written: no number of a record may overflow. */
static void a_record_with_a_due_time_long_before_1970_has_none(void **state)
{
	static const char value[] =
		"{\"state\":\"critical\",\"told\":\"critical\",\"since\":1,\"heard\":1,"
		"\"due\":-9000000000000000000,\"left\":-9000000000000000000,\"summary\":\"\"}";
	struct fixture fixture;
	struct reason why;

	(void)state;
	fixture_begin(&fixture, rules_of(NSEC_NEVER, 0));
	assert_true(problem_decode(&fixture.judge.problems,
		text_literal("e\x1f"
			     "a"),
		text_literal(value), moment_of(&fixture), &why));
	assert_int_equal(judge_deadline(&fixture.judge), NSEC_NEVER);
	fixture_end(&fixture);
}

static void a_delay_is_no_longer_after_the_clock_was_set_back(void **state)
{
	struct fixture before, fixture;
	struct records records = {0};
	struct reason why;

	(void)state;
	fixture_begin(&before, rules_of(NSEC_NEVER, 0));
	before.judge.problems.states = "states";
	assert_true(post(&before, delayed(30, -1, -1), "slow", "critical"));
	records_read(&records, &before.judge.problems);
	assert_int_equal(records.count, 1);
	fixture_begin(&fixture, rules_of(NSEC_NEVER, 0));
	assert_true(problem_decode(&fixture.judge.problems, text_literal(records.all[0].field),
		text_literal(records.all[0].value),
		(struct moment){.wall = SEC, .monotonic = fixture.now}, &why));
	wait_for(&fixture, 29 * SEC);
	expect(&fixture, "");
	wait_for(&fixture, SEC);
	expect(&fixture, "problem slow critical ;");
	fixture_end(&fixture);
	fixture_end(&before);
}

static void damaged_records_are_refused(void **state)
{
	static const char *const values[] = {"", "{}", "[]", "null",
		"{\"state\":\"banana\",\"told\":\"ok\",\"since\":1,\"heard\":1,\"summary\":\"\"}",
		"{\"state\":\"ok\",\"told\":\"ok\",\"since\":-1,\"heard\":1,\"summary\":\"\"}",
		"{\"state\":\"ok\",\"told\":\"ok\",\"since\":1,\"heard\":1,\"summary\":7}"};
	struct fixture fixture;
	struct reason why;

	(void)state;
	fixture_begin(&fixture, rules_of(NSEC_NEVER, 0));
	for (size_t i = 0; i < ARRAY_LENGTH(values); i++)
		assert_false(problem_decode(&fixture.judge.problems,
			text_literal("e\x1f"
				     "c"),
			text_literal(values[i]), moment_of(&fixture), &why));
	assert_false(problem_decode(&fixture.judge.problems, text_literal("ec"),
		text_literal("{\"state\":\"ok\",\"told\":\"ok\",\"since\":1,\"heard\":1,"
			     "\"summary\":\"\"}"),
		moment_of(&fixture), &why));
	assert_int_equal(problems_count(&fixture.judge.problems), 0);
	fixture_end(&fixture);
}

static void what_is_due_first_is_found_whatever_was_scheduled(void **state)
{
	enum { PROBLEMS = 60, TURNS = 20000 };
	struct problems *problems = &(struct problems){0};
	struct problem *all[PROBLEMS];
	char name[8];

	(void)state;
	srand(5);
	for (int i = 0; i < PROBLEMS; i++) {
		snprintf(name, sizeof name, "%d", i);
		all[i] = problems_add(problems, text_literal("e"), text_literal(name), 0);
	}
	for (int turn = 0; turn < TURNS; turn++) {
		const struct problem *due = problems_due(problems);
		nsec first = NSEC_NEVER;

		for (int i = 0; i < PROBLEMS; i++)
			first = nsec_earlier(first, all[i]->due);
		assert_int_equal(due != NULL ? due->due : NSEC_NEVER, first);
		problem_schedule(problems, all[rand() % PROBLEMS],
			rand() % 3 == 0 ? NSEC_NEVER : rand() % 1000);
	}
	problems_free(problems);
}

/* ---- the simulation ---- */

/*
 * The model is told every second what each check's state is, and computes from the whole history
 * when a notification is due: it has no timers.
 */
enum { CHECKS = 5, SECONDS = 20000 };

struct model {
	int told; /* enum state */
	int state;
	int failed_at; /* the second since which it is not ok; -1: it is ok */
	int healed_at; /* the same for ok, with a recovery still to be told */
	int failure_delay, recovery_delay;
	int told_at;
	bool acknowledged;
};

static void model_say(char *out, const char *event, int check, int state)
{
	size_t used = strlen(out);

	snprintf(out + used, TOLD_TEXT - used, "%s %d %s ;", event, check,
		state_name((enum state)state));
}

static void model_hear(
	struct model *model, int check, int state, const int delays[2], int second, char *out)
{
	if (state == STATE_ACKNOWLEDGEMENT) {
		model_say(out, "acknowledgement", check, model->state);
		if (model->told != STATE_OK || model->state != STATE_OK)
			model->acknowledged = true;
		if (model->state != STATE_OK) {
			model->told = model->state;
			model->told_at = second;
		}
		return;
	}
	if (state != STATE_OK && model->state == STATE_OK) {
		model->failed_at = second;
		model->failure_delay = delays[0];
		model->told_at =
			second; /* if it had recovered only for a moment: repeats begin again */
	}
	if (state == STATE_OK && model->state != STATE_OK) {
		model->healed_at = second;
		model->recovery_delay = delays[1];
	}
	model->state = state;
}

/* What is due at this second. */
static void model_judge(struct model *model, int check, int second, int repeat, char *out)
{
	if (model->state == STATE_OK && model->told == STATE_OK) {
		model->acknowledged = false;
		return;
	}
	if (model->state == STATE_OK) {
		if (second < model->healed_at + model->recovery_delay)
			return;
		model_say(out, "recovery", check, STATE_OK);
		model->told = STATE_OK;
		model->acknowledged = false;
		return;
	}
	if (model->told == STATE_OK && second < model->failed_at + model->failure_delay)
		return;
	if (model->told == model->state &&
		(model->acknowledged || second < model->told_at + repeat))
		return;
	model_say(out, "problem", check, model->state);
	model->told = model->state;
	model->told_at = second;
}

static void it_agrees_with_a_model_for_hours_of_made_up_time(void **state)
{
	static const char *const words[] = {"ok", "warning", "critical", "unknown"};
	enum { REPEAT = 50 };
	struct model models[CHECKS] = {{0}};
	struct fixture fixture;
	unsigned told = 0;

	(void)state;
	srand(7);
	fixture_begin(&fixture, rules_of(REPEAT * SEC, 0));
	for (int second = 1; second < SECONDS; second++) {
		int check = rand() % CHECKS, dice = rand() % 12;
		int delays[2] = {rand() % 3 * 10, rand() % 3 * 10};
		char name[2] = {(char)('0' + check), '\0'}, expected[TOLD_TEXT] = "";

		fixture.now = second * SEC;
		fixture.told[0] = '\0';
		for (int i = 0; i < CHECKS; i++) /* timers first */
			model_judge(&models[i], i, second, REPEAT, expected);
		judge_tick(&fixture.judge, moment_of(&fixture), 100);
		assert_int_equal(strlen(fixture.told), strlen(expected)); /* in any order */
		fixture.told[0] = expected[0] = '\0';
		if (dice > 4)
			continue;
		int word = dice == 4 ? STATE_ACKNOWLEDGEMENT : rand() % 2 * dice;
		model_hear(&models[check], check, word, delays, second, expected);
		model_judge(&models[check], check, second, REPEAT, expected);
		assert_true(post(&fixture, delayed(delays[0], -1, delays[1]), name,
			word == STATE_ACKNOWLEDGEMENT ? "acknowledgement" : words[word]));
		assert_string_equal(fixture.told, expected);
		told += expected[0] != '\0';
	}
	assert_between(told, 500, SECONDS);
	fixture_end(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_are_told_once),
		cmocka_unit_test(a_key_lasts_from_the_problem_to_its_recovery),
		cmocka_unit_test(acknowledgements_and_tests_are_told),
		cmocka_unit_test(a_failure_is_told_after_its_delay),
		cmocka_unit_test(a_recovery_is_told_after_its_delay),
		cmocka_unit_test(a_lasting_problem_is_repeated),
		cmocka_unit_test(a_check_that_is_no_longer_reported_is_over),
		cmocka_unit_test(what_is_delayed_is_told_when_the_input_ends),
		cmocka_unit_test(problems_are_bounded),
		cmocka_unit_test(a_restart_repeats_nothing_and_delays_go_on),
		cmocka_unit_test(a_restart_with_another_repeat_follows_it),
		cmocka_unit_test(a_record_with_a_due_time_long_before_1970_has_none),
		cmocka_unit_test(a_delay_is_no_longer_after_the_clock_was_set_back),
		cmocka_unit_test(damaged_records_are_refused),
		cmocka_unit_test(what_is_due_first_is_found_whatever_was_scheduled),
		cmocka_unit_test(it_agrees_with_a_model_for_hours_of_made_up_time),
	};

	return cmocka_run_group_tests_name("notify-judge", tests, NULL, NULL);
}

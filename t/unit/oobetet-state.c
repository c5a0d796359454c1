/* SPDX-License-Identifier: MIT */
/* The text of the state file; the silence counted over crash loops and long stops. */
#include "t/unit/unit.h"

#include "common/memory.h"
#include "oobetet/state/state.h"

#include <stdlib.h>
#include <string.h>

#define SEC NSEC_PER_SEC
#define HOUR (3600 * SEC)

static const struct watch_saved incident = {.silence = {1, 2, NSEC_NEVER},
	.acknowledged = 4,
	.open = true,
	.lasted = 5,
	.missing = KIND_RECOVERY,
	.repeat_in = 6,
	.loud = 7,
	.until_loud = 8};

/*
 * Two watches. The first has two channels, of which the first has three notifications; a tab, a
 * newline and a backslash in a text.
 */
static struct state state_example(void)
{
	struct state state = {.wall = 9 * SEC,
		.boot = 8 * SEC,
		.boot_id = "00000000-0000-0000-0000-000000000001",
		.young = true,
		.watches = memory_zeroed(2, sizeof(struct watch_state)),
		.count = 2};
	struct watch_state *watch = &state.watches[0];

	*watch = (struct watch_state){.name = "web",
		.target = "\"Flapper\" on web-01",
		.past = incident,
		.since = 10,
		.lasted = 11,
		.channels = memory_zeroed(2, sizeof(struct channel_saved)),
		.count = 2};
	state.watches[1] = (struct watch_state){.name = "mail \\ two",
		.target = "\"Flapper\" on mail-01",
		.past = {.silence = {7, NSEC_NEVER, 9}, .acknowledged = NSEC_NEVER},
		.ending = true,
		.service = 12,
		.period = 13,
		.flapper = "[::1]:2"};
	struct queue_saved *queue = &watch->channels[0].queue;

	strcpy(watch->channels[0].name, "ops@conference");
	strcpy(watch->channels[1].name, "PagerDuty");
	*queue = (struct queue_saved){.tried_key = "key 1", .tried = true, .count = QUEUE_MAX};
	queue->notifications[0] =
		(struct notification){NOTIFICATION_ALARM, "key 1", KIND_PROBLEM, "then", "one"};
	queue->notifications[1] =
		(struct notification){NOTIFICATION_OK, "key 1", KIND_PROBLEM, "then", "t\t\\n\n"};
	queue->notifications[2] =
		(struct notification){NOTIFICATION_ALARM, "key 2", KIND_HEARTBEAT, "", ""};
	return state;
}

static char *text_of(const struct state *state)
{
	struct buffer text = {NULL, 0, 0};

	state_write(state, &text);
	return text.data;
}

/* Adds the header, and the end with a correct checksum. */
static char *text_of_version(int version, const char *body)
{
	uint64_t sum = 14695981039346656037U;
	char *begun = memory_printed("oobetet-state\t%d\n%s", version, body);

	for (const char *p = begun; *p != '\0'; p++)
		sum = (sum ^ (unsigned char)*p) * 1099511628211U;
	char *text = memory_printed("%send\t%016llx\n", begun, (unsigned long long)sum);
	free(begun);
	return text;
}

/* Of the previous version. */
static char *text_with_end(const char *body)
{
	return text_of_version(1, body);
}

static void assert_watch_equal(const struct watch_saved *a, const struct watch_saved *b)
{
	for (int i = 0; i < KINDS_AWAITED; i++)
		assert_int_equal(a->silence[i], b->silence[i]);
	assert_int_equal(a->acknowledged, b->acknowledged);
	assert_int_equal(a->open, b->open);
	assert_int_equal(a->held, b->held);
	assert_int_equal(a->fault, b->fault);
	assert_int_equal(a->lasted, b->lasted);
	assert_int_equal(a->missing, b->missing);
	assert_int_equal(a->repeat_in, b->repeat_in);
	assert_int_equal(a->loud, b->loud);
	assert_int_equal(a->until_loud, b->until_loud);
}

static void assert_queue_equal(const struct queue_saved *a, const struct queue_saved *b)
{
	assert_string_equal(a->tried_key, b->tried_key);
	assert_int_equal(a->tried, b->tried);
	assert_int_equal(a->count, b->count);
	for (int i = 0; i < a->count; i++) {
		assert_int_equal(a->notifications[i].kind, b->notifications[i].kind);
		assert_int_equal(a->notifications[i].missing, b->notifications[i].missing);
		assert_string_equal(a->notifications[i].key, b->notifications[i].key);
		assert_string_equal(a->notifications[i].since, b->notifications[i].since);
		assert_string_equal(a->notifications[i].text, b->notifications[i].text);
	}
}

/* Its key is that of no notification: those are of the incident before. */
static void a_held_incident_has_no_key_yet(void **unused)
{
	struct state before = state_example(), after;
	struct reason why;

	(void)unused;
	before.watches[0].past.held = before.watches[0].past.fault = true;
	char *text = text_of(&before);
	assert_true(state_read(text, &after, &why));
	assert_watch_equal(&before.watches[0].past, &after.watches[0].past);
	assert_string_equal(after.watches[0].key, "");
	free(text);
	state_free(&before);
	state_free(&after);
}

static void assert_state_equal(const struct watch_state *before, const struct watch_state *after)
{
	assert_string_equal(after->name, before->name);
	assert_string_equal(after->target, before->target);
	assert_int_equal(after->since, before->since);
	assert_int_equal(after->lasted, before->lasted);
	assert_watch_equal(&before->past, &after->past);
	assert_int_equal(after->ending, before->ending);
	assert_int_equal(after->service, before->service);
	assert_int_equal(after->period, before->period);
	assert_string_equal(after->flapper, before->flapper);
	assert_int_equal(after->count, before->count);
	for (int i = 0; i < after->count; i++) {
		assert_string_equal(after->channels[i].name, before->channels[i].name);
		assert_queue_equal(&before->channels[i].queue, &after->channels[i].queue);
	}
}

static void a_state_is_read_as_it_was_written(void **unused)
{
	struct state before = state_example(), after;
	struct reason why;
	char *text = text_of(&before);

	(void)unused;
	assert_true(state_read(text, &after, &why));
	assert_int_equal(after.wall, before.wall);
	assert_int_equal(after.boot, before.boot);
	assert_string_equal(after.boot_id, before.boot_id);
	assert_true(after.young);
	assert_int_equal(after.count, before.count);
	for (int i = 0; i < after.count; i++)
		assert_state_equal(&before.watches[i], &after.watches[i]);
	free(text);
	state_free(&before);
	state_free(&after);
}

/* A state of one watch; it owns nothing else. */
static struct state state_of(struct watch_state *watch)
{
	return (struct state){.watches = watch, .count = 1};
}

static void a_state_may_have_no_incident(void **unused)
{
	struct watch_state watch = {.target = "x", .past = {.acknowledged = NSEC_NEVER}};
	struct state before = state_of(&watch), after;
	struct reason why;
	char *text = text_of(&before);

	(void)unused;
	assert_null(strstr(text, "incident"));
	assert_null(strstr(text, "acknowledged"));
	assert_null(strstr(text, "booted"));
	assert_null(strstr(text, "young")); /* older versions would refuse it */
	assert_true(state_read(text, &after, &why));
	assert_false(after.watches[0].past.open);
	assert_false(after.young);
	assert_int_equal(after.watches[0].past.acknowledged, NSEC_NEVER);
	assert_int_equal(after.watches[0].count, 0);
	free(text);
	state_free(&after);
}

/* The open incident is the newest that a channel has sent or has queued. */
static void an_open_incident_keeps_its_key(void **unused)
{
	static const struct {
		const char *channels, *key;
	} cases[] = {
		{"road\tr\tkey 1\t1\n", "key 1"},
		{"road\tnew\t\t0\nroad\tr\tkey 1\t1\n", "key 1"},
		{"road\tr\tkey 1\t1\nnotice\t1\t0\tkey 1\ts\tt\nnotice\t0\t0\tkey 2\ts\tt\n",
			"key 2"},
		{"", ""},
	};
	struct state state;
	struct reason why;

	(void)unused;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char *body = memory_printed(
			"watch\tx\t1\nincident\t1\t2\t3\t0\t4\t5\t6\n%s", cases[i].channels);
		char *text = text_with_end(body);

		assert_true(state_read(text, &state, &why));
		assert_string_equal(state.watches[0].key, cases[i].key);
		state_free(&state);
		free(body);
		free(text);
	}
}

/* Older versions wrote their running time for a kind that they did not await. */
static void a_file_of_the_previous_version_is_read(void **unused)
{
	static const struct {
		const char *line;
		nsec silence[KINDS_AWAITED];
	} cases[] = {
		{"silence\t5\t6\t900\n", {5, 6, NSEC_NEVER}},
		{"silence\t900\t6\t900\n", {900, 6, NSEC_NEVER}},
		{"silence\t900\t900\t5\n", {NSEC_NEVER, NSEC_NEVER, 5}},
		{"silence\t9\t9\t9\n", {9, 9, 9}}, /* no message was received: any value */
	};
	struct state state;
	struct reason why;

	(void)unused;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char *body = memory_printed("watch\tx\t1\n%s", cases[i].line);
		char *text = text_with_end(body);

		assert_true(state_read(text, &state, &why));
		for (int kind = 0; kind < KINDS_AWAITED; kind++)
			assert_int_equal(
				state.watches[0].past.silence[kind], cases[i].silence[kind]);
		assert_int_equal(state.count, 1);
		assert_int_equal(state.wall, 1);
		assert_string_equal(state.watches[0].name, "");
		assert_string_equal(state.watches[0].target, "x");
		state_free(&state);
		free(body);
		free(text);
	}
}

/* A machine without a real-time clock may boot with any date. */
static void any_clock_value_can_be_written_and_read(void **unused)
{
	static const nsec odd[] = {INT64_MIN, -1, INT64_MAX / 3, INT64_MAX - 1};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LENGTH(odd); i++) {
		struct watch_state watch = {
			.target = "x", .past = incident, .since = odd[i], .lasted = odd[i]};
		struct state before = state_of(&watch), after;
		struct reason why;

		before.wall = odd[i];
		watch.past.silence[1] = watch.past.lasted = watch.past.repeat_in = odd[i];
		char *text = text_of(&before);
		assert_true(state_read(text, &after, &why));
		assert_true(
			after.watches[0].lasted >= 0 && after.watches[0].lasted <= INT64_MAX / 2);
		free(text);
		state_free(&after);
	}
}

/* A write cut short by a crash, a flipped bit: the file is refused as a whole. */
static void damage_is_detected(void **unused)
{
	struct state before = state_example(), after;
	char *text = text_of(&before);
	struct reason why;

	(void)unused;
	for (size_t i = 0; i < strlen(text); i++) {
		char *cut = memory_printed("%.*s", (int)i, text);
		char *changed = memory_copied(text);

		changed[i] ^= 1;
		assert_false(state_read(cut, &after, &why));
		state_free(&after);
		assert_false(state_read(changed, &after, &why));
		state_free(&after);
		free(cut);
		free(changed);
	}
	free(text);
	state_free(&before);
}

/* The wall clock may have been set: it counts only where CLOCK_BOOTTIME tells nothing. */
static void the_age_is_of_the_clock_that_cannot_be_set(void **unused)
{
	static const struct {
		const char *written, *now; /* boots */
		nsec wall, boot;           /* passed since */
		nsec age;
		bool guessed;
	} cases[] = {
		{"a", "a", 5 * SEC, 5 * SEC, 5 * SEC, false},
		{"a", "a", HOUR, 5 * SEC, 5 * SEC, false},
		{"a", "a", -HOUR, 5 * SEC, 5 * SEC, false},
		{"a", "b", HOUR, 5 * SEC, HOUR, true}, /* booted, or another machine */
		{"a", "b", -HOUR, 5 * SEC, 0, true},
		{"a", "a", 5 * SEC, -HOUR, 5 * SEC, true}, /* another time namespace */
		{"", "", 5 * SEC, 6 * SEC, 5 * SEC, true}, /* no boot id */
		{"", "a", 5 * SEC, 6 * SEC, 5 * SEC, true},
		{"a", "", 5 * SEC, 6 * SEC, 5 * SEC, true},
	};

	(void)unused;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct state state = {.wall = 9 * HOUR, .boot = 8 * HOUR};
		bool guessed;

		strcpy(state.boot_id, cases[i].written);
		assert_int_equal(state_age(&state, cases[i].now, state.boot + cases[i].boot,
					 state.wall + cases[i].wall, &guessed),
			cases[i].age);
		assert_int_equal(guessed, cases[i].guessed);
	}
}

static void invalid_lines_are_refused(void **unused)
{
	static const struct {
		const char *body, *why;
	} cases[] = {
		{"", "it does not name its watch"}, {"watch\tx\n", "line 2 "},
		{"watch\tx\t1\t2\n", "line 2 "}, {"watch\tx\t-1\n", "line 2 "},
		{"watch\tx\\q\t1\n", "line 2 "}, {"watch\tx\t1\nfuture\t1\n", "line 3 "},
		{"watch\tx\t1\nsilence\t1\t2\n", "line 3 "},
		{"watch\tx\t1\nincident\t1\t2\t3\t3\t5\t6\t7\n", "line 3 "}, /* no such kind */
		{"watch\tx\t1\nincident\t1\t2\t3\t1\t5\t6\n", "line 3 "},
		{"watch\tx\t1\nnotice\t0\t0\tk\ts\tt\n", "line 3 "}, /* of no channel */
		{"watch\tx\t1\nroad\tr\tk\t2\n", "line 3 "},
		{"watch\tx\t1\nroad\tr\tk\t1\nnotice\t2\t0\tk\ts\tt\n", "line 4 "},
		{"watch\tx\t1\nroad\tr\tk\t1\nnotice\t0\t0\tk\ts\tt\nnotice\t0\t0\tk\ts\tt\n"
		 "notice\t0\t0\tk\ts\tt\nnotice\t0\t0\tk\ts\tt\n",
			"line 7 "}, /* more than a queue holds */
	};
	struct state state;
	struct reason why;

	(void)unused;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char *text = text_with_end(cases[i].body);

		assert_false(state_read(text, &state, &why));
		assert_true(strncmp(why.text, cases[i].why, strlen(cases[i].why)) == 0);
		state_free(&state);
		free(text);
	}
}

/* Version 2: each watch begins with its own line, after the time of the file. */
static void invalid_lines_of_several_watches_are_refused(void **unused)
{
	static const struct {
		const char *body, *why;
	} cases[] = {
		{"", "it does not name its watch"},
		{"written\t1\n", "it does not name its watch"},
		{"watch\ta\tx\n", "it does not say when it was written"},
		{"written\t1\nwatch\ta\t\n", "it does not name its watch"},
		{"written\t1\nwatch\tx\n", "line 3 "},
		{"written\t1\nsilence\t1\t2\t3\n", "line 3 "}, /* of no watch */
		{"written\t1\nroad\tr\tk\t1\n", "line 3 "},
		/* of the first watch's channel, but the second has begun */
		{"written\t1\nwatch\ta\tx\nroad\tr\tk\t1\nwatch\tb\ty\n"
		 "notice\t0\t0\tk\ts\tt\n",
			"line 6 "},
	};
	struct state state;
	struct reason why;

	(void)unused;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char *text = text_of_version(2, cases[i].body);

		assert_false(state_read(text, &state, &why));
		if (strncmp(why.text, cases[i].why, strlen(cases[i].why)) != 0)
			fail_msg("expected '%s', got '%s'", cases[i].why, why.text);
		state_free(&state);
		free(text);
	}
}

static void a_file_has_at_most_as_many_watches_as_a_configuration(void **unused)
{
	struct buffer body = {NULL, 0, 0};
	struct state state;
	struct reason why;

	(void)unused;
	buffer_append_text(&body, "written\t1\n");
	for (int i = 0; i < WATCHES_MAX; i++)
		buffer_printf(&body, "watch\t%d\tx\n", i);
	char *max = text_of_version(2, body.data);
	assert_true(state_read(max, &state, &why));
	assert_int_equal(state.count, WATCHES_MAX);
	state_free(&state);
	buffer_append_text(&body, "watch\tmore\tx\n");
	char *more = text_of_version(2, body.data);
	assert_false(state_read(more, &state, &why));
	state_free(&state);
	free(max);
	free(more);
	buffer_free(&body);
}

static void values_beyond_their_limits_are_refused(void **unused)
{
	struct buffer channels = {NULL, 0, 0};
	struct state state;
	struct reason why;

	(void)unused;
	buffer_append_text(&channels, "watch\tx\t1\n");
	for (int i = 0; i < 100; i++)
		buffer_append_text(&channels, "road\tr\tk\t1\n");
	char *max = text_with_end(channels.data);
	assert_true(state_read(max, &state, &why));
	state_free(&state);
	buffer_append_text(&channels, "road\tr\tk\t1\n");
	char *more = text_with_end(channels.data);
	assert_false(state_read(more, &state, &why));
	state_free(&state);
	char *longer = memory_printed("watch\t%0*d\t1\n", NOTIFICATION_TEXT, 1);
	char *text = text_with_end(longer);
	assert_false(state_read(text, &state, &why));
	state_free(&state);
	buffer_free(&channels);
	free(max);
	free(more);
	free(longer);
	free(text);
}

/* ---- restarts ---- */

#define MAX_LATENCY (300 * SEC)

static const struct watch_rules rules = {.max_latency = MAX_LATENCY,
	.repeat_interval = 60 * SEC,
	.awaited = {[KIND_PROBLEM] = true, [KIND_RECOVERY] = true}};

/* The watch saved at `now` and restored at `start`. */
static struct watch *restarted(struct watch *watch, nsec now, nsec start)
{
	struct watch_state saved = {.target = "x"};
	struct state before = state_of(&saved), after;
	struct reason why;

	watch_remember(watch, now, &saved.past);
	watch_free(watch);
	char *text = text_of(&before);
	assert_true(state_read(text, &after, &why));
	watch = watch_new(&rules, start);
	watch_resume(watch, &after.watches[0].past, start);
	free(text);
	state_free(&after);
	return watch;
}

/* It listens for 30 s, exits, and starts 7 s later: the 7 s are not counted. */
static void restarts_every_30_seconds_do_not_delay_the_alarm(void **unused)
{
	nsec now = 0, listened = 0, alarmed = 0;
	struct watch *watch = watch_new(&rules, now);

	(void)unused;
	for (; now < HOUR; now += 7 * SEC) {
		for (int i = 0; i < 300; i++, now += SEC / 10, listened += SEC / 10) {
			enum verdict verdict = watch_evaluate(watch, now);

			assert_true(verdict == WATCH_NOTHING || verdict == WATCH_REPEAT ||
				    (verdict == WATCH_ALARM && alarmed == 0));
			if (verdict == WATCH_ALARM)
				alarmed = listened;
		}
		watch = restarted(watch, now, now + 7 * SEC);
	}
	assert_between(alarmed, MAX_LATENCY + 1, MAX_LATENCY + SEC / 2);
	watch_free(watch);
}

/* The same with a file that is 5 s old, as after a kill: those 5 s are lost. */
static void kills_every_30_seconds_do_not_prevent_the_alarm(void **unused)
{
	nsec now = 0, alarmed = 0;
	struct watch *watch = watch_new(&rules, now);

	(void)unused;
	for (int start = 1; alarmed == 0 && now < HOUR; start++) {
		watch = restarted(watch, now, now + 5 * SEC);
		now += 5 * SEC;
		for (nsec end = now + 25 * SEC; now < end && alarmed == 0; now += SEC / 10)
			if (watch_evaluate(watch, now) == WATCH_ALARM)
				alarmed = now;
		if (alarmed != 0)
			assert_int_equal(start, 13); /* 12 times 25 s are max_latency */
	}
	assert_true(alarmed != 0);
	watch_free(watch);
}

static void downtime_is_not_counted_and_does_not_reset_the_silence(void **unused)
{
	nsec now = 100 * SEC, start = now + HOUR;
	struct watch *watch = watch_new(&rules, 0);

	(void)unused;
	watch = restarted(watch, now, start);
	assert_int_equal(watch_evaluate(watch, start), WATCH_NOTHING);
	assert_int_equal(watch_deadline(watch), start + 200 * SEC + WATCH_GRACE + 1);
	assert_int_equal(watch_evaluate(watch, watch_deadline(watch) - 1), WATCH_NOTHING);
	assert_int_equal(watch_evaluate(watch, watch_deadline(watch)), WATCH_ALARM);
	assert_int_equal(watch_incident(watch)->since, start + 200 * SEC);
	watch_free(watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_state_is_read_as_it_was_written),
		cmocka_unit_test(a_held_incident_has_no_key_yet),
		cmocka_unit_test(a_state_may_have_no_incident),
		cmocka_unit_test(any_clock_value_can_be_written_and_read),
		cmocka_unit_test(an_open_incident_keeps_its_key),
		cmocka_unit_test(a_file_of_the_previous_version_is_read),
		cmocka_unit_test(damage_is_detected),
		cmocka_unit_test(the_age_is_of_the_clock_that_cannot_be_set),
		cmocka_unit_test(invalid_lines_are_refused),
		cmocka_unit_test(invalid_lines_of_several_watches_are_refused),
		cmocka_unit_test(a_file_has_at_most_as_many_watches_as_a_configuration),
		cmocka_unit_test(values_beyond_their_limits_are_refused),
		cmocka_unit_test(restarts_every_30_seconds_do_not_delay_the_alarm),
		cmocka_unit_test(kills_every_30_seconds_do_not_prevent_the_alarm),
		cmocka_unit_test(downtime_is_not_counted_and_does_not_reset_the_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/* The roads together: who is told what, and when; in place of hands and command, what follows. */
#include "t/unit/unit.h"

#include "oobetet/clock/roads.h"
#include "oobetet/line/protocol.h"

#include <stdlib.h>
#include <string.h>

#define SEC NSEC_PER_SEC
#define START (100 * SEC)

static char ops[] = "ops@conference", boss[] = "boss@conference";
static char *rooms[] = {ops, boss};
static const struct config config = {
	.alert_rooms = {rooms, 2}, .pagerduty_contact = "key", .alert_command = "true"};
static const struct subject subject = {"vm", "Flapper", "web-01", 300 * SEC, NULL};
static const struct pace pace = {
	.answer = 15 * SEC, .request = 15 * SEC, .retry_min = SEC, .retry_max = 60 * SEC};
static const struct carriers carriers = {.ear = NULL};

/* ---- what the carriers were told ---- */

#define TOLD_MOST 16

static struct told {
	const char *to; /* the room, PagerDuty, command */
	char id[COMMAND_ID];
	char text[NOTICE_TEXT];
} told[TOLD_MOST];
static int told_count;
static bool busy; /* the command still runs */

static void tell(const char *to, const char *id, const char *text)
{
	assert_true(told_count < TOLD_MOST);
	struct told *next = &told[told_count++];
	next->to = to;
	snprintf(next->id, sizeof next->id, "%s", id);
	snprintf(next->text, sizeof next->text, "%s", text);
}

void hand_say(struct hand *hand, enum word word, const char *const fields[])
{
	(void)hand;
	if (word == WORD_SAY)
		tell(strcmp(fields[1], ops) == 0 ? ops : boss, fields[0], fields[2]);
	else
		tell("PagerDuty", fields[0], word == WORD_RESOLVE ? "resolve" : fields[5]);
}

bool command_start(struct command *command, const struct errand *errand, nsec now)
{
	(void)command, (void)now;
	if (!busy)
		tell("command", errand->id, errand->text);
	return !busy;
}

/* What was told last on this road since the last time; NULL: nothing. Others' is forgotten. */
static const char *news(const char *to)
{
	static char text[NOTICE_TEXT];
	bool any = false;

	for (int i = 0; i < told_count; i++)
		if (strcmp(told[i].to, to) == 0) {
			assert_false(any); /* one thing at a time */
			any = true;
			snprintf(text, sizeof text, "%s", told[i].text);
		}
	return any ? text : NULL;
}

static void expect(const char *to, const char *text)
{
	const char *heard = news(to);

	if (text == NULL)
		assert_null(heard);
	else if (heard == NULL)
		fail_msg("%s has not been told: %s", to, text);
	else
		assert_string_equal(heard, text);
}

/* ---- the roads ---- */

static struct roads *roads_begin(void)
{
	struct roads *roads = roads_new(&config, &subject, &pace, 1);

	roads_recorded(roads, UINT64_MAX);
	told_count = 0;
	busy = false;
	return roads;
}

static void all_open(struct roads *roads)
{
	roads_room_opened(roads, ops);
	roads_room_opened(roads, boss);
	roads_pager_started(roads);
}

static void put(
	struct roads *roads, enum notice_kind kind, const char *key, const char *text, bool loud)
{
	struct notice notice = {.kind = kind};

	snprintf(notice.key, sizeof notice.key, "%s", key);
	snprintf(notice.text, sizeof notice.text, "%s", text);
	roads_put(roads, &notice, loud);
}

static void deliver(struct roads *roads, nsec now)
{
	told_count = 0;
	roads_deliver(roads, &carriers, now);
}

static enum way way_to(const char *to)
{
	if (to == ops || to == boss)
		return WAY_ROOM;
	return strcmp(to, "PagerDuty") == 0 ? WAY_PAGER : WAY_COMMAND;
}

/* Whoever was told says so. */
static void answer(struct roads *roads, enum answer answer, nsec now)
{
	for (int i = 0; i < told_count; i++)
		roads_answer(roads, way_to(told[i].to), told[i].id, answer, "so it is", now);
}

/* ---- the tests ---- */

static void a_loud_notice_is_everybodys_a_quiet_one_pagerdutys(void **state)
{
	struct roads *roads = roads_begin();

	(void)state;
	all_open(roads);
	put(roads, NOTICE_ALARM, "a", "first", true);
	deliver(roads, START);
	expect(ops, "first");
	expect(boss, "first");
	expect("PagerDuty", "first");
	expect("command", "first");
	answer(roads, ANSWER_DONE, START);
	put(roads, NOTICE_ALARM, "a", "second", false);
	deliver(roads, START + SEC);
	expect("PagerDuty", "second");
	assert_int_equal(told_count, 1);
	roads_free(roads);
}

static void a_room_hears_the_latest_of_what_it_missed(void **state)
{
	struct roads *roads = roads_begin();

	(void)state;
	put(roads, NOTICE_ALARM, "a", "alarm", true);
	put(roads, NOTICE_ALARM, "a", "repeat", true);
	put(roads, NOTICE_OK, "a", "ok", true);
	all_open(roads);
	deliver(roads, START);
	expect(ops, "ok");
	expect(boss, "ok");
	/* who was never told of the incident is not told of its end */
	expect("PagerDuty", NULL);
	expect("command", NULL);
	answer(roads, ANSWER_DONE, START);
	deliver(roads, START + SEC);
	assert_int_equal(told_count, 0);
	assert_int_equal(roads_untold(roads), 0);
	roads_free(roads);
}

static void what_was_under_way_when_a_road_closed_is_told_as_soon_as_it_is_open(void **state)
{
	struct roads *roads = roads_begin();

	(void)state;
	all_open(roads);
	put(roads, NOTICE_ALARM, "a", "alarm", true);
	deliver(roads, START);
	roads_ear_lost(roads, "gone");
	roads_pager_lost(roads, "gone");
	deliver(roads, START + 1);
	assert_int_equal(told_count, 0);
	all_open(roads);
	deliver(roads, START + 2);
	expect(ops, "alarm");
	expect(boss, "alarm");
	expect("PagerDuty", "alarm");
	expect("command", NULL); /* it still runs */
	roads_free(roads);
}

static void a_room_is_told_the_latest_though_an_older_one_was_under_way(void **state)
{
	struct roads *roads = roads_begin();

	(void)state;
	all_open(roads);
	put(roads, NOTICE_ALARM, "a", "alarm", true);
	deliver(roads, START);
	roads_room_closed(roads, ops, "kicked");
	put(roads, NOTICE_OK, "a", "ok", true);
	roads_room_opened(roads, "OPS@Conference"); /* a room's name in any case */
	deliver(roads, START + 1);
	expect(ops, "ok");
	expect(boss, NULL);
	roads_free(roads);
}

/* A hand that has been taken over must not make an alarm on another way pass for told. */
static void nobody_answers_for_what_went_another_way(void **state)
{
	struct roads *roads = roads_begin();

	(void)state;
	all_open(roads);
	put(roads, NOTICE_ALARM, "a", "alarm", true);
	deliver(roads, START);
	int untold = roads_untold(roads);
	for (int i = 0; i < told_count; i++)
		for (enum way way = WAY_ROOM; way <= WAY_COMMAND; way++)
			if (way != way_to(told[i].to))
				roads_answer(roads, way, told[i].id, ANSWER_DONE, "", START);
	assert_int_equal(roads_untold(roads), untold);
	answer(roads, ANSWER_DONE, START);
	assert_int_equal(roads_untold(roads), 0);
	roads_free(roads);
}

static void the_first_attempt_waits_for_the_file_half_a_second(void **state)
{
	struct roads *roads = roads_begin();

	(void)state;
	all_open(roads);
	roads_recorded(roads, 0);
	put(roads, NOTICE_ALARM, "a", "alarm", true);
	deliver(roads, START);
	assert_int_equal(told_count, 0);
	assert_int_equal(roads_intents(roads), 4);
	assert_int_equal(roads_deadline(roads), START + SEC / 2);
	roads_recorded(roads, 2); /* of the first two */
	deliver(roads, START + 1);
	expect(ops, "alarm");
	expect(boss, "alarm");
	assert_int_equal(told_count, 2);
	deliver(roads, START + SEC / 2);
	expect("PagerDuty", "alarm");
	expect("command", "alarm");
	assert_int_equal(told_count, 2);
	roads_free(roads);
}

static void a_command_that_still_runs_is_tried_again(void **state)
{
	struct roads *roads = roads_begin();

	(void)state;
	busy = true;
	put(roads, NOTICE_ALARM, "a", "alarm", true);
	deliver(roads, START);
	assert_int_equal(told_count, 0);
	assert_between(roads_deadline(roads), START + SEC / 2, START + SEC);
	busy = false;
	deliver(roads, START + SEC);
	expect("command", "alarm");
	roads_free(roads);
}

static void only_a_road_that_works_and_has_nothing_to_tell_can_tell(void **state)
{
	struct roads *roads = roads_begin();
	struct buffer remarks = {NULL, 0, 0};

	(void)state;
	assert_false(roads_all_fail(roads)); /* the command */
	put(roads, NOTICE_ALARM, "a", "alarm", true);
	deliver(roads, START);
	assert_true(roads_all_fail(roads)); /* nobody has answered */
	answer(roads, ANSWER_FAILED, START);
	roads_remark(roads, &remarks);
	assert_string_equal(remarks.data,
		"; PagerDuty does not take what it is told (not there yet); alert_command does not "
		"take what it is told (so it is)");
	buffer_clear(&remarks);
	roads_pager_started(roads);
	deliver(roads, START + SEC);
	assert_true(roads_all_fail(roads));
	answer(roads, ANSWER_DONE, START + SEC);
	assert_false(roads_all_fail(roads));
	roads_remark(roads, &remarks);
	assert_int_equal(remarks.length, 0);
	buffer_free(&remarks);
	roads_free(roads);
}

static void a_room_is_greeted_once_and_told_the_last_announcement(void **state)
{
	struct config greeting = config;
	struct roads *roads;

	(void)state;
	greeting.greeting = true;
	greeting.alert_rooms.count = 1;
	roads = roads_new(&greeting, &subject, &pace, 1);
	deliver(roads, START);
	assert_int_equal(told_count, 0);
	roads_announce(roads, "was away");
	roads_announce(roads, "was away again");
	roads_room_opened(roads, ops);
	deliver(roads, START);
	assert_int_equal(told_count, 2);
	assert_memory_equal(told[0].text, "oobetet on vm, started at ", 26);
	assert_string_equal(told[1].text, "was away again");
	roads_room_closed(roads, ops, "gone");
	roads_room_opened(roads, ops);
	deliver(roads, START);
	assert_int_equal(told_count, 0);
	roads_free(roads);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_loud_notice_is_everybodys_a_quiet_one_pagerdutys),
		cmocka_unit_test(a_room_hears_the_latest_of_what_it_missed),
		cmocka_unit_test(
			what_was_under_way_when_a_road_closed_is_told_as_soon_as_it_is_open),
		cmocka_unit_test(a_room_is_told_the_latest_though_an_older_one_was_under_way),
		cmocka_unit_test(nobody_answers_for_what_went_another_way),
		cmocka_unit_test(the_first_attempt_waits_for_the_file_half_a_second),
		cmocka_unit_test(a_command_that_still_runs_is_tried_again),
		cmocka_unit_test(only_a_road_that_works_and_has_nothing_to_tell_can_tell),
		cmocka_unit_test(a_room_is_greeted_once_and_told_the_last_announcement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

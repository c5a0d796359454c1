/* SPDX-License-Identifier: MIT */
/* What is told when. Every test says what time it is. */
#include "t/unit/unit.h"

#include "httpbroker/delivery/ledger.h"
#include "httpbroker/delivery/recall.h"
#include "httpbroker/limits.h"
#include "httpbroker/states/wheel.h"
#include "t/unit/broker-parts.h"

#include <stdlib.h>
#include <string.h>

#define INTERVAL (10 * NSEC_PER_SEC)
#define EPOCH 1795224000 /* the wall clock, in seconds, when the monotonic one shows 0 */

/* How many states there are besides those that a test adds itself. */
static size_t made_up_states;
size_t __real_states_count(const struct states *states);
size_t __wrap_states_count(const struct states *states);

size_t __wrap_states_count(const struct states *states)
{
	return __real_states_count(states) + made_up_states;
}

struct desk {
	struct states *states;
	struct outbox *outbox;
	struct ledger *ledger;
	nsec set_back; /* how far the wall clock was set back since */
	struct buffer events, records;
};

static struct moment at(const struct desk *desk, double seconds)
{
	nsec monotonic = (nsec)(seconds * 1000) * NSEC_PER_MSEC;

	return (struct moment){EPOCH * NSEC_PER_SEC + monotonic - desk->set_back, monotonic};
}

static int desk_open(void **state)
{
	struct desk *desk = calloc(1, sizeof *desk);

	assert_non_null(desk);
	made_up_states = 0;
	desk->states = states_new(&(struct siphash_key){1, 2});
	desk->outbox = outbox_new();
	desk->ledger = ledger_new(desk->states, desk->outbox, INTERVAL, at(desk, 0));
	*state = desk;
	return 0;
}

static int desk_close(void **state)
{
	struct desk *desk = *state;

	ledger_free(desk->ledger);
	outbox_free(desk->outbox);
	states_free(desk->states);
	buffer_free(&desk->events);
	buffer_free(&desk->records);
	free(desk);
	return 0;
}

/* Posts what `c` on `e` is, `age` seconds after it was so. */
static enum ledger_answer post(
	struct desk *desk, double seconds, enum condition condition, int age, int32_t ttl)
{
	struct moment now = at(desk, seconds);
	struct event event = event_plain("e", "c", condition);
	struct posting posting;

	event.time = now.wall / NSEC_PER_SEC - age;
	event.ttl = ttl;
	posting_make(&posting, &event, 2, now);
	enum ledger_answer answer = ledger_take(desk->ledger, &posting, now);
	posting_free(&posting);
	return answer;
}

/* Does what is due then. */
static void turn(struct desk *desk, double seconds)
{
	ledger_turn(desk->ledger, true, at(desk, seconds));
}

/* The word behind `"state":"`, and the seconds since EPOCH. */
static void tell_short(struct buffer *out, const char *line)
{
	const char *word = strstr(line, "\"state\":\"") + strlen("\"state\":\"");
	const char *time = strstr(line, "\"time\":") + strlen("\"time\":");

	buffer_printf(out, "%s%.*s@%ld", out->length > 0 ? " " : "", (int)strcspn(word, "\""), word,
		atol(time) - EPOCH);
}

/* What was told since the last look, such as `ok@0 UNKNOWN@30`, and how many records written. */
static void assert_told(struct desk *desk, const char *expected, int records)
{
	struct buffer told = {NULL, 0, 0};
	int lines = 0;

	outbox_drain(desk->outbox, 0, &desk->events, &desk->records);
	buffer_append(&told, "", 0);
	for (char *line = desk->events.data; *line != '\0'; line = strchr(line, '\n') + 1)
		tell_short(&told, line);
	for (const char *c = desk->records.data; *c != '\0'; c++)
		lines += *c == '\n';
	assert_string_equal(told.data, expected);
	assert_int_equal(lines, 2 * records);
	buffer_free(&told);
}

/* Turns at every tick from one time to the other. */
static void turn_from(struct desk *desk, int from, int to)
{
	for (nsec now = from * NSEC_PER_SEC; now < to * NSEC_PER_SEC; now += WHEEL_TICK)
		turn(desk, (double)now / NSEC_PER_SEC);
}

static void what_is_new_or_changed_is_told_at_once(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(post(desk, 0, CONDITION_OK, 0, 300), LEDGER_TAKEN);
	assert_told(desk, "ok@0", 1);
	assert_int_equal(post(desk, 1, CONDITION_CRITICAL, 0, 300), LEDGER_TAKEN);
	assert_told(desk, "critical@1", 1);
	assert_int_equal(post(desk, 2, CONDITION_WARNING, 0, 300), LEDGER_TAKEN);
	assert_int_equal(post(desk, 2, CONDITION_OK, 0, 300), LEDGER_TAKEN);
	assert_int_equal(post(desk, 2, CONDITION_WARNING, 0, 300), LEDGER_TAKEN);
	assert_told(desk, "warning@2 ok@2 warning@2", 1); /* no change is folded away */
}

static void a_change_is_told_with_its_own_time(void **state)
{
	struct desk *desk = *state;

	post(desk, 5, CONDITION_OK, 2, 300);
	turn(desk, 15.5);
	assert_told(desk, "ok@3 ok@15", 1);
}

static void the_same_again_waits_for_its_repeat(void **state)
{
	struct desk *desk = *state;

	post(desk, 0, CONDITION_OK, 0, 300);
	assert_told(desk, "ok@0", 1);
	for (int second = 1; second < 10; second++)
		post(desk, second, CONDITION_OK, 0, 300);
	turn(desk, 9.99);
	assert_told(desk, "", 1);
	turn(desk, 10);
	assert_told(desk, "ok@10", 0);
}

static void repeats_are_one_interval_apart(void **state)
{
	struct desk *desk = *state;

	post(desk, 3, CONDITION_OK, 0, EVENT_TTL_NEVER);
	assert_told(desk, "ok@3", 1);
	turn_from(desk, 3, 64);
	assert_told(desk, "ok@13 ok@23 ok@33 ok@43 ok@53 ok@63", 0);
	post(desk, 65, CONDITION_WARNING, 0, EVENT_TTL_NEVER); /* a change begins anew */
	turn_from(desk, 65, 90);
	assert_told(desk, "warning@65 warning@75 warning@85", 1);
}

static void a_late_turn_makes_up_for_nothing_and_keeps_the_beat(void **state)
{
	struct desk *desk = *state;

	post(desk, 0, CONDITION_OK, 0, EVENT_TTL_NEVER);
	turn(desk, 47);
	turn(desk, 49.9);
	assert_told(desk, "ok@0 ok@47", 1);
	turn(desk, 50);
	assert_told(desk, "ok@50", 0);
}

static void repeats_nobody_can_hear_are_skipped(void **state)
{
	struct desk *desk = *state;

	post(desk, 0, CONDITION_OK, 0, EVENT_TTL_NEVER);
	assert_told(desk, "ok@0", 1);
	for (int second = 1; second < 35; second++)
		ledger_turn(desk->ledger, false, at(desk, second));
	assert_told(desk, "", 0);
	turn(desk, 39.9);
	assert_told(desk, "", 0);
	turn(desk, 40);
	assert_told(desk, "ok@40", 0);
}

static void what_is_not_heard_of_goes_stale_within_a_tick(void **state)
{
	struct desk *desk = *state;

	post(desk, 0, CONDITION_OK, 2, 30); /* 28 s are left */
	turn(desk, 27.99);
	assert_told(desk, "ok@-2 ok@27", 1);
	assert_int_equal(ledger_next(desk->ledger, true), 28 * NSEC_PER_SEC);
	turn(desk, 28);
	assert_told(desk, "UNKNOWN@28", 1);
	assert_non_null(strstr(desk->records.data, " 30 unknown 28000 "));
	turn_from(desk, 28, 60);
	assert_told(desk, "UNKNOWN@38 UNKNOWN@48 UNKNOWN@58", 0);
	assert_non_null(strstr(desk->events.data, "stale (60s old, should be < 30s)"));
}

static void what_goes_stale_unheard_is_still_told(void **state)
{
	struct desk *desk = *state;

	post(desk, 0, CONDITION_OK, 0, 5);
	assert_told(desk, "ok@0", 1);
	ledger_turn(desk->ledger, false, at(desk, 7));
	assert_told(desk, "UNKNOWN@7", 1);
}

static void what_comes_back_is_told_even_if_it_is_as_before(void **state)
{
	struct desk *desk = *state;

	post(desk, 0, CONDITION_OK, 0, 5);
	turn(desk, 5);
	assert_told(desk, "ok@0 UNKNOWN@5", 1);
	post(desk, 8, CONDITION_OK, 0, 5);
	assert_told(desk, "ok@8", 1);
	turn(desk, 12.99);
	assert_told(desk, "", 0);
	turn(desk, 13);
	assert_told(desk, "UNKNOWN@13", 1);
}

static void an_unknown_that_goes_stale_is_told_in_the_words_of_stale(void **state)
{
	struct desk *desk = *state;

	post(desk, 0, CONDITION_UNKNOWN, 0, 5);
	turn(desk, 5);
	assert_told(desk, "unknown@0 UNKNOWN@5", 1);
	post(desk, 8, CONDITION_UNKNOWN, 0, 20); /* to Flapjack it is the same */
	assert_told(desk, "", 1);
	turn(desk, 15);
	assert_told(desk, "unknown@15", 0);
}

static void a_stale_check_is_told_as_what_is_wanted(void **state)
{
	struct desk *desk = *state;

	ledger_tell_stale_as(desk->ledger, CONDITION_CRITICAL);
	post(desk, 0, CONDITION_OK, 0, 5);
	turn(desk, 5);
	turn(desk, 15);
	assert_told(desk, "ok@0 CRITICAL@5 CRITICAL@15", 1);
	assert_non_null(strstr(desk->records.data, " 5 critical 5000 "));
	assert_non_null(strstr(desk->events.data, "stale (15s old, should be < 5s)"));
	post(desk, 16, CONDITION_CRITICAL, 0, 5); /* to Flapjack it is the same */
	assert_told(desk, "", 1);
	post(desk, 17, CONDITION_UNKNOWN, 0, 5);
	assert_told(desk, "unknown@17", 1);
	post(desk, 18, CONDITION_OK, 1, 1); /* over already */
	assert_told(desk, "CRITICAL@18", 1);
}

/* The same, of this fraction of a second. */
static void load_fraction(
	struct desk *desk, uint16_t fraction, int32_t ttl, const enum condition *sent)
{
	struct event event = event_plain("e", "c", CONDITION_OK);
	struct posting posting;

	event.time = EPOCH;
	event.fraction = fraction;
	event.ttl = ttl;
	posting_make(&posting, &event, 2, at(desk, 10));
	assert_true(ledger_load(desk->ledger, &posting, sent, at(desk, 10)));
	posting_free(&posting);
}

/* What is loaded at 10 s and was so at 0 s; NULL: that was not told. */
static void load(struct desk *desk, int32_t ttl, const enum condition *sent)
{
	load_fraction(desk, 0, ttl, sent);
}

static void what_was_told_as_stale_before_a_restart_is_not_told_again(void **state)
{
	struct desk *desk = *state;

	ledger_tell_stale_as(desk->ledger, CONDITION_WARNING);
	load(desk, 5, &(enum condition){CONDITION_WARNING});
	assert_int_equal(post(desk, 10, CONDITION_OK, 9, 5), LEDGER_TAKEN);
	assert_told(desk, "", 1);
	turn(desk, 20);
	assert_told(desk, "WARNING@20", 0);
}

static void what_was_told_as_another_state_before_a_restart_is_told_at_once(void **state)
{
	struct desk *desk = *state;

	ledger_tell_stale_as(desk->ledger, CONDITION_WARNING);
	load(desk, 5, &(enum condition){CONDITION_UNKNOWN}); /* then --stale-state was another */
	turn(desk, 10);
	assert_told(desk, "WARNING@10", 1);
	assert_non_null(strstr(desk->records.data, " 5 warning 5000 "));
}

static void what_was_owed_before_a_restart_is_told_at_once(void **state)
{
	struct desk *desk = *state;

	load(desk, 300, NULL);
	assert_int_equal(post(desk, 10, CONDITION_OK, 0, 300), LEDGER_TAKEN);
	assert_told(desk, "ok@0", 1);
	assert_non_null(strstr(desk->records.data, " 300 ok "));
	turn_from(desk, 10, 25);
	assert_told(desk, "ok@20", 0);
}

static void and_as_stale_if_it_is_that(void **state)
{
	struct desk *desk = *state;

	load(desk, 5, NULL);
	turn_from(desk, 10, 25);
	assert_told(desk, "UNKNOWN@10 UNKNOWN@20", 1);
	assert_non_null(strstr(desk->records.data, " 5 unknown "));
}

/* Another broker has it handed over at 12 s: what `c` was. As it is read there, not as it was made.
 */
static enum ledger_answer hand(struct desk *desk, enum condition condition, int64_t time)
{
	const struct recall recall = {2, 0, at(desk, 12)};
	struct event event = event_plain("e", "c", condition);
	struct buffer json = {NULL, 0, 0};
	struct posting posting;
	struct reason why;

	event.time = EPOCH + time;
	event.ttl = 300;
	posting_make(&posting, &event, 2, at(desk, 12));
	recall_write(&json, &posting);
	posting_free(&posting);
	assert_true(recall_event(&recall, (struct blob){json.data, json.length}, &posting, &why));
	enum ledger_answer answer = ledger_take_handed(desk->ledger, &posting, at(desk, 12));
	posting_free(&posting);
	buffer_free(&json);
	return answer;
}

/* Its record is kept as it is until that was told. */
static void what_is_owed_waits_for_what_another_broker_hands_over(void **state)
{
	struct desk *desk = *state;

	ledger_owe_until(desk->ledger, 16 * NSEC_PER_SEC);
	load(desk, 300, NULL);
	turn_from(desk, 10, 12);
	assert_told(desk, "", 0);
	assert_int_equal(hand(desk, CONDITION_CRITICAL, -1), LEDGER_TAKEN);
	assert_int_equal(hand(desk, CONDITION_WARNING, 0), LEDGER_TAKEN);
	assert_told(desk, "critical@-1 warning@0", 0);
	for (unsigned i = 0; i < STATES_SHARDS; i++)
		ledger_rewrite(desk->ledger, i);
	assert_told(desk, "", 1);
	assert_non_null(strstr(desk->records.data, " 300 - "));
	assert_int_equal(hand(desk, CONDITION_OK, 0), LEDGER_TAKEN);
	assert_told(desk, "ok@0", 1);
	assert_non_null(strstr(desk->records.data, " 300 ok "));
	assert_int_equal(hand(desk, CONDITION_CRITICAL, 2), LEDGER_TAKEN);
	assert_told(desk, "critical@2", 1);
	turn_from(desk, 12, 20);
	assert_told(desk, "", 0);
}

static void but_not_for_long_nor_behind_what_is_newer(void **state)
{
	struct desk *desk = *state;

	ledger_owe_until(desk->ledger, 16 * NSEC_PER_SEC);
	load(desk, 300, NULL);
	turn_from(desk, 10, 16);
	assert_told(desk, "", 0);
	turn(desk, 16);
	assert_told(desk, "ok@0", 1);
	assert_int_equal(hand(desk, CONDITION_CRITICAL, -1), LEDGER_OLDER);
	assert_told(desk, "", 0);
}

static void what_is_owed_goes_before_what_is_newer(void **state)
{
	struct desk *desk = *state;

	ledger_owe_until(desk->ledger, 16 * NSEC_PER_SEC);
	load(desk, 300, NULL);
	assert_int_equal(post(desk, 11, CONDITION_CRITICAL, 0, 300), LEDGER_TAKEN);
	assert_told(desk, "ok@0 critical@11", 1);
	turn_from(desk, 11, 20);
	assert_told(desk, "", 0);
}

/* What `c` is, from now on named `c{x}`. */
static void post_renamed(struct desk *desk, double seconds, enum condition condition)
{
	struct moment now = at(desk, seconds);
	struct event event = event_plain("e", "c{x}", condition);
	struct posting posting;

	event.time = now.wall / NSEC_PER_SEC;
	event.ttl = EVENT_TTL_NEVER;
	event.former_entity = text_literal("e");
	event.former_check = text_literal("c");
	posting_make(&posting, &event, 2, now);
	assert_int_equal(ledger_take(desk->ledger, &posting, now), LEDGER_TAKEN);
	posting_free(&posting);
}

static void a_former_name_is_set_ok_once_and_forgotten(void **state)
{
	struct desk *desk = *state;

	load(desk, EVENT_TTL_NEVER, &(enum condition){CONDITION_CRITICAL});
	post_renamed(desk, 11, CONDITION_CRITICAL);
	assert_told(desk, "critical@11 ok@11", 2);
	assert_non_null(strstr(desk->events.data,
		"\"check\":\"c\",\"type\":\"service\",\"state\":\"ok\","
		"\"summary\":\"httpbroker: this check is now named c{x}\",\"time\":"));
	post_renamed(desk, 12, CONDITION_WARNING);
	assert_told(desk, "warning@12", 1);
	turn_from(desk, 12, 23);
	assert_told(desk, "warning@22", 1);
	assert_non_null(strstr(desk->records.data, "e\x1f"
						   "c\n-\n"));
	assert_int_equal(__real_states_count(desk->states), 1);
}

/* Of several that had the same name, the first ends it. */
static void only_what_was_loaded_is_a_former_name(void **state)
{
	struct desk *desk = *state;

	post_renamed(desk, 1, CONDITION_CRITICAL);
	assert_told(desk, "critical@1", 1);
	assert_int_equal(__real_states_count(desk->states), 1);
	load(desk, EVENT_TTL_NEVER, &(enum condition){CONDITION_CRITICAL});
	post_renamed(desk, 11, CONDITION_CRITICAL); /* not for the first time */
	assert_told(desk, "", 1);
}

static void a_former_name_that_was_heard_of_is_another_check(void **state)
{
	struct desk *desk = *state;

	load(desk, EVENT_TTL_NEVER, &(enum condition){CONDITION_CRITICAL});
	assert_int_equal(post(desk, 10, CONDITION_CRITICAL, 0, 300), LEDGER_TAKEN);
	post_renamed(desk, 11, CONDITION_CRITICAL);
	assert_told(desk, "critical@11", 2);
	assert_int_equal(__real_states_count(desk->states), 2);
}

/* An alert without further labels is named so by this version, too. */
static void what_this_version_has_written_is_no_former_name(void **state)
{
	struct desk *desk = *state;

	load_fraction(desk, 1, EVENT_TTL_NEVER, &(enum condition){CONDITION_CRITICAL});
	post_renamed(desk, 11, CONDITION_CRITICAL);
	assert_told(desk, "critical@11", 1);
	assert_int_equal(__real_states_count(desk->states), 2);
}

static void a_former_name_that_is_heard_of_again_goes_on(void **state)
{
	struct desk *desk = *state;

	load(desk, EVENT_TTL_NEVER, &(enum condition){CONDITION_CRITICAL});
	post_renamed(desk, 11, CONDITION_CRITICAL);
	assert_int_equal(post(desk, 12, CONDITION_WARNING, 0, 300), LEDGER_TAKEN);
	assert_told(desk, "critical@11 ok@11 warning@12", 2);
	turn_from(desk, 12, 23);
	assert_told(desk, "critical@21 warning@22", 0);
}

static void what_is_stale_for_long_is_forgotten(void **state)
{
	struct desk *desk = *state;

	ledger_forget_after(desk->ledger, 20 * NSEC_PER_SEC);
	post(desk, 0, CONDITION_OK, 0, 5);
	turn_from(desk, 0, 25);
	assert_told(desk, "ok@0 UNKNOWN@5 UNKNOWN@15", 1);
	turn(desk, 25);
	assert_told(desk, "", 1);
	assert_string_equal(desk->records.data, "e\x1f"
						"c\n-\n");
	assert_int_equal(__real_states_count(desk->states), 0);
	turn_from(desk, 25, 60);
	assert_told(desk, "", 0);
	assert_int_equal(post(desk, 60, CONDITION_OK, 58, 300), LEDGER_TAKEN); /* it is new */
	assert_told(desk, "ok@2", 1);
}

static void what_comes_back_or_never_goes_stale_is_not_forgotten(void **state)
{
	struct desk *desk = *state;

	ledger_forget_after(desk->ledger, 20 * NSEC_PER_SEC);
	post(desk, 0, CONDITION_OK, 0, 5);
	turn_from(desk, 0, 24);
	post(desk, 24, CONDITION_OK, 0, EVENT_TTL_NEVER);
	turn(desk, 1000);
	assert_told(desk, "ok@0 UNKNOWN@5 UNKNOWN@15 ok@24 ok@1000", 1);
}

static void what_is_long_stale_is_forgotten_though_nobody_listens(void **state)
{
	struct desk *desk = *state;

	ledger_forget_after(desk->ledger, 20 * NSEC_PER_SEC);
	load(desk, 5, &(enum condition){CONDITION_UNKNOWN});
	ledger_turn(desk->ledger, false, at(desk, 24.99));
	assert_told(desk, "", 0);
	ledger_turn(desk->ledger, false, at(desk, 35)); /* its repeat is before that */
	assert_told(desk, "", 1);
	assert_int_equal(__real_states_count(desk->states), 0);
}

static void nothing_is_forgotten_before_it_was_told_as_stale(void **state)
{
	struct desk *desk = *state;

	ledger_forget_after(desk->ledger, 20 * NSEC_PER_SEC);
	load(desk, 5, &(enum condition){CONDITION_OK});
	turn(desk, 100);
	assert_told(desk, "UNKNOWN@100", 1);
	turn(desk, 110);
	assert_told(desk, "", 1);
	assert_int_equal(__real_states_count(desk->states), 0);
}

static void what_is_stale_when_it_comes_is_told_as_that(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(post(desk, 0, CONDITION_OK, 400, 300), LEDGER_TAKEN);
	assert_told(desk, "UNKNOWN@0", 1);
	assert_int_equal(post(desk, 1, CONDITION_CRITICAL, 399, 300), LEDGER_TAKEN);
	assert_told(desk, "", 1);
	turn(desk, 10);
	assert_told(desk, "UNKNOWN@10", 0);
}

static void an_event_may_renew_what_another_ended(void **state)
{
	struct desk *desk = *state;

	post(desk, 0, CONDITION_OK, 0, 300);
	post(desk, 1, CONDITION_OK, 0, 3); /* now it ends at 4 s already */
	turn(desk, 3.99);
	assert_told(desk, "ok@0", 1);
	turn(desk, 4);
	assert_told(desk, "UNKNOWN@4", 1);
}

static void never_stale_is_never_stale(void **state)
{
	struct desk *desk = *state;

	post(desk, 0, CONDITION_CRITICAL, 1000000, EVENT_TTL_NEVER);
	assert_told(desk, "critical@-1000000", 1);
	turn(desk, 100000);
	assert_told(desk, "critical@100000", 0);
}

static void the_newest_event_wins(void **state)
{
	struct desk *desk = *state;

	post(desk, 10, CONDITION_OK, 0, 300);
	assert_told(desk, "ok@10", 1);
	assert_int_equal(post(desk, 11, CONDITION_CRITICAL, 2, 300), LEDGER_OLDER);
	assert_told(desk, "", 0);
	assert_int_equal(post(desk, 11, CONDITION_CRITICAL, 1, 300), LEDGER_TAKEN);
	assert_told(desk, "critical@10", 1);
}

static void what_is_cached_from_the_future_beats_nothing(void **state)
{
	struct desk *desk = *state;

	post(desk, 10, CONDITION_OK, 0, 300);
	desk->set_back = 3600 * NSEC_PER_SEC;
	assert_int_equal(post(desk, 11, CONDITION_CRITICAL, 5, 300), LEDGER_TAKEN);
	assert_told(desk, "ok@10 critical@-3594", 1);
	assert_int_equal(post(desk, 12, CONDITION_OK, 100, 300), LEDGER_OLDER);
}

static void setting_the_clock_makes_nothing_stale(void **state)
{
	struct desk *desk = *state;

	post(desk, 0, CONDITION_OK, 0, 30);
	desk->set_back = -86400 * NSEC_PER_SEC;
	turn(desk, 29.99);
	assert_told(desk, "ok@0 ok@86429", 1);
	desk->set_back = 86400 * NSEC_PER_SEC;
	turn(desk, 30);
	assert_told(desk, "UNKNOWN@-86370", 1);
	assert_non_null(strstr(desk->events.data, "(30s old, should be < 30s)"));
}

static void an_acknowledgement_passes_once_and_is_no_state(void **state)
{
	struct desk *desk = *state;

	post(desk, 0, CONDITION_ACKNOWLEDGEMENT, 0, 300);
	assert_int_equal(states_count(desk->states), 0);
	assert_int_equal(ledger_next(desk->ledger, true), NSEC_NEVER);
	post(desk, 0, CONDITION_CRITICAL, 0, 300);
	post(desk, 1, CONDITION_ACKNOWLEDGEMENT, 0, 300);
	post(desk, 2, CONDITION_TEST_NOTIFICATIONS, 9, 300);
	assert_told(
		desk, "acknowledgement@0 critical@0 acknowledgement@1 test_notifications@-7", 1);
	turn(desk, 10);
	assert_told(desk, "critical@10", 0);
}

static bool forget(struct desk *desk, const char *entity, const char *check)
{
	char text[32];
	int length = snprintf(text, sizeof text, "%s:%s", entity, check);
	const struct names names = {text, (uint16_t)length, (uint16_t)strlen(entity)};

	return ledger_forget(desk->ledger, &names);
}

static void what_is_forgotten_is_not_told_of_again(void **state)
{
	struct desk *desk = *state;

	post(desk, 0, CONDITION_OK, 0, 30);
	assert_told(desk, "ok@0", 1);
	assert_false(forget(desk, "e", "d"));
	assert_true(forget(desk, "e", "c"));
	assert_false(forget(desk, "e", "c"));
	assert_int_equal(states_count(desk->states), 0);
	turn_from(desk, 0, 60);
	assert_told(desk, "", 1);
	assert_string_equal(desk->records.data, "e\x1f"
						"c\n-\n");
	assert_int_equal(ledger_next(desk->ledger, true), NSEC_NEVER);
	assert_int_equal(post(desk, 61, CONDITION_OK, 50, 300), LEDGER_TAKEN); /* older, but new */
	assert_told(desk, "ok@11", 1);
}

/* The same, of this millisecond of EPOCH's second; -1: only the second is known. */
static enum ledger_answer post_exactly(
	struct desk *desk, enum condition condition, int millis, bool handed)
{
	struct event event = event_plain("e", "c", condition);
	struct posting posting;

	event.time = EPOCH;
	event.fraction = (uint16_t)(millis + 1);
	posting_make(&posting, &event, 2, at(desk, 5));
	posting.handed = handed;
	enum ledger_answer answer = ledger_take(desk->ledger, &posting, at(desk, 5));
	posting_free(&posting);
	return answer;
}

static void within_a_second_the_millisecond_decides_if_both_know_it(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(post_exactly(desk, CONDITION_OK, 500, false), LEDGER_TAKEN);
	assert_int_equal(post_exactly(desk, CONDITION_CRITICAL, 499, false), LEDGER_OLDER);
	assert_int_equal(post_exactly(desk, CONDITION_WARNING, 500, false), LEDGER_TAKEN);
	assert_int_equal(post_exactly(desk, CONDITION_OK, -1, false), LEDGER_TAKEN);
	assert_int_equal(post_exactly(desk, CONDITION_CRITICAL, 0, false), LEDGER_TAKEN);
	assert_told(desk, "ok@0 warning@0 ok@0 critical@0", 1);
}

static void what_was_posted_here_beats_what_is_handed_over_unless_that_is_newer(void **state)
{
	struct desk *desk = *state;

	post_exactly(desk, CONDITION_OK, 500, false);
	assert_int_equal(post_exactly(desk, CONDITION_CRITICAL, -1, true), LEDGER_OLDER);
	assert_int_equal(post_exactly(desk, CONDITION_CRITICAL, 499, true), LEDGER_OLDER);
	assert_int_equal(post_exactly(desk, CONDITION_CRITICAL, 500, true), LEDGER_OLDER);
	assert_int_equal(post_exactly(desk, CONDITION_CRITICAL, 501, true), LEDGER_TAKEN);
	/* those that are handed over are in order among themselves */
	assert_int_equal(post_exactly(desk, CONDITION_WARNING, -1, true), LEDGER_TAKEN);
	assert_int_equal(post_exactly(desk, CONDITION_OK, -1, true), LEDGER_TAKEN);
	assert_told(desk, "ok@0 critical@0 warning@0 ok@0", 1);
}

/* The one that hands over had written that record before. */
static void what_is_handed_over_follows_what_was_loaded(void **state)
{
	struct desk *desk = *state;
	struct event event = event_plain("e", "c", CONDITION_OK);
	const enum condition sent = CONDITION_OK;
	struct posting posting;

	event.time = EPOCH;
	posting_make(&posting, &event, 2, at(desk, 4));
	assert_true(ledger_load(desk->ledger, &posting, &sent, at(desk, 4)));
	posting_free(&posting);
	assert_int_equal(post_exactly(desk, CONDITION_CRITICAL, -1, true), LEDGER_TAKEN);
	assert_int_equal(post_exactly(desk, CONDITION_OK, 5, true), LEDGER_TAKEN);
	assert_told(desk, "critical@0 ok@0", 1);
}

static enum ledger_answer post_forgotten(struct desk *desk, double seconds, int64_t time)
{
	struct posting posting;

	posting_make_forgotten(
		&posting, text_literal("e"), text_literal("c"), (struct instant){time, 0});
	enum ledger_answer answer = ledger_take(desk->ledger, &posting, at(desk, seconds));
	posting_free(&posting);
	return answer;
}

static void what_was_to_be_forgotten_is_unless_it_is_newer(void **state)
{
	struct desk *desk = *state;

	assert_int_equal(post_forgotten(desk, 0, EPOCH), LEDGER_TAKEN); /* it is unknown already */
	post(desk, 10, CONDITION_OK, 0, 30);
	assert_told(desk, "ok@10", 1);
	assert_int_equal(post_forgotten(desk, 11, EPOCH + 9), LEDGER_OLDER);
	assert_int_equal(states_count(desk->states), 1);
	/* no matter how much waits */
	outbox_limit(desk->outbox, 0);
	assert_int_equal(post_forgotten(desk, 11, EPOCH + 10), LEDGER_TAKEN);
	assert_int_equal(states_count(desk->states), 0);
	assert_told(desk, "", 1);
	outbox_limit(desk->outbox, 10);
	/* what was heard of in the future is not newer */
	post(desk, 20, CONDITION_OK, 0, 30);
	desk->set_back = 15 * NSEC_PER_SEC;
	assert_int_equal(post_forgotten(desk, 21, EPOCH + 6), LEDGER_TAKEN);
	assert_int_equal(states_count(desk->states), 0);
}

static void what_is_due_may_be_forgotten(void **state)
{
	struct desk *desk = *state;

	post(desk, 0, CONDITION_OK, 0, 30);
	post(desk, 0, CONDITION_ACKNOWLEDGEMENT, 0, 30);
	assert_told(desk, "ok@0 acknowledgement@0", 1);
	for (int i = 0; i < 1000; i++)
		resp_add_text(outbox_push(desk->outbox), "{\"state\":\"x\",\"time\":0}");
	turn(desk, 40); /* the commit is full: it stays with those that are due */
	assert_true(forget(desk, "e", "c"));
	outbox_applied(desk->outbox, outbox_take(desk->outbox, 0));
	turn(desk, 41);
	assert_told(desk, "", 0);
}

static void beyond_a_million_states_only_known_ones_are_taken(void **state)
{
	struct desk *desk = *state;

	made_up_states = LIMIT_STATES;
	assert_int_equal(post(desk, 0, CONDITION_OK, 0, 300), LEDGER_FULL);
	assert_told(desk, "", 0);
	made_up_states = LIMIT_STATES - 1;
	assert_int_equal(post(desk, 0, CONDITION_OK, 0, 300), LEDGER_TAKEN);
	assert_int_equal(post(desk, 1, CONDITION_CRITICAL, 0, 300), LEDGER_TAKEN);
	assert_told(desk, "ok@0 critical@1", 1);
}

static void beyond_what_may_wait_nothing_is_taken(void **state)
{
	struct desk *desk = *state;

	for (int i = 0; i < LIMIT_PENDING; i++)
		assert_int_equal(
			post(desk, 0, i % 2 == 0 ? CONDITION_OK : CONDITION_CRITICAL, 0, 300),
			LEDGER_TAKEN);
	assert_int_equal(post(desk, 1, CONDITION_OK, 0, 300), LEDGER_FULL);
	assert_int_equal(post(desk, 1, CONDITION_ACKNOWLEDGEMENT, 0, 300), LEDGER_FULL);
	assert_int_equal(outbox_marks(desk->outbox).pushes, LIMIT_PENDING);
	outbox_applied(desk->outbox, outbox_take(desk->outbox, 0));
	assert_int_equal(post(desk, 2, CONDITION_OK, 0, 300), LEDGER_TAKEN);
}

#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(what_is_new_or_changed_is_told_at_once),
		DESK_TEST(a_change_is_told_with_its_own_time),
		DESK_TEST(the_same_again_waits_for_its_repeat),
		DESK_TEST(repeats_are_one_interval_apart),
		DESK_TEST(a_late_turn_makes_up_for_nothing_and_keeps_the_beat),
		DESK_TEST(repeats_nobody_can_hear_are_skipped),
		DESK_TEST(what_is_not_heard_of_goes_stale_within_a_tick),
		DESK_TEST(what_goes_stale_unheard_is_still_told),
		DESK_TEST(what_comes_back_is_told_even_if_it_is_as_before),
		DESK_TEST(an_unknown_that_goes_stale_is_told_in_the_words_of_stale),
		DESK_TEST(a_stale_check_is_told_as_what_is_wanted),
		DESK_TEST(what_was_told_as_stale_before_a_restart_is_not_told_again),
		DESK_TEST(what_was_told_as_another_state_before_a_restart_is_told_at_once),
		DESK_TEST(what_was_owed_before_a_restart_is_told_at_once),
		DESK_TEST(what_is_owed_waits_for_what_another_broker_hands_over),
		DESK_TEST(but_not_for_long_nor_behind_what_is_newer),
		DESK_TEST(what_is_owed_goes_before_what_is_newer),
		DESK_TEST(and_as_stale_if_it_is_that),
		DESK_TEST(a_former_name_is_set_ok_once_and_forgotten),
		DESK_TEST(only_what_was_loaded_is_a_former_name),
		DESK_TEST(a_former_name_that_was_heard_of_is_another_check),
		DESK_TEST(what_this_version_has_written_is_no_former_name),
		DESK_TEST(a_former_name_that_is_heard_of_again_goes_on),
		DESK_TEST(what_is_stale_for_long_is_forgotten),
		DESK_TEST(what_comes_back_or_never_goes_stale_is_not_forgotten),
		DESK_TEST(what_is_long_stale_is_forgotten_though_nobody_listens),
		DESK_TEST(nothing_is_forgotten_before_it_was_told_as_stale),
		DESK_TEST(what_is_stale_when_it_comes_is_told_as_that),
		DESK_TEST(an_event_may_renew_what_another_ended),
		DESK_TEST(never_stale_is_never_stale),
		DESK_TEST(the_newest_event_wins),
		DESK_TEST(what_is_cached_from_the_future_beats_nothing),
		DESK_TEST(setting_the_clock_makes_nothing_stale),
		DESK_TEST(an_acknowledgement_passes_once_and_is_no_state),
		DESK_TEST(what_is_forgotten_is_not_told_of_again),
		DESK_TEST(within_a_second_the_millisecond_decides_if_both_know_it),
		DESK_TEST(what_was_posted_here_beats_what_is_handed_over_unless_that_is_newer),
		DESK_TEST(what_is_handed_over_follows_what_was_loaded),
		DESK_TEST(what_was_to_be_forgotten_is_unless_it_is_newer),
		DESK_TEST(what_is_due_may_be_forgotten),
		DESK_TEST(beyond_a_million_states_only_known_ones_are_taken),
		DESK_TEST(beyond_what_may_wait_nothing_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

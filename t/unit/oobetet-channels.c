/* SPDX-License-Identifier: MIT */
/* All channels together: what each sends, and when. The workers and the command are stubs. */
#include "t/unit/unit.h"

#include "oobetet/channel/asides.h"
#include "oobetet/channel/channels.h"
#include "oobetet/message.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SEC NSEC_PER_SEC
#define START (100 * SEC)

static char ops[] = "ops@conference", boss[] = "boss@conference";
static char *rooms[] = {ops, boss};
static char label[] = "";
static const struct watch_config config = {.label = label,
	.alert_rooms = {rooms, 2},
	.pagerduty_contact = "key",
	.alert_command = "true"};
static const struct target target = {"vm", "Flapper", "web-01", 300 * SEC, NULL, NULL};
static const struct timing timing = {
	.answer = 15 * SEC, .request = 15 * SEC, .retry_min = SEC, .retry_max = 60 * SEC};
static const struct workers workers = {.xmpp = NULL};

/* ---- what the workers and the command received ---- */

#define SENT_MAX 16

static struct sent {
	const char *to; /* the room, PagerDuty, command */
	char id[COMMAND_ID];
	char text[NOTIFICATION_TEXT];
} sent[SENT_MAX];
static int sent_count;
static bool busy; /* the command still runs */

static void sent_add(const char *to, const char *id, const char *text)
{
	assert_true(sent_count < SENT_MAX);
	struct sent *next = &sent[sent_count++];
	next->to = to;
	snprintf(next->id, sizeof next->id, "%s", id);
	snprintf(next->text, sizeof next->text, "%s", text);
}

void worker_send(struct worker *worker, enum message_type type, const char *const fields[])
{
	(void)worker;
	if (type == MESSAGE_SAY)
		sent_add(strcasecmp(fields[1], ops) == 0 ? ops : boss, fields[0], fields[2]);
	else
		sent_add("PagerDuty", fields[0], type == MESSAGE_RESOLVE ? "resolve" : fields[6]);
}

bool command_start(struct command *command, const struct job *job, nsec now)
{
	(void)command, (void)now;
	if (!busy)
		sent_add("command", job->id, job->text);
	return !busy;
}

/* The text sent on this channel by the last deliver(); NULL: none. */
static const char *sent_to(const char *to)
{
	static char text[NOTIFICATION_TEXT];
	bool any = false;

	for (int i = 0; i < sent_count; i++)
		if (strcmp(sent[i].to, to) == 0) {
			assert_false(any); /* one thing at a time */
			any = true;
			snprintf(text, sizeof text, "%s", sent[i].text);
		}
	return any ? text : NULL;
}

static void expect(const char *to, const char *text)
{
	const char *text_sent = sent_to(to);

	if (text == NULL)
		assert_null(text_sent);
	else if (text_sent == NULL)
		fail_msg("not sent to %s: %s", to, text);
	else
		assert_string_equal(text_sent, text);
}

/* ---- the channels ---- */

static struct channels *channels_begin(void)
{
	struct channels *channels = channels_new(&config, &target, &timing, 1);

	channels_recorded(channels, UINT64_MAX);
	sent_count = 0;
	busy = false;
	return channels;
}

static void all_open(struct channels *channels)
{
	channels_open(channels, CHANNEL_ROOM, ops);
	channels_open(channels, CHANNEL_ROOM, boss);
	channels_open(channels, CHANNEL_PAGERDUTY, NULL);
}

static void put(struct channels *channels, enum notification_kind kind, const char *key,
	const char *text, bool loud)
{
	struct notification notification = {.kind = kind};

	snprintf(notification.key, sizeof notification.key, "%s", key);
	snprintf(notification.text, sizeof notification.text, "%s", text);
	channels_put(channels, &notification, loud);
}

static struct readings readings;

static void deliver(struct channels *channels, nsec now)
{
	sent_count = 0;
	channels_send(channels, &workers, NULL, &readings, now);
}

static enum channel_type type_of(const char *to)
{
	if (to == ops || to == boss)
		return CHANNEL_ROOM;
	return strcmp(to, "PagerDuty") == 0 ? CHANNEL_PAGERDUTY : CHANNEL_COMMAND;
}

/* Every receiver responds. */
static void answer(struct channels *channels, enum answer answer, nsec now)
{
	for (int i = 0; i < sent_count; i++)
		channels_answer(channels, type_of(sent[i].to), sent[i].id, answer, "so it is", now);
}

/* ---- the tests ---- */

static void a_quiet_notification_goes_to_pagerduty_only(void **state)
{
	struct channels *channels = channels_begin();

	(void)state;
	all_open(channels);
	put(channels, NOTIFICATION_ALARM, "a", "first", true);
	deliver(channels, START);
	expect(ops, "first");
	expect(boss, "first");
	expect("PagerDuty", "first");
	expect("command", "first");
	answer(channels, ANSWER_DONE, START);
	put(channels, NOTIFICATION_ALARM, "a", "second", false);
	deliver(channels, START + SEC);
	expect("PagerDuty", "second");
	assert_int_equal(sent_count, 1);
	channels_free(channels);
}

static void a_room_gets_only_the_latest_notification(void **state)
{
	struct channels *channels = channels_begin();

	(void)state;
	put(channels, NOTIFICATION_ALARM, "a", "alarm", true);
	put(channels, NOTIFICATION_ALARM, "a", "repeat", true);
	put(channels, NOTIFICATION_OK, "a", "ok", true);
	all_open(channels);
	deliver(channels, START);
	expect(ops, "ok");
	expect(boss, "ok");
	/* a channel that did not get the alarm does not get the OK */
	expect("PagerDuty", NULL);
	expect("command", NULL);
	answer(channels, ANSWER_DONE, START);
	deliver(channels, START + SEC);
	assert_int_equal(sent_count, 0);
	assert_int_equal(channels_pending(channels), 0);
	channels_free(channels);
}

static void an_unanswered_notification_is_sent_again_when_a_channel_opens(void **state)
{
	struct channels *channels = channels_begin();

	(void)state;
	all_open(channels);
	put(channels, NOTIFICATION_ALARM, "a", "alarm", true);
	deliver(channels, START);
	channels_close(channels, CHANNEL_ROOM, NULL, "gone");
	channels_close(channels, CHANNEL_PAGERDUTY, NULL, "gone");
	deliver(channels, START + 1);
	assert_int_equal(sent_count, 0);
	all_open(channels);
	deliver(channels, START + 2);
	expect(ops, "alarm");
	expect(boss, "alarm");
	expect("PagerDuty", "alarm");
	expect("command", NULL); /* it still runs */
	channels_free(channels);
}

static void a_room_gets_the_latest_while_an_older_one_is_unanswered(void **state)
{
	struct channels *channels = channels_begin();

	(void)state;
	all_open(channels);
	put(channels, NOTIFICATION_ALARM, "a", "alarm", true);
	deliver(channels, START);
	channels_close(channels, CHANNEL_ROOM, ops, "kicked");
	put(channels, NOTIFICATION_OK, "a", "ok", true);
	channels_open(channels, CHANNEL_ROOM, "OPS@Conference"); /* a room's name in any case */
	deliver(channels, START + 1);
	expect(ops, "ok");
	expect(boss, NULL);
	channels_free(channels);
}

/* A compromised worker must not confirm an alarm of another channel. */
static void a_response_from_another_channel_is_ignored(void **state)
{
	struct channels *channels = channels_begin();

	(void)state;
	all_open(channels);
	put(channels, NOTIFICATION_ALARM, "a", "alarm", true);
	deliver(channels, START);
	int pending = channels_pending(channels);
	for (int i = 0; i < sent_count; i++)
		for (enum channel_type type = CHANNEL_ROOM; type <= CHANNEL_COMMAND; type++)
			if (type != type_of(sent[i].to))
				channels_answer(channels, type, sent[i].id, ANSWER_DONE, "", START);
	assert_int_equal(channels_pending(channels), pending);
	answer(channels, ANSWER_DONE, START);
	assert_int_equal(channels_pending(channels), 0);
	channels_free(channels);
}

static void the_first_attempt_waits_for_the_file_half_a_second(void **state)
{
	struct channels *channels = channels_begin();

	(void)state;
	all_open(channels);
	channels_recorded(channels, 0);
	put(channels, NOTIFICATION_ALARM, "a", "alarm", true);
	deliver(channels, START);
	assert_int_equal(sent_count, 0);
	assert_int_equal(channels_intents(channels), 4);
	assert_int_equal(channels_deadline(channels), START + SEC / 2);
	channels_recorded(channels, 2); /* of the first two */
	deliver(channels, START + 1);
	expect(ops, "alarm");
	expect(boss, "alarm");
	assert_int_equal(sent_count, 2);
	deliver(channels, START + SEC / 2);
	expect("PagerDuty", "alarm");
	expect("command", "alarm");
	assert_int_equal(sent_count, 2);
	channels_free(channels);
}

static void a_command_that_still_runs_is_retried(void **state)
{
	struct channels *channels = channels_begin();

	(void)state;
	busy = true;
	put(channels, NOTIFICATION_ALARM, "a", "alarm", true);
	deliver(channels, START);
	assert_int_equal(sent_count, 0);
	assert_between(channels_deadline(channels), START + SEC / 2, START + SEC);
	busy = false;
	deliver(channels, START + SEC);
	expect("command", "alarm");
	channels_free(channels);
}

static void all_channels_fail_unless_one_works_with_nothing_pending(void **state)
{
	struct channels *channels = channels_begin();
	struct buffer remarks = {NULL, 0, 0};

	(void)state;
	assert_false(channels_all_fail(channels)); /* the command */
	put(channels, NOTIFICATION_ALARM, "a", "alarm", true);
	deliver(channels, START);
	assert_true(channels_all_fail(channels)); /* no response yet */
	answer(channels, ANSWER_FAILED, START);
	channels_remark(channels, &remarks);
	assert_string_equal(remarks.data,
		"; delivery to PagerDuty is failing (not connected yet); delivery to alert_command "
		"is failing (so it is)");
	buffer_clear(&remarks);
	channels_open(channels, CHANNEL_PAGERDUTY, NULL);
	deliver(channels, START + SEC);
	assert_true(channels_all_fail(channels));
	answer(channels, ANSWER_DONE, START + SEC);
	assert_false(channels_all_fail(channels));
	channels_remark(channels, &remarks);
	assert_int_equal(remarks.length, 0);
	buffer_free(&remarks);
	channels_free(channels);
}

/* As everywhere else. */
static void a_room_goes_on_with_its_name_in_another_case(void **state)
{
	static char upper[] = "OPS@conference";
	static char *upper_room[] = {upper};
	const struct watch_config changed = {.label = label, .alert_rooms = {upper_room, 1}};
	struct channels *before = channels_begin();
	struct channels *after = channels_new(&changed, &target, &timing, 2);

	(void)state;
	all_open(before);
	put(before, NOTIFICATION_ALARM, "a", "alarm", true);
	deliver(before, START);
	answer(before, ANSWER_DONE, START);
	put(before, NOTIFICATION_OK, "a", "ok", true);
	channels_carry(after, before, true);
	assert_int_equal(channels_pending(after), 1);
	assert_int_equal(channels_status(after, 0).deliveries, 1);
	channels_free(before);
	channels_free(after);
}

static void a_room_gets_one_greeting_and_the_last_announcement(void **state)
{
	struct config joined = {.rooms = {rooms, 1}};
	struct rooms *in = rooms_new(&joined, 0, START);
	struct asides *asides = asides_new(1);
	char text[NOTIFICATION_TEXT];

	(void)state;
	sent_count = 0;
	notification_greeting(
		(const struct target *const[]){&target}, 1, "started", START, text, sizeof text);
	asides_put(asides, ASIDE_GREETING, ops, text);
	asides_send(asides, in, NULL);
	assert_int_equal(sent_count, 0);
	asides_put(asides, ASIDE_ANNOUNCEMENT, ops, "was away");
	asides_put(asides, ASIDE_ANNOUNCEMENT, "OPS@conference", "was away again");
	asides_put(asides, ASIDE_ANNOUNCEMENT, boss, "not joined");
	rooms_set_joined(in, ops, "oobetet");
	asides_send(asides, in, NULL);
	assert_int_equal(sent_count, 2);
	assert_memory_equal(sent[0].text, "oobetet on vm, started at ", 26);
	assert_string_equal(sent[1].text, "was away again");
	rooms_left(in, ops, "gone", START);
	rooms_set_joined(in, ops, "oobetet");
	asides_send(asides, in, NULL);
	assert_int_equal(sent_count, 2);
	asides_free(asides);
	rooms_free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quiet_notification_goes_to_pagerduty_only),
		cmocka_unit_test(a_room_gets_only_the_latest_notification),
		cmocka_unit_test(an_unanswered_notification_is_sent_again_when_a_channel_opens),
		cmocka_unit_test(a_room_gets_the_latest_while_an_older_one_is_unanswered),
		cmocka_unit_test(a_response_from_another_channel_is_ignored),
		cmocka_unit_test(the_first_attempt_waits_for_the_file_half_a_second),
		cmocka_unit_test(a_command_that_still_runs_is_retried),
		cmocka_unit_test(all_channels_fail_unless_one_works_with_nothing_pending),
		cmocka_unit_test(a_room_goes_on_with_its_name_in_another_case),
		cmocka_unit_test(a_room_gets_one_greeting_and_the_last_announcement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
#include "t/unit/unit.h"

#include "oobetet/watch/occupants.h"
#include "oobetet/xmpp/muc.h"
#include "oobetet/xmpp/stanza.h"

#include <stdlib.h>
#include <string.h>

#define SEC NSEC_PER_SEC

/* As it is with max_latency = 600: a ping each 30 s, 15 s to answer, 1 s to 60 s between attempts.
 */
static struct room *room_make(void)
{
	struct timing timing = timing_of(600 * SEC);

	return room_new("ops@conference.example.org", "oobetet", &timing, 1);
}

/* What is wished at `now`, which is all that is wished. */
static enum room_wish wished(struct room *room, nsec now)
{
	enum room_wish wish = room_tick(room, now);

	if (wish != ROOM_REST)
		assert_int_equal(room_tick(room, now), ROOM_REST);
	return wish;
}

static void it_joins_and_pings(void **state)
{
	struct room *room = room_make();

	(void)state;
	assert_int_equal(wished(room, 0), ROOM_JOIN);
	assert_false(room_is_in(room));
	assert_true(room_entered(room, "oobetet", SEC));
	assert_true(room_is_in(room));
	assert_false(room_entered(room, "oobetet", SEC));
	assert_int_equal(room_deadline(room), 31 * SEC);
	assert_int_equal(wished(room, 31 * SEC - 1), ROOM_REST);
	assert_int_equal(wished(room, 31 * SEC), ROOM_PING);
	assert_int_equal(room_deadline(room), 46 * SEC);
	room_ponged(room, room_ping_number(room));
	assert_int_equal(room_deadline(room), 61 * SEC);
	room_free(room);
}

static void two_pings_in_a_row_are_an_absence(void **state)
{
	struct room *room = room_make();

	(void)state;
	wished(room, 0);
	room_entered(room, "oobetet", 0);
	assert_int_equal(wished(room, 30 * SEC), ROOM_PING);
	unsigned lost = room_ping_number(room);
	assert_int_equal(wished(room, 45 * SEC), ROOM_PING); /* asked again at once */
	room_ponged(room, lost);                             /* too late, and for another ping */
	room_ponged(room, room_ping_number(room));
	assert_int_equal(wished(room, 75 * SEC), ROOM_PING);
	assert_int_equal(wished(room, 90 * SEC), ROOM_PING);
	assert_true(room_is_in(room));
	assert_int_equal(wished(room, 105 * SEC), ROOM_LOST);
	assert_false(room_is_in(room));
	assert_non_null(strstr(room_why(room), "pings"));
	assert_between(room_deadline(room), 105 * SEC + SEC / 2, 106 * SEC);
	assert_int_equal(wished(room, 106 * SEC), ROOM_JOIN);
	room_free(room);
}

static void joining_is_tried_again_with_back_off(void **state)
{
	struct room *room = room_make();
	nsec now = 0, waited = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(wished(room, now), ROOM_JOIN);
		now += 15 * SEC;
		assert_int_equal(wished(room, now), ROOM_LOST);
		waited = room_deadline(room) - now;
		now += waited;
	}
	assert_between(waited, 45 * SEC, 60 * SEC);
	/* a refusal is no news twice */
	assert_int_equal(wished(room, now), ROOM_JOIN);
	assert_true(room_left(room, now));
	assert_false(room_left(room, now));
	room_free(room);
}

/* How long the next joining is put off after having been in for `stay`. */
static nsec wait_after(struct room *room, nsec *now, nsec stay)
{
	assert_int_equal(wished(room, *now), ROOM_JOIN);
	room_entered(room, "oobetet", *now);
	*now += stay;
	assert_true(room_left(room, *now));
	nsec wait = room_deadline(room) - *now;
	*now = room_deadline(room);
	return wait;
}

static void who_is_thrown_out_again_and_again_waits_longer(void **state)
{
	struct room *room = room_make();
	nsec now = 0;

	(void)state;
	for (int i = 0; i < 10; i++)
		wait_after(room, &now, SEC);
	assert_between(wait_after(room, &now, SEC), 45 * SEC, 60 * SEC);
	assert_between(wait_after(room, &now, 61 * SEC), SEC / 2, SEC);
	room_free(room);
}

static void a_taken_nick_is_varied(void **state)
{
	static const char *const nicks[] = {"oobetet_", "oobetet__", "oobetet___"};
	struct room *room = room_make();

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(nicks); i++) {
		assert_int_equal(wished(room, 0), ROOM_JOIN);
		room_nick_taken(room, 0);
		assert_string_equal(room_nick(room), nicks[i]);
	}
	assert_int_equal(wished(room, 0), ROOM_JOIN);
	room_nick_taken(room, 0);
	assert_string_equal(room_nick(room), "oobetet");
	assert_int_equal(wished(room, 0), ROOM_REST);
	assert_int_equal(wished(room, 60 * SEC), ROOM_JOIN);
	assert_true(room_entered(room, "given by the server", 61 * SEC));
	assert_string_equal(room_nick(room), "given by the server");
	room_left(room, 61 * SEC);
	assert_string_equal(room_nick(room), "oobetet");
	room_free(room);
}

static void the_nick_is_taken_back_when_it_is_free(void **state)
{
	struct room *room = room_make();

	(void)state;
	wished(room, 0);
	assert_false(room_nick_is_free(room, "oobetet")); /* not in */
	room_nick_taken(room, 0);
	wished(room, 0);
	assert_false(room_nick_is_free(room, "oobetet")); /* still on the way in */
	room_entered(room, "oobetet_", 0);
	assert_false(room_nick_is_free(room, "somebody"));
	assert_false(room_nick_is_free(room, "oobetet_"));
	assert_true(room_nick_is_free(room, "oobetet"));
	room_renamed(room, "oobetet");
	assert_string_equal(room_nick(room), "oobetet");
	assert_true(room_is_in(room));
	assert_false(room_nick_is_free(room, "oobetet"));
	room_left(room, SEC);
	room_renamed(room, "other");
	assert_string_equal(room_nick(room), "oobetet");
	room_free(room);
}

static void history_is_for_who_was_there_before(void **state)
{
	struct room *room = room_make();

	(void)state;
	assert_int_equal(room_history(room, 100 * SEC), 0);
	room_missed(room, 40 * SEC);
	assert_int_equal(room_history(room, 100 * SEC), 61);
	room_free(room);
}

static void stamps_of_history(void **state)
{
	static const struct {
		const char *text;
		nsec stamp; /* -1: none */
	} cases[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2026-11-20T10:29:06Z", 1795170546 * SEC},
		{"2026-11-20T10:29:06.25Z", 1795170546 * SEC + SEC / 4},
		{"2026-11-20T12:29:06+02:00", 1795170546 * SEC},
		{"2026-11-20T05:59:06.000-04:30", 1795170546 * SEC},
		{"2026-11-20T10:29:06.12345678901234567890Z", 1795170546 * SEC + 123456789},
		{"", -1},
		{"20261120T10:29:06", -1},
		{"2026-11-20T10:29:06", -1},
		{"2026-11-20T10:29:06Zx", -1},
		{"2026-11-20T10:29:06+02:00x", -1},
		{"2026-11-20T10:29:06+-2:00", -1},
		{"1969-12-31T23:59:59Z", -1},
		{"9999-12-31T23:59:59Z", -1},
		{"1970-01-01T00:00:00+01:00", -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		nsec stamp = -1;

		if (stanza_stamp(cases[i].text, &stamp) != (cases[i].stamp >= 0) ||
			(cases[i].stamp >= 0 && stamp != cases[i].stamp))
			fail_msg("%s: %lld", cases[i].text, (long long)stamp);
	}
}

/* One mark, beside others or alone, in a message from somebody in ops@muc.localhost. */
static enum stanza_time time_of(const char *children, bool history_is_over, nsec *stamp)
{
	char xml[1000];

	snprintf(xml, sizeof xml,
		"<message xmlns='jabber:client' from='ops@muc.localhost/x' type='groupchat'>"
		"<body>x</body>%s</message>",
		children);
	xmpp_ctx_t *context = xmpp_ctx_new(NULL, NULL);
	xmpp_stanza_t *message = xmpp_stanza_new_from_string(context, xml);
	assert_non_null(message);
	enum stanza_time time = stanza_time(message, "ops@muc.localhost", history_is_over, stamp);
	xmpp_stanza_release(message);
	xmpp_ctx_free(context);
	return time;
}

#define DELAY(from) "<delay xmlns='urn:xmpp:delay' " from " stamp='2026-11-20T10:29:06Z'/>"
#define OLD_DELAY(from) "<x xmlns='jabber:x:delay' " from " stamp='20261120T10:29:06'/>"
#define OF_ROOM "from='Ops@muc.localhost'"
#define OF_OCCUPANT "from='ops@muc.localhost/x'"
#define OF_SERVICE "from='muc.localhost'"
#define OF_SENDER "from='flapjack@localhost/bot'"

static void when_a_message_was_said(void **state)
{
	static const struct {
		const char *children;
		enum stanza_time during, after; /* the history */
	} cases[] = {
		{"", STANZA_LIVE, STANZA_LIVE},
		{DELAY(OF_ROOM), STANZA_RECALLED, STANZA_RECALLED},
		{OLD_DELAY(OF_ROOM) DELAY(OF_ROOM), STANZA_RECALLED, STANZA_RECALLED},
		{DELAY(OF_SENDER) DELAY(OF_ROOM), STANZA_RECALLED, STANZA_RECALLED},
		{DELAY(OF_SENDER), STANZA_NEITHER, STANZA_LIVE},
		{OLD_DELAY(OF_SENDER), STANZA_NEITHER, STANZA_LIVE},
		{DELAY(OF_SENDER) OLD_DELAY(OF_ROOM), STANZA_NEITHER, STANZA_NEITHER},
		{DELAY(OF_OCCUPANT), STANZA_NEITHER, STANZA_NEITHER},
		{DELAY(OF_SERVICE), STANZA_NEITHER, STANZA_NEITHER},
		{DELAY(""), STANZA_NEITHER, STANZA_NEITHER},
		{"<delay xmlns='urn:xmpp:delay' " OF_ROOM "/>", STANZA_NEITHER, STANZA_NEITHER},
		{DELAY(OF_ROOM) "<retracted xmlns='urn:xmpp:message-retract:1'/>", STANZA_NEITHER,
			STANZA_NEITHER},
		{DELAY(OF_SENDER) "<replace xmlns='urn:xmpp:message-correct:0'/>", STANZA_NEITHER,
			STANZA_NEITHER},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		nsec stamp = 0;
		enum stanza_time during = time_of(cases[i].children, false, &stamp);
		enum stanza_time after = time_of(cases[i].children, true, &stamp);

		if (during != cases[i].during || after != cases[i].after)
			fail_msg("%s: %d and %d", cases[i].children, during, after);
		if (after == STANZA_RECALLED)
			assert_int_equal(stamp, 1795170546 * SEC);
	}
}

static void takes_text(struct receipts *receipts, const char *text, const char *id)
{
	char *taken = receipts_take_text(receipts, text);

	if (id == NULL)
		assert_null(taken);
	else
		assert_string_equal(taken, id);
	free(taken);
}

static void what_was_said_is_known_by_its_text_once_a_send(void **state)
{
	struct room *room = room_make();
	struct receipts *receipts = room_receipts(room);

	(void)state;
	room_tick(room, 0);
	room_entered(room, "oobetet", 0);
	takes_text(receipts, "alarm", NULL);
	receipts_expect(receipts, "1", "alarm");
	receipts_expect(receipts, "2", "ok");
	receipts_expect(receipts, "3", "alarm");
	takes_text(receipts, "alarms", NULL);
	takes_text(receipts, "alarm", "1");
	takes_text(receipts, "alarm", "3");
	takes_text(receipts, "alarm", NULL);
	receipts_take_id(receipts, "2");
	takes_text(receipts, "ok", NULL);
	receipts_expect(receipts, "4", "alarm");
	room_left(room, SEC);
	room_tick(room, 100 * SEC);
	room_entered(room, "oobetet", 100 * SEC);
	takes_text(receipts, "alarm", NULL); /* of the stay before */
	for (int i = 0; i < 3 * RECEIPTS_MAX; i++)
		receipts_expect(receipts, "n", "repeat");
	room_free(room);
}

static void a_nick_that_has_become_somebody_elses(void **state)
{
	static const struct {
		const char *nick;
		struct identity seen;
		const char *difference; /* NULL: as far as can be told it is the same */
	} cases[] = {
		{"bot", {"", "member", ""}, NULL},
		{"bot", {"a@x/home", "member", "1"}, NULL},
		{"bot", {"a@x/work", "member", "1"}, NULL},
		{"bot", {"a@x", "owner", "1"}, NULL},
		{"bot", {"", "owner", ""}, NULL},
		{"bot", {"b@x/home", "owner", ""}, "real JID b@x, before a@x"},
		{"bot", {"", "none", ""}, "affiliation none, before owner"},
		{"bot", {"", "none", "1"}, NULL},
		{"bot", {"", "none", "2"}, "occupant-id 2, before 1"},
		{"bot", {"a@x", "none", "2"}, NULL},
		{"bot", {"c@x", "none", "2"}, "real JID c@x, before a@x"},
		{"Bot", {"d@x", "none", ""}, NULL},
	};
	struct occupants *occupants = occupants_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char out[400];
		bool other =
			occupants_see(occupants, 3, cases[i].nick, &cases[i].seen, out, sizeof out);

		if (other != (cases[i].difference != NULL) ||
			(other && strcmp(out, cases[i].difference) != 0))
			fail_msg("%zu: %s", i, other ? out : "the same");
		/* in another room it is another */
		if (i == 0)
			assert_false(occupants_see(occupants, 4, "bot",
				&(struct identity){"z@x", "none", "9"}, out, sizeof out));
	}
	occupants_free(occupants);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_joins_and_pings),
		cmocka_unit_test(two_pings_in_a_row_are_an_absence),
		cmocka_unit_test(joining_is_tried_again_with_back_off),
		cmocka_unit_test(who_is_thrown_out_again_and_again_waits_longer),
		cmocka_unit_test(a_taken_nick_is_varied),
		cmocka_unit_test(the_nick_is_taken_back_when_it_is_free),
		cmocka_unit_test(history_is_for_who_was_there_before),
		cmocka_unit_test(stamps_of_history),
		cmocka_unit_test(when_a_message_was_said),
		cmocka_unit_test(a_nick_that_has_become_somebody_elses),
		cmocka_unit_test(what_was_said_is_known_by_its_text_once_a_send),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

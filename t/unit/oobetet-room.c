/* SPDX-License-Identifier: MIT */
/* A room: joining, pings, nicks and identities, history, and which messages are live. */
#include "t/unit/unit.h"

#include "oobetet/watch/occupants.h"
#include "oobetet/watch/rooms.h"
#include "oobetet/xmpp/muc.h"
#include "oobetet/xmpp/stanza.h"
#include "t/unit/oobetet-config.h"

#include <stdlib.h>
#include <string.h>

#define SEC NSEC_PER_SEC

/* As with max_latency = 600: a ping each 30 s, 15 s to answer, 1 s to 60 s between attempts.
 */
static struct muc *room_make(void)
{
	struct timing timing = timing_of(600 * SEC);

	return muc_new("ops@conference.example.org", "oobetet", &timing, 1);
}

/* The only action at `now`. */
static enum muc_action action_at(struct muc *room, nsec now)
{
	enum muc_action action = muc_tick(room, now);

	if (action != MUC_NONE)
		assert_int_equal(muc_tick(room, now), MUC_NONE);
	return action;
}

static void a_room_is_joined_and_then_pinged(void **state)
{
	struct muc *room = room_make();

	(void)state;
	assert_int_equal(action_at(room, 0), MUC_JOIN);
	assert_false(room->state == MUC_IN);
	assert_true(muc_entered(room, "oobetet", SEC));
	assert_true(room->state == MUC_IN);
	assert_false(muc_entered(room, "oobetet", SEC));
	assert_int_equal(muc_deadline(room), 31 * SEC);
	assert_int_equal(action_at(room, 31 * SEC - 1), MUC_NONE);
	assert_int_equal(action_at(room, 31 * SEC), MUC_PING);
	assert_int_equal(muc_deadline(room), 46 * SEC);
	muc_ponged(room, room->number);
	assert_int_equal(muc_deadline(room), 61 * SEC);
	muc_free(room);
}

static void two_unanswered_pings_in_a_row_leave_the_room(void **state)
{
	struct muc *room = room_make();

	(void)state;
	action_at(room, 0);
	muc_entered(room, "oobetet", 0);
	assert_int_equal(action_at(room, 30 * SEC), MUC_PING);
	unsigned lost = room->number;
	assert_int_equal(action_at(room, 45 * SEC), MUC_PING); /* asked again at once */
	muc_ponged(room, lost);                                /* too late, and for another ping */
	muc_ponged(room, room->number);
	assert_int_equal(action_at(room, 75 * SEC), MUC_PING);
	assert_int_equal(action_at(room, 90 * SEC), MUC_PING);
	assert_true(room->state == MUC_IN);
	assert_int_equal(action_at(room, 105 * SEC), MUC_LOST);
	assert_false(room->state == MUC_IN);
	assert_non_null(strstr(room->why, "pings"));
	assert_between(muc_deadline(room), 105 * SEC + SEC / 2, 106 * SEC);
	assert_int_equal(action_at(room, 106 * SEC), MUC_JOIN);
	muc_free(room);
}

static void joining_is_retried_with_back_off(void **state)
{
	struct muc *room = room_make();
	nsec now = 0, waited = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(action_at(room, now), MUC_JOIN);
		now += 15 * SEC;
		assert_int_equal(action_at(room, now), MUC_LOST);
		waited = muc_deadline(room) - now;
		now += waited;
	}
	assert_between(waited, 45 * SEC, 60 * SEC);
	/* a repeated refusal is reported once */
	assert_int_equal(action_at(room, now), MUC_JOIN);
	assert_true(muc_left(room, now));
	assert_false(muc_left(room, now));
	muc_free(room);
}

/* The delay before the next join after `stay` in the room. */
static nsec wait_after(struct muc *room, nsec *now, nsec stay)
{
	assert_int_equal(action_at(room, *now), MUC_JOIN);
	muc_entered(room, "oobetet", *now);
	*now += stay;
	assert_true(muc_left(room, *now));
	nsec wait = muc_deadline(room) - *now;
	*now = muc_deadline(room);
	return wait;
}

static void repeated_removal_lengthens_the_delay(void **state)
{
	struct muc *room = room_make();
	nsec now = 0;

	(void)state;
	for (int i = 0; i < 10; i++)
		wait_after(room, &now, SEC);
	assert_between(wait_after(room, &now, SEC), 45 * SEC, 60 * SEC);
	assert_between(wait_after(room, &now, 61 * SEC), SEC / 2, SEC);
	muc_free(room);
}

static void a_nick_in_use_gets_a_suffix(void **state)
{
	static const char *const nicks[] = {"oobetet_", "oobetet__", "oobetet___"};
	struct muc *room = room_make();

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(nicks); i++) {
		assert_int_equal(action_at(room, 0), MUC_JOIN);
		muc_nick_taken(room, 0);
		assert_string_equal(room->nick, nicks[i]);
	}
	assert_int_equal(action_at(room, 0), MUC_JOIN);
	muc_nick_taken(room, 0);
	assert_string_equal(room->nick, "oobetet");
	assert_int_equal(action_at(room, 0), MUC_NONE);
	assert_int_equal(action_at(room, 60 * SEC), MUC_JOIN);
	assert_true(muc_entered(room, "given by the server", 61 * SEC));
	assert_string_equal(room->nick, "given by the server");
	muc_left(room, 61 * SEC);
	assert_string_equal(room->nick, "oobetet");
	muc_free(room);
}

static void the_configured_nick_is_used_again_when_free(void **state)
{
	struct muc *room = room_make();

	(void)state;
	action_at(room, 0);
	assert_false(muc_nick_is_free(room, "oobetet")); /* not in */
	muc_nick_taken(room, 0);
	action_at(room, 0);
	assert_false(muc_nick_is_free(room, "oobetet")); /* still on the way in */
	muc_entered(room, "oobetet_", 0);
	assert_false(muc_nick_is_free(room, "somebody"));
	assert_false(muc_nick_is_free(room, "oobetet_"));
	assert_true(muc_nick_is_free(room, "oobetet"));
	muc_renamed(room, "oobetet");
	assert_string_equal(room->nick, "oobetet");
	assert_true(room->state == MUC_IN);
	assert_false(muc_nick_is_free(room, "oobetet"));
	muc_left(room, SEC);
	muc_renamed(room, "other");
	assert_string_equal(room->nick, "oobetet");
	muc_free(room);
}

static void history_is_requested_only_when_rejoining(void **state)
{
	struct muc *room = room_make();

	(void)state;
	assert_int_equal(muc_history(room, 100 * SEC), 0);
	room->absent = 40 * SEC;
	assert_int_equal(muc_history(room, 100 * SEC), 61);
	muc_free(room);
}

static void history_stamps_are_parsed(void **state)
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
		{"2026-11-20 05:59:06-0430", 1795170546 * SEC},
		{"2026-11-20t10:29:06z", 1795170546 * SEC},
		{"2026-11-20T10:29:06.12345678901234567890Z", 1795170546 * SEC + 123456789},
		{"", -1},
		{"20261120T10:29:06", -1},
		{"2026-11-20T10:29:06", -1},
		{"2026-11-20T10:29:06Zx", -1},
		{"2026-11-20", -1},
		{"2026-11-20_10:29:06Z", -1},
		{"2026-11-20T10:29:06+02", -1},
		{"2026-11-20T10:29:06+02:00x", -1},
		{"2026-11-20T10:29:06+-2:00", -1},
		{"2026-11-20T10:29:06+2:00", -1},
		{"2026-11-20T10:29:06+24:00", -1},
		{"2026-11-20T10:29:06+01:60", -1},
		{"1969-12-31T23:59:59Z", -1},
		{"9999-12-31T23:59:59Z", -1},
		{"1970-01-01T00:00:00+01:00", -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		nsec stamp = -1;

		if (clock_parse(cases[i].text, &stamp) != (cases[i].stamp >= 0) ||
			(cases[i].stamp >= 0 && stamp != cases[i].stamp))
			fail_msg("%s: %lld", cases[i].text, (long long)stamp);
	}
}

/* Classifies a message with these child elements from an occupant of ops@muc.localhost. */
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

static void messages_are_live_history_or_ignored(void **state)
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

static void assert_text_confirms(struct muc *room, const char *text, const char *id)
{
	char *taken = muc_back_by_text(room, text);

	if (id == NULL)
		assert_null(taken);
	else
		assert_string_equal(taken, id);
	free(taken);
}

static void each_sent_text_is_confirmed_once(void **state)
{
	struct muc *room = room_make();
	(void)state;
	muc_tick(room, 0);
	muc_entered(room, "oobetet", 0);
	assert_text_confirms(room, "alarm", NULL);
	muc_sent(room, "1", "alarm");
	muc_sent(room, "2", "ok");
	muc_sent(room, "3", "alarm");
	assert_text_confirms(room, "alarms", NULL);
	assert_text_confirms(room, "alarm", "1");
	assert_text_confirms(room, "alarm", "3");
	assert_text_confirms(room, "alarm", NULL);
	muc_back_by_id(room, "2");
	assert_text_confirms(room, "ok", NULL);
	muc_sent(room, "4", "alarm");
	muc_left(room, SEC);
	muc_tick(room, 100 * SEC);
	muc_entered(room, "oobetet", 100 * SEC);
	assert_text_confirms(room, "alarm", NULL); /* of the earlier stay */
	for (int i = 0; i < 3 * SENT_MAX; i++)
		muc_sent(room, "n", "repeat");
	muc_free(room);
}

#define X(attributes) "<x xmlns='http://jabber.org/protocol/muc#user'><item " attributes "/></x>"
#define ID(id) "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='" id "'/>"

static void an_identity_that_is_there_twice_is_none(void **state)
{
	static const struct {
		const char *children;
		struct identity its;
	} cases[] = {
		{X("jid='a@x/r' affiliation='admin'") ID("1"), {"a@x/r", "admin", "1"}},
		{X("affiliation='none'"), {"", "none", ""}},
		{"<show>away</show>", {"", "", ""}},
		/* one of each may be the occupant's own */
		{X("jid='b@x' affiliation='owner'") X("jid='a@x' affiliation='none'"),
			{"", "", ""}},
		{X("jid='a@x'") ID("2") ID("1"), {"a@x", "", ""}},
	};
	xmpp_ctx_t *context = xmpp_ctx_new(NULL, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char xml[1000];

		snprintf(xml, sizeof xml, "<presence xmlns='jabber:client'>%s</presence>",
			cases[i].children);
		xmpp_stanza_t *presence = xmpp_stanza_new_from_string(context, xml);
		assert_non_null(presence);
		struct identity its = stanza_identity(presence);
		assert_string_equal(its.jid, cases[i].its.jid);
		assert_string_equal(its.affiliation, cases[i].its.affiliation);
		assert_string_equal(its.id, cases[i].its.id);
		xmpp_stanza_release(presence);
	}
	xmpp_ctx_free(context);
}

#define OPS "ops@c"

/* A watch in the room ops@c, with these requirements. */
static struct config *watch_with(const char *requirements)
{
	char text[500];

	snprintf(text, sizeof text,
		"jabberid = o@x\npassword = x\nwatched_check = c\nrooms = " OPS "\n%s",
		requirements);
	return config_of(text);
}

static bool vouched(struct rooms *rooms, const struct config *config, const char *nick,
	const char *id, bool recalled)
{
	return rooms_vouch(rooms, config->watch[0], OPS, nick, id, recalled, 0);
}

static void see(struct rooms *rooms, const char *nick, const char *jid, const char *affiliation,
	const char *id)
{
	rooms_see(rooms, OPS, nick, &(struct identity){jid, affiliation, id}, 0);
}

static void an_occupant_must_be_who_the_watch_requires(void **state)
{
	static const struct {
		const char *requirements;
		struct identity its;
		bool counts;
	} cases[] = {
		{"", {"", "none", ""}, true},
		{"watched_nick = bot\n", {"", "none", ""}, true},
		{"watched_jid = a@x, b@x\n", {"B@x/home", "none", ""}, true},
		{"watched_jid = a@x\n", {"a@x.evil/home", "owner", ""}, false},
		{"watched_jid = a@x\n", {"a", "owner", ""}, false},
		{"watched_jid = a@x\n", {"", "owner", ""}, false},
		{"watched_affiliation = member\n", {"", "member", ""}, true},
		{"watched_affiliation = member\n", {"", "owner", ""}, true},
		{"watched_affiliation = admin\n", {"", "member", ""}, false},
		{"watched_affiliation = owner\n", {"", "admin", ""}, false},
		{"watched_affiliation = member\n", {"", "", ""}, false},
		{"watched_affiliation = member\n", {"", "outcast", ""}, false},
		{"watched_affiliation = admin\nwatched_jid = a@x\n", {"a@x", "admin", ""}, true},
		{"watched_affiliation = admin\nwatched_jid = a@x\n", {"a@x", "member", ""}, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct config *config = watch_with(cases[i].requirements);
		struct rooms *rooms = rooms_new(config, 0, 0);

		see(rooms, "bot", cases[i].its.jid, cases[i].its.affiliation, "");
		if (vouched(rooms, config, "bot", "", false) != cases[i].counts)
			fail_msg("%zu: %s", i, cases[i].requirements);
		rooms_free(rooms);
		config_free(config);
	}
}

/* The identity is that of the last presence, whatever was known before. */
static void an_identity_ends_with_the_presence(void **state)
{
	struct config *config = watch_with("watched_nick = bot\nwatched_jid = a@x\n");
	struct rooms *rooms = rooms_new(config, 0, 0);

	(void)state;
	assert_false(vouched(rooms, config, "bot", "", false));
	see(rooms, "bot", "a@x", "none", "1");
	assert_true(vouched(rooms, config, "bot", "", false));
	rooms_depart(rooms, OPS, "bot");
	assert_false(vouched(rooms, config, "bot", "", false));
	/* the next owner's JID is not shown, nor is anything else that differs */
	see(rooms, "bot", "", "none", "");
	assert_false(vouched(rooms, config, "bot", "", false));
	see(rooms, "bot", "a@x", "none", "1");
	rooms_set_joined(rooms, OPS, "oobetet");
	rooms_left(rooms, OPS, "kicked", SEC);
	assert_false(vouched(rooms, config, "bot", "", false));
	/* the nick is taken without a word about the one before */
	see(rooms, "bot", "a@x", "none", "1");
	see(rooms, "bot", "b@x", "none", "2");
	assert_false(vouched(rooms, config, "bot", "", false));
	rooms_free(rooms);
	config_free(config);
}

static void history_counts_only_with_an_occupant_id(void **state)
{
	struct config *config = watch_with("watched_jid = a@x\n");
	struct rooms *rooms = rooms_new(config, 0, 0);

	(void)state;
	see(rooms, "bot", "a@x", "none", "1");
	assert_true(vouched(rooms, config, "bot", "1", true));
	assert_false(vouched(rooms, config, "bot", "2", true));
	assert_false(vouched(rooms, config, "bot", "", true));
	/* the nick had another owner when it was sent */
	assert_false(vouched(rooms, config, "bot", "2", false));
	see(rooms, "bot", "a@x", "none", "");
	assert_false(vouched(rooms, config, "bot", "1", true));
	assert_true(vouched(rooms, config, "bot", "1", false));
	rooms_free(rooms);
	config_free(config);
}

static void occupants_that_do_not_fit_take_no_memory(void **state)
{
	struct config *config = watch_with("watched_affiliation = member\n");
	struct rooms *rooms = rooms_new(config, 0, 0);

	(void)state;
	for (int i = 0; i < 100000; i++) {
		char nick[20];

		snprintf(nick, sizeof nick, "n%d", i);
		see(rooms, nick, "", "none", "");
	}
	/* in quadratic time, if they were kept */
	see(rooms, "bot", "", "member", "");
	assert_true(vouched(rooms, config, "bot", "", false));
	assert_int_equal(rooms_occupants(rooms), 1);
	see(rooms, "bot", "", "none", "");
	assert_int_equal(rooms_occupants(rooms), 0);
	rooms_free(rooms);
	config_free(config);
}

static void a_new_owner_of_a_nick_is_reported(void **state)
{
	static const struct {
		const char *nick;
		struct identity seen;
		const char *difference; /* NULL: no known difference */
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
		/* owners are per room */
		if (i == 0)
			assert_false(occupants_see(occupants, 4, "bot",
				&(struct identity){"z@x", "none", "9"}, out, sizeof out));
	}
	occupants_free(occupants);
}

static void a_question_is_addressed_to_our_nick(void **state)
{
	static const char *const questions[] = {"oobetet: status", "oobetet, status",
		"Oobetet:status", "@oobetet status", "oobetet: Status?", "oobetet; \tSTATUS \n",
		"oobetet> status"};
	static const char *const others[] = {"status", "oobetet", "oobetet:", "oobetetstatus",
		"oobetet_: status", "eve: status", "oobetet: statuses", "oobetet: status of web-01",
		"I say oobetet: status", "oobetet on vm: status", "", "@", "oobetet: stat",
		"oobetet : status : x"};
	struct muc *room = room_make();

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(questions); i++)
		if (!muc_asks_status(room, questions[i]))
			fail_msg("no question: %s", questions[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		if (muc_asks_status(room, others[i]))
			fail_msg("a question: %s", others[i]);
	/* the nick that we have in the room, not the one that another has */
	muc_entered(room, "oobetet_", 0);
	assert_true(muc_asks_status(room, "oobetet_: status"));
	assert_false(muc_asks_status(room, "oobetet: status"));
	muc_free(room);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_room_is_joined_and_then_pinged),
		cmocka_unit_test(two_unanswered_pings_in_a_row_leave_the_room),
		cmocka_unit_test(joining_is_retried_with_back_off),
		cmocka_unit_test(repeated_removal_lengthens_the_delay),
		cmocka_unit_test(a_nick_in_use_gets_a_suffix),
		cmocka_unit_test(the_configured_nick_is_used_again_when_free),
		cmocka_unit_test(history_is_requested_only_when_rejoining),
		cmocka_unit_test(history_stamps_are_parsed),
		cmocka_unit_test(messages_are_live_history_or_ignored),
		cmocka_unit_test(a_new_owner_of_a_nick_is_reported),
		cmocka_unit_test(an_identity_that_is_there_twice_is_none),
		cmocka_unit_test(an_occupant_must_be_who_the_watch_requires),
		cmocka_unit_test(an_identity_ends_with_the_presence),
		cmocka_unit_test(history_counts_only_with_an_occupant_id),
		cmocka_unit_test(occupants_that_do_not_fit_take_no_memory),
		cmocka_unit_test(each_sent_text_is_confirmed_once),
		cmocka_unit_test(a_question_is_addressed_to_our_nick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

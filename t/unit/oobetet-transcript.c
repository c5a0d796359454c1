/* SPDX-License-Identifier: MIT */
/* The lines of a transcript for --explain. */
#include "t/unit/unit.h"

#include "oobetet/explain.h"

#include <stdlib.h>
#include <string.h>

static void a_line_is_a_text_or_has_a_nick_or_a_room_before_it(void **state)
{
	static const struct {
		const char *line, *room, *nick, *text;
	} samples[] = {
		{"Recovery: x", NULL, NULL, "Recovery: x"},
		{"", NULL, NULL, ""},
		{"flapjack\tRecovery: x", NULL, "flapjack", "Recovery: x"},
		{"flap jack\t", NULL, "flap jack", ""},
		{"ops@room\tflapjack\tRecovery: x", "ops@room", "flapjack", "Recovery: x"},
		{"ops@room\tRecovery: x", NULL, "ops@room", "Recovery: x"},
		{"flapjack\ta\tb", NULL, "flapjack", "a\tb"},
		{"ops@room\tflapjack\ta\tb", "ops@room", "flapjack", "a\tb"},
		{"<flapjack> Recovery: x", NULL, "flapjack", "Recovery: x"},
		{"[10:29:06] <flapjack> Recovery: x", NULL, "flapjack", "Recovery: x"},
		{"2026-11-20T10:29:06Z <a b> Recovery: x > y", NULL, "a b", "Recovery: x > y"},
		{"<flapjack>Recovery: x", NULL, NULL, "<flapjack>Recovery: x"},
		{"10:29 Recovery: <b> x", NULL, NULL, "10:29 Recovery: <b> x"},
		{"<", NULL, NULL, "<"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(samples); i++) {
		char *line = strdup(samples[i].line);
		struct transcript split;

		transcript_split(line, &split);
		assert_string_equal(split.text, samples[i].text);
		assert_int_equal(split.nick != NULL, samples[i].nick != NULL);
		assert_int_equal(split.room != NULL, samples[i].room != NULL);
		if (split.nick != NULL)
			assert_string_equal(split.nick, samples[i].nick);
		if (split.room != NULL)
			assert_string_equal(split.room, samples[i].room);
		free(line);
	}
}

static void room_and_nick_must_count_too(void **state)
{
	static const struct {
		struct transcript message;
		enum mismatch mismatch;
		const char *why;
	} samples[] = {
		{{NULL, NULL, "Recovery: \"Flapper\" is OK"}, MISMATCH_NONE, "format of Flapjack"},
		{{NULL, "flapjack", "Recovery: \"Flapper\" is OK"}, MISMATCH_NONE, ""},
		{{"ops@room", "flapjack", "Recovery: \"Flapper\" is OK"}, MISMATCH_NONE, ""},
		{{"OPS@room", NULL, "Recovery: \"Flapper\" is OK"}, MISMATCH_NONE, ""},
		{{NULL, "Flapjack", "Recovery: \"Flapper\" is OK"}, MISMATCH_NICK,
			"a recovery, but Flapjack is not in watched_nick"},
		{{"dev@room", "flapjack", "Recovery: \"Flapper\" is OK"}, MISMATCH_ROOM,
			"a recovery, but dev@room is not in watch_rooms"},
		{{NULL, "me", "Problem: \"Flapper\" is OK"}, MISMATCH_OWN,
			"a problem, but me is oobetet's own nick"},
		/* the text comes first: it would not count in the right room either */
		{{"dev@room", "eve", "Recovery: \"Flaper\" is OK"}, MISMATCH_CHECK, "Flaper"},
	};
	char ops[] = "ops@room", flapjack[] = "flapjack", notify[] = "notify";
	char *room[] = {ops}, *nick[] = {flapjack, notify};
	const struct watch_config watch = {.watch_rooms = {room, 1}, .watched_nick = {nick, 2}};
	const struct match match = {.check = "Flapper"};
	struct explanation explanation;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(samples); i++) {
		transcript_explain(&samples[i].message, &watch, &match, "me", &explanation);
		assert_int_equal(explanation.mismatch, samples[i].mismatch);
		assert_int_equal(
			explanation.kind != KIND_NONE, samples[i].mismatch == MISMATCH_NONE);
		assert_non_null(strstr(explanation.text, samples[i].why));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_a_text_or_has_a_nick_or_a_room_before_it),
		cmocka_unit_test(room_and_nick_must_count_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

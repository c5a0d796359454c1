/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/carry.h"

void carry_to_room(struct hand *ear, const char *room, const char *text, const char *id)
{
	hand_say(ear, WORD_SAY, FIELDS(id, room, text));
}

void carry_to_pagerduty(struct hand *pager, const struct subject *subject,
	const struct notice *notice, const char *id)
{
	char name[NOTICE_KEY] = "test";

	if (notice->kind == NOTICE_OK) {
		hand_say(pager, WORD_RESOLVE, FIELDS(id, notice->key));
		return;
	}
	if (notice->kind == NOTICE_ALARM)
		subject_name(subject, name, sizeof name);
	hand_say(pager, WORD_TRIGGER,
		FIELDS(id, notice->key, notice->since, subject->host, name, notice->text));
}

bool carry_to_command(struct command *command, const struct subject *subject,
	const struct notice *notice, const char *id, nsec now)
{
	static const char *const events[] = {
		[NOTICE_ALARM] = "alarm", [NOTICE_OK] = "ok", [NOTICE_TEST] = "test"};
	char name[NOTICE_KEY];
	const struct errand errand = {.id = id,
		.event = events[notice->kind],
		.watch = subject_name(subject, name, sizeof name),
		.breach = notice->kind != NOTICE_TEST ? kind_name(notice->missing) : "",
		.since = notice->since,
		.key = notice->key,
		.host = subject->host,
		.text = notice->text};

	return command_start(command, &errand, now);
}

/* SPDX-License-Identifier: MIT */
/* An element of the queue, or a line of standard input: read, judged, told, and read again. */
#include "t/fuzz/fuzz.h"

#include "common/utf8_clean.h"
#include "httpbroker/notify/input.h"
#include "httpbroker/notify/judge.h"

enum { WALL = 1795977708 };

static unsigned told;

/* What is told can be stored and read again, and its lines are one line. */
static void on_tell(const struct notification *notification, void *context)
{
	struct buffer json = {NULL, 0, 0}, line = {NULL, 0, 0};
	struct notification again;
	struct reason why;

	(void)context;
	told++;
	notification_encode(notification, &json);
	FUZZ_EXPECT(notification_decode(json.data, json.length, &again, &why));
	FUZZ_EXPECT(again.kind == notification->kind && again.state == notification->state);
	FUZZ_EXPECT(again.since == notification->since && again.time == notification->time);
	for (int flapjack = 1; flapjack <= 2; flapjack++) {
		const struct line_style style = {false, flapjack};

		buffer_clear(&line);
		notification_line(&style, &again, &line);
		FUZZ_EXPECT(utf8_clean_span(line.data, line.length - 1, UTF8_ONE_LINE) ==
			    line.length - 1);
	}
	json_decref(again.document);
	buffer_free(&json);
	buffer_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const struct judge_settings settings = {.repeat = NSEC_NEVER,
		.forget_after = NSEC_PER_SEC * 3600,
		.max_problems = 10,
		.tell = on_tell};
	const struct moment now = {WALL * NSEC_PER_SEC, NSEC_PER_SEC};
	struct judge judge = {.settings = settings};
	char *copy = fuzz_string(bytes, length);
	struct reason why = {""};
	struct event event;

	told = 0;
	json_t *document = event_json_read(copy, length, now.wall, &event, &why);
	FUZZ_EXPECT((document == NULL) == (why.text[0] != '\0'));
	if (document != NULL) {
		FUZZ_EXPECT(judge_event(&judge, &event, now, &why));
		judge_finish(&judge, now);
		FUZZ_EXPECT(told == (event.state != STATE_OK));
		FUZZ_EXPECT(judge_event(&judge, &event, now, &why)); /* nothing has changed */
		judge_finish(&judge, now);
		FUZZ_EXPECT(told <= 2 && (told < 2 || !state_lasts(event.state)));
	}
	json_decref(document);
	free(copy);
	problems_free(&judge.problems);
	return 0;
}

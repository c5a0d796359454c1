/* SPDX-License-Identifier: MIT */
/*
 * What is read from Redis at a start: a record of a problem, and a notification that waits. What is
 * accepted is written as it was read.
 */
#include "t/fuzz/fuzz.h"

#include "httpbroker/notify/notification.h"
#include "httpbroker/notify/problems.h"

static struct buffer written;

static void record_write(const struct problems *problems, struct moment now)
{
	buffer_clear(&written);
	problem_encode(problems->heard, now, &written);
}

static void record_try(const uint8_t *bytes, size_t length)
{
	static const char field[] = "e\x1f"
				    "c";
	struct problems *problems = &(struct problems){0};
	const struct moment now = {NSEC_PER_SEC, NSEC_PER_SEC};
	const struct text names = {field, sizeof field - 1};
	struct text value = {(const char *)bytes, length};
	struct reason why;

	if (problem_decode(problems, names, value, now, &why)) {
		struct buffer first = {NULL, 0, 0};

		record_write(problems, now);
		buffer_append(&first, written.data, written.length);
		value = (struct text){first.data, first.length};
		FUZZ_EXPECT(problem_decode(problems, names, value, now, &why));
		record_write(problems, now);
		FUZZ_EXPECT(strcmp(written.data, first.data) == 0);
		buffer_free(&first);
	}
	buffer_free(&written);
	problems_free(problems);
}

static void notification_try(const uint8_t *bytes, size_t length)
{
	struct notification notification, again;
	struct buffer json = {NULL, 0, 0};
	struct reason why;

	if (!notification_decode((const char *)bytes, length, &notification, &why))
		return;
	FUZZ_EXPECT(notification.kind != NOTIFICATION_PROBLEM || notification.state != STATE_OK);
	notification_encode(&notification, &json);
	FUZZ_EXPECT(notification_decode(json.data, json.length, &again, &why));
	json_decref(again.document);
	json_decref(notification.document);
	buffer_free(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	record_try(bytes, length);
	notification_try(bytes, length);
	return 0;
}

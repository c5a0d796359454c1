/* SPDX-License-Identifier: MIT */
/*
 * What is read back from Redis, which others may have written to: a field and a value of the hash
 * of states (the first line and what follows it), an event that was handed over, a batch. What was
 * taken has to be such that it can be written, and read again.
 */
#include "httpbroker/delivery/accepted.h"
#include "httpbroker/delivery/record.h"
#include "httpbroker/redis/commit.h"
#include "t/fuzz/fuzz.h"

static const struct decode_context decode_context = {2, 0, {1795224000 * NSEC_PER_SEC, 0}};

static void prepared_expect(const struct prepared *prepared)
{
	FUZZ_EXPECT(prepared->names.entity_length > 0);
	FUZZ_EXPECT(prepared->names.length > prepared->names.entity_length + 1);
	FUZZ_EXPECT(prepared->names.bytes[prepared->names.entity_length] == ':');
	FUZZ_EXPECT(prepared->encoded.tail <= prepared->encoded.length);
	if (prepared->forgotten || !state_lasts(prepared->state))
		return;
	char head[ENCODED_HEAD_MAX];
	size_t length = encoded_head(&prepared->names, head);
	FUZZ_EXPECT(length + prepared->encoded.length == prepared->event.length);
	FUZZ_EXPECT(memcmp(prepared->event.bytes, head, length) == 0);
}

static void record_try(struct blob field, struct blob value)
{
	struct prepared prepared;
	struct record record;
	struct reason why = {""};

	if (!decode_record(&decode_context, field, value, &prepared, &record, &why)) {
		FUZZ_EXPECT(why.text[0] != '\0');
		return;
	}
	prepared_expect(&prepared);
	FUZZ_EXPECT(record.unpushed || state_lasts(record.sent));
	FUZZ_EXPECT(state_lasts(prepared.state));
	prepared_free(&prepared);
}

static void event_try(struct blob json)
{
	struct prepared prepared, again;
	struct buffer written = {NULL, 0, 0};
	struct reason why = {""};

	if (!decode_event(&decode_context, json, &prepared, &why)) {
		FUZZ_EXPECT(why.text[0] != '\0');
		return;
	}
	prepared_expect(&prepared);
	encode_stored(&written, &prepared);
	FUZZ_EXPECT(decode_event(
		&decode_context, (struct blob){written.data, written.length}, &again, &why));
	FUZZ_EXPECT(again.state == prepared.state && again.time == prepared.time &&
		    again.ttl == prepared.ttl);
	FUZZ_EXPECT(again.forgotten == prepared.forgotten);
	FUZZ_EXPECT(again.start == prepared.start && again.run.id == prepared.run.id &&
		    (again.run.limit == prepared.run.limit || !prepared.start));
	FUZZ_EXPECT(again.event.length == prepared.event.length);
	FUZZ_EXPECT(prepared.forgotten ||
		    memcmp(again.event.bytes, prepared.event.bytes, prepared.event.length) == 0);
	prepared_free(&again);
	prepared_free(&prepared);
	buffer_free(&written);
}

static void batch_try(const char *bytes, size_t length)
{
	struct batch batch, again;
	struct reason why = {""};
	char text[BATCH_TEXT];

	if (!batch_read(bytes, length, &batch, &why))
		return;
	batch_text(&batch, text);
	FUZZ_EXPECT(batch_read(text, strlen(text), &again, &why));
	FUZZ_EXPECT(again.number == batch.number && again.clock == batch.clock);
	FUZZ_EXPECT(strcmp(again.queue, batch.queue) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const char *text = (const char *)bytes;
	const char *end = length > 0 ? memchr(text, '\n', length) : NULL;

	if (end != NULL) {
		size_t field = (size_t)(end - text);

		record_try((struct blob){text, field}, (struct blob){end + 1, length - field - 1});
	}
	event_try((struct blob){text, length});
	batch_try(text, length);
	return 0;
}

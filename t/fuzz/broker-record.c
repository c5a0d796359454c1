/* SPDX-License-Identifier: MIT */
/*
 * What is read back from Redis, which others may have written to: a field and a value of the hash
 * of states (the first line and what follows it), an event that was handed over, a batch. What was
 * taken has to be such that it can be written, and read again.
 */
#include "httpbroker/delivery/recall.h"
#include "httpbroker/delivery/record.h"
#include "httpbroker/redis/batch.h"
#include "t/fuzz/fuzz.h"

static const struct recall recall = {2, 0, {1795224000 * NSEC_PER_SEC, 0}};

static void posting_expect(const struct posting *posting)
{
	FUZZ_EXPECT(posting->names.entity_length > 0);
	FUZZ_EXPECT(posting->names.length > posting->names.entity_length + 1);
	FUZZ_EXPECT(posting->names.bytes[posting->names.entity_length] == ':');
	FUZZ_EXPECT(posting->wire.head <= posting->wire.tail);
	FUZZ_EXPECT(posting->wire.tail <= posting->wire.length);
}

static void record_try(struct blob field, struct blob value)
{
	struct posting posting;
	struct record record;
	struct reason why = {""};

	if (!recall_record(&recall, field, value, &posting, &record, &why)) {
		FUZZ_EXPECT(why.text[0] != '\0');
		return;
	}
	posting_expect(&posting);
	FUZZ_EXPECT(record.owed || condition_lasts(record.sent));
	FUZZ_EXPECT(condition_lasts(posting.condition));
	posting_free(&posting);
}

static void event_try(struct blob json)
{
	struct posting posting, again;
	struct buffer written = {NULL, 0, 0};
	struct reason why = {""};

	if (!recall_event(&recall, json, &posting, &why)) {
		FUZZ_EXPECT(why.text[0] != '\0');
		return;
	}
	posting_expect(&posting);
	recall_write(&written, &posting);
	FUZZ_EXPECT(
		recall_event(&recall, (struct blob){written.data, written.length}, &again, &why));
	FUZZ_EXPECT(again.condition == posting.condition && again.time == posting.time &&
		    again.ttl == posting.ttl);
	FUZZ_EXPECT(again.forgotten == posting.forgotten);
	FUZZ_EXPECT(again.wire.length == posting.wire.length);
	FUZZ_EXPECT(posting.forgotten ||
		    memcmp(again.wire.bytes, posting.wire.bytes, posting.wire.length) == 0);
	posting_free(&again);
	posting_free(&posting);
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

/* SPDX-License-Identifier: MIT */
/* A file of the spool, as somebody may have left it. */
#include "httpbroker/submit/spool_files.h"
#include "t/fuzz/fuzz.h"

/* What was understood is written as it would be understood again. */
static void written_check(struct queue *read)
{
	struct queue again = {0};
	struct buffer bytes = {0};
	struct reason why;
	size_t count = spool_file_write(&bytes, read->first, SPOOL_FILE_MAX);

	FUZZ_EXPECT(count > 0 && count <= read->count);
	FUZZ_EXPECT(spool_file_read(bytes.data, bytes.length, "again", &again, &why));
	FUZZ_EXPECT(again.count == count);
	FUZZ_EXPECT(again.first->length == read->first->length);
	queue_clear(&again);
	buffer_free(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct queue queue = {0};
	struct reason why = {""};

	if (!spool_file_read((const char *)bytes, length, "name", &queue, &why))
		FUZZ_EXPECT(why.text[0] != '\0' && queue.first == NULL);
	else if (queue.first != NULL)
		written_check(&queue);
	queue_clear(&queue);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* The messages between the monitor and its workers: what can be parsed is written as it was. */
#include "common/lines.h"
#include "common/utf8.h"
#include "common/utf8_clean.h"
#include "oobetet/message.h"
#include "t/fuzz/fuzz.h"

#define ANYBODY ((enum speaker)(SPEAKER_MONITOR | SPEAKER_XMPP | SPEAKER_HTTP | SPEAKER_PROBE))

static void message_try(char *line)
{
	struct message first, second;
	struct buffer written = {NULL, 0, 0};
	struct reason why = {""};
	const char *fields[IPC_FIELDS + 1] = {NULL};

	if (!message_read(line, ANYBODY, &first, &why)) {
		FUZZ_EXPECT(why.text[0] != '\0');
		return;
	}
	for (int i = 0; i < IPC_FIELDS; i++)
		fields[i] = first.field[i];
	FUZZ_EXPECT(message_write(&written, first.type, fields));
	FUZZ_EXPECT(written.length > 0 && written.data[written.length - 1] == '\n');
	written.data[written.length - 1] = '\0';
	FUZZ_EXPECT(strchr(written.data, '\n') == NULL);
	FUZZ_EXPECT(message_read(written.data, ANYBODY, &second, &why));
	FUZZ_EXPECT(first.type == second.type);
	for (int i = 0; i < IPC_FIELDS && first.field[i] != NULL; i++)
		FUZZ_EXPECT(strcmp(first.field[i], second.field[i]) == 0);
	buffer_free(&written);
}

static void text_try(const char *text)
{
	char out[100];
	nsec stamp;

	FUZZ_EXPECT(utf8_is_clean_line(utf8_clean_line(text, out, sizeof out)));
	FUZZ_EXPECT(utf8_cut(text, 50) <= 50);
	if (message_number(text, &stamp))
		FUZZ_EXPECT(stamp >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct lines lines;
	enum lines_result result;
	char *line;

	lines_init(&lines, IPC_LINE);
	lines_push(&lines, bytes, length);
	lines_finish(&lines);
	while ((result = lines_next(&lines, &line)) != LINES_NONE) {
		if (result != LINES_LINE)
			continue;
		FUZZ_EXPECT(strlen(line) <= IPC_LINE);
		text_try(line);
		message_try(line);
	}
	lines_free(&lines);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * listen_command: the first line of the input is its listen_format and its command, the others are
 * lines that it prints.
 */
#include "oobetet/listen/format.h"
#include "t/fuzz/fuzz.h"

static void line_fuzz(const struct listen_format *format, const char *start, size_t length)
{
	char *copy = fuzz_string((const uint8_t *)start, length);
	struct listen_line line;
	struct reason why;
	enum listen_result result = listen_line_read(format, copy, &line, &why);

	FUZZ_EXPECT(strlen(line.text) <= LISTEN_TEXT && strlen(line.nick) <= LISTEN_NICK);
	FUZZ_EXPECT(line.time >= 0);
	FUZZ_EXPECT(result != LINE_BAD || why.text[0] != '\0');
	FUZZ_EXPECT(format->layout == LAYOUT_JSON || line.time == NSEC_NEVER);
	FUZZ_EXPECT(listen_format_has_nick(format) || line.nick[0] == '\0');
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *input = fuzz_string(bytes, length);
	size_t first = strcspn(input, "\n");
	const char *rest = input + first + (input[first] == '\n');
	struct listen_format format;
	struct reason why = {""};

	input[first] = '\0';
	char **words = words_split(input, &why);
	FUZZ_EXPECT(words != NULL ? words[0] != NULL : why.text[0] != '\0');
	for (size_t i = 0, total = 0; words != NULL && words[i] != NULL; i++) {
		total += strlen(words[i]) + 1;
		FUZZ_EXPECT(total <= first + 1);
	}
	free(words);
	if (listen_format_parse(input, &format, &why))
		for (; *rest != '\0'; rest += strcspn(rest, "\n") + 1) {
			size_t line = strcspn(rest, "\n");

			line_fuzz(&format, rest, line);
			if (rest[line] == '\0')
				break;
		}
	free(input);
	return 0;
}

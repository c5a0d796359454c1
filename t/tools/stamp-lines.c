/* SPDX-License-Identifier: MIT */
/* stamp-lines: copies lines, each prefixed with its time of arrival (stamp.h). */
#include "common/lines.h"
#include "common/log.h"
#include "t/tools/stamp.h"

#include <stdio.h>
#include <unistd.h>

enum { LINE_MOST = 65536 };

static void lines_copy(struct lines *lines)
{
	enum lines_result result;
	char stamp[STAMP_TEXT];
	char *line;

	stamp_text(clock_wall(), stamp);
	while ((result = lines_next(lines, &line)) != LINES_NONE)
		printf("%s %s\n", stamp, result == LINES_LINE ? line : "(a line that is too long)");
	fflush(stdout);
}

int main(void)
{
	enum lines_read_result got;
	struct lines lines;

	log_open("stamp-lines");
	lines_init(&lines, LINE_MOST);
	do {
		got = lines_read(&lines, STDIN_FILENO);
		lines_copy(&lines);
	} while (got == LINES_READ || got == LINES_AGAIN);
	lines_free(&lines);
	return 0;
}

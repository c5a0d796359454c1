/* SPDX-License-Identifier: MIT */
#include "httpbroker/notify/input.h"

#include "common/lines.h"
#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/notify/limits.h"
#include "httpbroker/notify/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct input {
	struct lines lines;
	bool ended;
};

struct input *input_new(void)
{
	struct input *input = memory_zeroed(1, sizeof *input);

	lines_init(&input->lines, LIMIT_LINE);
	return input;
}

void input_free(struct input *input)
{
	if (input == NULL)
		return;
	lines_free(&input->lines);
	free(input);
}

static bool is_readable(void)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

	return poll(&in, 1, 0) > 0;
}

static void lines_judge(struct input *input, struct notify *notify, struct moment now)
{
	struct lines *lines = &input->lines;
	enum lines_result result;
	char *line;

	while ((result = lines_next(lines, &line)) != LINES_NONE) {
		if (result == LINES_TOO_LONG)
			notify_skip(notify, "standard input, line", lines->number,
				"it is longer than 1 MiB", now.monotonic);
		else if (line[strspn(line, " \t\r")] != '\0')
			notify_event(notify, line, strlen(line), "standard input, line",
				lines->number, now);
	}
}

void input_work(struct input *input, struct notify *notify, struct moment now)
{
	if (input->ended || !is_readable())
		return;
	enum lines_read_result result = lines_read(&input->lines, STDIN_FILENO);
	if (result == LINES_ERROR)
		log_error("standard input: %s; it ends here", strerror(errno));
	lines_judge(input, notify, now);
	input->ended = result == LINES_END || result == LINES_ERROR;
}

void input_poll(const struct input *input, struct pollfd *out)
{
	*out = (struct pollfd){.fd = input->ended ? -1 : STDIN_FILENO, .events = POLLIN};
}

bool input_ended(const struct input *input)
{
	return input->ended;
}

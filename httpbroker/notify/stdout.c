/* SPDX-License-Identifier: MIT */
/* The output that is a line on standard output for each notification. */
#include "common/buffer.h"
#include "common/memory.h"
#include "httpbroker/notify/output.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 4096 /* a pipe that poll(2) calls writable takes so many bytes without blocking */

struct lines_out {
	struct line_style style;
	struct item *item;  /* the one in `line` */
	struct buffer line; /* the rest that is not written yet */
};

/* Whether a write does not block. */
static bool is_writable(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

	return poll(&out, 1, 0) > 0;
}

/* Of the rest of the line. False: later, or it failed. */
static bool line_write(struct output *output, nsec now)
{
	struct lines_out *lines = output->self;

	while (lines->line.length > 0 && is_writable()) {
		size_t length = lines->line.length < CHUNK ? lines->line.length : CHUNK;
		ssize_t wrote = write(STDOUT_FILENO, lines->line.data, length);

		if (wrote >= 0) {
			buffer_consume(&lines->line, (size_t)wrote);
		} else if (errno != EAGAIN && errno != EINTR) {
			output->ended = errno == EPIPE;
			output_failed(output, lines->item, strerror(errno), now);
			buffer_clear(&lines->line);
			lines->item = NULL;
			return false;
		}
	}
	if (lines->line.length > 0 && output->stopping) {
		queue_retry(output->queue, lines->item, now); /* its reader has stopped to read */
		lines->item = NULL;
	}
	return lines->line.length == 0;
}

static void work(struct output *output, struct moment now)
{
	struct lines_out *lines = output->self;
	struct reason why;

	for (;;) {
		if (lines->item != NULL) {
			if (!line_write(output, now.monotonic))
				return;
			output_delivered(output, lines->item, now.monotonic);
		}
		lines->item = output_next(output, now.monotonic);
		if (lines->item == NULL)
			return;
		if (!notification_line(&lines->style, lines->item->json, lines->item->length,
			    &lines->line, &why)) {
			output_refused(output, lines->item, why.text);
			lines->item = NULL;
		}
	}
}

static size_t polled(const struct output *output, struct pollfd *fds)
{
	const struct lines_out *lines = output->self;

	/* without events: that the reader is gone */
	fds[0] = (struct pollfd){
		.fd = STDOUT_FILENO, .events = lines->item != NULL ? POLLOUT : (short)0};
	return lines->item != NULL;
}

static nsec deadline(const struct output *output, nsec now)
{
	const struct lines_out *lines = output->self;

	return lines->item != NULL ? NSEC_NEVER : output_deadline(output, now);
}

/* A line that was begun is ended: half of it is at the reader. */
static void reset(struct output *output)
{
	struct lines_out *lines = output->self;

	lines->item = NULL;
	buffer_clear(&lines->line);
}

static void self_free(struct output *output)
{
	struct lines_out *lines = output->self;

	buffer_free(&lines->line);
	free(lines);
}

static const struct output_type type = {work, polled, deadline, NULL, reset, self_free};

struct output *stdout_output(const struct line_style *style)
{
	struct lines_out *lines = memory_zeroed(1, sizeof *lines);

	lines->style = *style;
	return output_new(&type, "stdout", lines);
}

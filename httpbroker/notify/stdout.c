/* SPDX-License-Identifier: MIT */
/* The output that is a line on standard output for each notification. */
#include "common/buffer.h"
#include "common/descriptors.h"
#include "common/memory.h"
#include "httpbroker/notify/output.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define CHUNK 4096 /* a pipe that poll(2) calls writable takes so many bytes without blocking */

struct lines_out {
	int fd; /* standard output, or its terminal without blocking */
	struct line_style style;
	struct item *item;  /* the one in `line`; NULL: none, or it was given back */
	struct buffer line; /* the rest that is not written yet */
	bool begun;         /* a part of it is written: the rest must follow */
	bool written;       /* something is: a file ends in a line of ours */
};

/*
 * The exit status, if a write that failed with this error is the last: the reader is gone, or the
 * terminal; or no event will come, as in any filter whose disk is full. Else 0.
 */
static int end_of(const struct output *output, int error)
{
	struct stat out;
	bool terminal = fstat(STDOUT_FILENO, &out) == 0 && S_ISCHR(out.st_mode);

	if (error == EPIPE || (error == EIO && terminal)) /* EIO of a disk may be temporary */
		return EX_TEMPFAIL;
	return output->phase->test || output->phase->finishing ? EX_IOERR : 0;
}

/* Of the rest of the line. False: later, or it failed. */
static bool line_write(struct output *output, nsec now)
{
	struct lines_out *lines = output->self;
	struct buffer *line = &lines->line;

	while (line->length > 0 && output->ended == 0 && now >= output->held_until &&
		descriptor_is_ready(lines->fd, POLLOUT)) {
		ssize_t wrote =
			write(lines->fd, line->data, line->length < CHUNK ? line->length : CHUNK);

		if (wrote >= 0) {
			buffer_consume(line, (size_t)wrote);
			lines->begun = line->length > 0;
			lines->written = true;
		} else if (errno != EAGAIN && errno != EINTR) {
			output->ended = end_of(output, errno);
			output_away(output, strerror(errno), now);
		}
	}
	return line->length == 0;
}

/* The item is written later, or by a stand-by; the reader may have a part of the line already. */
static void reset(struct output *output)
{
	struct lines_out *lines = output->self;

	lines->item = NULL;
	if (!lines->begun)
		buffer_clear(&lines->line);
}

static nsec work(struct output *output, struct moment now)
{
	struct lines_out *lines = output->self;
	struct notification notification;

	while (line_write(output, now.monotonic)) {
		if (lines->item != NULL)
			output_delivered(output, lines->item, now.monotonic);
		lines->item = output_next(output, &notification, now.monotonic);
		if (lines->item == NULL)
			return output_deadline(output, now.monotonic);
		if (!lines->written && descriptor_ends_within_line(lines->fd))
			buffer_append(&lines->line, "\n", 1);
		notification_line(&lines->style, &notification, &lines->line);
		json_decref(notification.document);
	}
	/* its reader is gone, or has stopped to read */
	if (output->ended != 0 || output->phase->stopping) {
		if (lines->item != NULL)
			queue_retry(&output->queue, lines->item, now.monotonic);
		reset(output);
	}
	return now.monotonic < output->held_until ? output->held_until : NSEC_NEVER;
}

static size_t polled(const struct output *output, struct pollfd *fds, nsec now)
{
	const struct lines_out *lines = output->self;

	fds[0] = (struct pollfd){.fd = lines->fd, .events = POLLOUT};
	return lines->line.length > 0 && now >= output->held_until;
}

static void end(struct output *output)
{
	buffer_free(&((struct lines_out *)output->self)->line);
}

static const struct output_type type = {work, polled, NULL, reset, end};

struct output *stdout_output(const struct line_style *style)
{
	struct lines_out *lines = memory_zeroed(1, sizeof *lines);

	lines->fd = descriptor_reopen_terminal(STDOUT_FILENO);
	lines->style = *style;
	return output_new(&type, "stdout", lines);
}

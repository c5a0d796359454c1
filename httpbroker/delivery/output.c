/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/output.h"

#include "common/backoff.h"
#include "common/descriptors.h"
#include "common/duration.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/random.h"
#include "httpbroker/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define RETRY_MIN (100 * NSEC_PER_MSEC)
#define RETRY_MAX NSEC_PER_SEC
#define TEXT_KEPT ((size_t)2 << 20) /* bytes of memory that are kept between two writes */

struct output {
	const char *path;   /* NULL: standard output */
	int fd;             /* -1: a FIFO that never had a reader */
	struct buffer text; /* lines, after a newline of its own (text_rewind) */
	size_t done;        /* bytes of it that are written, or not to be */
	bool rewound;       /* a whole line is next, or the newline before it */
	bool torn;          /* the file ends within a line: the next text begins with its newline */
	nsec progress_at;   /* when the last byte was accepted, or all was written before */
	nsec retry_at;      /* after a failure; NSEC_NEVER: none */
	struct backoff backoff;
	bool away, broken;
	nsec away_since;
	char why[128];
};

static int path_open(const char *path, int flags)
{
	return open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags, 0640);
}

/* A pipe is opened anew: O_NONBLOCK would also affect others that share this descriptor. */
static int stdout_open(void)
{
	struct stat status;
	int fd = -1;

	if (fstat(STDOUT_FILENO, &status) == 0 && S_ISFIFO(status.st_mode))
		fd = path_open("/proc/self/fd/1", 0);
	return fd >= 0 ? fd : descriptor_reopen_terminal(STDOUT_FILENO);
}

static bool is_fifo(const char *path)
{
	struct stat status;
	int error = errno;
	bool fifo = stat(path, &status) == 0 && S_ISFIFO(status.st_mode);

	errno = error;
	return fifo;
}

struct output *output_new(const char *path, nsec now)
{
	struct output *output = memory_zeroed(1, sizeof *output);

	output->path = strcmp(path, "-") == 0 ? NULL : path;
	output->fd = output->path != NULL ? path_open(path, O_CREAT) : stdout_open();
	if (output->fd < 0 && !(errno == ENXIO && is_fifo(path)))
		die(EX_CANTCREAT, "--output %s: %s", path, strerror(errno));
	output->torn = descriptor_ends_within_line(output->fd);
	output->progress_at = now;
	output->retry_at = output->fd < 0 ? now : NSEC_NEVER;
	output->backoff = (struct backoff){.min = RETRY_MIN, .max = RETRY_MAX};
	return output;
}

void output_free(struct output *output)
{
	if (output->fd > STDOUT_FILENO)
		close(output->fd);
	buffer_free(&output->text);
	free(output);
}

const char *output_name(const struct output *output)
{
	return output->path != NULL ? output->path : "standard output";
}

const char *output_why(const struct output *output)
{
	return output->why;
}

bool output_is_away(const struct output *output)
{
	return output->away;
}

bool output_is_broken(const struct output *output)
{
	return output->broken;
}

static bool is_waiting(const struct output *output)
{
	return output->done < output->text.length;
}

void output_put(struct output *output, const struct resp_list *list, nsec now)
{
	if (output->text.capacity > TEXT_KEPT)
		buffer_free(&output->text);
	buffer_clear(&output->text);
	buffer_append(&output->text, "\n", 1);
	resp_append_lines(list, &output->text);
	output->done = output->torn ? 0 : 1;
	output->rewound = true;
	output->torn = false;
	output->progress_at = now;
}

/* Back to the beginning of the line that is partly written; `apart`: with a newline before it. */
static void text_rewind(struct output *output, bool apart)
{
	size_t start = output->done;

	if (output->rewound) {
		if (!apart && is_waiting(output) && output->text.data[start] == '\n')
			output->done++;
		return;
	}
	while (start > 1 && output->text.data[start - 1] != '\n')
		start--;
	if (start != output->done)
		output->done = apart ? start - 1 : start;
	output->rewound = apart;
}

static void away_begin(struct output *output, const char *why, nsec now)
{
	snprintf(output->why, sizeof output->why, "%s", why);
	if (output->away)
		return;
	log_error("--output %s: %s; until it accepts events, they are kept in memory (202)",
		output_name(output), why);
	output->away = true;
	output->away_since = now;
}

static void away_end(struct output *output, nsec now)
{
	char text[DURATION_TEXT];

	backoff_reset(&output->backoff);
	if (!output->away)
		return;
	log_info("--output %s: accepts events again after %s", output_name(output),
		duration_text(now - output->away_since, text));
	output->away = false;
	output->why[0] = '\0';
}

static void retry_later(struct output *output, const char *why, nsec now)
{
	away_begin(output, why, now);
	output->retry_at = now + backoff_wait(&output->backoff, (uint32_t)random_seed());
}

static void reader_lost(struct output *output, nsec now)
{
	if (output->path != NULL) {
		text_rewind(output, true);
		retry_later(output, "nobody reads it", now);
		return;
	}
	output->broken = true;
	snprintf(output->why, sizeof output->why, "its reader has gone");
	log_error("--output -: the reader of standard output has gone: stopping");
}

static bool same_file(int one, int other)
{
	struct stat a, b;

	return one >= 0 && fstat(one, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

/* Opens the path, and uses that unless it is the file that is open. False: errno says why. */
static bool path_reopen(struct output *output, int flags)
{
	int fd = path_open(output->path, flags);

	if (fd < 0)
		return false;
	if (same_file(output->fd, fd)) {
		close(fd);
		return true;
	}
	if (output->fd >= 0)
		close(output->fd);
	output->fd = fd;
	text_rewind(output, false);
	output->torn = descriptor_ends_within_line(fd);
	if (output->torn && is_waiting(output)) {
		output->done--; /* to the newline before the line that is next */
		output->rewound = true;
		output->torn = false;
	}
	return true;
}

void output_reopen(struct output *output)
{
	if (output->path != NULL && !path_reopen(output, O_CREAT) && errno != ENXIO)
		log_error("SIGHUP: --output %s: %s; the old file stays in use", output->path,
			strerror(errno));
}

/* Whether writing may be tried again. A FIFO without a reader cannot be opened: ENXIO. */
static bool retry_try(struct output *output, nsec now)
{
	if (output->retry_at == NSEC_NEVER)
		return true;
	if (now < output->retry_at)
		return false;
	if (output->path != NULL && !path_reopen(output, 0) && output->fd < 0) {
		retry_later(output, errno == ENXIO ? "nobody reads it" : strerror(errno), now);
		return false;
	}
	output->retry_at = NSEC_NEVER;
	return true;
}

/* Whole lines of up to PIPE_BUF bytes, which a pipe takes at once; or a part of a longer one. */
static size_t chunk_length(const struct output *output)
{
	const char *from = output->text.data + output->done;
	size_t left = output->text.length - output->done, length = left;

	if (left > PIPE_BUF) {
		const char *end = memrchr(from, '\n', PIPE_BUF);
		length = end != NULL ? (size_t)(end + 1 - from) : PIPE_BUF;
	}
	return length;
}

static void stall_check(struct output *output, nsec now)
{
	if (now - output->progress_at >= LIMIT_REDIS_WAIT)
		away_begin(output, "its reader does not read", now);
}

/* False: not now. */
static bool chunk_write(struct output *output, nsec now)
{
	ssize_t length = write(output->fd, output->text.data + output->done, chunk_length(output));

	if (length > 0) {
		output->done += (size_t)length;
		output->rewound = false;
		output->progress_at = now;
		return true;
	}
	if (length < 0 && errno == EINTR)
		return true;
	if (length < 0 && (errno == EPIPE || errno == ECONNRESET))
		reader_lost(output, now);
	else if (length == 0 || errno != EAGAIN)
		retry_later(output, length == 0 ? "it takes no bytes" : strerror(errno), now);
	else
		stall_check(output, now);
	return false;
}

/* Whatever polls as writable takes PIPE_BUF bytes at once; 0: it does not. */
static int events_of(const struct output *output)
{
	struct pollfd poller = {.fd = output->fd, .events = POLLOUT};

	return poll(&poller, 1, 0) > 0 ? poller.revents : 0;
}

bool output_step(struct output *output, nsec now)
{
	if (output->broken || !retry_try(output, now))
		return false;
	for (;;) {
		int events = events_of(output);

		if ((events & (POLLERR | POLLHUP | POLLNVAL)) != 0) {
			reader_lost(output, now);
			return false;
		}
		if (!is_waiting(output)) {
			away_end(output, now);
			return true;
		}
		if ((events & POLLOUT) == 0) {
			stall_check(output, now);
			return false;
		}
		if (!chunk_write(output, now))
			return false;
	}
}

struct pollfd output_poll(const struct output *output)
{
	bool watched = !output->broken && output->retry_at == NSEC_NEVER;

	return (struct pollfd){.fd = watched ? output->fd : -1,
		.events = (short)(is_waiting(output) ? POLLOUT : 0)};
}

nsec output_deadline(const struct output *output)
{
	if (output->broken)
		return NSEC_NEVER;
	if (output->retry_at != NSEC_NEVER || !is_waiting(output) || output->away)
		return output->retry_at;
	return output->progress_at + LIMIT_REDIS_WAIT;
}

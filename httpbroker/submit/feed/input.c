/* SPDX-License-Identifier: MIT */
#include "httpbroker/submit/feed/input.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* The most that Linux gives an ordinary user's pipe: what a writer that drops what does not fit
 * (Nagios) may write while nobody reads. */
#define FIFO_SIZE (1024 * 1024)

static bool fifo_open(struct input *input, const char *path, struct reason *why)
{
	input->endless = true;
	input->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (input->fd < 0)
		return reason_set(
			why, "cannot open %s for reading and writing: %s", path, strerror(errno));
	/* it works as well with what it has */
	(void)fcntl(input->fd, F_SETPIPE_SZ, FIFO_SIZE);
	return true;
}

/* The shell's <(command) is a pipe with a path, but nobody else can open it: it has an end. */
static bool is_named(const char *path)
{
	struct statfs system;

	return statfs(path, &system) != 0 || system.f_type != PIPEFS_MAGIC;
}

static bool path_open(struct input *input, const char *path, struct reason *why)
{
	struct stat status;
	bool found = stat(path, &status) == 0;

	if (!found && errno == ENOENT)
		return reason_set(
			why, "%s does not exist; 'mkfifo %s' makes a named pipe", path, path);
	if (found && S_ISFIFO(status.st_mode) && is_named(path))
		return fifo_open(input, path, why);
	input->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (input->fd < 0)
		return reason_set(why, "cannot open %s: %s", path, strerror(errno));
	return true;
}

bool input_open(struct input *input, const char *path, struct reason *why)
{
	*input = (struct input){.fd = STDIN_FILENO, .name = "standard input"};
	if (strcmp(path, "-") == 0)
		return true;
	input->name = path;
	return path_open(input, path, why);
}

enum input_result input_read(
	struct input *input, char *bytes, size_t size, size_t *got, struct reason *why)
{
	ssize_t result = read(input->fd, bytes, size);

	if (result > 0) {
		*got = (size_t)result;
		return INPUT_READ;
	}
	if (result == 0)
		return INPUT_END;
	if (errno == EAGAIN || errno == EINTR)
		return INPUT_AGAIN;
	reason_set(why, "cannot read %s: %s", input->name, strerror(errno));
	return INPUT_ERROR;
}

bool input_ready(const struct input *input)
{
	struct pollfd fd = {.fd = input->fd, .events = POLLIN};

	return poll(&fd, 1, 0) > 0;
}

void input_close(struct input *input)
{
	if (input->fd != STDIN_FILENO)
		close(input->fd);
}

/* SPDX-License-Identifier: MIT */
#include "common/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef HAVE_CLOSE_RANGE
#include <linux/close_range.h>
#endif

size_t descriptors_allow(size_t wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 0;
	rlim_t before = limit.rlim_cur;
	if (before < wanted)
		limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		limit.rlim_cur = before;
	return limit.rlim_cur;
}

bool descriptor_is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

void descriptors_complete(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

#define DESCRIPTORS_MAX 65536 /* one by one: some systems have no limit */

/* The limit of a loop over all descriptors. */
static int descriptors_limit(void)
{
	long limit = sysconf(_SC_OPEN_MAX);

	return limit < 0 || limit > DESCRIPTORS_MAX ? DESCRIPTORS_MAX : (int)limit;
}

bool descriptor_is_ready(int fd, short events)
{
	struct pollfd poller = {.fd = fd, .events = events};

	return poll(&poller, 1, 0) > 0;
}

bool descriptor_write(int fd, const char *bytes, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t wrote = write(fd, bytes + done, length - done);

		if (wrote < 0 && errno != EINTR)
			return false;
		done += wrote > 0 ? (size_t)wrote : 0;
	}
	return true;
}

int descriptor_reopen_terminal(int fd)
{
	char path[32];

	if (!isatty(fd))
		return fd;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int again = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return again >= 0 ? again : fd;
}

bool descriptor_ends_within_line(int fd)
{
	char path[32], last = '\n';
	struct stat status;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0)
		return false;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	int reader = open(path, O_RDONLY | O_CLOEXEC);
	if (reader < 0)
		return false;
	bool torn = pread(reader, &last, 1, status.st_size - 1) == 1 && last != '\n';
	close(reader);
	return torn;
}

void descriptors_keep_from_exec(int from)
{
#ifdef HAVE_CLOSE_RANGE
	if (close_range((unsigned)from, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;
#endif
	for (int fd = from, limit = descriptors_limit(); fd < limit; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void descriptors_close(int from)
{
#ifdef HAVE_CLOSE_RANGE
	if (close_range((unsigned)from, ~0U, 0) == 0)
		return;
#endif
	for (int fd = from, limit = descriptors_limit(); fd < limit; fd++)
		close(fd);
}

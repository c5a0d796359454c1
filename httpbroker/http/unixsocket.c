/* SPDX-License-Identifier: MIT */
#include "httpbroker/http/unixsocket.h"

#include "common/clocks.h"
#include "common/log.h"
#include "common/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strncpy(address.sun_path, path, sizeof address.sun_path - 1);
	return address;
}

/* Any user who may read the directory can hold the lock: so it is not waited for for long. */
#define LOCK_PATIENCE (2 * NSEC_PER_SEC)
#define LOCK_PAUSE (20 * NSEC_PER_MSEC)

static int directory_open(const char *path)
{
	char copy[sizeof((struct unix_socket *)NULL)->path];

	strcpy(copy, path);
	return open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/*
 * Brokers that start at the same time must not take each other's new socket for a stale one: they
 * take turns, by a lock on the directory (-1: it cannot be opened). A broker that does not get it
 * goes on without. False: it is to stop.
 */
static bool directory_lock(int fd, const char *path)
{
	const struct timespec pause = {0, LOCK_PAUSE};
	nsec end = clock_monotonic() + LOCK_PATIENCE;

	while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
		if (clock_monotonic() >= end) {
			log_warning("%s: another process holds a lock on the directory; going on "
				    "without it",
				path);
			return true;
		}
		signals_poll(NULL, 0, &pause);
		if (signals_say_stop())
			return false;
	}
	return true;
}

/* No more than 0660 from its first moment on. */
static int bind_private(int fd, const char *path)
{
	const struct sockaddr_un address = address_of(path);
	mode_t before = umask(0117);
	int result = bind(fd, (const struct sockaddr *)&address, sizeof address);
	int error = errno;

	umask(before);
	errno = error;
	return result;
}

/* Who listens there may be too busy to take us; then the answer is EAGAIN. */
static bool is_deserted(const char *path)
{
	const struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return false;
	bool refused = connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 &&
		       errno == ECONNREFUSED;
	close(fd);
	return refused;
}

static bool stale_remove(const char *path)
{
	struct stat status;

	if (lstat(path, &status) == 0 && !S_ISSOCK(status.st_mode)) {
		errno = EEXIST;
		return false;
	}
	if (!is_deserted(path)) {
		errno = EADDRINUSE;
		return false;
	}
	return unlink(path) == 0;
}

static bool path_bind(int fd, const char *path)
{
	if (bind_private(fd, path) == 0)
		return true;
	return errno == EADDRINUSE && stale_remove(path) && bind_private(fd, path) == 0;
}

static bool path_listen(int fd, const char *path, struct unix_socket *out)
{
	struct stat status;

	if (!path_bind(fd, path) || listen(fd, SOMAXCONN) != 0 || lstat(path, &status) != 0)
		return false;
	strncpy(out->path, path, sizeof out->path - 1);
	out->device = status.st_dev;
	out->inode = status.st_ino;
	return true;
}

static int socket_open(const char *path, struct unix_socket *out)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || path_listen(fd, path, out))
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

int unix_socket_open(const char *path, struct unix_socket *out)
{
	int lock = directory_open(path), fd = -1, error = EINTR;

	if (directory_lock(lock, path)) {
		fd = socket_open(path, out);
		error = errno;
	}
	if (lock >= 0)
		close(lock);
	errno = error;
	return fd;
}

void unix_socket_remove(const struct unix_socket *socket)
{
	int lock = directory_open(socket->path);
	struct stat status;

	if (lock >= 0)
		flock(lock, LOCK_EX | LOCK_NB); /* stopping waits for nobody */
	if (lstat(socket->path, &status) == 0 && status.st_dev == socket->device &&
		status.st_ino == socket->inode)
		unlink(socket->path);
	if (lock >= 0)
		close(lock);
}

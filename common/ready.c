/* SPDX-License-Identifier: MIT */
#include "common/ready.h"

#include "common/log.h"
#include "common/number.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NSEC_PER_USEC 1000
#define USEC_MAX (INT64_MAX / NSEC_PER_USEC)

void ready_notify(const char *message)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	if (path == NULL || path[0] == '\0' || strlen(path) >= sizeof to.sun_path)
		return;
	memcpy(to.sun_path, path, strlen(path));
	if (to.sun_path[0] == '@')
		to.sun_path[0] = '\0'; /* the abstract name space */
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (fd < 0 || sendto(fd, message, strlen(message), MSG_NOSIGNAL | MSG_DONTWAIT,
			      (const struct sockaddr *)&to, length) < 0)
		log_warning("cannot notify %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

void ready_announce(int fd)
{
	ready_notify("READY=1");
	if (fd < 0)
		return;
	if (write(fd, "\n", 1) != 1)
		log_warning("cannot write to --ready-fd %d: %s", fd, strerror(errno));
	close(fd);
}

struct watchdog watchdog_of(const char *usec, const char *pid, int64_t self)
{
	struct watchdog watchdog = {0, 0};
	struct reason ignored;
	int64_t limit, meant = self;

	if (usec == NULL || !number_parse(usec, 2, USEC_MAX, &limit, &ignored))
		return watchdog;
	if (pid != NULL && (!number_parse(pid, 1, INT64_MAX, &meant, &ignored) || meant != self))
		return watchdog;
	watchdog.interval = limit * NSEC_PER_USEC / 2;
	return watchdog;
}

struct watchdog watchdog_asked(void)
{
	return watchdog_of(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"), (int64_t)getpid());
}

bool watchdog_due(struct watchdog *watchdog, bool progress, nsec now)
{
	if (now < watchdog_deadline(watchdog))
		return false;
	watchdog->next = now + watchdog->interval;
	return progress;
}

nsec watchdog_deadline(const struct watchdog *watchdog)
{
	return watchdog->interval > 0 ? watchdog->next : NSEC_NEVER;
}

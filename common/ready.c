/* SPDX-License-Identifier: MIT */
#include "common/ready.h"

#include "common/log.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

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

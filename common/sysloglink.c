/* SPDX-License-Identifier: MIT */
#include "common/sysloglink.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define SYSLOG_LINE 2048 /* more is cut by many a daemon (RFC 5424, 6.1) */

static int link_fd = -1;
static struct sockaddr_un link_to = {.sun_family = AF_UNIX};

bool sysloglink_open(const char *path)
{
	if (strlen(path) >= sizeof link_to.sun_path)
		return false;
	memcpy(link_to.sun_path, path, strlen(path) + 1);
	link_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return link_fd >= 0;
}

/* The form that glibc sends: `<27>Nov 20 10:29:06 program[123]: text`. */
bool sysloglink_send(int priority, const char *program, const char *text)
{
	char line[SYSLOG_LINE], stamp[32] = "";
	time_t now = time(NULL);
	struct tm local;

	if (localtime_r(&now, &local) != NULL)
		strftime(stamp, sizeof stamp, "%b %e %H:%M:%S", &local);
	snprintf(line, sizeof line, "<%d>%s %s[%d]: %s", LOG_DAEMON | priority, stamp, program,
		(int)getpid(), text);
	/* not connected: so a daemon that was restarted is found again */
	return sendto(link_fd, line, strlen(line), MSG_DONTWAIT | MSG_NOSIGNAL,
		       (const struct sockaddr *)&link_to, sizeof link_to) >= 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * self-connect PORT ATTEMPTS: connects to a closed port of this machine until it is connected to
 * itself, which happens when the kernel picks the destination port as the source port. Exits 0 if
 * that never happens, 1 if it does, 69 if another process listens there.
 */
#include "common/log.h"
#include "common/options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

static bool is_connected_to_itself(int fd, const struct sockaddr_in *to)
{
	struct sockaddr_in from;
	socklen_t size = sizeof from;

	getsockname(fd, (struct sockaddr *)&from, &size);
	return from.sin_port == to->sin_port;
}

/* True if this attempt connected; it leaves no socket in TIME_WAIT. */
static bool attempt(const struct sockaddr_in *to)
{
	const struct linger abort_at_close = {.l_onoff = 1};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die(EX_OSERR, "socket: %s", strerror(errno));
	bool connected = connect(fd, (const struct sockaddr *)to, sizeof *to) == 0;
	if (!connected && errno != ECONNREFUSED)
		die(EX_UNAVAILABLE, "connect: %s", strerror(errno));
	if (connected && !is_connected_to_itself(fd, to))
		die(EX_UNAVAILABLE, "somebody listens there");
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_at_close, sizeof abort_at_close);
	close(fd);
	return connected;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET};

	log_open("self-connect");
	if (argc != 3)
		die(EX_USAGE, "usage: self-connect PORT ATTEMPTS");
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)option_number("PORT", argv[1], 1, UINT16_MAX));
	int64_t attempts = option_number("ATTEMPTS", argv[2], 1, INT32_MAX);

	for (int64_t i = 1; i <= attempts; i++) {
		if (attempt(&to)) {
			printf("connected to itself at attempt %jd\n", (intmax_t)i);
			return 1;
		}
	}
	printf("refused %jd times\n", (intmax_t)attempts);
	return 0;
}

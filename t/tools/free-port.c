/* SPDX-License-Identifier: MIT */
/*
 * free-port [N]: prints N (1) different unused TCP ports, one a line. They are below the ephemeral
 * range and are picked at random, so that parallel tests are unlikely to get the same.
 */
#include "common/log.h"
#include "common/options.h"
#include "common/random.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

enum { PORT_FIRST = 10000, PORT_LAST = 32000, PORTS_MOST = 100 };

/* Listening on all addresses of both families is the strictest test. */
static bool port_is_free(uint16_t port)
{
	struct sockaddr_in6 address = {
		.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_any};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool bound = fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
		     listen(fd, 1) == 0;

	if (fd >= 0)
		close(fd);
	return bound;
}

int main(int argc, char **argv)
{
	bool printed[PORT_LAST + 1] = {false};

	log_open("free-port");
	int64_t wanted = argc > 1 ? option_number("N", argv[1], 1, PORTS_MOST) : 1;
	for (int tries = 0; wanted > 0; tries++) {
		uint16_t port =
			(uint16_t)(PORT_FIRST + random_number() % (PORT_LAST - PORT_FIRST + 1));

		if (tries > 10 * PORT_LAST)
			die(EX_TEMPFAIL, "no free port from %d to %d", PORT_FIRST, PORT_LAST);
		if (printed[port] || !port_is_free(port))
			continue;
		printed[port] = true;
		printf("%u\n", port);
		wanted--;
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* flapper: a TCP port that opens and closes forever. */
#include "common/descriptors.h"
#include "common/log.h"
#include "common/ready.h"
#include "common/signals.h"
#include "flapper/clients.h"
#include "flapper/flapper.h"
#include "flapper/listener.h"
#include "flapper/options.h"

#include <errno.h>
#include <sysexits.h>

/* Beside the clients': the standard three, the port's two, one for the log, some inherited. */
enum { OTHER_DESCRIPTORS = 16 };

static _Noreturn void refuse(const struct reason *why, int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		die(EX_NOPERM, "%s (a port below 1024 needs root or CAP_NET_BIND_SERVICE)",
			why->text);
	case EADDRINUSE:
		die(EX_TEMPFAIL, "%s ('ss -tanp' shows by whom)", why->text);
	default:
		die(EX_TEMPFAIL, "%s", why->text);
	}
}

int main(int argc, char **argv)
{
	static const int caught[] = {SIGTERM, SIGINT, SIGUSR1};
	struct options options;
	struct reason why;

	log_open("flapper");
	options_read(&options, argc, argv);
	log_never_wait();
	signals_catch(caught, sizeof caught / sizeof caught[0]);
	descriptors_allow(CLIENTS_MAX + OTHER_DESCRIPTORS);

	struct listener *listener = listener_hold(options.bind, options.port, &why);
	if (listener == NULL)
		refuse(&why, errno);
	if (options.port == 0)
		log_info("the port is %s", listener_text(listener));
	struct flapper *flapper = flapper_start(&options, listener, &why);
	if (flapper == NULL)
		refuse(&why, errno);
	ready_announce(options.ready_fd);

	flapper_run(flapper);

	ready_notify("STOPPING=1");
	flapper_stop(flapper);
	listener_release(listener);
	return EX_OK;
}

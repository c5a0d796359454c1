/* SPDX-License-Identifier: MIT */
/* What SIGUSR1 logs: a line a watch, a listen_command, a room, a worker. */
#include "oobetet/monitor.h"

#include "common/duration.h"
#include "common/log.h"
#include "oobetet/channel/status.h"

#include <inttypes.h>

static const char *whole(nsec span, char out[DURATION_TEXT])
{
	return duration_text(span / NSEC_PER_SEC * NSEC_PER_SEC, out);
}

static void rooms_log(const struct rooms *rooms, nsec now)
{
	char span[DURATION_TEXT];

	for (int i = 0; i < rooms_count(rooms); i++) {
		const char *why;
		nsec out = rooms_out(rooms, i, now, &why);

		if (out == 0)
			log_info("status: in the room %s", rooms_name(rooms, i));
		else
			log_info("status: out of the room %s for %s: %s", rooms_name(rooms, i),
				whole(out, span), why);
	}
}

static void listener_log(const struct watched *watched, nsec now)
{
	char span[DURATION_TEXT];
	const char *why;
	nsec absence = listener_absence(watched->listener, now, &why);

	if (watched->listener == NULL)
		return;
	if (absence == 0)
		log_info("%sstatus: listening to listen_command", watched->config->label);
	else
		log_info("%sstatus: listen_command has not been heard for %s: %s",
			watched->config->label, whole(absence, span), why);
}

static void worker_log(const struct worker *worker, nsec now)
{
	char span[DURATION_TEXT];

	if (worker == NULL)
		return;
	const struct worker_status status = worker_status(worker);
	if (status.online != 0)
		log_info("status: %s: online for %s; started %" PRId64 " times", status.name,
			whole(now - status.online, span), status.started);
	else
		log_info("status: %s: not online%s%s; started %" PRId64 " times", status.name,
			status.why[0] != '\0' ? ": " : "", status.why, status.started);
}

void status_log(const struct monitor *monitor, const struct timestamps *now)
{
	char text[STATUS_TEXT];

	for (int i = 0; i < monitor->watches.count; i++) {
		const struct watched *watched = monitor->watches.each[i];
		const struct watch_status status = watch_status_of(watched, now);

		log_info("%sstatus: %s", watched->config->label,
			watch_status_text(&status, text, sizeof text));
		listener_log(watched, now->monotonic);
	}
	rooms_log(monitor->rooms, now->monotonic);
	worker_log(monitor->workers.xmpp, now->monotonic);
	worker_log(monitor->workers.http, now->monotonic);
}

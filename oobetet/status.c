/* SPDX-License-Identifier: MIT */
#include "oobetet/status.h"

#include "common/buffer.h"
#include "common/duration.h"
#include "common/log.h"
#include "common/utf8_clean.h"
#include "oobetet/monitor.h"

#include <inttypes.h>
#include <string.h>

#define STATUS_TEXT 1025          /* bytes of a line; a longer one is cut */
#define TENTH (NSEC_PER_SEC / 10) /* delays are not known more exactly */
#define ANSWER_MAX 4000           /* bytes; a room with more watches gets their number */

struct watch_status watch_status_of(const struct watched *watched, const struct timestamps *now)
{
	struct watch_status status = {.name = watched->config->name,
		.target = &watched->target,
		.planned = &watched->planned,
		.swings = watched->config->probe_flapper != NULL ? &watched->chain.swings : NULL,
		.alarmed = watched->alarmed != 0 ? now->boot - watched->alarmed : NSEC_NEVER,
		.channels = channels_count(watched->channels),
		.pending = channels_pending(watched->channels)};
	struct watch_saved saved;

	watch_remember(watched->watch, now->active_time, &saved);
	for (int kind = 0; kind < KINDS_AWAITED; kind++) {
		status.awaited[kind] = saved.silence[kind] != NSEC_NEVER;
		status.silence[kind] = saved.silence[kind];
		status.heard[kind] = watched->heard[kind];
	}
	status.open = saved.open;
	status.held = saved.open && saved.held;
	status.missing = saved.missing;
	status.lasted = saved.lasted;
	for (int i = 0; i < status.channels; i++)
		status.failing += channels_status(watched->channels, i).why[0] != '\0' ? 1 : 0;
	return status;
}

static const char *whole(nsec span, char out[DURATION_TEXT])
{
	return duration_text(span / NSEC_PER_SEC * NSEC_PER_SEC, out);
}

static void kinds_append(const struct watch_status *status, struct buffer *text)
{
	const char *between = "; ";
	char span[DURATION_TEXT];

	for (enum kind kind = KIND_PROBLEM; kind < KINDS_AWAITED; kind++) {
		if (!status->awaited[kind])
			continue;
		whole(status->silence[kind], span);
		if (status->heard[kind])
			buffer_printf(text, "%slast %s %s ago", between, kind_name(kind), span);
		else
			buffer_printf(text, "%sno %s for %s", between, kind_name(kind), span);
		if (status->swings != NULL && (int)kind < SWING_KINDS &&
			status->swings->known[kind])
			buffer_printf(text, " (%s after the port changed)",
				duration_text(status->swings->delay[kind] / TENTH * TENTH, span));
		between = ", ";
	}
}

/*
 * The status as one line, which holds nothing secret:
 *
 *     "CHECK" on ENTITY: well; last problem 12 s ago, last recovery 42 s ago; no alarm so far
 *     "CHECK" on ENTITY: alarm for 412 s, no recovery; last problem 12 s ago, no recovery for
 *     712 s; last alarm 30 s ago; notifications not delivered: 1; channels failing: 1 of 3
 *
 * During planned work, `; planned work until STAMP (REASON)` follows the state.
 * With probe_flapper, ` (31 s after the port changed)` follows the age of a kind.
 * A kind that was not heard in this run is `no problem for SPAN`. Returns out.
 */
static char *watch_status_text(const struct watch_status *status, char *out, size_t size)
{
	char name[NOTIFICATION_TEXT], span[DURATION_TEXT], stamp[40]; /* any clock_stamp() */
	struct buffer text = {NULL, 0, 0};

	buffer_printf(&text, "%s: ", target_name(status->target, name, sizeof name));
	if (status->open)
		buffer_printf(&text, "%s for %s, no %s", status->held ? "alarm held back" : "alarm",
			whole(status->lasted, span), kind_name(status->missing));
	else
		buffer_append_text(&text, "well");
	if (status->planned->until != 0)
		buffer_printf(&text, "; planned work until %s (%s)",
			clock_stamp(status->planned->until, stamp, sizeof stamp),
			status->planned->reason);
	kinds_append(status, &text);
	if (status->alarmed != NSEC_NEVER)
		buffer_printf(&text, "; last alarm %s ago", whole(status->alarmed, span));
	else
		buffer_append_text(&text, "; no alarm so far");
	if (status->pending > 0)
		buffer_printf(&text, "; notifications not delivered: %d", status->pending);
	if (status->failing > 0)
		buffer_printf(
			&text, "; channels failing: %d of %d", status->failing, status->channels);
	utf8_clean_line(text.data, out, size);
	buffer_free(&text);
	return out;
}

/* ---- what SIGUSR1 logs: a line a watch, a listen_command, a room, a worker ---- */

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

/* ---- what the rooms are told: of all their watches, each room in one message ---- */

/* True if a watch that sends to this room is new, or has changed. */
static bool room_has_news(const struct monitor *monitor, const char *room)
{
	for (int i = 0; i < monitor->watches.count; i++) {
		const struct watched *watched = monitor->watches.each[i];

		if (watched->fresh && list_has(&watched->config->alert_rooms, room, strlen(room)))
			return true;
	}
	return false;
}

/* The targets of the watches that send to this room and have a max_latency below `limit`. */
static int room_targets(const struct monitor *monitor, const char *room, nsec limit,
	const struct target *targets[WATCHES_MAX])
{
	int count = 0;

	for (int i = 0; i < monitor->watches.count; i++) {
		const struct watched *watched = monitor->watches.each[i];

		if (watched->config->max_latency < limit &&
			(room == NULL ||
				list_has(&watched->config->alert_rooms, room, strlen(room))))
			targets[count++] = &watched->target;
	}
	return count;
}

void announce_start(struct monitor *monitor, const char *began)
{
	const struct target *targets[WATCHES_MAX];
	char text[NOTIFICATION_TEXT];

	for (int i = 0; monitor->config->greeting && i < rooms_count(monitor->rooms); i++) {
		const char *room = rooms_name(monitor->rooms, i);
		int count = room_targets(monitor, room, NSEC_NEVER, targets);

		if (count > 0 && room_has_news(monitor, room))
			asides_put(monitor->asides, ASIDE_GREETING, room,
				notification_greeting(
					targets, count, began, clock_wall(), text, sizeof text));
	}
	for (int i = 0; i < monitor->watches.count; i++)
		monitor->watches.each[i]->fresh = false;
}

/* Long absences are announced in the rooms, where people would have relied on us. */
void announce_absence(struct monitor *monitor, nsec away, const char *why)
{
	const struct target *targets[WATCHES_MAX];
	char text[NOTIFICATION_TEXT];
	int count = room_targets(monitor, NULL, NSEC_NEVER, targets);

	log_warning("%s", notification_absence(targets, count, away, why, text, sizeof text));
	for (int i = 0; i < rooms_count(monitor->rooms); i++) {
		const char *room = rooms_name(monitor->rooms, i);

		count = room_targets(monitor, room, away, targets);
		if (count > 0)
			asides_put(monitor->asides, ASIDE_ANNOUNCEMENT, room,
				notification_absence(targets, count, away, why, text, sizeof text));
	}
}

/* No oobetet takes the answer for an alert: it begins as all texts of an oobetet (match.c). */
void announce_status(struct monitor *monitor, const char *room, nsec now)
{
	const struct timestamps timestamps = timestamps_at(monitor, now);
	struct buffer answer = {NULL, 0, 0};
	char text[STATUS_TEXT];
	int more = 0;

	for (int i = 0; i < monitor->watches.count; i++) {
		const struct watched *watched = monitor->watches.each[i];
		const struct watch_status status = watch_status_of(watched, &timestamps);

		if (!list_has(&watched->config->watch_rooms, room, strlen(room)) &&
			!list_has(&watched->config->alert_rooms, room, strlen(room)))
			continue;
		watch_status_text(&status, text, sizeof text);
		if (more > 0 || answer.length + strlen(text) > ANSWER_MAX)
			more++;
		else
			buffer_printf(&answer, "%s%s%s%s",
				answer.length == 0 ? "oobetet on " : "\n",
				answer.length == 0 ? monitor->host : "",
				answer.length == 0 ? ": " : "", text);
	}
	if (more > 0)
		buffer_printf(&answer, "\nand %d more", more);
	if (answer.length > 0)
		asides_put(monitor->asides, ASIDE_ANSWER, room, answer.data);
	buffer_free(&answer);
}

/* SPDX-License-Identifier: MIT */
#include "oobetet/channel/incident.h"

#include "common/duration.h"
#include "common/log.h"

/* Flapjack's default: for how long an acknowledgement silences a check. */
#define ACKNOWLEDGED (4 * 3600 * NSEC_PER_SEC)

static void remarks_write(
	const struct notifier *notifier, const struct timestamps *now, struct buffer *remarks)
{
	nsec acknowledged = watch_acknowledged(notifier->watch, now->active_time);
	char span[DURATION_TEXT];

	if (acknowledged < ACKNOWLEDGED)
		buffer_printf(remarks,
			"; it was acknowledged %s ago, which silences Flapjack for a while",
			duration_text(acknowledged / NSEC_PER_SEC * NSEC_PER_SEC, span));
	rooms_remark(notifier->rooms, now->monotonic, remarks);
	channels_remark(notifier->channels, remarks);
}

static void alarm_put(struct notifier *notifier, const struct timestamps *now, bool loud)
{
	enum kind missing = watch_incident(notifier->watch)->missing;
	struct notification notification;
	struct buffer remarks = {NULL, 0, 0};

	remarks_write(notifier, now, &remarks);
	notification_alarm(&notification, notifier->target, &notifier->outage, missing,
		watch_silence(notifier->watch, missing, now->active_time), now->wall,
		remarks.data != NULL ? remarks.data : "");
	buffer_free(&remarks);
	log_error("%s", notification.text);
	if (channels_all_fail(notifier->channels))
		log_error("NOTICE: Self monitoring has detected a failure and is unable to tell "
			  "anyone about it. DON'T PANIC.");
	channels_put(notifier->channels, &notification, loud);
}

static void ok_put(struct notifier *notifier, const struct timestamps *now)
{
	struct notification notification;

	notification_ok(&notification, notifier->target, &notifier->outage,
		watch_incident(notifier->watch)->missing, now->boot - notifier->began, now->wall);
	log_info("%s", notification.text);
	channels_put(notifier->channels, &notification, true);
}

static void incident_begin(struct notifier *notifier, const struct timestamps *now)
{
	nsec ago = now->active_time - watch_incident(notifier->watch)->since;

	notifier->outage.since = now->wall - ago;
	notification_key(notifier->target, notifier->outage.since, notifier->outage.key);
	notifier->began = now->boot - ago;
}

/* Planned work: the log alone has it. */
static void held_log(const struct notifier *notifier, bool over)
{
	char name[NOTIFICATION_KEY];

	log_info("%s: %s during planned work: %s", target_name(notifier->target, name, sizeof name),
		over ? "the incident is over" : "an incident begins",
		over ? "it is not reported" : "it is reported at the end of the work if it lasts");
}

void incident_report(struct notifier *notifier, const struct timestamps *now)
{
	enum verdict verdict;

	while ((verdict = watch_evaluate(notifier->watch, now->active_time)) != WATCH_QUIET) {
		if (verdict == WATCH_ALARM || verdict == WATCH_HELD)
			incident_begin(notifier, now);
		if (verdict == WATCH_HELD || verdict == WATCH_SPARED)
			held_log(notifier, verdict == WATCH_SPARED);
		else if (verdict == WATCH_ENDED)
			ok_put(notifier, now);
		else
			alarm_put(notifier, now,
				verdict == WATCH_ALARM || watch_repeat_loud(notifier->watch));
	}
}

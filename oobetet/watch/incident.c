/* SPDX-License-Identifier: MIT */
#include "oobetet/watch/incident.h"

#include "common/duration.h"
#include "common/log.h"

/* An acknowledgement silences Flapjack: for this long, unless somebody chose another duration. */
#define ACKNOWLEDGED (4 * 3600 * NSEC_PER_SEC)

static void remarks_write(
	const struct reporter *reporter, const struct timestamps *now, struct buffer *remarks)
{
	nsec acknowledged = watch_acknowledged(reporter->watch, now->active_time);
	char span[DURATION_TEXT];

	if (acknowledged < ACKNOWLEDGED)
		buffer_printf(remarks,
			"; it was acknowledged %s ago, which silences Flapjack for a while",
			duration_text(acknowledged / NSEC_PER_SEC * NSEC_PER_SEC, span));
	rooms_remark(reporter->rooms, now->monotonic, remarks);
	channels_remark(reporter->channels, remarks);
}

static void alarm_tell(struct reporter *reporter, const struct timestamps *now, bool loud)
{
	enum kind missing = watch_incident(reporter->watch)->missing;
	struct notification notification;
	struct buffer remarks = {NULL, 0, 0};

	remarks_write(reporter, now, &remarks);
	notification_alarm(&notification, reporter->target, &reporter->outage, missing,
		watch_silence(reporter->watch, missing, now->active_time), now->wall,
		remarks.data != NULL ? remarks.data : "");
	buffer_free(&remarks);
	log_error("%s", notification.text);
	if (channels_all_fail(reporter->channels))
		log_error("NOTICE: Self monitoring has detected a failure and is unable to tell "
			  "anyone about it. DON'T PANIC.");
	channels_put(reporter->channels, &notification, loud);
}

static void ok_tell(struct reporter *reporter, const struct timestamps *now)
{
	struct notification notification;

	notification_ok(&notification, reporter->target, &reporter->outage,
		watch_incident(reporter->watch)->missing, now->boot - reporter->began, now->wall);
	log_info("%s", notification.text);
	channels_put(reporter->channels, &notification, true);
}

static void incident_begin(struct reporter *reporter, const struct timestamps *now)
{
	nsec ago = now->active_time - watch_incident(reporter->watch)->since;

	reporter->outage.since = now->wall - ago;
	notification_key(reporter->target, reporter->outage.since, reporter->outage.key);
	reporter->began = now->boot - ago;
}

void incident_report(struct reporter *reporter, const struct timestamps *now)
{
	enum verdict verdict;

	while ((verdict = watch_judge(reporter->watch, now->active_time)) != WATCH_QUIET) {
		if (verdict == WATCH_ALARM)
			incident_begin(reporter, now);
		if (verdict == WATCH_HEALED)
			ok_tell(reporter, now);
		else
			alarm_tell(reporter, now,
				verdict == WATCH_ALARM || watch_repeat_loud(reporter->watch));
	}
}

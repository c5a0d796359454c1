/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/teller.h"

#include "common/duration.h"
#include "common/log.h"

/* An acknowledgement silences Flapjack: for this long, unless somebody chose another duration. */
#define ACKNOWLEDGED (4 * 3600 * NSEC_PER_SEC)

static void remarks_write(
	const struct teller *teller, const struct telling *now, struct buffer *remarks)
{
	nsec acknowledged = watch_acknowledged(teller->watch, now->attention);
	char span[DURATION_TEXT];

	if (acknowledged < ACKNOWLEDGED)
		buffer_printf(remarks,
			"; it was acknowledged %s ago, which silences Flapjack for a while",
			duration_text(acknowledged / NSEC_PER_SEC * NSEC_PER_SEC, span));
	rooms_remark(teller->rooms, now->monotonic, remarks);
	roads_remark(teller->roads, remarks);
}

static void alarm_tell(struct teller *teller, const struct telling *now, bool loud)
{
	enum kind missing = watch_incident(teller->watch)->missing;
	struct notice notice;
	struct buffer remarks = {NULL, 0, 0};

	remarks_write(teller, now, &remarks);
	notice_alarm(&notice, teller->subject, &teller->outage, missing,
		watch_silence(teller->watch, missing, now->attention), now->wall,
		remarks.data != NULL ? remarks.data : "");
	buffer_free(&remarks);
	log_error("%s", notice.text);
	if (roads_all_fail(teller->roads))
		log_error("NOTICE: Self monitoring has detected a failure and is unable to tell "
			  "anyone about it. DON'T PANIC.");
	roads_put(teller->roads, &notice, loud);
}

static void ok_tell(struct teller *teller, const struct telling *now)
{
	struct notice notice;

	notice_ok(&notice, teller->subject, &teller->outage, watch_incident(teller->watch)->missing,
		now->boot - teller->began, now->wall);
	log_info("%s", notice.text);
	roads_put(teller->roads, &notice, true);
}

static void incident_begin(struct teller *teller, const struct telling *now)
{
	nsec ago = now->attention - watch_incident(teller->watch)->since;

	teller->outage.since = now->wall - ago;
	notice_key(teller->subject, teller->outage.since, teller->outage.key);
	teller->began = now->boot - ago;
}

void teller_judge(struct teller *teller, const struct telling *now)
{
	enum verdict verdict;

	while ((verdict = watch_judge(teller->watch, now->attention)) != WATCH_QUIET) {
		if (verdict == WATCH_ALARM)
			incident_begin(teller, now);
		if (verdict == WATCH_HEALED)
			ok_tell(teller, now);
		else
			alarm_tell(teller, now,
				verdict == WATCH_ALARM || watch_repeat_loud(teller->watch));
	}
}

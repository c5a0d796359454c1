/* SPDX-License-Identifier: MIT */
#include "oobetet/clock/notice.h"

#include "common/duration.h"
#include "oobetet/text.h"

#include <stdio.h>
#include <string.h>

#define STAMP 40 /* bytes that hold any clock_stamp() */

char *subject_name(const struct subject *subject, char *out, size_t size)
{
	if (subject->entity != NULL)
		snprintf(out, size, "\"%s\" on %s", subject->check, subject->entity);
	else
		snprintf(out, size, "\"%s\"", subject->check);
	return out;
}

static void since_write(nsec since, char out[NOTICE_SINCE])
{
	time_t seconds = (time_t)(since / NSEC_PER_SEC);
	struct tm utc;

	out[0] = '\0';
	if (gmtime_r(&seconds, &utc) == NULL)
		return;
	size_t used = strftime(out, NOTICE_SINCE, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(out + used, NOTICE_SINCE - used, ".%03dZ",
		(int)(since % NSEC_PER_SEC / NSEC_PER_MSEC));
}

/*
 * The original's key, which all its incidents shared, and what tells them apart. What may be long
 * comes last, so that cutting it never makes two incidents one.
 */
char *notice_key(const struct subject *subject, nsec since, char out[NOTICE_KEY])
{
	char key[2 * NOTICE_KEY], name[NOTICE_KEY], start[NOTICE_KEY], stamp[NOTICE_SINCE];

	since_write(since, stamp);
	snprintf(start, sizeof start, "Flapjack Self Monitoring from %.64s", subject->host);
	snprintf(key, sizeof key, "%.160s, %s, %s", subject->key != NULL ? subject->key : start,
		stamp, subject_name(subject, name, sizeof name));
	return text_clean_line(key, out, NOTICE_KEY);
}

static void notice_begin(struct notice *notice, enum notice_kind kind, const struct outage *outage,
	enum kind missing)
{
	notice->kind = kind;
	notice->missing = missing;
	memcpy(notice->key, outage->key, NOTICE_KEY);
	since_write(outage->since, notice->since);
}

void notice_alarm(struct notice *notice, const struct subject *subject, const struct outage *outage,
	enum kind missing, nsec silence, nsec now, const char *remarks)
{
	char text[4 * NOTICE_TEXT], name[NOTICE_TEXT], stamp[STAMP], span[DURATION_TEXT];

	notice_begin(notice, NOTICE_ALARM, outage, missing);
	/* what has come back but once, before the other, may have been silent for less */
	duration_text(
		nsec_earlier(subject->max_latency, silence / NSEC_PER_SEC * NSEC_PER_SEC), span);
	span[strcspn(span, " ")] = '\0'; /* the original spells its `seconds` out */
	snprintf(text, sizeof text,
		"Flapjack Self Monitoring is Critical: haven't seen a test %s notification in the "
		"last %s seconds for %s, from %s at %s%s",
		kind_name(missing), span, subject_name(subject, name, sizeof name), subject->host,
		clock_stamp(now, stamp, sizeof stamp), remarks);
	text_clean_line(text, notice->text, sizeof notice->text);
}

void notice_ok(struct notice *notice, const struct subject *subject, const struct outage *outage,
	enum kind missing, nsec span, nsec now)
{
	char text[NOTICE_TEXT], stamp[STAMP], words[DURATION_TEXT];
	nsec whole = span >= NSEC_PER_SEC ? span / NSEC_PER_SEC * NSEC_PER_SEC : span;

	notice_begin(notice, NOTICE_OK, outage, missing);
	snprintf(text, sizeof text,
		"Flapjack Self Monitoring is OK (it was not for %s), from %s at %s",
		duration_text(whole, words), subject->host, clock_stamp(now, stamp, sizeof stamp));
	text_clean_line(text, notice->text, sizeof notice->text);
}

void notice_test(struct notice *notice, const struct subject *subject, nsec now)
{
	char key[2 * NOTICE_KEY], text[NOTICE_TEXT], stamp[STAMP];

	notice->kind = NOTICE_TEST;
	notice->missing = KIND_NONE;
	since_write(now, notice->since);
	snprintf(key, sizeof key, "TEST by oobetet on %s, %s", subject->host, notice->since);
	text_clean_line(key, notice->key, sizeof notice->key);
	snprintf(text, sizeof text,
		"TEST by oobetet on %s at %s: nothing is wrong, this is how an alarm would come",
		subject->host, clock_stamp(now, stamp, sizeof stamp));
	text_clean_line(text, notice->text, sizeof notice->text);
}

char *notice_greeting(const struct subject *subject, nsec now, char *out, size_t size)
{
	char text[2 * NOTICE_TEXT], name[NOTICE_TEXT], stamp[STAMP], span[DURATION_TEXT];

	snprintf(text, sizeof text,
		"oobetet on %s, started at %s: watching for %s, telling you after %s of silence",
		subject->host, clock_stamp(now, stamp, sizeof stamp),
		subject_name(subject, name, sizeof name),
		duration_text(subject->max_latency, span));
	return text_clean_line(text, out, size);
}

char *notice_absence(
	const struct subject *subject, nsec away, const char *why, char *out, size_t size)
{
	char text[2 * NOTICE_TEXT], name[NOTICE_TEXT], span[DURATION_TEXT];

	snprintf(text, sizeof text,
		"oobetet on %s %s for %s and could not hear %s: that time is not counted as "
		"silence",
		subject->host, why, duration_text(away / NSEC_PER_SEC * NSEC_PER_SEC, span),
		subject_name(subject, name, sizeof name));
	return text_clean_line(text, out, size);
}

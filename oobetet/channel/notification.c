/* SPDX-License-Identifier: MIT */
#include "oobetet/channel/notification.h"

#include "common/duration.h"
#include "common/utf8.h"
#include "common/utf8_clean.h"
#include "oobetet/config/config.h"

#include <stdio.h>
#include <string.h>

#define STAMP 40 /* bytes that hold any clock_stamp() */

char *target_name(const struct target *target, char *out, size_t size)
{
	if (target->entity != NULL)
		snprintf(out, size, "\"%s\" on %s", target->check, target->entity);
	else
		snprintf(out, size, "\"%s\"", target->check);
	out[utf8_whole(out, strlen(out))] = '\0';
	return out;
}

static void since_write(nsec since, char out[NOTIFICATION_SINCE])
{
	time_t seconds = (time_t)(since / NSEC_PER_SEC);
	struct tm utc;

	out[0] = '\0';
	if (gmtime_r(&seconds, &utc) == NULL)
		return;
	size_t used = strftime(out, NOTIFICATION_SINCE, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(out + used, NOTIFICATION_SINCE - used, ".%03dZ",
		(int)(since % NSEC_PER_SEC / NSEC_PER_MSEC));
}

/*
 * The original's key, which all its incidents shared, and the time that tells them apart. The part
 * that may be long comes last: cutting it never makes two keys equal.
 */
char *notification_key(const struct target *target, nsec since, char out[NOTIFICATION_KEY])
{
	char key[2 * NOTIFICATION_KEY], name[NOTIFICATION_KEY], start[NOTIFICATION_KEY],
		stamp[NOTIFICATION_SINCE];

	since_write(since, stamp);
	snprintf(start, sizeof start, "Flapjack Self Monitoring from %.64s", target->host);
	snprintf(key, sizeof key, "%.160s, %s, %.*s%s%s", target->key != NULL ? target->key : start,
		stamp, WATCH_NAME_MAX, target->watch != NULL ? target->watch : "",
		target->watch != NULL ? ", " : "", target_name(target, name, sizeof name));
	return utf8_clean_line(key, out, NOTIFICATION_KEY);
}

static void notification_begin(struct notification *notification, enum notification_kind kind,
	const struct outage *outage, enum kind missing)
{
	notification->kind = kind;
	notification->missing = missing;
	memcpy(notification->key, outage->key, NOTIFICATION_KEY);
	since_write(outage->since, notification->since);
}

void notification_alarm(struct notification *notification, const struct target *target,
	const struct outage *outage, enum kind missing, nsec silence, nsec now, const char *remarks)
{
	char text[4 * NOTIFICATION_TEXT], name[NOTIFICATION_TEXT], stamp[STAMP],
		span[DURATION_TEXT];

	notification_begin(notification, NOTIFICATION_ALARM, outage, missing);
	/* what has come back but once, before the other, may have been silent for less */
	duration_text(
		nsec_earlier(target->max_latency, silence / NSEC_PER_SEC * NSEC_PER_SEC), span);
	span[strcspn(span, " ")] = '\0'; /* the original spells its `seconds` out */
	snprintf(text, sizeof text,
		"Flapjack Self Monitoring is Critical: haven't seen a test %s notification in the "
		"last %s seconds for %s, from %s at %s%s",
		kind_name(missing), span, target_name(target, name, sizeof name), target->host,
		clock_stamp(now, stamp, sizeof stamp), remarks);
	utf8_clean_line(text, notification->text, sizeof notification->text);
}

void notification_fault(struct notification *notification, const struct target *target,
	const struct outage *outage, enum kind missing, const char *fault, nsec now,
	const char *remarks)
{
	char text[4 * NOTIFICATION_TEXT], name[NOTIFICATION_TEXT], stamp[STAMP];

	notification_begin(notification, NOTIFICATION_ALARM, outage, missing);
	snprintf(text, sizeof text,
		"Flapjack Self Monitoring is Critical: %s for %s, from %s at %s%s", fault,
		target_name(target, name, sizeof name), target->host,
		clock_stamp(now, stamp, sizeof stamp), remarks);
	utf8_clean_line(text, notification->text, sizeof notification->text);
}

void notification_ok(struct notification *notification, const struct target *target,
	const struct outage *outage, enum kind missing, nsec span, nsec now)
{
	char text[2 * NOTIFICATION_TEXT], name[NOTIFICATION_TEXT], stamp[STAMP],
		length[DURATION_TEXT];
	nsec whole = span >= NSEC_PER_SEC ? span / NSEC_PER_SEC * NSEC_PER_SEC : span;

	notification_begin(notification, NOTIFICATION_OK, outage, missing);
	snprintf(text, sizeof text,
		"Flapjack Self Monitoring is OK (it was not for %s)%s%s, from %s at %s",
		duration_text(whole, length), target->watch != NULL ? " for " : "",
		target->watch != NULL ? target_name(target, name, sizeof name) : "", target->host,
		clock_stamp(now, stamp, sizeof stamp));
	utf8_clean_line(text, notification->text, sizeof notification->text);
}

void notification_removed(struct notification *notification, const struct target *target,
	const struct outage *outage, enum kind missing, nsec span, nsec now)
{
	char text[2 * NOTIFICATION_TEXT], name[NOTIFICATION_TEXT], stamp[STAMP],
		length[DURATION_TEXT];

	notification_begin(notification, NOTIFICATION_OK, outage, missing);
	snprintf(text, sizeof text,
		"Flapjack Self Monitoring of %s has ended: it is no longer watched (it was not OK "
		"for %s), from %s at %s",
		target_name(target, name, sizeof name),
		duration_text(span / NSEC_PER_SEC * NSEC_PER_SEC, length), target->host,
		clock_stamp(now, stamp, sizeof stamp));
	utf8_clean_line(text, notification->text, sizeof notification->text);
}

void notification_test(struct notification *notification, const struct target *target, nsec now)
{
	char key[2 * NOTIFICATION_KEY], text[NOTIFICATION_TEXT], stamp[STAMP];

	notification->kind = NOTIFICATION_TEST;
	notification->missing = KIND_NONE;
	since_write(now, notification->since);
	char of[WATCH_NAME_MAX + sizeof " (watch )"] = "";

	if (target->watch != NULL)
		snprintf(of, sizeof of, " (watch %s)", target->watch);
	snprintf(key, sizeof key, "TEST by oobetet on %s, %s%s", target->host, notification->since,
		of);
	utf8_clean_line(key, notification->key, sizeof notification->key);
	snprintf(text, sizeof text,
		"TEST by oobetet on %s at %s%s: nothing is wrong, this is how an alarm would come",
		target->host, clock_stamp(now, stamp, sizeof stamp), of);
	utf8_clean_line(text, notification->text, sizeof notification->text);
}

/* Appends an item to a list. False: there is no room for it and for what follows a cut list. */
static bool item_append(char *out, size_t size, const char *item, bool first)
{
	size_t used = strlen(out);
	int length = snprintf(out + used, size - used, "%s%s", first ? "" : ", ", item);

	if (first || (size_t)length + sizeof " and 64 more" <= size - used)
		return true;
	out[used] = '\0';
	return false;
}

/*
 * Their names, as many as there is room for: `"A" on X, "B" on Y and 3 more`; with `latency`, each
 * with its max_latency.
 */
static char *targets_list(
	const struct target *const targets[], int count, bool latency, char *out, size_t size)
{
	char name[NOTIFICATION_TEXT], item[NOTIFICATION_TEXT + DURATION_TEXT + 4],
		span[DURATION_TEXT];
	int i = 0;

	out[0] = '\0';
	for (; i < count; i++) {
		target_name(targets[i], name, sizeof name);
		if (latency)
			snprintf(item, sizeof item, "%s (%s)", name,
				duration_text(targets[i]->max_latency, span));
		if (!item_append(out, size, latency ? item : name, i == 0))
			break;
	}
	size_t used = strlen(out);
	if (i < count)
		snprintf(out + used, size - used, " and %d more", count - i);
	return out;
}

char *notification_greeting(const struct target *const targets[], int count, const char *began,
	nsec now, char *out, size_t size)
{
	char text[2 * NOTIFICATION_TEXT], names[NOTIFICATION_TEXT - 200], stamp[STAMP],
		span[DURATION_TEXT];
	int used = snprintf(text, sizeof text, "oobetet on %.64s, %s at %s: watching for ",
		targets[0]->host, began, clock_stamp(now, stamp, sizeof stamp));

	targets_list(targets, count, count > 1, names, sizeof names);
	if (count == 1)
		snprintf(text + used, sizeof text - (size_t)used,
			"%s, telling you after %s of silence", names,
			duration_text(targets[0]->max_latency, span));
	else
		snprintf(text + used, sizeof text - (size_t)used,
			"%d checks, telling you after so much silence of each: %s", count, names);
	return utf8_clean_line(text, out, size);
}

char *notification_absence(const struct target *const targets[], int count, nsec away,
	const char *why, char *out, size_t size)
{
	char text[2 * NOTIFICATION_TEXT], names[NOTIFICATION_TEXT - 200], span[DURATION_TEXT];

	snprintf(text, sizeof text,
		"oobetet on %.64s %s for %s and could not hear %s: that time is not counted as "
		"silence",
		targets[0]->host, why, duration_text(away / NSEC_PER_SEC * NSEC_PER_SEC, span),
		targets_list(targets, count, false, names, sizeof names));
	return utf8_clean_line(text, out, size);
}

char *notification_planned(const struct target *const targets[], int count, nsec until,
	const char *reason, char *out, size_t size)
{
	char text[2 * NOTIFICATION_TEXT], names[NOTIFICATION_TEXT - 400], stamp[STAMP];

	targets_list(targets, count, false, names, sizeof names);
	if (until > 0)
		snprintf(text, sizeof text,
			"oobetet on %.64s: planned work until %s (%.200s): no alarm for %s until "
			"then",
			targets[0]->host, clock_stamp(until, stamp, sizeof stamp), reason, names);
	else
		snprintf(text, sizeof text,
			"oobetet on %.64s: planned work is over (%.200s): alarms for %s are sent "
			"again",
			targets[0]->host, reason, names);
	return utf8_clean_line(text, out, size);
}

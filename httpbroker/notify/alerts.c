/* SPDX-License-Identifier: MIT */
#include "httpbroker/notify/alerts.h"

#include "common/buffer.h"
#include "common/memory.h"
#include "common/utf8_clean.h"
#include "httpbroker/checks/encode.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

#define WATCHDOG "HttpbrokerNotifyWatchdog"

enum { ANSWER_TEXT = 201 }; /* bytes of an answer that are logged, with a NUL */

/* By the state of an alert; HttpbrokerNotifyWatchdog is ok. */
static const char *const severities[] = {
	[STATE_WARNING] = "warning",
	[STATE_CRITICAL] = "critical",
	[STATE_UNKNOWN] = "critical", /* it may hide anything */
	[STATE_TEST_NOTIFICATIONS] = "info",
	[STATE_OK] = "none",
};

struct alert {
	UT_hash_handle hh;
	struct alert *prev, *next; /* in the order of send_at */
	nsec send_at;              /* monotonic */
	nsec forget_at;            /* monotonic; NSEC_NEVER while it fires */
	int64_t starts, ends;      /* seconds since the epoch; ends is 0 while it fires */
	char *summary;             /* owned, as the next; NULL: none */
	char *acknowledged;
	bool taken;   /* not in the list: it is being sent */
	char names[]; /* state, then names_join(); hh.keylen bytes, and a NUL */
};

static enum state state_of(const struct alert *alert)
{
	return (enum state)alert->names[0];
}

void alerts_drop(struct alerts *alerts, struct alert *alert)
{
	if (!alert->taken)
		DL_DELETE(alerts->list, alert);
	HASH_DEL(alerts->table, alert);
	free(alert->summary);
	free(alert->acknowledged);
	free(alert);
}

/* The alert of these names; it is added if `starts` is not 0 and there is none. */
static struct alert *alert_get(struct alerts *alerts, enum state state, struct text entity,
	struct text check, int64_t starts)
{
	struct buffer key = {NULL, 0, 0};
	struct alert *alert;

	buffer_append(&key, &(char){(char)state}, 1);
	names_join(&key, entity, check);
	HASH_FIND(hh, alerts->table, key.data, key.length, alert);
	if (alert == NULL && starts != 0) {
		alert = memory_zeroed(1, sizeof *alert + key.length + 1);
		memcpy(alert->names, key.data, key.length);
		alert->starts = starts;
		alert->forget_at = NSEC_NEVER;
		HASH_ADD_KEYPTR(hh, alerts->table, alert->names, key.length, alert);
		DL_PREPEND(alerts->list, alert);
	}
	buffer_free(&key);
	return alert;
}

void alerts_clear(struct alerts *alerts)
{
	struct alert *alert, *next;

	HASH_ITER(hh, alerts->table, alert, next)
		alerts_drop(alerts, alert);
	alerts->watchdog = NULL;
}

void alerts_begin(struct alerts *alerts, struct moment now)
{
	if (!alerts->settings->test)
		alerts->watchdog = alert_get(alerts, STATE_OK, text_literal(alerts->settings->name),
			text_literal(WATCHDOG), now.wall / NSEC_PER_SEC);
}

static void text_set(char **out, struct text text)
{
	free(*out);
	*out = text.length > 0 ? memory_printed("%.*s", (int)text.length, text.bytes) : NULL;
}

static bool fires(const struct alert *alert)
{
	return alert->ends == 0;
}

static void alert_take(struct alerts *alerts, struct alert *alert)
{
	if (!alert->taken)
		DL_DELETE(alerts->list, alert);
	alert->taken = true;
}

static struct alert *alert_fire(
	struct alerts *alerts, enum state state, const struct notification *notification)
{
	int64_t starts = notification->since > 0 ? notification->since : 1;
	struct alert *alert =
		alert_get(alerts, state, notification->entity, notification->check, starts);

	if (!fires(alert) || alert->starts != starts)
		text_set(&alert->acknowledged, (struct text){NULL, 0});
	alert->starts = starts;
	alert->ends = 0;
	alert->forget_at = NSEC_NEVER;
	text_set(&alert->summary, notification->summary);
	return alert;
}

void alerts_load(struct alerts *alerts, const struct notification *problem)
{
	alert_fire(alerts, problem->state, problem);
}

/*
 * Resolves the alerts of the check's other states, also one that an earlier process has sent. Those
 * that are resolved already are sent again: an attempt to send them may have failed.
 */
static size_t others_resolve(struct alerts *alerts, const struct notification *notification,
	struct moment now, struct alert **out)
{
	struct text entity = notification->entity, check = notification->check;
	size_t count = 0;

	for (enum state state = STATE_WARNING; state <= STATE_UNKNOWN; state++) {
		struct alert *alert = alert_get(alerts, state, entity, check, 0);

		if (state == notification->state)
			continue;
		if (alert == NULL && state == notification->previous)
			alert = alert_fire(alerts, state, notification);
		if (alert == NULL)
			continue;
		if (fires(alert)) {
			alert->ends = now.wall / NSEC_PER_SEC;
			alert->forget_at = now.monotonic + ALERTS_RESOLVED;
		}
		out[count++] = alert;
	}
	return count;
}

/* Of the problem that lasts. */
static size_t acknowledge(
	struct alerts *alerts, const struct notification *notification, struct alert **out)
{
	struct alert *alert = alert_get(
		alerts, notification->state, notification->entity, notification->check, 0);

	if (alert == NULL || !fires(alert))
		return 0;
	text_set(&alert->acknowledged, notification->summary.length > 0
					       ? notification->summary
					       : text_literal("acknowledged"));
	out[0] = alert;
	return 1;
}

size_t alerts_apply(struct alerts *alerts, const struct notification *notification,
	struct moment now, struct alert *out[ALERTS_PER_CHECK])
{
	bool test = notification->kind == NOTIFICATION_TEST;
	enum state state = test ? STATE_TEST_NOTIFICATIONS : notification->state;
	size_t count = 0;

	if (notification->kind == NOTIFICATION_ACKNOWLEDGEMENT)
		count = acknowledge(alerts, notification, out);
	else if (!test)
		count = others_resolve(alerts, notification, now, out);
	if (notification->kind == NOTIFICATION_PROBLEM || test)
		out[count++] = alert_fire(alerts, state, notification);
	for (size_t i = 0; i < count; i++)
		alert_take(alerts, out[i]);
	return count;
}

struct alert *alerts_due(struct alerts *alerts, nsec now)
{
	struct alert *alert;

	while ((alert = alerts->list) != NULL && alert->send_at <= now) {
		if (now < alert->forget_at) {
			alert_take(alerts, alert);
			return alert;
		}
		alerts_drop(alerts, alert);
	}
	return NULL;
}

nsec alerts_deadline(const struct alerts *alerts)
{
	return alerts->list != NULL ? alerts->list->send_at : NSEC_NEVER;
}

void alerts_sent(struct alerts *alerts, struct alert *alert, nsec now)
{
	if (state_of(alert) == STATE_TEST_NOTIFICATIONS) {
		alerts_drop(alerts, alert);
		return;
	}
	alert->send_at = now + alerts->settings->timeout / ALERTS_INTERVALS;
	alert->taken = false;
	DL_APPEND(alerts->list, alert);
}

void alerts_again(struct alerts *alerts, struct alert *alert)
{
	alert->send_at = 0;
	alert->taken = false;
	DL_PREPEND(alerts->list, alert);
}

/* ---- JSON ---- */

static json_t *labels_make(const struct alerts *alerts, const struct alert *alert)
{
	enum state state = state_of(alert);
	struct text entity = {NULL, 0}, check = entity;

	names_split((struct text){alert->names + 1, alert->hh.keylen - 1}, &entity, &check);
	json_t *labels =
		json_pack("{s:s%, s:s%, s:s, s:s, s:s}", "alertname", check.bytes, check.length,
			"instance", entity.bytes, entity.length, "severity", severities[state],
			"state", state == STATE_TEST_NOTIFICATIONS ? "test" : state_name(state),
			"via", "httpbroker-notify");

	json_object_update(labels, alerts->settings->labels);
	return labels;
}

static int64_t earlier(int64_t one, int64_t other)
{
	return one < other ? one : other;
}

void alert_encode(
	const struct alerts *alerts, const struct alert *alert, int64_t now, struct buffer *out)
{
	char starts[NOTIFICATION_STAMP], ends[NOTIFICATION_STAMP];
	int64_t end = fires(alert) ? now + alerts->settings->timeout / NSEC_PER_SEC
				   : earlier(alert->ends, now);
	const char *summary = alert == alerts->watchdog
				      ? "httpbroker-notify works; it has stopped if this alert ends"
				      : alert->summary;

	jsontext_append(
		out, json_pack("{s:o, s:{s:s*, s:s*}, s:s, s:s}", "labels",
			     labels_make(alerts, alert), "annotations", "summary", summary,
			     "acknowledged", alert->acknowledged, "startsAt",
			     notification_stamp(earlier(alert->starts, earlier(end, now)), starts),
			     "endsAt", notification_stamp(end, ends)));
}

/* ---- answers ---- */

/* One clean line of an answer: a JSON string, the message of an object, or the text as it is. */
static void answer_clean(const char *body, size_t length, char out[ANSWER_TEXT])
{
	json_t *document = json_loadb(body, length, JSON_DECODE_ANY, NULL);
	const json_t *text =
		json_is_object(document) ? json_object_get(document, "message") : document;

	if (json_is_string(text)) {
		body = json_string_value(text);
		length = json_string_length(text);
	}
	utf8_clean_copy(out, ANSWER_TEXT, body, length, UTF8_ONE_LINE);
	json_decref(document);
}

/* Of a proxy, such as its log-in: Alertmanager's answer to alerts that it takes is empty. */
static bool is_page(const char *body, size_t length)
{
	size_t blanks = 0;

	while (blanks < length && isspace((unsigned char)body[blanks]))
		blanks++;
	return blanks < length && body[blanks] == '<';
}

enum alerts_answer alerts_answer_read(
	long status, const char *body, size_t length, struct reason *why)
{
	char text[ANSWER_TEXT];

	if (status >= 200 && status < 300) {
		if (!is_page(body, length))
			return ALERTS_ACCEPTED;
		reason_set(why, "it answers %ld with a page: it is no Alertmanager", status);
		return ALERTS_AWAY;
	}
	answer_clean(body, length, text);
	reason_set(why, "it answers %ld%s%s", status, text[0] != '\0' ? ": " : "", text);
	return status == 400 || status == 413 || status == 422 ? ALERTS_REFUSED : ALERTS_AWAY;
}

char *alert_label_name(const char *name)
{
	char *copy = memory_printed(
		"%s%s", isdigit((unsigned char)name[0]) || name[0] == '\0' ? "_" : "", name);

	for (char *at = copy; *at != '\0'; at++)
		if (*at != '_' && ((unsigned char)*at >= 0x80 || !isalnum((unsigned char)*at)))
			*at = '_';
	return copy;
}

bool alert_label_is_ours(const char *name)
{
	static const char *const ours[] = {"alertname", "instance", "severity", "state", "via"};

	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		if (strcmp(name, ours[i]) == 0)
			return true;
	return false;
}

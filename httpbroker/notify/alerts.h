/* SPDX-License-Identifier: MIT */
/*
 * The alerts that one Alertmanager has of us, by the client's contract
 * (prometheus.io/docs/alerting/latest/alerts_api): an alert is identified by its labels, and is
 * sent again at each interval, a third of its timeout, with an end that is one timeout ahead; if it
 * is resolved, for ALERTS_RESOLVED more, with the end that it had. None begins, and none that is
 * resolved ends, in the future, even if the clock was set back. Pure.
 *
 * The labels are alertname (the check), instance (the entity), severity, state, via, and those of
 * the settings. A check whose state changes has other labels: then the old alert is resolved, and
 * the new one begins when the problem did.
 *
 * One more alert, HttpbrokerNotifyWatchdog, always fires: its absence shows that this program has
 * stopped.
 */
#ifndef HTTPBROKER_NOTIFY_ALERTS_H
#define HTTPBROKER_NOTIFY_ALERTS_H

#include "common/clocks.h"
#include "common/reason.h"
#include "httpbroker/notify/notification.h"

#include <stdbool.h>

enum {
	ALERTS_MAX = 1000,    /* in a request */
	ALERTS_PER_CHECK = 3, /* at most, of one notification */
	LABELS_MAX = 32,
};

#define ALERTS_RESOLVED (900 * NSEC_PER_SEC)
#define ALERTS_INTERVALS 3 /* in a timeout */

struct alerts_settings {
	nsec timeout;
	json_t *labels;   /* of each alert; names as alert_label_name() makes them; NULL: none */
	const char *name; /* the instance of HttpbrokerNotifyWatchdog */
	bool test;        /* that alert is not sent */
};

struct alert; /* opaque; lives until alerts_sent(), alerts_drop() or alerts_clear() */

/* {.settings} is empty; the rest is alerts.c's, and may be read. */
struct alerts {
	const struct alerts_settings *settings; /* not owned */
	struct alert *table;
	struct alert *list;     /* those that are not taken, in the order in which they are due */
	struct alert *watchdog; /* HttpbrokerNotifyWatchdog, always valid; NULL in a test */
};

/* Forgets all. Then, to begin: HttpbrokerNotifyWatchdog is due. */
void alerts_clear(struct alerts *alerts);
void alerts_begin(struct alerts *alerts, struct moment now);

/* A problem that lasts; it is due. */
void alerts_load(struct alerts *alerts, const struct notification *problem);

/*
 * Applies a notification. Writes the alerts that tell of it to `out`; they must be sent in this
 * order. Returns how many; 0: an acknowledgement of what is no problem.
 */
size_t alerts_apply(struct alerts *alerts, const struct notification *notification,
	struct moment now, struct alert *out[ALERTS_PER_CHECK]);

/*
 * Takes an alert that is due; NULL: none is. It comes again an interval after alerts_sent(), or at
 * once after alerts_again().
 */
struct alert *alerts_due(struct alerts *alerts, nsec now);
nsec alerts_deadline(const struct alerts *alerts);

/* Alertmanager has it; it is to be sent again; it is never to be sent again. */
void alerts_sent(struct alerts *alerts, struct alert *alert, nsec now);
void alerts_again(struct alerts *alerts, struct alert *alert);
void alerts_drop(struct alerts *alerts, struct alert *alert);

/* Appends the alert as JSON; `now` in seconds since the epoch. */
void alert_encode(
	const struct alerts *alerts, const struct alert *alert, int64_t now, struct buffer *out);

enum alerts_answer {
	ALERTS_ACCEPTED,
	ALERTS_REFUSED, /* one of the alerts at least is not valid; why */
	ALERTS_AWAY,    /* try again later; why */
};

/* What Alertmanager's answer to a request means. The body may be anything. */
enum alerts_answer alerts_answer_read(
	long status, const char *body, size_t length, struct reason *why);

/* A copy, made valid: what is no letter, digit or `_` becomes `_`; not empty. */
char *alert_label_name(const char *name);

/* Whether the program sets this label itself. */
bool alert_label_is_ours(const char *name);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The channels that deliver the notifications of one watch: each alert room, PagerDuty and the
 * alert_command. Each has its own queue and none waits for another. The workers and the command do
 * the sending.
 */
#ifndef OOBETET_CHANNEL_CHANNELS_H
#define OOBETET_CHANNEL_CHANNELS_H

#include "common/buffer.h"
#include "oobetet/channel/command.h"
#include "oobetet/channel/notification.h"
#include "oobetet/channel/queue.h"
#include "oobetet/config/config.h"
#include "oobetet/watch/readings.h"
#include "oobetet/worker.h"

#define CHANNEL_NAME_PAGERDUTY "PagerDuty"

struct channels;

/*
 * All are closed, except the command. `config` and `target` stay the caller's and valid; `seed` is
 * a random number, not that of another watch: the ids of attempts follow from it. Free with
 * channels_free().
 */
struct channels *channels_new(const struct watch_config *config, const struct target *target,
	const struct timing *timing, uint64_t seed);
void channels_free(struct channels *channels);

/* Queues a copy on every channel; if not `loud`, only on those that do not disturb people. */
void channels_put(struct channels *channels, const struct notification *notification, bool loud);

/*
 * Opens or closes the channels of a type; of the rooms, the one of that name (NULL: all). Unknown
 * names are ignored.
 */
void channels_open(struct channels *channels, enum channel_type type, const char *name);
void channels_close(
	struct channels *channels, enum channel_type type, const char *name, const char *why);

/*
 * Reports the outcome of the attempt `id`, which only a channel of this type can have made. `why`
 * is ignored for ANSWER_DONE.
 */
void channels_answer(struct channels *channels, enum channel_type type, const char *id,
	enum answer answer, const char *why, nsec now);

/*
 * Sends what is due. `command` is the watch's; NULL: it has none. `readings` go to PagerDuty as
 * they are now, as details of an alarm.
 */
void channels_send(struct channels *channels, const struct workers *by, struct command *command,
	const struct readings *readings, nsec now);
nsec channels_deadline(const struct channels *channels);

/* Appends the failures of the open channels, as remarks to an alarm (notification.h). */
void channels_remark(const struct channels *channels, struct buffer *remarks);

/* True if every channel is closed, failing, or has unanswered notifications. */
bool channels_all_fail(const struct channels *channels);

/*
 * A first attempt waits until the state file holds it (`recorded` has reached what
 * channels_intents() was then), but half a second at most: a hanging disk stops no alarm.
 */
uint64_t channels_intents(const struct channels *channels);
void channels_recorded(struct channels *channels, uint64_t recorded); /* UINT64_MAX: no file */

/* What a restart must know of each channel: an array of channels_count(), for free(3). */
struct channel_saved {
	char name[NOTIFICATION_TEXT]; /* the room, or the channel's name */
	struct queue_saved queue;
};
struct channel_saved *channels_remember(const struct channels *channels);
void channels_resume(struct channels *channels, const struct channel_saved *saved, int count);

/*
 * After a reload: takes over what `before` has to deliver, and what it has counted. PagerDuty's
 * queue begins anew unless it is the `same_service`.
 */
void channels_carry(struct channels *channels, const struct channels *before, bool same_service);

/* How many notifications are not delivered. */
int channels_pending(const struct channels *channels);

#define CHANNEL_WHY 300 /* bytes of a reason */

/* How far one channel got, for --test-alert. */
struct channel_status {
	const char *name;
	enum channel_type type;
	bool delivered;             /* the last attempt was answered */
	int pending;                /* notifications in the queue */
	int failures;               /* closed, or without an answer, since it opened last */
	bool rejected;              /* an attempt was answered with a failure */
	int64_t deliveries, failed; /* attempts so far, by their answers; no answer is a failure */
	const char *why;            /* why it is closed or failing; "": it works */
};

int channels_count(const struct channels *channels);
struct channel_status channels_status(const struct channels *channels, int index);

#endif

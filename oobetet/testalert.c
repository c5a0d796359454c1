/* SPDX-License-Identifier: MIT */
/* --test-alert: sends a notification on every channel and reports which of them arrived. */
#include "oobetet/monitor.h"

#include "common/log.h"
#include "common/memory.h"
#include "common/signals.h"
#include "common/utf8_clean.h"

#include <stdio.h>
#include <stdlib.h>

#define FAILURES 4 /* then a channel has failed: three nicks may be taken before */

struct test_alert {
	struct monitor monitor;
	struct {
		struct notification test;
		bool opened; /* PagerDuty accepted the trigger, and the resolve was queued */
	} watch[WATCHES_MAX];
};

static nsec limit_of(const struct test_alert *alert)
{
	nsec login = alert->monitor.timing.login + 2 * alert->monitor.timing.request;
	nsec command = 0;

	for (int i = 0; i < alert->monitor.watches.count; i++)
		if (alert->monitor.watches.each[i]->command != NULL)
			command = COMMAND_LIMIT + NSEC_PER_SEC;
	return clock_monotonic() + (login > command ? login : command);
}

static struct channels *channels_of(const struct test_alert *alert, int watch)
{
	return alert->monitor.watches.each[watch]->channels;
}

/* PagerDuty's incident is resolved as soon as it is open. */
static void incident_resolve(
	struct test_alert *alert, int watch, const struct channel_status *status)
{
	struct notification end = alert->watch[watch].test;

	if (alert->watch[watch].opened || status->type != CHANNEL_PAGERDUTY || !status->delivered)
		return;
	end.kind = NOTIFICATION_OK;
	alert->watch[watch].opened = true;
	channels_put(channels_of(alert, watch), &end, false); /* PagerDuty's queue only */
}

static bool watch_is_over(struct test_alert *alert, int watch)
{
	const struct channels *channels = channels_of(alert, watch);
	bool over = true;

	for (int i = 0; i < channels_count(channels); i++) {
		struct channel_status status = channels_status(channels, i);

		incident_resolve(alert, watch, &status);
		status = channels_status(channels, i);
		over = over &&
		       (status.pending == 0 || status.rejected || status.failures >= FAILURES);
	}
	return over;
}

/* False: a channel has neither succeeded nor failed. */
static bool is_over(struct test_alert *alert)
{
	bool over = true;

	for (int i = 0; i < alert->monitor.watches.count; i++)
		over = watch_is_over(alert, i) && over;
	return over;
}

/* Prints the line of one channel; true: the test has arrived. */
static bool channel_report(const struct test_alert *alert, int watch, int index, bool create_rooms)
{
	const char *label = alert->monitor.watches.each[watch]->config->label;
	struct channel_status status = channels_status(channels_of(alert, watch), index);
	bool arrived = status.delivered && status.pending == 0;
	int room =
		status.type == CHANNEL_ROOM ? rooms_index(alert->monitor.rooms, status.name) : -1;
	char why[CHANNEL_WHY];

	utf8_clean_line(status.why[0] != '\0' ? status.why : "no answer in time", why, sizeof why);
	if (!create_rooms && room >= 0 && rooms_was_created(alert->monitor.rooms, room)) {
		arrived = false;
		snprintf(why, sizeof why, "the room did not exist; it was created");
	}
	printf("%s%s: %s%s\n", label, status.name,
		arrived ? "arrived" : "did not arrive: ", arrived ? "" : why);
	if (status.type == CHANNEL_PAGERDUTY && alert->watch[watch].opened && !arrived)
		log_warning(
			"%sPagerDuty: the test's incident is perhaps still open (\"%s\"): resolve "
			"it there",
			label, alert->watch[watch].test.key);
	return arrived;
}

static bool alert_report(const struct test_alert *alert, bool create_rooms)
{
	const struct rooms *rooms = alert->monitor.rooms;
	bool all = true;

	for (int watch = 0; watch < alert->monitor.watches.count; watch++)
		for (int i = 0; i < channels_count(channels_of(alert, watch)); i++)
			all = channel_report(alert, watch, i, create_rooms) && all;
	for (int i = 0; i < rooms_count(rooms); i++)
		all = all && (create_rooms || !rooms_was_created(rooms, i));
	return all;
}

bool test_alert_run(struct config *config, const struct selfexec *selfexec, bool create_rooms)
{
	struct test_alert *alert = memory_zeroed(1, sizeof *alert);
	struct monitor *monitor = &alert->monitor;
	nsec now;

	signals_catch((const int[]){SIGTERM, SIGINT, SIGCHLD}, 3);
	monitor_begin(monitor, config, selfexec, true);
	for (int i = 0; i < monitor->watches.count; i++) {
		struct notification *test = &alert->watch[i].test;

		notification_test(test, &monitor->watches.each[i]->target, clock_wall());
		channels_put(channels_of(alert, i), test, true);
	}
	nsec limit = limit_of(alert);
	while (!signals_say_stop() && (now = clock_monotonic()) < limit && !is_over(alert)) {
		monitor_turn(monitor);
		if (!is_over(alert))
			monitor_wait(monitor, nsec_earlier(limit, monitor_deadline(monitor, now)));
	}
	bool all = alert_report(alert, create_rooms);
	monitor_leave(monitor);
	monitor_end(monitor);
	free(alert);
	return all;
}

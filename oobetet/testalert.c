/* SPDX-License-Identifier: MIT */
#include "oobetet/monitor.h"

#include "common/log.h"
#include "common/signals.h"
#include "common/utf8.h"

#include <stdio.h>

#define FAILURES 4 /* then a channel has failed: three nicks may be taken before */

struct test_alert {
	struct monitor monitor;
	struct notification test;
	bool opened; /* PagerDuty accepted the trigger, and the resolve was queued */
};

static nsec limit_of(const struct test_alert *alert)
{
	nsec login = alert->monitor.timing.login + 2 * alert->monitor.timing.request;
	nsec command =
		alert->monitor.config->alert_command != NULL ? COMMAND_LIMIT + NSEC_PER_SEC : 0;

	return clock_monotonic() + (login > command ? login : command);
}

/* PagerDuty's incident is resolved as soon as it is open. */
static void incident_resolve(struct test_alert *alert, const struct channel_status *status)
{
	struct notification end = alert->test;

	if (alert->opened || status->type != CHANNEL_PAGERDUTY || !status->delivered)
		return;
	end.kind = NOTIFICATION_OK;
	alert->opened = true;
	channels_put(alert->monitor.channels, &end, false); /* PagerDuty's queue only */
}

/* False: a channel has neither succeeded nor failed. */
static bool is_over(struct test_alert *alert)
{
	bool over = true;

	for (int i = 0; i < channels_count(alert->monitor.channels); i++) {
		struct channel_status status = channels_status(alert->monitor.channels, i);

		incident_resolve(alert, &status);
		status = channels_status(alert->monitor.channels, i);
		over = over &&
		       (status.pending == 0 || status.rejected || status.failures >= FAILURES);
	}
	return over;
}

static bool room_is_new(const struct test_alert *alert, const char *name)
{
	int room = rooms_index(alert->monitor.rooms, name);

	return room >= 0 && rooms_was_created(alert->monitor.rooms, room);
}

/* Prints the line of one channel; true: the test has arrived. */
static bool channel_report(const struct test_alert *alert, int index, bool create_rooms)
{
	struct channel_status status = channels_status(alert->monitor.channels, index);
	bool arrived = status.delivered && status.pending == 0;
	char why[CHANNEL_WHY];

	utf8_clean_line(status.why[0] != '\0' ? status.why : "no answer in time", why, sizeof why);
	if (status.type == CHANNEL_ROOM && !create_rooms && room_is_new(alert, status.name)) {
		arrived = false;
		snprintf(why, sizeof why, "the room did not exist; it was created");
	}
	printf("%s: %s%s\n", status.name,
		arrived ? "arrived" : "did not arrive: ", arrived ? "" : why);
	if (status.type == CHANNEL_PAGERDUTY && alert->opened && !arrived)
		log_warning(
			"PagerDuty: the test's incident is perhaps still open (\"%s\"): resolve "
			"it there",
			alert->test.key);
	return arrived;
}

static bool alert_report(const struct test_alert *alert, bool create_rooms)
{
	const struct rooms *rooms = alert->monitor.rooms;
	bool all = true;

	for (int i = 0; i < channels_count(alert->monitor.channels); i++)
		all = channel_report(alert, i, create_rooms) && all;
	for (int i = 0; i < rooms_count(rooms); i++)
		all = all && (create_rooms || !rooms_was_created(rooms, i));
	return all;
}

bool test_alert_run(const struct config *config, const struct selfexec *selfexec, bool create_rooms)
{
	struct config quiet = *config; /* the rooms get the test, and no greeting */
	struct test_alert alert = {.opened = false};
	struct monitor *monitor = &alert.monitor;
	nsec now;

	quiet.greeting = false;
	signals_catch((const int[]){SIGTERM, SIGINT, SIGCHLD}, 3);
	monitor_begin(monitor, &quiet, selfexec, true);
	notification_test(&alert.test, &monitor->target, clock_wall());
	channels_put(monitor->channels, &alert.test, true);
	nsec limit = limit_of(&alert);
	while (!signals_say_stop() && (now = clock_monotonic()) < limit && !is_over(&alert)) {
		monitor_turn(monitor);
		if (!is_over(&alert))
			monitor_wait(monitor, nsec_earlier(limit, monitor_deadline(monitor, now)));
	}
	bool all = alert_report(&alert, create_rooms);
	monitor_leave(monitor);
	monitor_end(monitor);
	return all;
}

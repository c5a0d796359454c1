/* SPDX-License-Identifier: MIT */
/* What a reload leaves of open incidents; made-up time, and no worker runs. */
#include "t/unit/unit.h"

#include "common/log.h"
#include "oobetet/monitor.h"
#include "t/unit/oobetet-config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SEC NSEC_PER_SEC

#define ACCOUNT "jabberid = o@x\npassword = secret\nrooms = ops@x\nmax_latency = 1m\n"
#define ONE "[watch one]\nwatched_check = A\n"
#define TWO "[watch two]\nwatched_check = B\nrooms = two@x\n"
#define FIRST "pagerduty_contact = 0123456789abcdefABCDEF0123456789\n"
#define SECOND "pagerduty_contact = 99999999999999999999999999999999\n"
#define THIRD "pagerduty_contact = 88888888888888888888888888888888\n"

static struct monitor monitor;
static struct timestamps now;
static FILE *logged;

/* The kernel accepts any bytes. */
int gethostname(char *name, size_t size)
{
	snprintf(name, size, "%s", "h\xff\tst\x1b[31m");
	return 0;
}

static void begin(const char *text)
{
	monitor_begin(&monitor, config_of(text), NULL, false);
	now = timestamps_at(&monitor, clock_monotonic());
}

static void end(void)
{
	struct config *config = monitor.config;

	monitor_end(&monitor);
	config_free(config);
}

static void pass(nsec span)
{
	now.active_time += span;
	now.monotonic += span;
	now.boot += span;
	now.wall += span;
}

/* Each has an incident, whose alarm was given to PagerDuty. */
static void incidents_begin(void)
{
	const struct workers none = {.xmpp = NULL};

	pass(120 * SEC);
	watches_open(&monitor.watches, CHANNEL_PAGERDUTY, NULL);
	for (int i = 0; i < monitor.watches.count; i++)
		incident_report(monitor.watches.each[i], monitor.rooms, &now);
	watches_send(&monitor.watches, &none, now.monotonic);
}

static void reloaded(const char *text)
{
	reload_apply(&monitor, config_of(text), &now);
}

static bool log_has(const char *text)
{
	char line[4096];
	bool found = false;

	rewind(logged);
	while (fgets(line, sizeof line, logged) != NULL)
		found = found || strstr(line, text) != NULL;
	return found;
}

static void take(void *user, int watch, const char *key, const char *value)
{
	struct reason why;

	if (!config_take(user, watch, key, value, &why))
		fail_msg("%s", why.text);
}

/* How many watches such a worker gets, which takes them one after the other. */
static int watches_of(unsigned worker)
{
	struct config *config = config_new();

	config_hand_over(monitor.config, worker, take, config);
	int count = config->watch_count;
	config_free(config);
	return count;
}

static void the_end_of_a_removed_watch_waits_five_minutes(void **state)
{
	(void)state;
	begin(ACCOUNT FIRST ONE TWO);
	incidents_begin();
	reloaded(ACCOUNT FIRST ONE);
	assert_int_equal(monitor.watches.count, 1);
	assert_int_equal(monitor.watches.ending, 1);
	assert_int_equal(channels_pending(monitor.watches.each[1]->channels), 3);
	assert_int_equal(monitor.config->rooms.count, 2); /* its room is not left yet */
	assert_int_equal(watches_of(CONFIG_XMPP), 2);
	assert_int_equal(watches_of(CONFIG_PROBE), 1);
	pass(299 * SEC);
	reload_tick(&monitor, &now);
	assert_int_equal(monitor.watches.ending, 1);
	assert_false(log_has("not delivered: "));
	/* another reload does not begin these minutes anew */
	reloaded(ACCOUNT FIRST "repeat_interval = 2m\n" ONE);
	assert_int_equal(monitor.watches.ending, 1);
	pass(SEC);
	reload_tick(&monitor, &now);
	assert_int_equal(monitor.watches.ending, 0);
	assert_int_equal(monitor.config->watch_count, 1);
	assert_int_equal(monitor.config->rooms.count, 1);
	assert_true(log_has("watch two: no longer configured; notifications not delivered: 3, the "
			    "time for that is over; the key of its incident: Flapjack Self "
			    "Monitoring from "));
	end();
}

static void an_incident_ends_at_each_service_that_has_it(void **state)
{
	(void)state;
	begin(ACCOUNT FIRST ONE TWO);
	incidents_begin();
	reloaded(ACCOUNT SECOND ONE TWO);
	assert_int_equal(monitor.watches.ending, 2);
	/* of each watch: room and service have the alarm to deliver; the service before the one
	 * that has no answer yet, and its end */
	for (int i = 0; i < 4; i++)
		assert_int_equal(channels_pending(monitor.watches.each[i]->channels), 2);
	incidents_begin();
	/* one changes again, the other is removed: it is told first, for the rooms as well */
	reloaded(ACCOUNT THIRD ONE);
	assert_int_equal(monitor.watches.ending, 4);
	assert_string_equal(monitor.watches.each[1]->config->label, "watch two: ");
	assert_string_equal(monitor.watches.each[1]->config->pagerduty_contact,
		"99999999999999999999999999999999");
	assert_int_equal(watches_of(CONFIG_HTTP), 5);
	assert_int_equal(watches_of(CONFIG_XMPP), 2);
	assert_int_equal(watches_of(CONFIG_PROBE), 1);
	for (int i = 0; i < 5; i++)
		assert_ptr_equal(monitor.watches.each[i]->config, monitor.config->watch[i]);
	pass(300 * SEC);
	reload_tick(&monitor, &now);
	assert_int_equal(monitor.watches.ending, 0);
	assert_int_equal(monitor.config->watch_count, 1);
	assert_true(
		log_has("watch one: the incident could not be resolved at the PagerDuty service "
			"that was configured before, the time for that is over; resolve it "
			"there: Flapjack Self Monitoring from "));
	end();
}

static void a_service_that_knows_of_no_incident_is_not_told(void **state)
{
	(void)state;
	begin(ACCOUNT FIRST ONE);
	reloaded(ACCOUNT SECOND ONE);
	assert_int_equal(monitor.watches.ending, 0);
	assert_int_equal(channels_pending(monitor.watches.each[0]->channels), 0);
	end();
}

/* As many watches as there may be, after these lines. */
static void all_watches(const char *lines, struct buffer *text)
{
	buffer_clear(text);
	buffer_append_text(text, lines);
	for (int i = 0; i < WATCHES_MAX; i++)
		buffer_printf(text, "[watch w%d]\nwatched_check = %d\n", i, i);
}

static void without_room_for_an_incident_its_place_is_logged(void **state)
{
	struct buffer text = {NULL, 0, 0};

	(void)state;
	all_watches(ACCOUNT FIRST, &text);
	begin(text.data);
	incidents_begin();
	all_watches(ACCOUNT SECOND, &text);
	reloaded(text.data);
	assert_int_equal(monitor.watches.count, WATCHES_MAX);
	assert_int_equal(monitor.watches.ending, 0);
	assert_true(
		log_has("watch w63: the incident could not be resolved at the PagerDuty service "
			"that was configured before, there are too many watches; resolve it "
			"there: Flapjack Self Monitoring from "));
	assert_false(log_has("no longer configured"));
	reloaded(ACCOUNT FIRST ONE);
	assert_true(log_has("watch w63: no longer configured; notifications not delivered: "));
	buffer_free(&text);
	end();
}

/* It is a part of JSON, of XML and of the log: each would be refused, or changed. */
static void the_name_of_the_host_is_clean_text(void **state)
{
	(void)state;
	begin(ACCOUNT ONE);
	assert_string_equal(monitor.host, "h\xef\xbf\xbd st");
	end();
}

static int log_begin(void **state)
{
	(void)state;
	logged = tmpfile();
	return logged == NULL || dup2(fileno(logged), STDERR_FILENO) < 0 ? -1 : 0;
}

static int log_end(void **state)
{
	(void)state;
	return fclose(logged);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name_of_the_host_is_clean_text),
		cmocka_unit_test_setup_teardown(
			the_end_of_a_removed_watch_waits_five_minutes, log_begin, log_end),
		cmocka_unit_test_setup_teardown(
			an_incident_ends_at_each_service_that_has_it, log_begin, log_end),
		cmocka_unit_test_setup_teardown(
			a_service_that_knows_of_no_incident_is_not_told, log_begin, log_end),
		cmocka_unit_test_setup_teardown(
			without_room_for_an_incident_its_place_is_logged, log_begin, log_end),
	};

	log_open("test");
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * A million hours of simulated time, from a message in the room to the receivers of notifications:
 * match, watch, incidents, channels with their queues, and the state file, as in the monitor; the
 * workers, the command and the disk are simulated. Channels fail, stop responding, refuse and
 * close; responses get lost; the disk is slow; the wall clock is set; oobetet is stopped,
 * suspended, restarted, and killed.
 *
 * Compared with the reference model (oobetet-model.h): a channel that works gets every incident
 * within a second, its repeats at their interval, and its end once. A room that opens gets the
 * current state at once, and nothing else. On any channel each incident that was opened is closed,
 * and no incident is opened before the last one is closed, nor again after its end. Once all
 * channels work, their last notification is the current state.
 *
 * SEED=N in the environment repeats a run.
 */
#include "t/unit/unit.h"

#include "common/memory.h"
#include "oobetet/channel/incident.h"
#include "oobetet/state/snapshot.h"
#include "oobetet/watch/activetime.h"
#include "t/unit/oobetet-model.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MINUTE (60 * NSEC_PER_SEC)
#define HOUR (60 * MINUTE)
#define YEAR (8766 * HOUR)
#define HOURS 1000000
#define MAX_LATENCY (10 * HOUR)
#define TICK (2 * HOUR)
#define AT_ONCE NSEC_PER_SEC /* an alarm must be sent within this time */
#define EARLY MINUTE         /* so soon after an end the OK may still be in transit */
#define BACK (6 * HOUR)      /* after this a channel has recovered from a fault */
#define ADVANCE (NSEC_PER_SEC / 4)
#define ENDED 64 /* incidents remembered as ended */

enum fault { NO_FAULT, FAILING, SILENT, REFUSING, CLOSED };
enum { ROOM, OTHER_ROOM, PAGERDUTY, COMMAND, CHANNELS };

/* A channel, its fault, and what its receiver got. */
struct receiver {
	enum fault fault;
	nsec changed; /* world.time of the last change */
	/* the current attempt */
	char id[COMMAND_ID];
	enum answer answer;
	nsec answered; /* world.time; NSEC_NEVER: no response */
	/* what was delivered */
	bool alarmed;    /* the last notification is an alarm */
	bool steady;     /* no fault since before the incident began */
	int alarms, oks; /* since the model's newest incident began */
	nsec repeated;   /* the last of these alarms, of the model's clock */
	long arrivals;   /* all so far */
};

/* Incidents as PagerDuty keeps them. */
struct incidents {
	char open[NOTIFICATION_KEY]; /* "": none */
	char ended[ENDED][NOTIFICATION_KEY];
	long opens, ends;
};

/* A state file, written or being written, and the model at that time. */
struct file {
	char *text; /* owned; NULL: nothing */
	struct model model;
	bool edge; /* a limit is just over: watch and model may differ */
};

static struct world {
	nsec time; /* never set back or stopped */
	nsec monotonic, boot, wall;
	struct active_time active_time;
	struct watch *watch;
	struct rooms *rooms;
	struct channels *channels;
	struct notifier notifier;
	struct snapshot snapshot;
	struct file disk, writing;
	nsec written; /* world.time when `writing` will be on the disk */
	bool slow;    /* the disk, since the last restart */
	bool stopping;
	struct receiver receivers[CHANNELS];
	struct incidents incidents;
	struct model model;
	nsec ended; /* when an incident ended last */
	long known;  /* the model's incidents so far */
	long kills, alarms_in_time, repeats, reopened;
} world;

static char room[] = "ops@conference", other_room[] = "boss@conference";
static char *all_rooms[] = {room, other_room};
static const char *const names[] = {room, other_room};
static const struct config config = {.rooms = {all_rooms, 2},
	.watch_rooms = {all_rooms, 1},
	.alert_rooms = {all_rooms, 2},
	.pagerduty_contact = "key",
	.alert_command = "true"};
static struct target target = {"vm", "Flapper", "web-01", MAX_LATENCY, NULL};
static const struct match match = {.check = "Flapper", .entity = "web-01"};
static const struct timing timing = {
	.answer = MINUTE, .request = MINUTE, .retry_min = MINUTE, .retry_max = 4 * HOUR};
static const struct watch_rules rules = {.max_latency = MAX_LATENCY,
	.repeat_interval = 4 * HOUR,
	.repeat_max = 12 * HOUR,
	.awaited = {[KIND_PROBLEM] = true, [KIND_RECOVERY] = true}};

static nsec below(nsec limit)
{
	return (nsec)(drand48() * (double)limit);
}

static bool happens(double probability)
{
	return drand48() < probability;
}

/* ---- receivers ---- */

/* This incident cannot be checked on that channel. */
static void disturb(struct receiver *receiver)
{
	receiver->steady = false;
	receiver->changed = world.time;
}

static bool is_ended(const char *key)
{
	for (int i = 0; i < ENDED; i++)
		if (strcmp(world.incidents.ended[i], key) == 0)
			return true;
	return false;
}

static void incident_open(const char *key)
{
	struct incidents *incidents = &world.incidents;

	assert_false(is_ended(key));
	if (strcmp(incidents->open, key) == 0)
		return;
	assert_string_equal(incidents->open, "");
	snprintf(incidents->open, NOTIFICATION_KEY, "%s", key);
	incidents->opens++;
}

static void incident_close(const char *key)
{
	struct incidents *incidents = &world.incidents;

	if (strcmp(incidents->open, key) != 0)
		return;
	memcpy(incidents->ended[incidents->ends++ % ENDED], incidents->open, NOTIFICATION_KEY);
	incidents->open[0] = '\0';
}

/* Ten repeats at one interval; then they get rarer, except at PagerDuty. */
static void repeat_check(struct receiver *receiver)
{
	nsec gap = world.model.listened - receiver->repeated;
	bool same = receiver == &world.receivers[PAGERDUTY] || receiver->alarms <= 10;

	assert_between(gap, rules.repeat_interval - AT_ONCE,
		(same ? rules.repeat_interval : rules.repeat_max) + AT_ONCE);
	if (!same && receiver->alarms > 11)
		assert_true(gap > rules.repeat_interval + AT_ONCE);
	world.repeats++;
}

static void alarm_check(struct receiver *receiver)
{
	if (receiver->alarms > 0) {
		repeat_check(receiver);
	} else {
		assert_between(world.model.listened - world.model.since, WATCH_GRACE, AT_ONCE);
		world.alarms_in_time++;
	}
	receiver->alarms++;
	receiver->repeated = world.model.listened;
}

static void notification_deliver(struct receiver *receiver, bool alarm, const char *key)
{
	receiver->arrivals++;
	if (receiver == &world.receivers[PAGERDUTY]) {
		if (alarm)
			incident_open(key);
		else
			incident_close(key);
	}
	if (alarm && receiver->steady)
		alarm_check(receiver);
	receiver->oks += alarm ? 0 : 1;
	receiver->alarmed = alarm;
}

/* One attempt: whether it is delivered, and the response and its time. */
static void notification_attempt(
	struct receiver *receiver, const char *id, bool alarm, const char *key)
{
	snprintf(receiver->id, sizeof receiver->id, "%s", id);
	receiver->answered = world.time + below(5 * NSEC_PER_SEC);
	switch (receiver->fault) {
	case NO_FAULT:
		receiver->answer = ANSWER_DONE;
		notification_deliver(receiver, alarm, key);
		break;
	case SILENT: /* it may be delivered, and the response may only be late */
		receiver->answer = ANSWER_DONE;
		receiver->answered = NSEC_NEVER;
		if (happens(0.5)) {
			notification_deliver(receiver, alarm, key);
			receiver->answered = happens(0.5) ? world.time + below(HOUR) : NSEC_NEVER;
		}
		break;
	case FAILING:
		receiver->answer = ANSWER_FAILED;
		break;
	case REFUSING: /* people close what a refused OK leaves open */
		receiver->answer = ANSWER_REFUSED;
		if (!alarm)
			notification_deliver(receiver, false, key);
		break;
	case CLOSED:
		fail_msg("a channel that is closed is used");
	}
}

/* ---- the simulated workers and command ---- */

void worker_send(struct worker *worker, enum message_type type, const char *const fields[])
{
	(void)worker;
	if (type == MESSAGE_TRIGGER)
		notification_attempt(&world.receivers[PAGERDUTY], fields[0], true, fields[1]);
	else if (type == MESSAGE_RESOLVE)
		notification_attempt(&world.receivers[PAGERDUTY], fields[0], false, fields[1]);
	else if (strncmp(fields[2], "oobetet on", 10) != 0)
		notification_attempt(
			&world.receivers[strcmp(fields[1], room) == 0 ? ROOM : OTHER_ROOM],
			fields[0], strstr(fields[2], " is Critical") != NULL, "");
}

bool command_start(struct command *command, const struct job *job, nsec now)
{
	(void)command, (void)now;
	notification_attempt(
		&world.receivers[COMMAND], job->id, strcmp(job->event, "alarm") == 0, job->key);
	return true;
}

static void responses_deliver(void)
{
	static const enum channel_type types[CHANNELS] = {[ROOM] = CHANNEL_ROOM,
		[OTHER_ROOM] = CHANNEL_ROOM,
		[PAGERDUTY] = CHANNEL_PAGERDUTY,
		[COMMAND] = CHANNEL_COMMAND};

	for (int i = 0; i < CHANNELS; i++) {
		struct receiver *receiver = &world.receivers[i];

		if (receiver->answered > world.time)
			continue;
		receiver->answered = NSEC_NEVER;
		channels_answer(world.channels, types[i], receiver->id, receiver->answer,
			"so it is", world.monotonic);
	}
}

static void channel_open_again(int i)
{
	if (i < PAGERDUTY)
		channels_open(world.channels, CHANNEL_ROOM, names[i]);
	else if (i == PAGERDUTY)
		channels_open(world.channels, CHANNEL_PAGERDUTY, NULL);
}

static void channel_close_now(int i)
{
	world.receivers[i].answered = NSEC_NEVER;
	if (i < PAGERDUTY)
		channels_close(world.channels, CHANNEL_ROOM, names[i], "so it is");
	else if (i == PAGERDUTY)
		channels_close(world.channels, CHANNEL_PAGERDUTY, NULL, "so it is");
}

static void fault_set(int i, enum fault fault)
{
	struct receiver *receiver = &world.receivers[i];

	/* only PagerDuty refuses, and the command never closes */
	if ((fault == REFUSING && i != PAGERDUTY) || (fault == CLOSED && i == COMMAND))
		fault = FAILING;
	if (fault == receiver->fault)
		return;
	if (fault == CLOSED)
		channel_close_now(i);
	else if (receiver->fault == CLOSED)
		channel_open_again(i);
	receiver->fault = fault;
	disturb(receiver);
}

/* ---- the simulated disk ---- */

static void file_drop(struct file *file)
{
	free(file->text);
	*file = (struct file){.text = NULL};
}

void statefile_begin(struct statefile *statefile, const char *path, nsec limit)
{
	*statefile = (struct statefile){.path = path, .limit = limit};
}

int statefile_lock(struct statefile *statefile, pid_t *holder)
{
	(void)statefile, (void)holder;
	return 0;
}

void statefile_tick(struct statefile *statefile, nsec now)
{
	(void)statefile, (void)now;
}

nsec statefile_deadline(const struct statefile *statefile)
{
	(void)statefile;
	return NSEC_NEVER;
}

char *statefile_load(const struct statefile *statefile, struct reason *why)
{
	(void)statefile;
	why->text[0] = '\0';
	return world.disk.text != NULL ? memory_copied(world.disk.text) : NULL;
}

void statefile_set_aside(const struct statefile *statefile, const char *why)
{
	(void)statefile;
	fail_msg("the state is not understood: %s", why);
}

bool statefile_save(
	struct statefile *statefile, const struct buffer *text, uint64_t number, nsec now)
{
	struct model model = world.model;
	nsec age = active_time_at(&world.active_time, world.monotonic) -
		   world.snapshot.start.active_time;

	assert_int_equal(statefile->pid, 0);
	/* a file written right after the start is a quarter of a second ahead */
	model.listened += age < ADVANCE && !world.stopping ? ADVANCE - age : 0;
	world.writing = (struct file){.text = memory_copied(text->data),
		.model = model,
		.edge = model_is_on_the_edge(&model, WATCH_GRACE)};
	world.written = world.time + (world.slow ? below(MINUTE) : below(NSEC_PER_SEC / 10));
	statefile->pid = 1;
	statefile->saved = now;
	statefile->number = number;
	return true;
}

bool statefile_ended(struct statefile *statefile, pid_t pid, int status)
{
	(void)pid, (void)status;
	statefile->pid = 0;
	statefile->kept = statefile->number;
	return true;
}

/* A rename is atomic. */
static void write_finish(void)
{
	file_drop(&world.disk);
	world.disk = world.writing;
	world.writing.text = NULL;
}

static void disk_turn(void)
{
	if (world.writing.text == NULL || world.written > world.time)
		return;
	write_finish();
	snapshot_ended(&world.snapshot, 1, 0);
}

/* ---- oobetet ---- */

static struct timestamps timestamps_now(void)
{
	return (struct timestamps){
		.active_time = active_time_at(&world.active_time, world.monotonic),
		.monotonic = world.monotonic,
		.boot = world.boot,
		.wall = world.wall};
}

/* A channel without faults got the last incident, and its end once. */
static void incident_check(void)
{
	bool too_early = world.time - world.ended < EARLY;

	for (int i = 0; i < CHANNELS; i++) {
		struct receiver *receiver = &world.receivers[i];

		if (receiver->steady && !too_early) {
			assert_true(receiver->alarms > 0);
			assert_int_equal(receiver->oks, 1);
		}
		receiver->alarms = receiver->oks = 0;
		receiver->steady = receiver->fault == NO_FAULT &&
				   world.time - receiver->changed > BACK && !too_early;
	}
}

static void model_update(void)
{
	model_evaluate(&world.model);
	if (world.model.incidents != world.known)
		incident_check();
	world.known = world.model.incidents;
}

/* One turn of the monitor. */
static void monitor_turn(bool continued)
{
	const struct workers workers = {.xmpp = NULL};

	model_update();
	active_time_turn(&world.active_time, continued, world.monotonic, world.boot);
	responses_deliver();
	disk_turn();
	struct timestamps timestamps = timestamps_now();
	incident_report(&world.notifier, &timestamps);
	channels_send(world.channels, &workers, world.monotonic);
	snapshot_tick(&world.snapshot, &timestamps);
}

static nsec next_event(void)
{
	nsec next = world.writing.text != NULL ? world.written : NSEC_NEVER;

	for (int i = 0; i < CHANNELS; i++)
		next = nsec_earlier(next, world.receivers[i].answered);
	return next;
}

/* The next deadline of the monitor, of CLOCK_MONOTONIC. */
static nsec deadline(void)
{
	nsec watch = watch_deadline(world.watch) + world.active_time.away;
	nsec others =
		nsec_earlier(snapshot_deadline(&world.snapshot), channels_deadline(world.channels));

	return nsec_earlier(nsec_earlier(watch, others), world.monotonic + TICK);
}

static void advance(nsec span)
{
	world.time += span;
	world.monotonic += span;
	world.boot += span;
	world.wall += span;
}

/* Listens until the next deadline, for `max` at most. */
static void step(nsec max)
{
	nsec sleep = nsec_earlier(deadline() - world.monotonic, next_event() - world.time);

	sleep = nsec_earlier(sleep > 0 ? sleep : 1, max);
	advance(sleep);
	world.model.listened += sleep;
	monitor_turn(false);
}

static void pass(nsec span)
{
	nsec end = world.time + span;

	while (world.time < end)
		step(end - world.time);
}

static void settle(void)
{
	do
		pass(NSEC_PER_SEC);
	while (model_is_on_the_edge(&world.model, AT_ONCE));
}

static void begin(void)
{
	struct timestamps timestamps;

	active_time_begin(&world.active_time, TICK, world.monotonic, world.boot);
	world.watch = watch_new(&rules, world.monotonic);
	world.rooms = rooms_new(&config, MINUTE, world.monotonic);
	world.channels = channels_new(&config, &target, &timing, (uint64_t)mrand48());
	world.notifier = (struct notifier){.target = &target,
		.watch = world.watch,
		.channels = world.channels,
		.rooms = world.rooms};
	timestamps = timestamps_now();
	snapshot_begin(&world.snapshot, "disk", &world.notifier, 10 * HOUR, &timestamps);
	for (int i = 0; i < CHANNELS; i++) {
		if (world.receivers[i].fault != CLOSED)
			channel_open_again(i);
		disturb(&world.receivers[i]);
	}
}

static void end(void)
{
	channels_free(world.channels);
	rooms_free(world.rooms);
	watch_free(world.watch);
}

/* ---- random events ---- */

static void message_receive(const char *body)
{
	enum kind kind = match_body(&match, body);

	assert_true(rooms_counts(world.rooms, room, "flapjack"));
	if (kind == KIND_NONE)
		return;
	model_update();
	long ends = world.model.ends;
	model_receive(&world.model, kind);
	if (world.model.ends != ends)
		world.ended = world.time;
	watch_receive(world.watch, kind, active_time_at(&world.active_time, world.monotonic));
}

static void message_send(void)
{
	static const char *const bodies[] = {
		"Problem: flapjack: ACKID f79395cd, \"Flapper\" on web-01 is Critical, refused",
		"PROBLEM: \"Flapper\" on WEB-01 is Critical, refused",
		"Recovery: \"Flapper\" on web-01 is OK, TCP OK",
		"recovery: flapjack: ACKID , \"Flapper\" on web-01 is OK",
		"Recovery: \"Flapper\" on web-010 is OK",
		"Problem: \"Flap\" on web-01 is Critical",
		"Flapjack Self Monitoring is OK (it was not for 3 h)",
	};

	if (model_is_on_the_edge(&world.model, AT_ONCE))
		settle();
	message_receive(bodies[below(ARRAY_LENGTH(bodies))]);
	pass(below(4 * HOUR));
}

static void stop_for(nsec span)
{
	bool continued = happens(0.5);

	settle();
	advance(span);
	for (int i = 0; i < CHANNELS; i++)
		disturb(&world.receivers[i]);
	if (!continued) /* a frozen process counts as awake for another tick */
		world.model.listened += TICK;
	monitor_turn(continued);
}

static void model_restore(const struct model *model)
{
	world.model = *model;
	world.known = model->incidents;
}

static void restart(void)
{
	end();
	advance(below(100 * HOUR));
	world.boot += below(HOUR);
	if (happens(0.5)) /* the machine is rebooted */
		world.monotonic = world.boot = below(HOUR);
	world.slow = happens(0.1);
	/* a changed host or configuration does not change an open incident */
	target.host = happens(0.5) ? "vm" : "renamed";
	target.key = happens(0.9) ? NULL : "Chain";
	begin();
}

/* SIGTERM: the last write is waited for. */
static void stop_and_start(void)
{
	struct timestamps timestamps;

	settle();
	do {
		pass(MINUTE);
		timestamps = timestamps_now();
		world.stopping = true;
	} while (!snapshot_write(&world.snapshot, &timestamps, true));
	world.stopping = false;
	write_finish();
	model_restore(&world.disk.model);
	restart();
}

/*
 * SIGKILL: a write in progress succeeds or not. On a slow disk a notification may have been sent
 * without being saved, because alarms do not wait for the disk; so that case is left out.
 */
static void kill_and_start(void)
{
	while (world.writing.text == NULL && happens(0.95))
		step(MAX_LATENCY);
	const struct file *last =
		world.writing.text != NULL && happens(0.5) ? &world.writing : &world.disk;

	if (world.slow || last->text == NULL || last->edge) {
		stop_and_start();
		return;
	}
	if (last == &world.writing)
		write_finish();
	file_drop(&world.writing);
	model_restore(&world.disk.model);
	world.kills++;
	restart();
}

/* With all channels working, the last notification of each is the current state. */
static void final_state_check(void)
{
	for (int i = 0; i < CHANNELS; i++)
		fault_set(i, NO_FAULT);
	pass(2 * BACK);
	settle();
	for (int i = 0; i < CHANNELS; i++)
		assert_int_equal(world.receivers[i].alarmed, world.model.open);
	assert_int_equal(world.incidents.open[0] != '\0', world.model.open);
	assert_int_equal(world.incidents.opens, world.incidents.ends + (world.model.open ? 1 : 0));
}

/* A room that opens gets the current state, without earlier notifications. */
static void room_opens(int i)
{
	struct receiver *receiver = &world.receivers[i];

	if (receiver->fault != CLOSED) {
		fault_set(i, CLOSED);
		return;
	}
	settle();
	long arrivals = receiver->arrivals;
	nsec next_notification =
		watch_deadline(world.watch) + world.active_time.away - world.monotonic;
	fault_set(i, NO_FAULT);
	pass(MINUTE / 3);
	if (next_notification < MINUTE)
		return;
	assert_int_equal(receiver->alarmed, world.model.open);
	assert_between(receiver->arrivals, arrivals, arrivals + 1);
	world.reopened++;
}

static void random_event(void)
{
	double chance = drand48();

	if (chance < 0.8)
		message_send();
	else if (chance < 0.85)
		pass(below(3 * MAX_LATENCY));
	else if (chance < 0.855)
		pass(below(12 * MAX_LATENCY));
	else if (chance < 0.88)
		room_opens((int)below(PAGERDUTY));
	else if (chance < 0.95)
		fault_set((int)below(CHANNELS), (enum fault)below(CLOSED + 1));
	else if (chance < 0.96)
		stop_for(2 * TICK + below(100 * HOUR));
	else if (chance < 0.97)
		world.boot += below(100 * HOUR); /* suspended */
	else if (chance < 0.98)
		world.wall = below(60 * YEAR);
	else if (chance < 0.985)
		stop_and_start();
	else if (chance < 0.99)
		kill_and_start();
	else
		final_state_check();
}

static void notifications_match_the_model(void **state)
{
	const char *given = getenv("SEED");
	long seed = given != NULL ? atol(given) : (long)clock_wall() / 1000;

	(void)state;
	print_message("# SEED=%ld\n", seed);
	srand48(seed);
	world.wall = below(60 * YEAR);
	world.model.max_latency = MAX_LATENCY;
	for (int i = 0; i < CHANNELS; i++)
		world.receivers[i].answered = NSEC_NEVER;
	begin();
	while (world.model.listened < HOURS * HOUR)
		random_event();
	final_state_check();
	print_message(
		"# %d hours, %ld incidents, %ld at PagerDuty, %ld alarms in time, %ld repeats "
		"in time, %ld rooms opened, %ld kills\n",
		HOURS, world.model.incidents, world.incidents.opens, world.alarms_in_time,
		world.repeats, world.reopened, world.kills);
	assert_true(world.incidents.opens > 10000 && world.alarms_in_time > 10000 &&
		    world.kills > 1000);
	assert_true(world.repeats > 10000 && world.reopened > 1000);
	end();
	file_drop(&world.disk);
	file_drop(&world.writing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notifications_match_the_model),
	};

	/* stderr is the monitor's log */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

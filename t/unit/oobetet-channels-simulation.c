/* SPDX-License-Identifier: MIT */
/*
 * A million hours of simulated time, half for each of two watches in the same rooms, from a message
 * in the room to the receivers of notifications: match, watch, incidents, channels with their
 * queues, and the state file, as in the monitor; the workers, the command and the disk are
 * simulated. Channels fail, stop responding, refuse and close; responses get lost; the disk is
 * slow; the wall clock is set; oobetet is stopped, suspended, restarted, and killed, and a watch
 * gets a new object as after SIGHUP.
 *
 * Compared with the reference model of each watch (oobetet-model.h): a channel that works gets
 * every incident within a second, its repeats at their interval, and its end once. A room that
 * opens gets the current state at once, and nothing else. On any channel each incident that was
 * opened is closed, and no incident is opened before the last one is closed, nor again after its
 * end. Once all channels work, their last notification is the current state.
 *
 * SEED=N in the environment repeats a run.
 */
#include "t/unit/unit.h"

#include "common/memory.h"
#include "oobetet/channel/incident.h"
#include "oobetet/state/snapshot.h"
#include "oobetet/watch/watch.h"
#include "t/unit/oobetet-model.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MINUTE (60 * NSEC_PER_SEC)
#define HOUR (60 * MINUTE)
#define YEAR (8766 * HOUR)
#define WATCHES 2
#define HOURS (1000000 / WATCHES)
#define MAX_LATENCY (10 * HOUR) /* of the first watch; the other's is shorter */
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

/* A state file, written or being written, and the models at that time. */
struct file {
	char *text; /* owned; NULL: nothing */
	struct model model[WATCHES];
	bool edge; /* a limit is just over: watch and model may differ */
};

/* One watch: its receivers, and what should come of it. */
struct side {
	struct receiver receivers[CHANNELS];
	struct incidents incidents;
	struct model model;
	nsec ended; /* when an incident ended last */
	long known; /* the model's incidents so far */
};

static struct world {
	nsec time; /* never set back or stopped */
	nsec monotonic, boot, wall;
	struct active_time active_time;
	struct rooms *rooms;
	struct watches watches;
	struct snapshot snapshot;
	struct file disk, writing;
	nsec written; /* world.time when `writing` will be on the disk */
	bool slow;    /* the disk, since the last restart */
	bool stopping;
	const char *host;
	struct side sides[WATCHES];
	long kills, reloads, alarms_in_time, repeats, reopened;
} world;

static char room[] = "ops@conference", other_room[] = "boss@conference";
static char *all_rooms[] = {room, other_room};
static const char *const names[] = {room, other_room};
static char label[] = "", web[] = "web", mail[] = "mail", flapjack[] = "flapjack";
static char *nicks[] = {flapjack};

#define WATCH(i, its_name, on, latency, repeat)                                                \
	{                                                                                      \
		.name = its_name, .label = label, .index = i, .rooms = {all_rooms, 2},         \
		.watch_rooms = {all_rooms, 1}, .alert_rooms = {all_rooms, 2},                  \
		.watched_nick = {nicks, 1}, .watched_check = "Flapper", .watched_entity = on,  \
		.max_latency = latency, .repeat_interval = repeat, .repeat_max = 3 * (repeat), \
		.pagerduty_contact = "key", .pagerduty_url = "http://pagerduty",               \
		.alert_command = "true"                                                        \
	}

static struct watch_config watch_configs[WATCHES] = {WATCH(0, web, "web-01", MAX_LATENCY, 4 * HOUR),
	WATCH(1, mail, "mail-01", 7 * HOUR, 3 * HOUR)};
static const struct config config = {.rooms = {all_rooms, 2},
	.watch_count = WATCHES,
	.watch = {&watch_configs[0], &watch_configs[1]}};
static const struct timing timing = {
	.answer = MINUTE, .request = MINUTE, .retry_min = MINUTE, .retry_max = 4 * HOUR};

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

static bool is_ended(const struct incidents *incidents, const char *key)
{
	for (int i = 0; i < ENDED; i++)
		if (strcmp(incidents->ended[i], key) == 0)
			return true;
	return false;
}

static void incident_open(struct incidents *incidents, const char *key)
{
	assert_false(is_ended(incidents, key));
	if (strcmp(incidents->open, key) == 0)
		return;
	assert_string_equal(incidents->open, "");
	snprintf(incidents->open, NOTIFICATION_KEY, "%s", key);
	incidents->opens++;
}

static void incident_close(struct incidents *incidents, const char *key)
{
	if (strcmp(incidents->open, key) != 0)
		return;
	memcpy(incidents->ended[incidents->ends++ % ENDED], incidents->open, NOTIFICATION_KEY);
	incidents->open[0] = '\0';
}

/* Ten repeats at one interval; then they get rarer, except at PagerDuty. */
static void repeat_check(const struct side *side, const struct receiver *receiver)
{
	const struct watch_config *rules = &watch_configs[side - world.sides];
	nsec gap = side->model.listened - receiver->repeated;
	bool same = receiver == &side->receivers[PAGERDUTY] || receiver->alarms <= 10;

	assert_between(gap, rules->repeat_interval - AT_ONCE,
		(same ? rules->repeat_interval : rules->repeat_max) + AT_ONCE);
	if (!same && receiver->alarms > 11)
		assert_true(gap > rules->repeat_interval + AT_ONCE);
	world.repeats++;
}

static void alarm_check(const struct side *side, struct receiver *receiver)
{
	if (receiver->alarms > 0) {
		repeat_check(side, receiver);
	} else {
		assert_between(side->model.listened - side->model.since, WATCH_GRACE, AT_ONCE);
		world.alarms_in_time++;
	}
	receiver->alarms++;
	receiver->repeated = side->model.listened;
}

static void notification_deliver(
	struct side *side, struct receiver *receiver, bool alarm, const char *key)
{
	receiver->arrivals++;
	if (receiver == &side->receivers[PAGERDUTY]) {
		/* the keys of two watches differ */
		assert_non_null(strstr(key, watch_configs[side - world.sides].name));
		if (alarm)
			incident_open(&side->incidents, key);
		else
			incident_close(&side->incidents, key);
	}
	if (alarm && receiver->steady)
		alarm_check(side, receiver);
	receiver->oks += alarm ? 0 : 1;
	receiver->alarmed = alarm;
}

/* One attempt: whether it is delivered, and the response and its time. */
static void notification_attempt(
	struct side *side, int channel, const char *id, bool alarm, const char *key)
{
	struct receiver *receiver = &side->receivers[channel];

	snprintf(receiver->id, sizeof receiver->id, "%s", id);
	receiver->answered = world.time + below(5 * NSEC_PER_SEC);
	switch (receiver->fault) {
	case NO_FAULT:
		receiver->answer = ANSWER_DONE;
		notification_deliver(side, receiver, alarm, key);
		break;
	case SILENT: /* it may be delivered, and the response may only be late */
		receiver->answer = ANSWER_DONE;
		receiver->answered = NSEC_NEVER;
		if (happens(0.5)) {
			notification_deliver(side, receiver, alarm, key);
			receiver->answered = happens(0.5) ? world.time + below(HOUR) : NSEC_NEVER;
		}
		break;
	case FAILING:
		receiver->answer = ANSWER_FAILED;
		break;
	case REFUSING: /* people close what a refused OK leaves open */
		receiver->answer = ANSWER_REFUSED;
		if (!alarm)
			notification_deliver(side, receiver, false, key);
		break;
	case CLOSED:
		fail_msg("a channel that is closed is used");
	}
}

/* ---- the simulated workers and command ---- */

/* The watch that a room's text names. */
static struct side *side_of_text(const char *text)
{
	bool first = strstr(text, "\"Flapper\" on web-01") != NULL;

	assert_true(first || strstr(text, "\"Flapper\" on mail-01") != NULL);
	return &world.sides[first ? 0 : 1];
}

void worker_send(struct worker *worker, enum message_type type, const char *const fields[])
{
	(void)worker;
	if (type == MESSAGE_TRIGGER || type == MESSAGE_RESOLVE)
		notification_attempt(&world.sides[strtol(fields[1], NULL, 10)], PAGERDUTY,
			fields[0], type == MESSAGE_TRIGGER, fields[2]);
	else
		notification_attempt(side_of_text(fields[2]),
			strcmp(fields[1], room) == 0 ? ROOM : OTHER_ROOM, fields[0],
			strstr(fields[2], " is Critical") != NULL, "");
}

/* Nothing of it is used. */
struct command *command_new(const char *line, const char *label_of_logs)
{
	(void)line, (void)label_of_logs;
	return memory_zeroed(1, 1);
}

void command_free(struct command *command)
{
	free(command);
}

bool command_runs(struct command *command)
{
	(void)command;
	return false;
}

bool command_tick(struct command *command, nsec now, struct outcome *outcome)
{
	(void)command, (void)now, (void)outcome;
	return false;
}

struct pollfd command_poll(const struct command *command)
{
	(void)command;
	return (struct pollfd){.fd = -1};
}

nsec command_deadline(const struct command *command)
{
	(void)command;
	return NSEC_NEVER;
}

bool command_start(struct command *command, const struct job *job, nsec now)
{
	(void)command, (void)now;
	notification_attempt(&world.sides[strcmp(job->name, web) == 0 ? 0 : 1], COMMAND, job->id,
		strcmp(job->event, "alarm") == 0, job->key);
	return true;
}

/* As the monitor does it: every watch is told of every response. */
static void response_deliver(enum channel_type type, struct receiver *receiver)
{
	if (receiver->answered > world.time)
		return;
	receiver->answered = NSEC_NEVER;
	watches_answer(
		&world.watches, type, receiver->id, receiver->answer, "so it is", world.monotonic);
}

static void responses_deliver(void)
{
	static const enum channel_type types[CHANNELS] = {[ROOM] = CHANNEL_ROOM,
		[OTHER_ROOM] = CHANNEL_ROOM,
		[PAGERDUTY] = CHANNEL_PAGERDUTY,
		[COMMAND] = CHANNEL_COMMAND};

	for (int side = 0; side < WATCHES; side++)
		for (int i = 0; i < CHANNELS; i++)
			response_deliver(types[i], &world.sides[side].receivers[i]);
}

static struct channels *channels_of(const struct side *side)
{
	return world.watches.each[side - world.sides]->channels;
}

static void channel_open_again(struct side *side, int i)
{
	if (i < PAGERDUTY)
		channels_open(channels_of(side), CHANNEL_ROOM, names[i]);
	else if (i == PAGERDUTY)
		channels_open(channels_of(side), CHANNEL_PAGERDUTY, NULL);
}

static void channel_close_now(struct side *side, int i)
{
	side->receivers[i].answered = NSEC_NEVER;
	if (i < PAGERDUTY)
		channels_close(channels_of(side), CHANNEL_ROOM, names[i], "so it is");
	else if (i == PAGERDUTY)
		channels_close(channels_of(side), CHANNEL_PAGERDUTY, NULL, "so it is");
}

static void fault_set(struct side *side, int i, enum fault fault)
{
	struct receiver *receiver = &side->receivers[i];

	/* only PagerDuty refuses, and the command never closes */
	if ((fault == REFUSING && i != PAGERDUTY) || (fault == CLOSED && i == COMMAND))
		fault = FAILING;
	if (fault == receiver->fault)
		return;
	if (fault == CLOSED)
		channel_close_now(side, i);
	else if (receiver->fault == CLOSED)
		channel_open_again(side, i);
	receiver->fault = fault;
	disturb(receiver);
}

static bool on_the_edge(nsec span)
{
	bool edge = false;

	for (int i = 0; i < WATCHES; i++)
		edge = edge || model_is_on_the_edge(&world.sides[i].model, span);
	return edge;
}

/* ---- the simulated disk ---- */

static void file_drop(struct file *file)
{
	free(file->text);
	*file = (struct file){.text = NULL};
}

void statefile_begin(struct statefile *statefile, const char *path, nsec limit)
{
	*statefile = (struct statefile){.writer = {.path = path, .limit = limit}};
}

int statefile_lock(struct statefile *statefile, pid_t *holder)
{
	(void)statefile, (void)holder;
	return 0;
}

int file_replace(const char *path, mode_t mode, const struct buffer *text)
{
	(void)path, (void)mode, (void)text;
	return 0;
}

void writer_tick(struct writer *writer, nsec now)
{
	(void)writer, (void)now;
}

nsec writer_deadline(const struct writer *writer)
{
	(void)writer;
	return NSEC_NEVER;
}

bool statefile_opens(const struct statefile *statefile, struct reason *why)
{
	(void)statefile, (void)why;
	return true;
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
	nsec age = active_time_at(&world.active_time, world.monotonic) -
		   world.snapshot.start.active_time;

	assert_int_equal(statefile->writer.pid, 0);
	world.writing = (struct file){.text = memory_copied(text->data)};
	for (int i = 0; i < WATCHES; i++) {
		struct model *model = &world.writing.model[i];

		*model = world.sides[i].model;
		/* a file written right after the start is a quarter of a second ahead */
		model->listened += age < ADVANCE && !world.stopping ? ADVANCE - age : 0;
		world.writing.edge = world.writing.edge || model_is_on_the_edge(model, WATCH_GRACE);
	}
	world.written = world.time + (world.slow ? below(MINUTE) : below(NSEC_PER_SEC / 10));
	statefile->writer.pid = 1;
	statefile->writer.began = now;
	statefile->number = number;
	return true;
}

bool statefile_ended(struct statefile *statefile, pid_t pid, int status)
{
	(void)pid, (void)status;
	statefile->writer.pid = 0;
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
static void incident_check(struct side *side)
{
	bool too_early = world.time - side->ended < EARLY;

	for (int i = 0; i < CHANNELS; i++) {
		struct receiver *receiver = &side->receivers[i];

		if (receiver->steady && !too_early) {
			assert_true(receiver->alarms > 0);
			assert_int_equal(receiver->oks, 1);
		}
		receiver->alarms = receiver->oks = 0;
		receiver->steady = receiver->fault == NO_FAULT &&
				   world.time - receiver->changed > BACK && !too_early;
	}
}

static void models_update(void)
{
	for (int i = 0; i < WATCHES; i++) {
		struct side *side = &world.sides[i];

		model_evaluate(&side->model);
		if (side->model.incidents != side->known)
			incident_check(side);
		side->known = side->model.incidents;
	}
}

/* One turn of the monitor. */
static void monitor_turn(bool continued)
{
	const struct workers workers = {.xmpp = NULL};

	models_update();
	active_time_turn(&world.active_time, continued, world.monotonic, world.boot);
	responses_deliver();
	disk_turn();
	struct timestamps timestamps = timestamps_now();
	for (int i = 0; i < WATCHES; i++)
		incident_report(world.watches.each[i], world.rooms, &timestamps);
	watches_send(&world.watches, &workers, world.monotonic);
	snapshot_tick(&world.snapshot, &timestamps);
}

static nsec next_event(void)
{
	nsec next = world.writing.text != NULL ? world.written : NSEC_NEVER;

	for (int side = 0; side < WATCHES; side++)
		for (int i = 0; i < CHANNELS; i++)
			next = nsec_earlier(next, world.sides[side].receivers[i].answered);
	return next;
}

/* The next deadline of the monitor, of CLOCK_MONOTONIC. */
static nsec deadline(void)
{
	nsec first = nsec_earlier(snapshot_deadline(&world.snapshot), world.monotonic + TICK);

	first = nsec_earlier(first, watches_evaluation(&world.watches, world.active_time.away));
	return nsec_earlier(first, watches_deadline(&world.watches));
}

static void advance(nsec span)
{
	world.time += span;
	world.monotonic += span;
	world.boot += span;
	world.wall += span;
}

static void listen(nsec span)
{
	for (int i = 0; i < WATCHES; i++)
		world.sides[i].model.listened += span;
}

/* Listens until the next deadline, for `max` at most. */
static void step(nsec max)
{
	nsec sleep = nsec_earlier(deadline() - world.monotonic, next_event() - world.time);

	sleep = nsec_earlier(sleep > 0 ? sleep : 1, max);
	advance(sleep);
	listen(sleep);
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
	while (on_the_edge(AT_ONCE));
}

static void begin(void)
{
	struct timestamps timestamps;

	active_time_begin(&world.active_time, TICK, world.monotonic, world.boot);
	world.rooms = rooms_new(&config, MINUTE, world.monotonic);
	uint64_t seed = (uint64_t)mrand48();
	for (int i = 0; i < WATCHES; i++)
		world.watches.each[i] = watched_new(&watch_configs[i], world.host, &timing,
			seed + (uint64_t)i, world.monotonic);
	world.watches.count = WATCHES;
	timestamps = timestamps_now();
	snapshot_begin(&world.snapshot, "disk", &world.watches, 10 * HOUR, &timestamps);
	for (int i = 0; i < WATCHES * CHANNELS; i++) {
		struct side *side = &world.sides[i / CHANNELS];

		if (side->receivers[i % CHANNELS].fault != CLOSED)
			channel_open_again(side, i % CHANNELS);
		disturb(&side->receivers[i % CHANNELS]);
	}
}

static void end(void)
{
	snapshot_end(&world.snapshot);
	watches_free(&world.watches);
	rooms_free(world.rooms);
}

/* ---- random events ---- */

/* As dispatch.c does it. Returns how many watches it was for. */
static int message_receive(const char *body)
{
	nsec stamp = active_time_at(&world.active_time, world.monotonic);
	int received = 0;

	for (int i = 0; i < WATCHES; i++) {
		struct watched *watched = world.watches.each[i];
		struct side *side = &world.sides[i];
		enum kind kind = match_body(&watched->match, body);

		assert_true(rooms_counts(watched->config, room, "flapjack"));
		assert_false(rooms_counts(watched->config, room, "eve"));
		assert_false(rooms_counts(watched->config, other_room, "flapjack"));
		if (kind == KIND_NONE)
			continue;
		models_update();
		long ends = side->model.ends;
		model_receive(&side->model, kind);
		if (side->model.ends != ends)
			side->ended = world.time;
		watch_receive(watched->watch, kind, stamp);
		received++;
	}
	return received;
}

static void message_send(void)
{
	/* the entity comes between the two */
	static const char *const bodies[][2] = {
		{"Problem: flapjack: ACKID f79395cd, \"Flapper\" on ", " is Critical, refused"},
		{"PROBLEM: \"Flapper\" on ", " is Critical, refused"},
		{"Recovery: \"Flapper\" on ", " is OK, TCP OK"},
		{"recovery: flapjack: ACKID , \"Flapper\" on ", " is OK"},
		{"Recovery: \"Flapper\" on ", "0 is OK"},
		{"Problem: \"Flap\" on ", " is Critical"},
		{"Flapjack Self Monitoring is OK (it was not for 3 h) for \"Flapper\" on ", ""},
	};
	static const char *const entities[] = {"web-01", "WEB-01", "mail-01", "Mail-01"};
	nsec body = below(ARRAY_LENGTH(bodies));
	char text[NOTIFICATION_TEXT];

	if (on_the_edge(AT_ONCE))
		settle();
	snprintf(text, sizeof text, "%s%s%s", bodies[body][0],
		entities[below(ARRAY_LENGTH(entities))], bodies[body][1]);
	/* each is for one watch only, or for none */
	assert_int_equal(message_receive(text), body < 4 ? 1 : 0);
	pass(below(4 * HOUR / WATCHES));
}

static void stop_for(nsec span)
{
	bool continued = happens(0.5);

	settle();
	advance(span);
	for (int i = 0; i < WATCHES * CHANNELS; i++)
		disturb(&world.sides[i / CHANNELS].receivers[i % CHANNELS]);
	if (!continued) /* a frozen process counts as awake for another tick */
		listen(TICK);
	monitor_turn(continued);
}

static void models_restore(void)
{
	for (int i = 0; i < WATCHES; i++) {
		world.sides[i].model = world.disk.model[i];
		world.sides[i].known = world.disk.model[i].incidents;
	}
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
	world.host = happens(0.5) ? "vm" : "renamed";
	for (int i = 0; i < WATCHES; i++)
		watch_configs[i].incident_key = happens(0.9) ? NULL : "Chain";
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
	models_restore();
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
	models_restore();
	world.kills++;
	restart();
}

/* With all channels working, the last notification of each is the current state. */
static void final_state_check(void)
{
	for (int i = 0; i < WATCHES * CHANNELS; i++)
		fault_set(&world.sides[i / CHANNELS], i % CHANNELS, NO_FAULT);
	pass(2 * BACK);
	settle();
	for (int side = 0; side < WATCHES; side++) {
		const struct model *model = &world.sides[side].model;
		const struct incidents *incidents = &world.sides[side].incidents;

		for (int i = 0; i < CHANNELS; i++)
			assert_int_equal(world.sides[side].receivers[i].alarmed, model->open);
		assert_int_equal(incidents->open[0] != '\0', model->open);
		assert_int_equal(incidents->opens, incidents->ends + (model->open ? 1 : 0));
	}
}

/* A room that opens gets the current state, without earlier notifications. */
static void room_opens(struct side *side, int i)
{
	const struct watched *watched = world.watches.each[side - world.sides];
	struct receiver *receiver = &side->receivers[i];

	if (receiver->fault != CLOSED) {
		fault_set(side, i, CLOSED);
		return;
	}
	settle();
	long arrivals = receiver->arrivals;
	nsec next_notification =
		watch_deadline(watched->watch) + world.active_time.away - world.monotonic;
	fault_set(side, i, NO_FAULT);
	pass(MINUTE / 3);
	if (next_notification < MINUTE)
		return;
	assert_int_equal(receiver->alarmed, side->model.open);
	assert_between(receiver->arrivals, arrivals, arrivals + 1);
	world.reopened++;
}

/* SIGHUP: the configuration of the watch has changed; what is known of it stays. */
static void watch_reload(struct side *side)
{
	int index = (int)(side - world.sides);
	struct watched *before = world.watches.each[index];

	settle();
	world.watches.each[index] = watched_new(&watch_configs[index], world.host, &timing,
		(uint64_t)mrand48(), active_time_at(&world.active_time, world.monotonic));
	watched_carry(world.watches.each[index], before,
		active_time_at(&world.active_time, world.monotonic));
	watched_free(before);
	for (int i = 0; i < CHANNELS; i++) {
		if (side->receivers[i].fault != CLOSED)
			channel_open_again(side, i);
		disturb(&side->receivers[i]);
	}
	world.reloads++;
}

static void random_event(void)
{
	double chance = drand48();
	struct side *side = &world.sides[below(WATCHES)];

	if (chance < 0.8)
		message_send();
	else if (chance < 0.85)
		pass(below(3 * MAX_LATENCY));
	else if (chance < 0.855)
		pass(below(12 * MAX_LATENCY));
	else if (chance < 0.86)
		watch_reload(side);
	else if (chance < 0.88)
		room_opens(side, (int)below(PAGERDUTY));
	else if (chance < 0.95)
		fault_set(side, (int)below(CHANNELS), (enum fault)below(CLOSED + 1));
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
	long seed = given != NULL ? strtol(given, NULL, 10) : (long)clock_wall() / 1000;

	(void)state;
	print_message("# SEED=%ld\n", seed);
	srand48(seed);
	world.wall = below(60 * YEAR);
	world.host = "vm";
	for (int side = 0; side < WATCHES; side++) {
		world.sides[side].model.max_latency = watch_configs[side].max_latency;
		for (int i = 0; i < CHANNELS; i++)
			world.sides[side].receivers[i].answered = NSEC_NEVER;
	}
	begin();
	while (world.sides[0].model.listened < HOURS * HOUR)
		random_event();
	final_state_check();
	long incidents = 0, opens = 0;
	for (int i = 0; i < WATCHES; i++) {
		incidents += world.sides[i].model.incidents;
		opens += world.sides[i].incidents.opens;
	}
	print_message("# %d hours of %d watches, %ld incidents, %ld at PagerDuty, %ld alarms in "
		      "time, %ld repeats in time, %ld rooms opened, %ld kills, %ld reloads\n",
		HOURS, WATCHES, incidents, opens, world.alarms_in_time, world.repeats,
		world.reopened, world.kills, world.reloads);
	assert_true(opens > 10000 && world.alarms_in_time > 10000 && world.kills > 1000);
	assert_true(world.repeats > 10000 && world.reopened > 1000 && world.reloads > 1000);
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

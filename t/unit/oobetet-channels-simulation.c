/* SPDX-License-Identifier: MIT */
/*
 * A million hours of made-up time from a line in the room to those who are told: match, watch,
 * incidents, channels with their queues, and the state file, as in the monitor; the workers, the
 * command and the disk are simulated here. Channels fail, fall silent, refuse and
 * close; answers get lost; the disk is slow; the wall clock is set; oobetet is stopped, suspended,
 * restarted, and killed without a last word.
 *
 * Then, by what the judge says (oobetet-judge.h): a channel that works gets every incident
 * within a second, again at its pace, and once of its end. A room that opens is told what is true
 * at once, and nothing else. On any channel each incident that was opened is closed, no
 * incident is opened before the last one is closed, nor again after its end. Once all channels
 * work, what they were told last is true.
 *
 * SEED=N in the environment repeats a run.
 */
#include "t/unit/unit.h"

#include "common/memory.h"
#include "oobetet/channel/incident.h"
#include "oobetet/state/snapshot.h"
#include "oobetet/watch/activetime.h"
#include "t/unit/oobetet-judge.h"

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
#define AT_ONCE NSEC_PER_SEC /* within this an alarm is told */
#define HURRY MINUTE         /* so early after an end it may still be on its way */
#define BACK (6 * HOUR)      /* after this nothing is left of what was wrong with a channel */
#define ADVANCE (NSEC_PER_SEC / 4)
#define ENDED 64 /* incidents that are known to be over */

enum weather { CLEAR, FAILING, SILENT, REFUSING, CLOSED };
enum { ROOM, OTHER_ROOM, PAGERDUTY, COMMAND, CHANNELS };

/* A channel and its receiver. */
struct path {
	enum weather weather;
	nsec changed; /* world.time of the last change */
	/* the attempt that is under way */
	char id[COMMAND_ID];
	enum answer answer;
	nsec answered; /* world.time; NSEC_NEVER: it never is */
	/* what has arrived */
	bool bad;        /* the last that was told is an alarm */
	bool steady;     /* it worked since before the incident began, and nothing disturbed it */
	int alarms, oks; /* since the judge's newest incident began */
	nsec repeated;   /* the last of these alarms, by what the judge has listened */
	long arrivals;   /* all so far */
};

/* As PagerDuty keeps them. */
struct incidents {
	char open[NOTIFICATION_KEY]; /* "": none is */
	char ended[ENDED][NOTIFICATION_KEY];
	long opens, ends;
};

/* What is on the disk, or on its way there, and what the judge knew then. */
struct paper {
	char *text; /* owned; NULL: nothing */
	struct judge judge;
	bool edge; /* a limit is just over: what the watch knows differs from what the judge does */
};

static struct world {
	nsec time; /* goes on whatever happens */
	nsec monotonic, boot, wall;
	struct active_time active_time;
	struct watch *watch;
	struct rooms *rooms;
	struct channels *channels;
	struct notifier notifier;
	struct snapshot snapshot;
	struct paper disk, writing;
	nsec written; /* world.time when `writing` is on the disk */
	bool slow;    /* the disk, since the last restart */
	bool stopping;
	struct path paths[CHANNELS];
	struct incidents incidents;
	struct judge judge;
	nsec healed; /* when an incident ended last */
	long known;  /* of the judge's incidents */
	long kills, told, repeats, reopened;
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

/* ---- who is told ---- */

/* Nothing can be said about this incident on that channel. */
static void disturb(struct path *path)
{
	path->steady = false;
	path->changed = world.time;
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

/* Ten repeats at the same pace; then people hear of it less and less often, PagerDuty does not. */
static void repeat_arrives(struct path *path)
{
	nsec gap = world.judge.listened - path->repeated;
	bool same = path == &world.paths[PAGERDUTY] || path->alarms <= 10;

	assert_between(gap, rules.repeat_interval - AT_ONCE,
		(same ? rules.repeat_interval : rules.repeat_max) + AT_ONCE);
	if (!same && path->alarms > 11)
		assert_true(gap > rules.repeat_interval + AT_ONCE);
	world.repeats++;
}

static void alarm_arrives(struct path *path)
{
	if (path->alarms > 0) {
		repeat_arrives(path);
	} else {
		assert_between(world.judge.listened - world.judge.since, WATCH_GRACE, AT_ONCE);
		world.told++;
	}
	path->alarms++;
	path->repeated = world.judge.listened;
}

static void arrive(struct path *path, bool alarm, const char *key)
{
	path->arrivals++;
	if (path == &world.paths[PAGERDUTY]) {
		if (alarm)
			incident_open(key);
		else
			incident_close(key);
	}
	if (alarm && path->steady)
		alarm_arrives(path);
	path->oks += alarm ? 0 : 1;
	path->bad = alarm;
}

/* One attempt: whether it arrives, and what is said of it, and when. */
static void travel(struct path *path, const char *id, bool alarm, const char *key)
{
	snprintf(path->id, sizeof path->id, "%s", id);
	path->answered = world.time + below(5 * NSEC_PER_SEC);
	switch (path->weather) {
	case CLEAR:
		path->answer = ANSWER_DONE;
		arrive(path, alarm, key);
		break;
	case SILENT: /* perhaps it arrives, and perhaps the answer only is late */
		path->answer = ANSWER_DONE;
		path->answered = NSEC_NEVER;
		if (happens(0.5)) {
			arrive(path, alarm, key);
			path->answered = happens(0.5) ? world.time + below(HOUR) : NSEC_NEVER;
		}
		break;
	case FAILING:
		path->answer = ANSWER_FAILED;
		break;
	case REFUSING: /* what it does not let us close somebody closes by hand */
		path->answer = ANSWER_REFUSED;
		if (!alarm)
			arrive(path, false, key);
		break;
	case CLOSED:
		fail_msg("a channel that is closed is used");
	}
}

/* ---- instead of the workers and the command ---- */

void worker_send(struct worker *worker, enum message_type type, const char *const fields[])
{
	(void)worker;
	if (type == MESSAGE_TRIGGER)
		travel(&world.paths[PAGERDUTY], fields[0], true, fields[1]);
	else if (type == MESSAGE_RESOLVE)
		travel(&world.paths[PAGERDUTY], fields[0], false, fields[1]);
	else if (strncmp(fields[2], "oobetet on", 10) != 0)
		travel(&world.paths[strcmp(fields[1], room) == 0 ? ROOM : OTHER_ROOM], fields[0],
			strstr(fields[2], " is Critical") != NULL, "");
}

bool command_start(struct command *command, const struct job *job, nsec now)
{
	(void)command, (void)now;
	travel(&world.paths[COMMAND], job->id, strcmp(job->event, "alarm") == 0, job->key);
	return true;
}

static void answers_bring(void)
{
	static const enum channel_type ways[CHANNELS] = {[ROOM] = CHANNEL_ROOM,
		[OTHER_ROOM] = CHANNEL_ROOM,
		[PAGERDUTY] = CHANNEL_PAGERDUTY,
		[COMMAND] = CHANNEL_COMMAND};

	for (int i = 0; i < CHANNELS; i++) {
		struct path *path = &world.paths[i];

		if (path->answered > world.time)
			continue;
		path->answered = NSEC_NEVER;
		channels_answer(world.channels, ways[i], path->id, path->answer, "so it is",
			world.monotonic);
	}
}

static void channel_now_open(int i)
{
	if (i < PAGERDUTY)
		channels_open(world.channels, CHANNEL_ROOM, names[i]);
	else if (i == PAGERDUTY)
		channels_open(world.channels, CHANNEL_PAGERDUTY, NULL);
}

static void channel_now_close(int i)
{
	world.paths[i].answered = NSEC_NEVER;
	if (i < PAGERDUTY)
		channels_close(world.channels, CHANNEL_ROOM, names[i], "so it is");
	else if (i == PAGERDUTY)
		channels_close(world.channels, CHANNEL_PAGERDUTY, NULL, "so it is");
}

static void weather_change(int i, enum weather weather)
{
	struct path *path = &world.paths[i];

	/* people do not refuse, and a command is always there */
	if ((weather == REFUSING && i != PAGERDUTY) || (weather == CLOSED && i == COMMAND))
		weather = FAILING;
	if (weather == path->weather)
		return;
	if (weather == CLOSED)
		channel_now_close(i);
	else if (path->weather == CLOSED)
		channel_now_open(i);
	path->weather = weather;
	disturb(path);
}

/* ---- instead of the disk ---- */

static void paper_throw(struct paper *paper)
{
	free(paper->text);
	*paper = (struct paper){.text = NULL};
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
	struct judge judge = world.judge;
	nsec age = active_time_at(&world.active_time, world.monotonic) -
		   world.snapshot.start.active_time;

	assert_int_equal(statefile->pid, 0);
	/* what is written right after a start is a quarter of a second ahead */
	judge.listened += age < ADVANCE && !world.stopping ? ADVANCE - age : 0;
	world.writing = (struct paper){.text = memory_copied(text->data),
		.judge = judge,
		.edge = judge_is_on_the_edge(&judge, WATCH_GRACE)};
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

/* A rename is there as a whole, or not at all. */
static void disk_takes(void)
{
	paper_throw(&world.disk);
	world.disk = world.writing;
	world.writing.text = NULL;
}

static void disk_turn(void)
{
	if (world.writing.text == NULL || world.written > world.time)
		return;
	disk_takes();
	snapshot_ended(&world.snapshot, 1, 0);
}

/* ---- oobetet ---- */

static struct timestamps telling_now(void)
{
	return (struct timestamps){
		.active_time = active_time_at(&world.active_time, world.monotonic),
		.monotonic = world.monotonic,
		.boot = world.boot,
		.wall = world.wall};
}

/* A channel that worked all the time got the last incident, and its end once. */
static void incident_begins(void)
{
	bool hurried = world.time - world.healed < HURRY;

	for (int i = 0; i < CHANNELS; i++) {
		struct path *path = &world.paths[i];

		if (path->steady && !hurried) {
			assert_true(path->alarms > 0);
			assert_int_equal(path->oks, 1);
		}
		path->alarms = path->oks = 0;
		path->steady =
			path->weather == CLEAR && world.time - path->changed > BACK && !hurried;
	}
}

static void judged(void)
{
	judge_look(&world.judge);
	if (world.judge.incidents != world.known)
		incident_begins();
	world.known = world.judge.incidents;
}

/* Everything that the monitor does in a turn. */
static void turn(bool continued)
{
	const struct workers workers = {.xmpp = NULL};

	judged();
	active_time_turn(&world.active_time, continued, world.monotonic, world.boot);
	answers_bring();
	disk_turn();
	struct timestamps timestamps = telling_now();
	incident_report(&world.notifier, &timestamps);
	channels_send(world.channels, &workers, world.monotonic);
	snapshot_tick(&world.snapshot, &timestamps);
}

static nsec next_event(void)
{
	nsec next = world.writing.text != NULL ? world.written : NSEC_NEVER;

	for (int i = 0; i < CHANNELS; i++)
		next = nsec_earlier(next, world.paths[i].answered);
	return next;
}

/* The deadlines that the monitor waits for; of CLOCK_MONOTONIC. */
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

/* Somebody listens, and sleeps until the next deadline, or for `most`. */
static void step(nsec max)
{
	nsec sleep = nsec_earlier(deadline() - world.monotonic, next_event() - world.time);

	sleep = nsec_earlier(sleep > 0 ? sleep : 1, max);
	advance(sleep);
	world.judge.listened += sleep;
	turn(false);
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
	while (judge_is_on_the_edge(&world.judge, AT_ONCE));
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
	timestamps = telling_now();
	snapshot_begin(&world.snapshot, "disk", &world.notifier, 10 * HOUR, &timestamps);
	for (int i = 0; i < CHANNELS; i++) {
		if (world.paths[i].weather != CLOSED)
			channel_now_open(i);
		disturb(&world.paths[i]);
	}
}

static void end(void)
{
	channels_free(world.channels);
	rooms_free(world.rooms);
	watch_free(world.watch);
}

/* ---- what happens ---- */

static void hear(const char *body)
{
	enum kind kind = match_body(&match, body);

	assert_true(rooms_counts(world.rooms, room, "flapjack"));
	if (kind == KIND_NONE)
		return;
	judged();
	long ends = world.judge.ends;
	judge_hear(&world.judge, kind);
	if (world.judge.ends != ends)
		world.healed = world.time;
	watch_receive(world.watch, kind, active_time_at(&world.active_time, world.monotonic));
}

static void say(void)
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

	if (judge_is_on_the_edge(&world.judge, AT_ONCE))
		settle();
	hear(bodies[below(ARRAY_LENGTH(bodies))]);
	pass(below(4 * HOUR));
}

static void stop_for(nsec span)
{
	bool continued = happens(0.5);

	settle();
	advance(span);
	for (int i = 0; i < CHANNELS; i++)
		disturb(&world.paths[i]);
	if (!continued) /* one that is frozen counts as awake for another tick */
		world.judge.listened += TICK;
	turn(continued);
}

static void judge_go_back(const struct judge *judge)
{
	world.judge = *judge;
	world.known = judge->incidents;
}

static void restart(void)
{
	end();
	advance(below(100 * HOUR));
	world.boot += below(HOUR);
	if (happens(0.5)) /* the machine as well */
		world.monotonic = world.boot = below(HOUR);
	world.slow = happens(0.1);
	/* host and configuration may be others: that does not change what was begun */
	target.host = happens(0.5) ? "vm" : "renamed";
	target.key = happens(0.9) ? NULL : "Chain";
	begin();
}

/* SIGTERM: the last word is waited for. */
static void stop_and_start(void)
{
	struct timestamps timestamps;

	settle();
	do {
		pass(MINUTE);
		timestamps = telling_now();
		world.stopping = true;
	} while (!snapshot_write(&world.snapshot, &timestamps, true));
	world.stopping = false;
	disk_takes();
	judge_go_back(&world.disk.judge);
	restart();
}

/*
 * SIGKILL: what was about to be written is, or is not. What a slow disk has not taken may have been
 * told nevertheless, and is then unknown: that is the price of an alarm in time.
 */
static void kill_and_start(void)
{
	while (world.writing.text == NULL && happens(0.95))
		step(MAX_LATENCY);
	const struct paper *last =
		world.writing.text != NULL && happens(0.5) ? &world.writing : &world.disk;

	if (world.slow || last->text == NULL || last->edge) {
		stop_and_start();
		return;
	}
	if (last == &world.writing)
		disk_takes();
	paper_throw(&world.writing);
	judge_go_back(&world.disk.judge);
	world.kills++;
	restart();
}

/* All channels work: what was told last is true by then. */
static void look(void)
{
	for (int i = 0; i < CHANNELS; i++)
		weather_change(i, CLEAR);
	pass(2 * BACK);
	settle();
	for (int i = 0; i < CHANNELS; i++)
		assert_int_equal(world.paths[i].bad, world.judge.broken);
	assert_int_equal(world.incidents.open[0] != '\0', world.judge.broken);
	assert_int_equal(
		world.incidents.opens, world.incidents.ends + (world.judge.broken ? 1 : 0));
}

/* Who comes back into a room finds out what is true now, without what has become of it before. */
static void room_opens(int i)
{
	struct path *path = &world.paths[i];

	if (path->weather != CLOSED) {
		weather_change(i, CLOSED);
		return;
	}
	settle();
	long arrivals = path->arrivals;
	nsec news = watch_deadline(world.watch) + world.active_time.away - world.monotonic;
	weather_change(i, CLEAR);
	pass(MINUTE / 3);
	if (news < MINUTE)
		return;
	assert_int_equal(path->bad, world.judge.broken);
	assert_between(path->arrivals, arrivals, arrivals + 1);
	world.reopened++;
}

static void happen(void)
{
	double chance = drand48();

	if (chance < 0.8)
		say();
	else if (chance < 0.85)
		pass(below(3 * MAX_LATENCY));
	else if (chance < 0.855)
		pass(below(12 * MAX_LATENCY));
	else if (chance < 0.88)
		room_opens((int)below(PAGERDUTY));
	else if (chance < 0.95)
		weather_change((int)below(CHANNELS), (enum weather)below(CLOSED + 1));
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
		look();
}

static void what_is_told_is_true(void **state)
{
	const char *given = getenv("SEED");
	long seed = given != NULL ? atol(given) : (long)clock_wall() / 1000;

	(void)state;
	print_message("# SEED=%ld\n", seed);
	srand48(seed);
	world.wall = below(60 * YEAR);
	world.judge.max_latency = MAX_LATENCY;
	for (int i = 0; i < CHANNELS; i++)
		world.paths[i].answered = NSEC_NEVER;
	begin();
	while (world.judge.listened < HOURS * HOUR)
		happen();
	look();
	print_message("# %d hours, %ld incidents, %ld at PagerDuty, %ld told at once, %ld repeats "
		      "in time, %ld rooms opened, %ld kills\n",
		HOURS, world.judge.incidents, world.incidents.opens, world.told, world.repeats,
		world.reopened, world.kills);
	assert_true(world.incidents.opens > 10000 && world.told > 10000 && world.kills > 1000);
	assert_true(world.repeats > 10000 && world.reopened > 1000);
	end();
	paper_throw(&world.disk);
	paper_throw(&world.writing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_told_is_true),
	};

	/* stderr is the monitor's log */
	cmocka_set_message_output(CM_OUTPUT_TAP);
	dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

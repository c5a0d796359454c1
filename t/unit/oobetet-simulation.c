/* SPDX-License-Identifier: MIT */
/*
 * A million hours of simulated time for the watch and its active time: messages with random gaps,
 * late and out of order; stops, freezes and suspensions; restarts with and without a state. The
 * incidents must be those of the reference model (oobetet-model.h).
 *
 * SEED=N in the environment repeats a run.
 */
#include "t/unit/unit.h"

#include "oobetet/watch/watch.h"
#include "t/unit/oobetet-model.h"

#include <stdlib.h>
#include <string.h>

#define HOUR (3600 * NSEC_PER_SEC)
#define MAX_LATENCY (5 * HOUR)
#define TICK HOUR
#define HOURS 1000000
#define TRANSIT_MAX 8  /* messages in transit at most */
#define ABSENCE_MAX 12 /* messages of one absence at most */

static const struct watch_rules rules = {.max_latency = MAX_LATENCY,
	.repeat_interval = HOUR / 2,
	.awaited = {[KIND_PROBLEM] = true, [KIND_RECOVERY] = true}};

struct message {
	enum kind kind;
	nsec sent, arrives; /* CLOCK_MONOTONIC */
};

struct world {
	nsec now, boot;
	struct watch *watch;
	struct active_time active_time;
	struct message transit[TRANSIT_MAX];
	int transit_count;
	struct model model;
	bool hold;                     /* planned work */
	bool held;                     /* an incident began, and nobody was told */
	long alarms, ended, forgotten; /* beginnings, told or held back; ends; ends by forgetting */
	long spared, released;         /* held back and over; held back and told afterwards */
};

static nsec below(nsec limit)
{
	return (nsec)(drand48() * (double)limit);
}

/* ---- the watch ---- */

static void verdicts_count(struct world *world)
{
	nsec now = active_time_at(&world->active_time, world->now);
	enum verdict verdict;

	while ((verdict = watch_evaluate(world->watch, now)) != WATCH_NOTHING) {
		bool alarm = verdict == WATCH_ALARM || verdict == WATCH_HELD;
		bool over = verdict == WATCH_ENDED || verdict == WATCH_SPARED;

		/* during planned work nothing but the end of what was told; afterwards all the rest
		 */
		if (verdict != WATCH_ENDED && verdict != WATCH_SPARED)
			assert_int_equal(verdict == WATCH_HELD, world->hold);
		assert_true(!over || (verdict == WATCH_SPARED) == world->held);
		if (verdict == WATCH_ALARM && world->held)
			world->released++;
		else if (alarm)
			assert_int_equal(++world->alarms, world->ended + world->forgotten + 1);
		world->ended += over ? 1 : 0;
		world->spared += verdict == WATCH_SPARED ? 1 : 0;
		if (alarm || over)
			world->held = verdict == WATCH_HELD;
	}
	assert_false(world->held && !world->hold);
}

static void messages_deliver(struct world *world)
{
	for (int i = 0; i < world->transit_count;) {
		const struct message message = world->transit[i];

		if (message.arrives > world->now) {
			i++;
			continue;
		}
		world->transit[i] = world->transit[--world->transit_count];
		watch_receive(world->watch, message.kind,
			active_time_at(&world->active_time, message.sent));
	}
}

static nsec next_arrival(const struct world *world)
{
	nsec next = NSEC_NEVER;

	for (int i = 0; i < world->transit_count; i++)
		next = nsec_earlier(next, world->transit[i].arrives);
	return next;
}

/* One turn of the monitor. */
static void monitor_turn(struct world *world, bool continued)
{
	active_time_turn(&world->active_time, continued, world->now, world->boot);
	messages_deliver(world);
	verdicts_count(world);
}

/* Listening time, slept from deadline to deadline. */
static void pass(struct world *world, nsec span)
{
	nsec end = world->now + span;

	while (world->now < end) {
		nsec wake = nsec_earlier(watch_deadline(world->watch) + world->active_time.away,
			world->now + TICK / 2);
		wake = nsec_earlier(nsec_earlier(wake, next_arrival(world)), end);
		nsec slept = wake > world->now ? wake - world->now : 1;

		world->now += slept;
		world->boot += slept;
		world->model.listened += slept;
		monitor_turn(world, false);
	}
}

/* No message is in transit and all are evaluated, as after a quiet second. */
static void settle(struct world *world)
{
	do
		pass(world, NSEC_PER_SEC);
	while (model_is_on_the_edge(&world->model, 2 * WATCH_GRACE));
	model_evaluate(&world->model);
}

/* ---- random events ---- */

static void message_send(struct world *world)
{
	enum kind kind = drand48() < 0.5 ? KIND_PROBLEM : KIND_RECOVERY;

	if (world->transit_count == TRANSIT_MAX)
		settle(world);
	world->transit[world->transit_count++] = (struct message){
		.kind = kind, .sent = world->now, .arrives = world->now + below(WATCH_GRACE)};
	model_receive(&world->model, kind);
	/* the next one may overtake it */
	pass(world, drand48() < 0.2 ? below(WATCH_GRACE) : below(2 * HOUR));
}

/* Out of the room: its messages arrive afterwards as history, each with its stamp. */
static void absence(struct world *world)
{
	struct message missed[ABSENCE_MAX];
	int count = (int)below(ABSENCE_MAX);

	settle(world);
	for (int i = 0; i < count; i++) {
		pass(world, below(drand48() < 0.2 ? MAX_LATENCY : 2 * HOUR));
		missed[i].kind = drand48() < 0.5 ? KIND_PROBLEM : KIND_RECOVERY;
		missed[i].sent = active_time_at(&world->active_time, world->now);
		missed[i].arrives = world->model.listened;
	}
	settle(world);
	for (int i = 0; i < count; i++) {
		watch_receive(world->watch, missed[i].kind, missed[i].sent);
		model_receive_late(&world->model, missed[i].kind, missed[i].arrives);
	}
	settle(world);
}

static void stop_for(struct world *world, nsec span)
{
	bool continued = drand48() < 0.5;

	settle(world);
	world->now += span;
	world->boot += span;
	if (!continued) /* a frozen process counts as awake for another tick */
		world->model.listened += TICK;
	monitor_turn(world, continued);
	model_evaluate(&world->model);
}

static void restart(struct world *world, bool with_state)
{
	struct watch_saved past;
	nsec down = below(100 * HOUR);

	settle(world);
	watch_remember(world->watch, active_time_at(&world->active_time, world->now), &past);
	watch_free(world->watch);
	world->now = with_state ? below(1000 * HOUR) + HOUR : world->now + down;
	world->boot = world->now + below(HOUR);
	active_time_begin(&world->active_time, TICK, world->now, world->boot);
	world->watch = watch_new(&rules, world->now);
	watch_hold(world->watch, world->hold);
	if (with_state) {
		watch_resume(world->watch, &past, world->now);
		return;
	}
	for (int i = 0; i < MODEL_KINDS; i++)
		world->model.received[i] = world->model.listened;
	world->forgotten += world->model.open ? 1 : 0;
	world->model.ends += world->model.open ? 1 : 0;
	world->model.open = false;
	world->held = false;
}

/* Planned work begins or ends. Its end tells at once what it held back and still lasts. */
static void planned_work(struct world *world)
{
	settle(world);
	world->hold = !world->hold;
	watch_hold(world->watch, world->hold);
	if (!world->hold && world->model.open)
		assert_true(watch_deadline(world->watch) <=
				    active_time_at(&world->active_time, world->now) ||
			    !world->held);
	verdicts_count(world);
}

static void crash_loop(struct world *world)
{
	for (int i = 0; i < 20; i++) {
		restart(world, true);
		pass(world, below(HOUR / 2));
	}
}

static void random_event(struct world *world)
{
	double chance = drand48();

	if (drand48() < 0.05)
		planned_work(world);
	if (chance < 0.9)
		message_send(world);
	else if (chance < 0.94)
		pass(world, below(3 * MAX_LATENCY));
	else if (chance < 0.95)
		absence(world);
	else if (chance < 0.97)
		stop_for(world, 2 * TICK + below(100 * HOUR));
	else if (chance < 0.98)
		world->boot += below(100 * HOUR); /* suspended */
	else if (chance < 0.99)
		restart(world, true);
	else if (chance < 0.995)
		restart(world, false);
	else
		crash_loop(world);
}

static void incidents_match_the_model(void **state)
{
	const char *given = getenv("SEED");
	long seed = given != NULL ? strtol(given, NULL, 10) : (long)clock_wall() / 1000;
	struct world world = {.now = HOUR, .boot = HOUR, .model = {.max_latency = MAX_LATENCY}};

	(void)state;
	print_message("# SEED=%ld\n", seed);
	srand48(seed);
	active_time_begin(&world.active_time, TICK, world.now, world.boot);
	world.watch = watch_new(&rules, world.now);
	while (world.model.listened < HOURS * HOUR) {
		random_event(&world);
		if (drand48() < 0.1) {
			settle(&world);
			assert_int_equal(world.alarms, world.model.incidents);
			assert_int_equal(world.ended + world.forgotten, world.model.ends);
		}
	}
	print_message("# %d hours, %ld incidents; in planned work: %ld spared, %ld told after it\n",
		HOURS, world.alarms, world.spared, world.released);
	assert_true(world.alarms > 10000);
	assert_true(world.spared > 1000 && world.released > 1000);
	watch_free(world.watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(incidents_match_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

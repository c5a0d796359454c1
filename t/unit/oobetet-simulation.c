/* SPDX-License-Identifier: MIT */
/*
 * A million hours of made-up time for the watch and its attention: lines with random gaps, that
 * come late and out of order; stops, freezes and suspensions; restarts with and without a state.
 * What the judge beside it says (oobetet-judge.h) and what is told must be the same.
 *
 * SEED=N in the environment repeats a run.
 */
#include "t/unit/unit.h"

#include "oobetet/watch/activetime.h"
#include "oobetet/watch/watch.h"
#include "t/unit/oobetet-judge.h"

#include <stdlib.h>
#include <string.h>

#define HOUR (3600 * NSEC_PER_SEC)
#define MAX_LATENCY (5 * HOUR)
#define TICK HOUR
#define HOURS 1000000
#define FLIGHT 8  /* lines under way at most */
#define MISSED 12 /* lines of one absence at most */

static const struct watch_rules rules = {.max_latency = MAX_LATENCY,
	.repeat_interval = HOUR / 2,
	.awaited = {[KIND_PROBLEM] = true, [KIND_RECOVERY] = true}};

struct line {
	enum kind kind;
	nsec said, arrives; /* CLOCK_MONOTONIC */
};

struct world {
	nsec now, boot;
	struct watch *watch;
	struct active_time active_time;
	struct line flight[FLIGHT];
	int flying;
	struct judge judge;
	long alarms, healed, forgotten;
};

static nsec below(nsec limit)
{
	return (nsec)(drand48() * (double)limit);
}

/* ---- the watch ---- */

static void tell(struct world *world)
{
	nsec now = active_time_at(&world->active_time, world->now);
	enum verdict verdict;

	while ((verdict = watch_evaluate(world->watch, now)) != WATCH_QUIET) {
		if (verdict == WATCH_ALARM)
			assert_int_equal(++world->alarms, world->healed + world->forgotten + 1);
		else if (verdict == WATCH_HEALED)
			world->healed++;
	}
}

static void arrive(struct world *world)
{
	for (int i = 0; i < world->flying;) {
		const struct line line = world->flight[i];

		if (line.arrives > world->now) {
			i++;
			continue;
		}
		world->flight[i] = world->flight[--world->flying];
		watch_receive(
			world->watch, line.kind, active_time_at(&world->active_time, line.said));
	}
}

static nsec next_arrival(const struct world *world)
{
	nsec next = NSEC_NEVER;

	for (int i = 0; i < world->flying; i++)
		next = nsec_earlier(next, world->flight[i].arrives);
	return next;
}

/* Everything that oobetet does in a turn. */
static void turn(struct world *world, bool continued)
{
	active_time_turn(&world->active_time, continued, world->now, world->boot);
	arrive(world);
	tell(world);
}

/* Time in which somebody listens, slept from deadline to deadline. */
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
		world->judge.listened += slept;
		turn(world, false);
	}
}

/* Nothing is under way, and all is judged, as after a quiet second. */
static void settle(struct world *world)
{
	do
		pass(world, NSEC_PER_SEC);
	while (judge_is_on_the_edge(&world->judge, 2 * WATCH_GRACE));
	judge_look(&world->judge);
}

/* ---- what happens ---- */

static void say(struct world *world)
{
	enum kind kind = drand48() < 0.5 ? KIND_PROBLEM : KIND_RECOVERY;

	if (world->flying == FLIGHT)
		settle(world);
	world->flight[world->flying++] = (struct line){
		.kind = kind, .said = world->now, .arrives = world->now + below(WATCH_GRACE)};
	judge_hear(&world->judge, kind);
	/* the next may overtake it */
	pass(world, drand48() < 0.2 ? below(WATCH_GRACE) : below(2 * HOUR));
}

/* Out of the room: what was said there is heard afterwards, each line at its stamp. */
static void miss(struct world *world)
{
	struct line missed[MISSED];
	int count = (int)below(MISSED);

	settle(world);
	for (int i = 0; i < count; i++) {
		pass(world, below(drand48() < 0.2 ? MAX_LATENCY : 2 * HOUR));
		missed[i].kind = drand48() < 0.5 ? KIND_PROBLEM : KIND_RECOVERY;
		missed[i].said = active_time_at(&world->active_time, world->now);
		missed[i].arrives = world->judge.listened;
	}
	settle(world);
	for (int i = 0; i < count; i++) {
		watch_receive(world->watch, missed[i].kind, missed[i].said);
		judge_recall(&world->judge, missed[i].kind, missed[i].arrives);
	}
	settle(world);
}

static void stop_for(struct world *world, nsec span)
{
	bool continued = drand48() < 0.5;

	settle(world);
	world->now += span;
	world->boot += span;
	if (!continued) /* one that is frozen counts as awake for another tick */
		world->judge.listened += TICK;
	turn(world, continued);
	judge_look(&world->judge);
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
	if (with_state) {
		watch_resume(world->watch, &past, world->now);
		return;
	}
	for (int i = 0; i < JUDGE_KINDS; i++)
		world->judge.said[i] = world->judge.listened;
	world->forgotten += world->judge.broken ? 1 : 0;
	world->judge.ends += world->judge.broken ? 1 : 0;
	world->judge.broken = false;
}

static void crash_loop(struct world *world)
{
	for (int i = 0; i < 20; i++) {
		restart(world, true);
		pass(world, below(HOUR / 2));
	}
}

static void happen(struct world *world)
{
	double chance = drand48();

	if (chance < 0.9)
		say(world);
	else if (chance < 0.94)
		pass(world, below(3 * MAX_LATENCY));
	else if (chance < 0.95)
		miss(world);
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

static void alarm_if_and_only_if_a_gap_was_too_long(void **state)
{
	const char *given = getenv("SEED");
	long seed = given != NULL ? atol(given) : (long)clock_wall() / 1000;
	struct world world = {.now = HOUR, .boot = HOUR, .judge = {.max_latency = MAX_LATENCY}};

	(void)state;
	print_message("# SEED=%ld\n", seed);
	srand48(seed);
	active_time_begin(&world.active_time, TICK, world.now, world.boot);
	world.watch = watch_new(&rules, world.now);
	while (world.judge.listened < HOURS * HOUR) {
		happen(&world);
		if (drand48() < 0.1) {
			settle(&world);
			assert_int_equal(world.alarms, world.judge.incidents);
			assert_int_equal(world.healed + world.forgotten, world.judge.ends);
		}
	}
	print_message("# %d hours, %ld incidents\n", HOURS, world.alarms);
	assert_true(world.alarms > 10000);
	watch_free(world.watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alarm_if_and_only_if_a_gap_was_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

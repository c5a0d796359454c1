/* SPDX-License-Identifier: MIT */
/* The engine against a simple, slow model: random events, a wall clock that is set at times, a
 * Redis that is down at times. After every tick both must have pushed and recorded the same. */
#include "t/unit/unit.h"

#include "httpbroker/checks/wheel.h"
#include "httpbroker/delivery/engine.h"
#include "httpbroker/delivery/flapjack.h"
#include "t/unit/broker-parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CHECKS = 12, TICKS = 200000, LINES = 4 * CHECKS };

#define INTERVAL (2 * NSEC_PER_SEC)

/* A check in the model. */
struct model_check {
	bool known, stale;
	enum state state, sent;
	int64_t time, since;
	int32_t ttl;
	nsec deadline, repeat_at;
	bool changed;   /* since it was recorded */
	bool forgotten; /* since then, and perhaps with new events */
};

struct model {
	struct model_check checks[CHECKS];
	struct buffer pushed;
	enum state stale_as;
	nsec forget_after;
	long over; /* stale checks forgotten after this time */
};

static void encoded_print(struct buffer *out, int number, const char *check, const char *summary)
{
	buffer_printf(out,
		"{\"entity\":\"e\",\"check\":\"%d\",\"type\":\"service\",\"state\":\"%s\","
		"\"summary\":\"%s\"",
		number, check, summary);
}

static void model_push(struct model *model, int number, int64_t time, struct moment now)
{
	struct model_check *check = &model->checks[number];
	char summary[128] = "";

	if (check->stale)
		snprintf(summary, sizeof summary,
			"httpbroker: Cached state is stale (%" PRId64 "s old, should be < %" PRId32
			"s)",
			check->ttl + (now.monotonic - check->deadline) / NSEC_PER_SEC, check->ttl);
	encoded_print(&model->pushed, number,
		check->stale ? flapjack_stale_word(model->stale_as) : state_name(check->state),
		summary);
	buffer_printf(&model->pushed, ",\"time\":%" PRId64 "}\n",
		check->stale ? now.wall / NSEC_PER_SEC : time);
	enum state reported = check->stale ? model->stale_as : check->state;
	if (check->since == 0 || check->sent != reported)
		check->since = now.wall / NSEC_PER_SEC;
	check->sent = reported;
}

static enum engine_result model_apply(struct model *model, int number, enum state state,
	int64_t time, int32_t ttl, struct moment now)
{
	struct model_check *check = &model->checks[number];
	bool first = !check->known;

	if (!first && time < check->time && check->time <= now.wall / NSEC_PER_SEC)
		return ENGINE_OLDER;
	check->known = check->changed = true;
	check->state = state;
	check->time = time;
	check->ttl = ttl;
	check->deadline =
		ttl < 0 ? NSEC_NEVER : now.monotonic + (time + ttl) * NSEC_PER_SEC - now.wall;
	check->stale = check->deadline <= now.monotonic;
	if (first || check->sent != (check->stale ? model->stale_as : state)) {
		model_push(model, number, time, now);
		check->repeat_at = now.monotonic + INTERVAL;
	}
	return ENGINE_APPLIED;
}

static void model_turn_one(struct model *model, int number, bool repeats, struct moment now)
{
	struct model_check *check = &model->checks[number];

	if (!check->known)
		return;
	if (!check->stale && check->deadline <= now.monotonic) {
		check->stale = check->changed = true;
		model_push(model, number, 0, now);
		check->repeat_at = now.monotonic + INTERVAL;
	} else if (check->repeat_at <= now.monotonic && check->stale &&
		   now.monotonic - check->deadline >= model->forget_after) {
		*check = (struct model_check){.forgotten = true};
		model->over++;
	} else if (check->repeat_at <= now.monotonic) {
		if (repeats)
			model_push(model, number, now.wall / NSEC_PER_SEC, now);
		check->repeat_at += INTERVAL;
	}
}

static void model_records(struct model *model, struct buffer *out)
{
	for (int i = 0; i < CHECKS; i++) {
		struct model_check *check = &model->checks[i];
		char ends[24] = "-";

		if (check->forgotten)
			buffer_printf(out, "e\x1f%d\n-\n", i);
		check->forgotten = false;
		if (!check->changed)
			continue;
		check->changed = false;
		if (check->deadline != NSEC_NEVER)
			snprintf(ends, sizeof ends, "%" PRId64,
				check->deadline > 0 ? check->deadline / NSEC_PER_MSEC : 0);
		buffer_printf(out, "e\x1f%d\n1 %" PRId64 " %" PRId32 " %s %s ", i, check->time,
			check->ttl, state_name(check->sent), ends);
		encoded_print(out, i, state_name(check->state), "");
		buffer_printf(out, ",\"since\":%" PRId64 "}\n", check->since);
	}
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorts the lines: the order within a tick does not matter. */
static void lines_sort(struct buffer *text, struct buffer *out)
{
	char *lines[LINES] = {NULL}, *rest = text->data;
	size_t count = 0;

	buffer_clear(out);
	buffer_append(out, "", 0);
	for (char *line; rest != NULL && *rest != '\0'; count++) {
		assert_between(count, 0, LINES - 1);
		line = strsep(&rest, "\n");
		lines[count] = line;
	}
	qsort(lines, count, sizeof lines[0], compare_lines);
	for (size_t i = 0; i < count; i++)
		buffer_printf(out, "%s\n", lines[i]);
}

static void assert_same(struct buffer *theirs, struct buffer *ours)
{
	struct buffer sorted[2] = {{NULL, 0, 0}, {NULL, 0, 0}};

	lines_sort(theirs, &sorted[0]);
	lines_sort(ours, &sorted[1]);
	assert_string_equal(sorted[0].data, sorted[1].data);
	buffer_free(&sorted[0]);
	buffer_free(&sorted[1]);
}

/* Both sides, and the clocks. */
struct simulation {
	unsigned seed;
	struct checks *checks;
	struct outbox *outbox;
	struct engine *engine;
	struct model model;
	nsec wall_offset;
	bool recorded[CHECKS]; /* by all that was written */
	struct buffer events, records, expected;
	long pushed, forgotten, answered[3];
};

static int chance(struct simulation *simulation, int max)
{
	return rand_r(&simulation->seed) % max;
}

static void post_random(struct simulation *simulation, struct moment now)
{
	static const int32_t ttls[] = {EVENT_TTL_NEVER, 1, 2, 3, 5, 30};
	int number = chance(simulation, CHECKS);
	char check[16];
	struct prepared prepared;

	snprintf(check, sizeof check, "%d", number);
	struct event event = event_plain("e", check, (enum state)chance(simulation, 4));
	event.time = now.wall / NSEC_PER_SEC - chance(simulation, 4) * chance(simulation, 3);
	event.ttl = ttls[chance(simulation, ARRAY_LENGTH(ttls))];
	prepared_make(&prepared, &event, 2, now);
	enum engine_result answer = engine_apply(simulation->engine, &prepared, now);
	prepared_free(&prepared);
	assert_int_equal(answer,
		model_apply(&simulation->model, number, event.state, event.time, event.ttl, now));
	simulation->answered[answer]++;
}

static void forget_random(struct simulation *simulation)
{
	int number = chance(simulation, CHECKS);
	struct model_check *check = &simulation->model.checks[number];
	char text[16];
	int length = snprintf(text, sizeof text, "e:%d", number);
	const struct names names = {text, (uint16_t)length, 1};

	assert_int_equal(engine_forget(simulation->engine, &names), check->known);
	simulation->forgotten += check->known;
	*check = (struct model_check){.forgotten = check->known || check->forgotten};
}

static void tick_random(struct simulation *simulation, nsec tick)
{
	bool repeats = tick / (3 * INTERVAL) % 4 != 0;
	struct moment now = {tick + simulation->wall_offset, tick};

	engine_run(simulation->engine, repeats, now);
	for (int i = 0; i < CHECKS; i++)
		model_turn_one(&simulation->model, i, repeats, now);
	if (chance(simulation, 3000) == 0)
		simulation->wall_offset += (chance(simulation, 21) - 10) * NSEC_PER_SEC *
					   (chance(simulation, 4) == 0 ? 86400 : 1);
	if (chance(simulation, 200) == 0)
		forget_random(simulation);
	if (chance(simulation, 20) == 0) {
		nsec late = chance(simulation, WHEEL_TICK);
		post_random(simulation,
			(struct moment){tick + late + simulation->wall_offset, tick + late});
	}
}

/* Compares the outbox's count of records with the real one. */
static void records_count(struct simulation *simulation)
{
	size_t count = 0;

	for (const char *at = simulation->records.data; *at != '\0'; at = strchr(at, '\n') + 1) {
		int number = (int)strtol(strchr(at, '\x1f') + 1, NULL, 10);

		at = strchr(at, '\n') + 1;
		simulation->recorded[number] = at[0] != '-';
	}
	for (int i = 0; i < CHECKS; i++)
		count += simulation->recorded[i];
	assert_int_equal(outbox_recorded(simulation->outbox), count);
}

static void both_compare(struct simulation *simulation)
{
	outbox_drain(simulation->outbox, 0, &simulation->events, &simulation->records);
	simulation->pushed += simulation->events.length > 0;
	assert_same(&simulation->events, &simulation->model.pushed);
	buffer_clear(&simulation->expected);
	buffer_append(&simulation->expected, "", 0);
	model_records(&simulation->model, &simulation->expected);
	records_count(simulation);
	assert_same(&simulation->records, &simulation->expected);
	buffer_clear(&simulation->model.pushed);
	buffer_append(&simulation->model.pushed, "", 0);
}

static void simulation_free(struct simulation *simulation)
{
	engine_free(simulation->engine);
	outbox_free(simulation->outbox);
	checks_free(simulation->checks);
	buffer_free(&simulation->model.pushed);
	buffer_free(&simulation->events);
	buffer_free(&simulation->records);
	buffer_free(&simulation->expected);
}

static void simulate(enum state stale_as, nsec forget_after)
{
	struct simulation simulation = {
		.seed = seed_choose(),
		.checks = checks_new(&(struct siphash_key){1, 2}),
		.outbox = outbox_new(),
		.model.stale_as = stale_as,
		.model.forget_after = forget_after,
		.wall_offset = 1795224000 * NSEC_PER_SEC,
	};
	const struct engine_settings settings = {.interval = INTERVAL,
		.max_checks = LIMIT_STATES,
		.stale_as = stale_as,
		.forget_after = forget_after};

	simulation.engine = engine_new(simulation.checks, simulation.outbox, &settings,
		(struct moment){simulation.wall_offset, 0});
	buffer_append(&simulation.model.pushed, "", 0);
	for (nsec tick = 0; tick < TICKS * WHEEL_TICK; tick += WHEEL_TICK) {
		tick_random(&simulation, tick);
		both_compare(&simulation);
	}
	assert_true(simulation.pushed > 1000);
	assert_true(simulation.forgotten > 100);
	assert_int_equal(simulation.model.over > 50, forget_after != NSEC_NEVER);
	assert_true(simulation.answered[ENGINE_APPLIED] > 1000);
	assert_true(simulation.answered[ENGINE_OLDER] > 10);
	simulation_free(&simulation);
}

static void the_engine_matches_the_model(void **state)
{
	(void)state;
	simulate(STATE_UNKNOWN, NSEC_NEVER);
}

static void it_matches_with_critical_as_the_stale_state(void **state)
{
	(void)state;
	simulate(STATE_CRITICAL, NSEC_NEVER);
}

static void it_matches_when_stale_checks_are_forgotten(void **state)
{
	(void)state;
	simulate(STATE_UNKNOWN, 3 * NSEC_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_engine_matches_the_model),
		cmocka_unit_test(it_matches_with_critical_as_the_stale_state),
		cmocka_unit_test(it_matches_when_stale_checks_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

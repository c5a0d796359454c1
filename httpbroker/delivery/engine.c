/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/engine.h"

#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/checks/wheel.h"
#include "httpbroker/delivery/outgoing.h"
#include "httpbroker/delivery/record.h"
#include "httpbroker/limits.h"

#include <stdlib.h>
#include <string.h>

enum { CROWD = 64 }; /* so many repeats in one tick are no burst, whatever the average */

struct engine {
	struct checks *checks;
	struct outbox *outbox;
	struct wheel *wheel;
	size_t max; /* checks */
	nsec interval;
	enum state stale_as;
	bool untold; /* nobody is told */
	nsec forget_after;
	struct missing *missing; /* NULL: not kept */
	nsec owe_until;
	int64_t ticks; /* of the wheel, over which an interval's repeats are spread */
};

struct engine *engine_new(
	struct checks *checks, struct outbox *outbox, nsec interval, struct moment now)
{
	struct engine *engine = memory_zeroed(1, sizeof *engine);
	int64_t ticks = interval / WHEEL_TICK;

	engine->checks = checks;
	engine->outbox = outbox;
	engine->wheel = wheel_new(now.monotonic);
	engine->max = LIMIT_STATES;
	engine->interval = interval;
	engine->stale_as = STATE_UNKNOWN;
	engine->forget_after = NSEC_NEVER;
	engine->ticks = ticks < 1 ? 1 : ticks > WHEEL_SLOTS ? WHEEL_SLOTS : ticks;
	return engine;
}

void engine_stale_state(struct engine *engine, enum state state)
{
	engine->stale_as = state;
}

void engine_mute(struct engine *engine)
{
	engine->untold = true;
}

void engine_limit(struct engine *engine, size_t max)
{
	engine->max = max;
}

void engine_forget_after(struct engine *engine, nsec span)
{
	engine->forget_after = span;
}

void engine_note_forgotten(struct engine *engine, struct missing *missing)
{
	engine->missing = missing;
}

void engine_hold_until(struct engine *engine, nsec until)
{
	engine->owe_until = until;
}

void engine_free(struct engine *engine)
{
	wheel_free(engine->wheel);
	free(engine);
}

/*
 * When a check that is told now is repeated first. Where that moment is crowded, the check is
 * given a place of its own within the interval, which it then keeps.
 */
static nsec repeat_first(const struct engine *engine, const struct check *check, nsec now)
{
	nsec at = now + engine->interval;
	int64_t fair = (int64_t)checks_count(engine->checks) / engine->ticks;

	if (wheel_crowd(engine->wheel, at) <= CROWD + 2 * fair)
		return at;
	double place = (double)check->hh.hashv / UINT32_MAX;
	return at - (nsec)(place * (double)engine->interval);
}

/* One interval on; when that has passed, the next one that has not. */
static nsec repeat_next(const struct engine *engine, const struct check *check, nsec now)
{
	nsec at = check->repeat_at + engine->interval;

	return at > now ? at : at + ((now - at) / engine->interval + 1) * engine->interval;
}

static void event_tell(struct engine *engine, struct check *check, int64_t time)
{
	check->sent = check->state;
	if (engine->untold)
		return;
	log_debug("Sending event data for %.*s", (int)check->hh.keylen, check->names);
	flapjack_event(outbox_push(engine->outbox), &check->encoded, time);
	check->pushed_in = outbox_sequence(engine->outbox);
}

static void stale_tell(struct engine *engine, struct check *check, struct moment now)
{
	check->sent = (uint8_t)engine->stale_as;
	check->stale = true;
	if (engine->untold) {
		log_debug("State for %.*s is stale.", (int)check->hh.keylen, check->names);
		return;
	}
	log_debug("State for %.*s is stale. Sending %s.", (int)check->hh.keylen, check->names,
		flapjack_stale_word(engine->stale_as));
	flapjack_stale(outbox_push(engine->outbox), check, engine->stale_as, now);
	check->pushed_in = outbox_sequence(engine->outbox);
}

static enum state state_now(
	const struct engine *engine, const struct check *check, struct moment now)
{
	return check->deadline <= now.monotonic ? engine->stale_as : (enum state)check->state;
}

/* Tells at once what the check's state is. */
static void check_tell(struct engine *engine, struct check *check, struct moment now)
{
	if (check->deadline <= now.monotonic)
		stale_tell(engine, check, now);
	else
		event_tell(engine, check, check->time);
	check->repeat_at = repeat_first(engine, check, now.monotonic);
	check->untold = false;
}

/* Less than 0: the posting is older than the state. */
static int order_of(const struct prepared *prepared, const struct check *check)
{
	return instant_compare((struct instant){prepared->time, prepared->fraction},
		(struct instant){check->time, check->fraction});
}

/*
 * A cached time in the future (the clock was set back since) beats nothing. What another broker has
 * handed over came to that before this one was active: of what was posted here it beats only what
 * is older.
 */
static bool is_older(const struct prepared *prepared, const struct check *check, struct moment now)
{
	const struct instant cached = {check->time, check->fraction};
	int order = order_of(prepared, check);
	bool known = prepared->handed && check->posted;

	return (order == 0 && known) ||
	       (order < 0 && (known || instant_compare(cached, instant_of(now.wall)) <= 0));
}

static struct checks_event event_of(const struct prepared *prepared)
{
	return (struct checks_event){prepared->encoded, prepared->state, prepared->time,
		prepared->ttl, prepared->deadline, prepared->fraction};
}

static void check_start(struct engine *engine, struct check *check, struct moment now)
{
	check_tell(engine, check, now);
	outbox_record(engine->outbox, check);
	wheel_put(engine->wheel, check);
}

static enum engine_result check_go_on(struct engine *engine, struct check *check,
	const struct prepared *prepared, struct moment now)
{
	const struct checks_event event = event_of(prepared);

	if (check->untold)
		check_tell(engine, check, now);
	checks_set(engine->checks, check, &event);
	if (check->sent != state_now(engine, check, now))
		check_tell(engine, check, now);
	check->stale = check->deadline <= now.monotonic;
	check->loaded = check->retired = false;
	check->posted = !prepared->handed;
	outbox_record(engine->outbox, check);
	wheel_move(engine->wheel, check);
	return ENGINE_APPLIED;
}

/*
 * A check was renamed by an upgrade, and nobody will speak of its former name again: what is wrong
 * there would stay so for ever. A check of that name that was heard of since is another one, and so
 * is one whose time has milliseconds, which the versions of those names did not keep.
 */
static void former_end(struct engine *engine, const struct prepared *prepared, struct moment now)
{
	const struct prepared *former = prepared->former;
	struct check *check = former != NULL ? checks_find(engine->checks, &former->names) : NULL;

	if (check == NULL || !check->loaded || check->fraction != 0)
		return;
	log_info("the check %.*s is named %.*s now: the former is set ok",
		(int)former->names.length, former->names.bytes, (int)prepared->names.length,
		prepared->names.bytes);
	check_go_on(engine, check, former, now);
	check->retired = true;
}

static enum engine_result check_begin(
	struct engine *engine, const struct prepared *prepared, struct moment now)
{
	const struct checks_event event = event_of(prepared);

	if (checks_count(engine->checks) >= engine->max)
		return ENGINE_FULL;
	struct check *check = checks_add(engine->checks, &prepared->names, &event);
	check->posted = !prepared->handed;
	check_start(engine, check, now);
	former_end(engine, prepared, now);
	return ENGINE_APPLIED;
}

static enum engine_result forgotten_take(
	struct engine *engine, const struct prepared *prepared, struct moment now)
{
	const struct check *check = checks_find(engine->checks, &prepared->names);

	if (check != NULL && is_older(prepared, check, now))
		return ENGINE_OLDER;
	engine_forget(engine, &prepared->names);
	return ENGINE_APPLIED;
}

enum engine_result engine_apply(
	struct engine *engine, const struct prepared *prepared, struct moment now)
{
	if (prepared->forgotten)
		return forgotten_take(engine, prepared, now);
	if (outbox_overflows(engine->outbox))
		return ENGINE_FULL;
	if (!state_lasts(prepared->state) && engine->untold)
		return ENGINE_IGNORED;
	if (!state_lasts(prepared->state)) {
		flapjack_event(outbox_push(engine->outbox), &prepared->encoded, prepared->time);
		return ENGINE_APPLIED;
	}
	struct check *check = checks_find(engine->checks, &prepared->names);
	if (check == NULL)
		return check_begin(engine, prepared, now);
	if (is_older(prepared, check, now))
		return ENGINE_OLDER;
	return check_go_on(engine, check, prepared, now);
}

static bool is_the_same(const struct check *check, const struct prepared *prepared)
{
	return order_of(prepared, check) == 0 &&
	       prepared->encoded.length == check->encoded.length &&
	       memcmp(prepared->encoded.bytes, check->encoded.bytes, prepared->encoded.length) == 0;
}

enum engine_result engine_apply_handed(
	struct engine *engine, const struct prepared *prepared, struct moment now)
{
	struct check *check = checks_find(engine->checks, &prepared->names);

	if (check == NULL || !check->untold || prepared->forgotten ||
		!state_lasts(prepared->state) || order_of(prepared, check) > 0)
		return engine_apply(engine, prepared, now);
	if (outbox_overflows(engine->outbox))
		return ENGINE_FULL;
	if (!is_the_same(check, prepared)) {
		flapjack_event(outbox_push(engine->outbox), &prepared->encoded, prepared->time);
		return ENGINE_APPLIED;
	}
	check_tell(engine, check, now);
	outbox_record(engine->outbox, check);
	wheel_move(engine->wheel, check);
	return ENGINE_APPLIED;
}

/* Repeats of what is loaded are spread over the interval: nobody knows when they were due. */
static nsec repeat_loaded(const struct engine *engine, const struct check *check, nsec now)
{
	double place = (double)check->hh.hashv / UINT32_MAX;

	return now + (nsec)(place * (double)engine->interval);
}

static void loaded_begin(
	struct engine *engine, struct check *check, enum state sent, struct moment now)
{
	check->sent = (uint8_t)sent;
	check->stale = check->deadline <= now.monotonic && sent == engine->stale_as;
	check->repeat_at = repeat_loaded(engine, check, now.monotonic);
	wheel_put(engine->wheel, check);
}

static void owed_begin(struct engine *engine, struct check *check)
{
	check->untold = true;
	check->sent = check->state;
	check->repeat_at = engine->owe_until;
	wheel_put(engine->wheel, check);
}

bool engine_load(struct engine *engine, const struct prepared *prepared, const enum state *sent,
	struct moment now)
{
	const struct checks_event event = event_of(prepared);

	if (checks_count(engine->checks) >= engine->max ||
		checks_find(engine->checks, &prepared->names) != NULL)
		return false;
	struct check *check = checks_add(engine->checks, &prepared->names, &event);
	check->loaded = true;
	outbox_mark_recorded(engine->outbox, check);
	if (sent != NULL)
		loaded_begin(engine, check, *sent, now);
	else if (now.monotonic < engine->owe_until)
		owed_begin(engine, check);
	else
		check_start(engine, check, now);
	return true;
}

static void check_rewrite(struct check *check, void *context)
{
	outbox_record(context, check);
}

void engine_rewrite(struct engine *engine, unsigned shard)
{
	checks_work(engine->checks, shard, check_rewrite, engine->outbox);
}

/* By the field of its record. */
static void forgotten_note(struct engine *engine, const struct check *check)
{
	char field[2 * LIMIT_NAME + 1];

	memcpy(field, check->names, check->hh.keylen);
	field[check->entity_length] = RECORD_SEPARATOR;
	missing_add(engine->missing, field, check->hh.keylen);
}

static void check_forget(struct engine *engine, struct check *check)
{
	if (engine->missing != NULL)
		forgotten_note(engine, check);
	log_debug("Forgetting %.*s", (int)check->hh.keylen, check->names);
	checks_remove(engine->checks, check);
	outbox_forget(engine->outbox, check);
}

bool engine_forget(struct engine *engine, const struct names *names)
{
	struct check *check = checks_find(engine->checks, names);

	if (check == NULL)
		return false;
	wheel_remove(engine->wheel, check);
	check_forget(engine, check);
	return true;
}

/* What is due of a state: that it has just gone stale, or its repeat; then true. */
static bool check_turn(struct engine *engine, struct check *check, bool repeats, struct moment now)
{
	if (check->untold || (!check->stale && check->deadline <= now.monotonic)) {
		check_tell(engine, check, now);
		outbox_record(engine->outbox, check);
		return false;
	}
	if (repeats && check->stale)
		stale_tell(engine, check, now);
	else if (repeats)
		event_tell(engine, check, now.wall / NSEC_PER_SEC);
	check->repeat_at = repeat_next(engine, check, now.monotonic);
	return repeats;
}

/* Of a check that is told as stale for so long, or whose end in another name was told. */
static bool is_over(const struct engine *engine, const struct check *check, struct moment now)
{
	return (check->stale && now.monotonic - check->deadline >= engine->forget_after) ||
	       (check->retired && !check->owed);
}

size_t engine_run(struct engine *engine, bool repeats, struct moment now)
{
	size_t repeated = 0;

	while (!repeats || !outbox_full(engine->outbox)) {
		struct check *check = wheel_take(engine->wheel, now.monotonic);

		if (check == NULL)
			break;
		if (is_over(engine, check, now)) {
			check_forget(engine, check);
			continue;
		}
		repeated += check_turn(engine, check, repeats, now);
		wheel_put(engine->wheel, check);
	}
	return repeated;
}

nsec engine_next(struct engine *engine, bool repeats)
{
	return repeats && outbox_full(engine->outbox) ? NSEC_NEVER : wheel_next(engine->wheel);
}

void core_open(struct core *core, struct moment now)
{
	core->outbox = outbox_new();
	outbox_limit(core->outbox, core->max);
	if (!core->persistent)
		outbox_forget_records(core->outbox);
	core->engine = engine_new(core->checks, core->outbox, core->interval, now);
	engine_stale_state(core->engine, core->stale_as);
	engine_limit(core->engine, core->max_states);
	engine_forget_after(core->engine, core->forget_after);
	engine_note_forgotten(core->engine, core->missing);
}

void core_close(struct core *core)
{
	engine_free(core->engine);
	outbox_free(core->outbox);
}

void core_reset(struct core *core, struct moment now)
{
	core_close(core);
	checks_clear(core->checks);
	core_open(core, now);
}

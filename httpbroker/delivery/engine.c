/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/engine.h"

#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/checks/wheel.h"
#include "httpbroker/delivery/flapjack.h"
#include "httpbroker/limits.h"

#include <stdlib.h>
#include <string.h>

enum { BURST_LIMIT = 64 }; /* repeats in one tick that are no burst, whatever the average */

struct engine {
	struct checks *checks;
	struct outbox *outbox;
	const struct engine_settings *settings;
	struct wheel *wheel;
	nsec hold_until;
	int64_t ticks; /* of the wheel, over which an interval's repeats are spread */
};

struct engine *engine_new(struct checks *checks, struct outbox *outbox,
	const struct engine_settings *settings, struct moment now)
{
	struct engine *engine = memory_zeroed(1, sizeof *engine);
	int64_t ticks = settings->interval / WHEEL_TICK;

	engine->checks = checks;
	engine->outbox = outbox;
	engine->settings = settings;
	engine->wheel = wheel_new(now.monotonic);
	engine->ticks = ticks < 1 ? 1 : ticks > WHEEL_SLOTS ? WHEEL_SLOTS : ticks;
	return engine;
}

void engine_hold_until(struct engine *engine, nsec until)
{
	engine->hold_until = until;
}

void engine_free(struct engine *engine)
{
	wheel_free(engine->wheel);
	free(engine);
}

/* A fixed offset within the interval, by the check's hash. */
static nsec repeat_offset(const struct engine *engine, const struct check *check)
{
	return (nsec)((double)check->hh.hashv / UINT32_MAX * (double)engine->settings->interval);
}

/* The first repeat of a check that is pushed now: spread out where that tick is crowded. */
static nsec repeat_first(const struct engine *engine, const struct check *check, nsec now)
{
	nsec at = now + engine->settings->interval;
	int64_t fair = (int64_t)checks_count(engine->checks) / engine->ticks;

	bool crowded = wheel_crowd(engine->wheel, at) > BURST_LIMIT + 2 * fair;
	return crowded ? at - repeat_offset(engine, check) : at;
}

/* The next repeat that is not in the past. */
static nsec repeat_next(const struct engine *engine, const struct check *check, nsec now)
{
	nsec at = check->repeat_at + engine->settings->interval;

	return at > now ? at
			: at + ((now - at) / engine->settings->interval + 1) *
					  engine->settings->interval;
}

static void event_push(struct engine *engine, struct check *check, int64_t time)
{
	check->sent = check->state;
	if (engine->settings->muted)
		return;
	log_debug("Sending event data for %.*s", (int)check->hh.keylen, check->names);
	flapjack_check(outbox_push(engine->outbox), check, time);
	check->pushed_in = outbox_sequence(engine->outbox);
}

static void stale_push(struct engine *engine, struct check *check, struct moment now)
{
	enum state state = check_reported(check, engine->settings->stale_as, now.monotonic);

	check->sent = (uint8_t)state;
	check->stale = true;
	check->overrun = check->run.limit > 0 && check->deadline <= now.monotonic;
	if (engine->settings->muted) {
		log_debug("State for %.*s is stale.", (int)check->hh.keylen, check->names);
		return;
	}
	log_debug("State for %.*s is stale. Sending %s.", (int)check->hh.keylen, check->names,
		flapjack_stale_word(state));
	flapjack_stale(outbox_push(engine->outbox), check, state, now);
	check->pushed_in = outbox_sequence(engine->outbox);
}

/* Pushes the check's state at once. */
static void check_push(struct engine *engine, struct check *check, struct moment now)
{
	if (check_is_expired(check, now.monotonic))
		stale_push(engine, check, now);
	else
		event_push(engine, check, check->time);
	check->repeat_at = repeat_first(engine, check, now.monotonic);
	check->unpushed = false;
}

/* Less than 0: the event is older than the known one. */
static int order_of(const struct prepared *prepared, const struct check *check)
{
	return instant_compare((struct instant){prepared->time, prepared->fraction},
		(struct instant){check->time, check->fraction});
}

/*
 * A known time in the future (the clock was set back since) beats nothing. An event that was handed
 * over came before this broker was active: it beats only older ones of those posted here.
 */
static bool is_older(const struct prepared *prepared, const struct check *check, struct moment now)
{
	const struct instant cached = {check->time, check->fraction};
	int order = order_of(prepared, check);
	bool yields = prepared->handed && check->posted;

	return (order == 0 && yields) ||
	       (order < 0 && (yields || instant_compare(cached, instant_of(now.wall)) <= 0));
}

static void state_note(struct engine *engine, struct check *check, struct moment now)
{
	checks_note(engine->checks, check,
		check_reported(check, engine->settings->stale_as, now.monotonic), now);
}

static void check_start(struct engine *engine, struct check *check, struct moment now)
{
	check_push(engine, check, now);
	state_note(engine, check, now);
	outbox_record(engine->outbox, check);
	wheel_put(engine->wheel, check);
}

static enum engine_result check_update(struct engine *engine, struct check *check,
	const struct prepared *prepared, struct moment now)
{
	if (check->unpushed)
		check_push(engine, check, now);
	checks_set(engine->checks, check, prepared);
	check->stale = check_is_expired(check, now.monotonic);
	if (check->sent != check_reported(check, engine->settings->stale_as, now.monotonic))
		check_push(engine, check, now);
	check->loaded = check->retired = false;
	check->posted = !prepared->handed;
	state_note(engine, check, now);
	outbox_record(engine->outbox, check);
	wheel_move(engine->wheel, check);
	return ENGINE_APPLIED;
}

/*
 * An upgrade has renamed the check: no event will ever clear a problem under its former name. A
 * check of that name that had an event since is another one, and so is one whose time has
 * milliseconds, which the versions of those names did not keep.
 */
static void former_resolve(
	struct engine *engine, const struct prepared *prepared, struct moment now)
{
	const struct prepared *former = prepared->former;
	struct check *check = former != NULL ? checks_find(engine->checks, &former->names) : NULL;

	if (check == NULL || !check->loaded || check->fraction != 0)
		return;
	log_info("check %.*s was renamed to %.*s: the former name is set ok",
		(int)former->names.length, former->names.bytes, (int)prepared->names.length,
		prepared->names.bytes);
	check_update(engine, check, former, now);
	check->retired = true;
}

static enum engine_result check_add(
	struct engine *engine, const struct prepared *prepared, struct moment now)
{
	if (checks_count(engine->checks) >= engine->settings->max_checks)
		return ENGINE_FULL;
	struct check *check = checks_add(engine->checks, prepared);
	check->posted = !prepared->handed;
	check_start(engine, check, now);
	former_resolve(engine, prepared, now);
	return ENGINE_APPLIED;
}

/* The check stays as it is; its record has the run, for a restart. */
static enum engine_result start_apply(
	struct engine *engine, const struct prepared *prepared, struct moment now)
{
	struct check *check = checks_find(engine->checks, &prepared->names);

	if (check == NULL)
		return check_add(engine, prepared, now);
	if (is_older(prepared, check, now))
		return ENGINE_OLDER;
	if (prepared->run.limit == 0)
		return ENGINE_APPLIED;
	if (check->unpushed || (!check->stale && check_is_expired(check, now.monotonic)))
		check_push(engine, check, now);
	checks_start(engine->checks, check, prepared, now.monotonic);
	outbox_record(engine->outbox, check);
	wheel_move(engine->wheel, check);
	return ENGINE_APPLIED;
}

static enum engine_result forgotten_apply(
	struct engine *engine, const struct prepared *prepared, struct moment now)
{
	const struct check *check = checks_find(engine->checks, &prepared->names);

	if (check != NULL && is_older(prepared, check, now))
		return ENGINE_OLDER;
	engine_forget(engine, &prepared->names);
	return ENGINE_APPLIED;
}

static void check_forget(struct engine *engine, struct check *check)
{
	const struct names names = check_names(check);

	if (engine->settings->forgotten != NULL)
		engine->settings->forgotten(engine->settings->owner, &names);
	log_debug("Forgetting %.*s", (int)check->hh.keylen, check->names);
	checks_remove(engine->checks, check);
	outbox_forget(engine->outbox, check);
}

/* The record is to be deleted again, unless the check is known again. */
static void forgotten_repeat(struct engine *engine, const struct prepared *prepared)
{
	if (checks_find(engine->checks, &prepared->names) == NULL)
		check_forget(engine, checks_add(engine->checks, prepared));
}

/* Records are written again anyway (engine_rewrite). */
static enum engine_result event_repeat(
	struct engine *engine, const struct prepared *prepared, struct moment now)
{
	if (prepared->start)
		return ENGINE_APPLIED;
	flapjack_event(outbox_push(engine->outbox), prepared->event, prepared->time);
	struct check *check = checks_find(engine->checks, &prepared->names);
	if (check == NULL || !state_lasts(prepared->state) || check->sent == prepared->state)
		return ENGINE_APPLIED;
	check_push(engine, check, now);
	outbox_record(engine->outbox, check);
	wheel_move(engine->wheel, check);
	return ENGINE_APPLIED;
}

enum engine_result engine_apply(
	struct engine *engine, const struct prepared *prepared, struct moment now)
{
	if (prepared->forgotten && prepared->again) {
		forgotten_repeat(engine, prepared);
		return ENGINE_APPLIED;
	}
	if (prepared->forgotten)
		return forgotten_apply(engine, prepared, now);
	if (outbox_overflows(engine->outbox))
		return ENGINE_FULL;
	if (prepared->again)
		return event_repeat(engine, prepared, now);
	if (prepared->start)
		return start_apply(engine, prepared, now);
	if (!state_lasts(prepared->state) && engine->settings->muted)
		return ENGINE_IGNORED;
	if (!state_lasts(prepared->state)) {
		flapjack_event(outbox_push(engine->outbox), prepared->event, prepared->time);
		return ENGINE_APPLIED;
	}
	struct check *check = checks_find(engine->checks, &prepared->names);
	if (check == NULL)
		return check_add(engine, prepared, now);
	if (is_older(prepared, check, now))
		return ENGINE_OLDER;
	return check_update(engine, check, prepared, now);
}

static bool is_same_event(const struct check *check, const struct prepared *prepared)
{
	return order_of(prepared, check) == 0 &&
	       prepared->encoded.length == check->encoded.length &&
	       memcmp(prepared->encoded.bytes, check->encoded.bytes, prepared->encoded.length) == 0;
}

enum engine_result engine_apply_handed(
	struct engine *engine, const struct prepared *prepared, struct moment now)
{
	struct check *check = checks_find(engine->checks, &prepared->names);

	if (check == NULL || !check->unpushed || prepared->forgotten || prepared->start ||
		!state_lasts(prepared->state) || order_of(prepared, check) > 0)
		return engine_apply(engine, prepared, now);
	if (outbox_overflows(engine->outbox))
		return ENGINE_FULL;
	if (!is_same_event(check, prepared)) {
		flapjack_event(outbox_push(engine->outbox), prepared->event, prepared->time);
		return ENGINE_APPLIED;
	}
	check_push(engine, check, now);
	outbox_record(engine->outbox, check);
	wheel_move(engine->wheel, check);
	return ENGINE_APPLIED;
}

bool engine_load(struct engine *engine, const struct prepared *prepared, const enum state *sent,
	struct moment now)
{
	if (checks_count(engine->checks) >= engine->settings->max_checks ||
		checks_find(engine->checks, &prepared->names) != NULL)
		return false;
	struct check *check = checks_add(engine->checks, prepared);
	check->loaded = true;
	outbox_mark_recorded(engine->outbox, check);
	if (sent != NULL)
		check->shown = (uint8_t)*sent;
	check->sent = (uint8_t)(sent != NULL ? *sent : prepared->state);
	if (sent == NULL && now.monotonic >= engine->hold_until) {
		check_start(engine, check, now);
		return true;
	}
	/* when its repeats were due is unknown: they are spread over the interval */
	check->repeat_at =
		sent != NULL ? now.monotonic + repeat_offset(engine, check) : engine->hold_until;
	check->unpushed = sent == NULL;
	check->stale = sent != NULL && check_is_expired(check, now.monotonic) &&
		       *sent == check_reported(check, engine->settings->stale_as, now.monotonic);
	check->overrun = check->stale && check->run.limit > 0 && check->deadline <= now.monotonic;
	state_note(engine, check, now);
	wheel_put(engine->wheel, check);
	return true;
}

static void check_rewrite(struct check *check, void *outbox)
{
	outbox_record(outbox, check);
}

void engine_rewrite(struct engine *engine, unsigned shard)
{
	checks_work(engine->checks, shard, check_rewrite, engine->outbox);
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

/* Pushes a check that has just gone stale, or its repeat: then true. */
static bool check_run(struct engine *engine, struct check *check, bool repeats, struct moment now)
{
	bool run_is_over = check->run.limit > 0 && check->deadline <= now.monotonic;
	bool pushed = run_is_over ? check->overrun : check->stale;

	if (check->unpushed || (!pushed && check_is_expired(check, now.monotonic))) {
		check_push(engine, check, now);
		state_note(engine, check, now);
		outbox_record(engine->outbox, check);
		return false;
	}
	if (repeats && check->stale)
		stale_push(engine, check, now);
	else if (repeats)
		event_push(engine, check, now.wall / NSEC_PER_SEC);
	check->repeat_at = repeat_next(engine, check, now.monotonic);
	return repeats;
}

/* Stale for too long; or renamed, and its ok is in the queue. */
static bool must_be_forgotten(
	const struct engine *engine, const struct check *check, struct moment now)
{
	if (check->retired && !check->unproven)
		return true;
	return check->stale && now.monotonic - check->deadline >= engine->settings->forget_after;
}

size_t engine_run(struct engine *engine, bool repeats, struct moment now)
{
	size_t repeated = 0;

	while (!repeats || !outbox_full(engine->outbox)) {
		struct check *check = wheel_take(engine->wheel, now.monotonic);

		if (check == NULL)
			break;
		if (must_be_forgotten(engine, check, now)) {
			check_forget(engine, check);
			continue;
		}
		repeated += check_run(engine, check, repeats, now);
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
	outbox_limit(core->outbox, core->max_pending);
	if (!core->persistent)
		outbox_skip_records(core->outbox);
	core->engine = engine_new(core->checks, core->outbox, &core->settings, now);
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

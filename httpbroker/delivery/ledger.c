/* SPDX-License-Identifier: MIT */
#include "httpbroker/delivery/ledger.h"

#include "common/log.h"
#include "common/memory.h"
#include "httpbroker/delivery/outgoing.h"
#include "httpbroker/delivery/record.h"
#include "httpbroker/limits.h"
#include "httpbroker/states/wheel.h"

#include <stdlib.h>
#include <string.h>

enum { CROWD = 64 }; /* so many repeats in one tick are no burst, whatever the average */

struct ledger {
	struct states *states;
	struct outbox *outbox;
	struct wheel *wheel;
	size_t most; /* checks */
	nsec interval;
	enum condition stale_as;
	bool untold; /* nobody is told */
	nsec forget_after;
	struct missing *missing; /* NULL: not kept */
	nsec owe_until;
	int64_t ticks; /* of the wheel, over which an interval's repeats are spread */
};

struct ledger *ledger_new(
	struct states *states, struct outbox *outbox, nsec interval, struct moment now)
{
	struct ledger *ledger = memory_zeroed(1, sizeof *ledger);
	int64_t ticks = interval / WHEEL_TICK;

	ledger->states = states;
	ledger->outbox = outbox;
	ledger->wheel = wheel_new(now.monotonic);
	ledger->most = LIMIT_STATES;
	ledger->interval = interval;
	ledger->stale_as = CONDITION_UNKNOWN;
	ledger->forget_after = NSEC_NEVER;
	ledger->ticks = ticks < 1 ? 1 : ticks > WHEEL_SLOTS ? WHEEL_SLOTS : ticks;
	return ledger;
}

void ledger_tell_stale_as(struct ledger *ledger, enum condition condition)
{
	ledger->stale_as = condition;
}

void ledger_tell_nobody(struct ledger *ledger)
{
	ledger->untold = true;
}

void ledger_limit(struct ledger *ledger, size_t most)
{
	ledger->most = most;
}

void ledger_forget_after(struct ledger *ledger, nsec span)
{
	ledger->forget_after = span;
}

void ledger_note_forgotten(struct ledger *ledger, struct missing *missing)
{
	ledger->missing = missing;
}

void ledger_owe_until(struct ledger *ledger, nsec until)
{
	ledger->owe_until = until;
}

void ledger_free(struct ledger *ledger)
{
	wheel_free(ledger->wheel);
	free(ledger);
}

/*
 * When a check that is told now is repeated first. Where that moment is crowded, the check is
 * given a place of its own within the interval, which it then keeps.
 */
static nsec repeat_first(const struct ledger *ledger, const struct state *state, nsec now)
{
	nsec at = now + ledger->interval;
	int64_t fair = (int64_t)states_count(ledger->states) / ledger->ticks;

	if (wheel_crowd(ledger->wheel, at) <= CROWD + 2 * fair)
		return at;
	double place = (double)state->hh.hashv / UINT32_MAX;
	return at - (nsec)(place * (double)ledger->interval);
}

/* One interval on; when that has passed, the next one that has not. */
static nsec repeat_next(const struct ledger *ledger, const struct state *state, nsec now)
{
	nsec at = state->repeat_at + ledger->interval;

	return at > now ? at : at + ((now - at) / ledger->interval + 1) * ledger->interval;
}

static void event_tell(struct ledger *ledger, struct state *state, int64_t time)
{
	state->sent = state->condition;
	if (ledger->untold)
		return;
	log_debug("Sending event data for %.*s", (int)state->hh.keylen, state->names);
	outgoing_event(outbox_push(ledger->outbox), &state->wire, time);
	state->pushed_in = outbox_sequence(ledger->outbox);
}

static void stale_tell(struct ledger *ledger, struct state *state, struct moment now)
{
	state->sent = (uint8_t)ledger->stale_as;
	state->stale = true;
	if (ledger->untold) {
		log_debug("State for %.*s is stale.", (int)state->hh.keylen, state->names);
		return;
	}
	log_debug("State for %.*s is stale. Sending %s.", (int)state->hh.keylen, state->names,
		outgoing_stale_word(ledger->stale_as));
	outgoing_stale(outbox_push(ledger->outbox), state, ledger->stale_as, now);
	state->pushed_in = outbox_sequence(ledger->outbox);
}

static enum condition condition_now(
	const struct ledger *ledger, const struct state *state, struct moment now)
{
	return state->deadline <= now.monotonic ? ledger->stale_as
						: (enum condition)state->condition;
}

/* Tells at once what the check's state is. */
static void state_tell(struct ledger *ledger, struct state *state, struct moment now)
{
	if (state->deadline <= now.monotonic)
		stale_tell(ledger, state, now);
	else
		event_tell(ledger, state, state->time);
	state->repeat_at = repeat_first(ledger, state, now.monotonic);
	state->untold = false;
}

/* Less than 0: the posting is older than the state. */
static int order_of(const struct posting *posting, const struct state *state)
{
	return instant_compare((struct instant){posting->time, posting->fraction},
		(struct instant){state->time, state->fraction});
}

/*
 * A cached time in the future (the clock was set back since) beats nothing. What another broker has
 * handed over came to that before this one was active: of what was posted here it beats only what
 * is older.
 */
static bool is_older(const struct posting *posting, const struct state *state, struct moment now)
{
	const struct instant cached = {state->time, state->fraction};
	int order = order_of(posting, state);
	bool known = posting->handed && state->posted;

	return (order == 0 && known) ||
	       (order < 0 && (known || instant_compare(cached, instant_of(now.wall)) <= 0));
}

static struct states_event event_of(const struct posting *posting)
{
	return (struct states_event){posting->wire, posting->condition, posting->time, posting->ttl,
		posting->deadline, posting->fraction};
}

static void state_begin(struct ledger *ledger, struct state *state, struct moment now)
{
	state_tell(ledger, state, now);
	outbox_record(ledger->outbox, state);
	wheel_put(ledger->wheel, state);
}

static enum ledger_answer state_go_on(struct ledger *ledger, struct state *state,
	const struct posting *posting, struct moment now)
{
	const struct states_event event = event_of(posting);

	if (state->untold)
		state_tell(ledger, state, now);
	states_set(ledger->states, state, &event);
	if (state->sent != condition_now(ledger, state, now))
		state_tell(ledger, state, now);
	state->stale = state->deadline <= now.monotonic;
	state->loaded = state->retired = false;
	state->posted = !posting->handed;
	outbox_record(ledger->outbox, state);
	wheel_move(ledger->wheel, state);
	return LEDGER_TAKEN;
}

/*
 * A check was renamed by an upgrade, and nobody will speak of its former name again: what is wrong
 * there would stay so for ever. A check of that name that was heard of since is another one, and so
 * is one whose time has milliseconds, which the versions of those names did not keep.
 */
static void former_end(struct ledger *ledger, const struct posting *posting, struct moment now)
{
	const struct posting *former = posting->former;
	struct state *state = former != NULL ? states_find(ledger->states, &former->names) : NULL;

	if (state == NULL || !state->loaded || state->fraction != 0)
		return;
	log_info("the check %.*s is named %.*s now: the former is set ok",
		(int)former->names.length, former->names.bytes, (int)posting->names.length,
		posting->names.bytes);
	state_go_on(ledger, state, former, now);
	state->retired = true;
}

static enum ledger_answer check_begin(
	struct ledger *ledger, const struct posting *posting, struct moment now)
{
	const struct states_event event = event_of(posting);

	if (states_count(ledger->states) >= ledger->most)
		return LEDGER_FULL;
	struct state *state = states_add(ledger->states, &posting->names, &event);
	state->posted = !posting->handed;
	state_begin(ledger, state, now);
	former_end(ledger, posting, now);
	return LEDGER_TAKEN;
}

static enum ledger_answer forgotten_take(
	struct ledger *ledger, const struct posting *posting, struct moment now)
{
	const struct state *state = states_find(ledger->states, &posting->names);

	if (state != NULL && is_older(posting, state, now))
		return LEDGER_OLDER;
	ledger_forget(ledger, &posting->names);
	return LEDGER_TAKEN;
}

enum ledger_answer ledger_take(
	struct ledger *ledger, const struct posting *posting, struct moment now)
{
	if (posting->forgotten)
		return forgotten_take(ledger, posting, now);
	if (outbox_overflows(ledger->outbox))
		return LEDGER_FULL;
	if (!condition_lasts(posting->condition) && ledger->untold)
		return LEDGER_UNTOLD;
	if (!condition_lasts(posting->condition)) {
		outgoing_event(outbox_push(ledger->outbox), &posting->wire, posting->time);
		return LEDGER_TAKEN;
	}
	struct state *state = states_find(ledger->states, &posting->names);
	if (state == NULL)
		return check_begin(ledger, posting, now);
	if (is_older(posting, state, now))
		return LEDGER_OLDER;
	return state_go_on(ledger, state, posting, now);
}

static bool is_the_same(const struct state *state, const struct posting *posting)
{
	return order_of(posting, state) == 0 && posting->wire.length == state->wire.length &&
	       memcmp(posting->wire.bytes, state->wire.bytes, posting->wire.length) == 0;
}

enum ledger_answer ledger_take_handed(
	struct ledger *ledger, const struct posting *posting, struct moment now)
{
	struct state *state = states_find(ledger->states, &posting->names);

	if (state == NULL || !state->untold || posting->forgotten ||
		!condition_lasts(posting->condition) || order_of(posting, state) > 0)
		return ledger_take(ledger, posting, now);
	if (outbox_overflows(ledger->outbox))
		return LEDGER_FULL;
	if (!is_the_same(state, posting)) {
		outgoing_event(outbox_push(ledger->outbox), &posting->wire, posting->time);
		return LEDGER_TAKEN;
	}
	state_tell(ledger, state, now);
	outbox_record(ledger->outbox, state);
	wheel_move(ledger->wheel, state);
	return LEDGER_TAKEN;
}

/* Repeats of what is loaded are spread over the interval: nobody knows when they were due. */
static nsec repeat_loaded(const struct ledger *ledger, const struct state *state, nsec now)
{
	double place = (double)state->hh.hashv / UINT32_MAX;

	return now + (nsec)(place * (double)ledger->interval);
}

static void loaded_begin(
	struct ledger *ledger, struct state *state, enum condition sent, struct moment now)
{
	state->sent = (uint8_t)sent;
	state->stale = state->deadline <= now.monotonic && sent == ledger->stale_as;
	state->repeat_at = repeat_loaded(ledger, state, now.monotonic);
	wheel_put(ledger->wheel, state);
}

static void owed_begin(struct ledger *ledger, struct state *state)
{
	state->untold = true;
	state->sent = state->condition;
	state->repeat_at = ledger->owe_until;
	wheel_put(ledger->wheel, state);
}

bool ledger_load(struct ledger *ledger, const struct posting *posting, const enum condition *sent,
	struct moment now)
{
	const struct states_event event = event_of(posting);

	if (states_count(ledger->states) >= ledger->most ||
		states_find(ledger->states, &posting->names) != NULL)
		return false;
	struct state *state = states_add(ledger->states, &posting->names, &event);
	state->loaded = true;
	outbox_mark_recorded(ledger->outbox, state);
	if (sent != NULL)
		loaded_begin(ledger, state, *sent, now);
	else if (now.monotonic < ledger->owe_until)
		owed_begin(ledger, state);
	else
		state_begin(ledger, state, now);
	return true;
}

static void state_rewrite(struct state *state, void *context)
{
	outbox_record(context, state);
}

void ledger_rewrite(struct ledger *ledger, unsigned shard)
{
	states_work(ledger->states, shard, state_rewrite, ledger->outbox);
}

/* By the field of its record. */
static void forgotten_note(struct ledger *ledger, const struct state *state)
{
	char field[2 * LIMIT_NAME + 1];

	memcpy(field, state->names, state->hh.keylen);
	field[state->entity_length] = RECORD_SEPARATOR;
	missing_add(ledger->missing, field, state->hh.keylen);
}

static void state_forget(struct ledger *ledger, struct state *state)
{
	if (ledger->missing != NULL)
		forgotten_note(ledger, state);
	log_debug("Forgetting %.*s", (int)state->hh.keylen, state->names);
	states_remove(ledger->states, state);
	outbox_forget(ledger->outbox, state);
}

bool ledger_forget(struct ledger *ledger, const struct names *names)
{
	struct state *state = states_find(ledger->states, names);

	if (state == NULL)
		return false;
	wheel_remove(ledger->wheel, state);
	state_forget(ledger, state);
	return true;
}

/* What is due of a state: that it has just gone stale, or its repeat; then true. */
static bool state_turn(struct ledger *ledger, struct state *state, bool repeats, struct moment now)
{
	if (state->untold || (!state->stale && state->deadline <= now.monotonic)) {
		state_tell(ledger, state, now);
		outbox_record(ledger->outbox, state);
		return false;
	}
	if (repeats && state->stale)
		stale_tell(ledger, state, now);
	else if (repeats)
		event_tell(ledger, state, now.wall / NSEC_PER_SEC);
	state->repeat_at = repeat_next(ledger, state, now.monotonic);
	return repeats;
}

/* Of a check that is told as stale for so long, or whose end in another name was told. */
static bool is_over(const struct ledger *ledger, const struct state *state, struct moment now)
{
	return (state->stale && now.monotonic - state->deadline >= ledger->forget_after) ||
	       (state->retired && !state->owed);
}

size_t ledger_turn(struct ledger *ledger, bool repeats, struct moment now)
{
	size_t repeated = 0;

	while (!repeats || !outbox_full(ledger->outbox)) {
		struct state *state = wheel_take(ledger->wheel, now.monotonic);

		if (state == NULL)
			break;
		if (is_over(ledger, state, now)) {
			state_forget(ledger, state);
			continue;
		}
		repeated += state_turn(ledger, state, repeats, now);
		wheel_put(ledger->wheel, state);
	}
	return repeated;
}

nsec ledger_next(struct ledger *ledger, bool repeats)
{
	return repeats && outbox_full(ledger->outbox) ? NSEC_NEVER : wheel_next(ledger->wheel);
}
